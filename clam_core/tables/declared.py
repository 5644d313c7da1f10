"""What a person declared about how a table is read; it holds for a new reading of it, too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from clam_core.errors import StudyError
from clam_core.settings import Settings
from clam_core.settings.on_disk import read_stored
from clam_core.tables.column_info import Kind
from clam_core.tables.text.raw_table import some

_DIVIDERS = (",", ";", "|")


class ColumnReading(Settings):
    """What was declared for one column, beside what holds for its table.

    Attributes:
        missing_values: Codes that mean missing.
        decimal: Decimal mark of its numbers.
        date_order: Whether its dates begin with the day or the month.
        kind: What its values are.
        levels: All its levels, the least first.
        unit: Unit of its numbers; empty where they have none.
        label: Name to show.
        family: Family in which it is tested.
    """

    missing_values: tuple[str, ...] = ()
    decimal: Literal[".", ","] | None = None
    date_order: Literal["dmy", "mdy"] | None = None
    kind: Kind | None = None
    levels: tuple[str, ...] | None = None
    unit: str | None = None
    label: str | None = None
    family: str | None = None

    def after(self, earlier: ColumnReading) -> ColumnReading:
        """The same beside what was declared before: codes of both, else the newer."""
        held = {key: value for key, value in self.model_dump().items() if value is not None}
        if self.kind is not None and self.levels is None:
            held["levels"] = None  # another kind takes back the levels of the one before
        codes = _both(earlier.missing_values, self.missing_values)
        return earlier.model_copy(update={**held, "missing_values": codes})


class Declared(Settings):
    """What was declared for a table.

    Attributes:
        missing_values: Codes that mean missing in every column but those of ids.
        decimal: Decimal mark where a column does not tell.
        date_order: Whether all dates begin with the day (`dmy`) or the month (`mdy`).
        columns: Name of a column to what was declared for it.
    """

    missing_values: tuple[str, ...] = ()
    decimal: Literal[".", ","] | None = None
    date_order: Literal["dmy", "mdy"] | None = None
    columns: dict[str, ColumnReading] = Field(default_factory=dict)

    @classmethod
    def from_json(cls, values: object) -> Declared:
        """What is stored; names of another version are left out.

        Raises:
            StudyError: If it is damaged.
        """
        if not isinstance(values, Mapping) or not isinstance(values.get("columns", {}), Mapping):
            raise StudyError("What was declared of a table is damaged; import the table again.")
        whole = {key: value for key, value in values.items() if key != "columns"}
        columns = {
            str(name): read_stored(ColumnReading, one, "What was declared of a column")
            for name, one in values.get("columns", {}).items()
        }
        known = read_stored(cls, whole, "What was declared of a table")
        return known.model_copy(update={"columns": columns})

    def codes_of(self, column: str) -> tuple[str, ...]:
        """Every code that means missing in a column: its own, and those of the table."""
        own = self.columns.get(column, ColumnReading()).missing_values
        return tuple(dict.fromkeys((*own, *self.missing_values)))

    def codes(self) -> dict[str, tuple[str, ...]]:
        """Name of a column, and nothing for the whole table, to the codes declared for it."""
        own = {name: one.missing_values for name, one in self.columns.items()}
        return {"": self.missing_values, **{name: codes for name, codes in own.items() if codes}}

    def after(self, earlier: Declared) -> Declared:
        """The same beside what was declared before: codes of both, the newer mark and order."""
        names = dict.fromkeys((*earlier.columns, *self.columns))
        nothing = ColumnReading()
        return Declared(
            missing_values=_both(earlier.missing_values, self.missing_values),
            decimal=self.decimal or earlier.decimal,
            date_order=self.date_order or earlier.date_order,
            columns={
                name: self.columns.get(name, nothing).after(earlier.columns.get(name, nothing))
                for name in names
            },
        )

    def words(self) -> str:
        """What was declared, such as `-9 means missing; in 'FEV1' 99 means missing`; or nothing."""
        told = [*_words(self)]
        told += [f"in {name!r} {', '.join(_words(one))}" for name, one in self.columns.items()
                 if _words(one)]  # fmt: skip
        return "; ".join(told)


def _both(earlier: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*earlier, *new)))


def _words(one: Declared | ColumnReading) -> list[str]:
    codes = one.missing_values
    told = (
        [f"{' and '.join(codes)} {'means' if len(codes) == 1 else 'mean'} missing"] if codes else []
    )
    if one.decimal:
        told.append(f"the decimal mark is {one.decimal!r}")
    if one.date_order:
        told.append(f"dates begin with the {'day' if one.date_order == 'dmy' else 'month'}")
    return told + (_choices(one) if isinstance(one, ColumnReading) else [])


def _choices(one: ColumnReading) -> list[str]:
    """What a person chose of a column beside how its cells are read."""
    told = [f"the kind is {one.kind.replace('_', ' ')}"] if one.kind else []
    if one.levels:
        told.append(f"the levels are {' < '.join(one.levels)}")
    if one.unit is not None:
        told.append(f"the unit is {one.unit}" if one.unit else "there is no unit")
    told += [f"the {what} is {value!r}" for what, value in
             (("name to show", one.label), ("family", one.family)) if value]  # fmt: skip
    return told


def without_misfits(declared: Declared, names: Mapping[str, str]) -> Declared:
    """The same without the kinds and levels of columns whose cells they no longer fit."""
    columns = dict(declared.columns)
    for name in names:
        columns[name] = columns[name].model_copy(update={"kind": None, "levels": None})
    return declared.model_copy(update={"columns": columns})


def never_there(declared: Declared, found: Mapping[str, Counter[str]]) -> list[str]:
    """Say which declared codes no cell holds: a typing error, or the code of another table.

    Args:
        declared: What was declared.
        found: Name of a column to its codes, and how many cells hold each.

    Returns:
        A sentence per place.
    """
    everywhere: Counter[str] = sum(found.values(), Counter())
    absent = {"the table": [one for one in declared.missing_values if not everywhere[one]]}
    for name, one in declared.columns.items():
        if name in found:
            codes = [code for code in one.missing_values if not found[name][code]]
            absent[f"column {name!r}"] = codes
    return [_never(codes, where) for where, codes in absent.items() if codes]


def _never(codes: Sequence[str], where: str) -> str:
    was = "was" if len(codes) == 1 else "were"
    divided = any(sign in code for code in codes for sign in _DIVIDERS)
    hint = " Declare each code by itself." if divided else ""
    return (
        f"{some([repr(code) for code in codes])} {was} declared to mean missing, but no cell of "
        f"{where} holds {'it' if len(codes) == 1 else 'them'}.{hint}"
    )
