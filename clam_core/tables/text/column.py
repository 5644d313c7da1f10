"""The cells of one column, counted, and as numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from clam_core.tables.text.cell_words import (
    NO_SUCH,
    is_doubtful,
    is_missing,
    is_name,
    on_one_scale,
)
from clam_core.tables.text.date_text import DateOrder
from clam_core.tables.text.missing_codes import cells_with_codes
from clam_core.tables.text.number_text import Numbers, read_numbers
from clam_core.tables.text.raw_table import Decimal, RawTable
from clam_core.tables.vocabulary import Meaning, contradicted, find_meaning, name_unit

ENOUGH = 0.9
"""Share of the cells that must be numbers (or dates) for a column to be numeric."""


@dataclass(frozen=True)
class Column:
    """The cells of one column, counted.

    Attributes:
        name: Its name.
        cells: Text of each row; None is empty.
        lines: Line of the file of each row.
        decimal: Decimal mark of the table, for columns that do not tell.
        point_is_decimal: Whether a point can be nothing but a decimal mark.
        missing_values: Codes that the user declared to mean missing.
        date_order: Order of dates that the user gave.
        decimal_is_sure: Whether the user said the decimal mark.
        whole_cells: Text of each row of the whole table, where these are some of its rows: what
            a cell means must not depend on the rows that were chosen.
        with_slashes: Order of dates such as 05/03/2024 where nothing tells.
    """

    name: str
    cells: list[str | None]
    lines: list[int]
    decimal: Decimal
    point_is_decimal: bool
    missing_values: tuple[str, ...] = ()
    date_order: DateOrder | None = None
    decimal_is_sure: bool = False
    whole_cells: list[str | None] | None = None
    with_slashes: DateOrder = "mdy"

    @classmethod
    def of(
        cls,
        table: RawTable,
        name: str,
        decimal: Decimal | None = None,
        missing_values: tuple[str, ...] = (),
        date_order: DateOrder | None = None,
        *,
        decimal_is_sure: bool = False,
    ) -> Column:
        """A column of a table; without a decimal mark of its own it has the table's."""
        return cls(
            name,
            table.cells(name),
            table.lines,
            decimal or table.decimal,
            table.format != "csv",
            missing_values,
            date_order,
            decimal_is_sure,
            None if table.whole is None else table.whole.cells(name),
            # Countries that write a decimal comma write the day before the month.
            "dmy" if table.decimal == "," else "mdy",
        )

    @cached_property
    def meaning(self) -> Meaning | None:
        """What the vocabulary knows of its name, unless the numbers say otherwise."""
        found = find_meaning(self.name)
        if found is None or contradicted(found, self.numbers.values.values()):
            return None
        return found

    @cached_property
    def declared(self) -> dict[str, str]:
        """Cells that hold a code which was declared to mean missing, and that code."""
        if not self.missing_values:
            return {}
        everything = self.cells if self.whole_cells is None else self.whole_cells
        texts = list(dict.fromkeys(cell for cell in everything if cell is not None))
        marks = Counter(text for text in texts if not is_missing(text))
        decimal = self._read(marks).decimal
        point = self.point_is_decimal
        return cells_with_codes(texts, self.missing_values, decimal, point_is_decimal=point)

    @property
    def codes_as_numbers(self) -> dict[str, float]:
        """Cells that hold a declared code which is a number, and that number."""
        return self._read(Counter(list(self.declared))).values

    @cached_property
    def counts(self) -> Counter[str]:
        """Every text and how often it occurs; missing words and empty cells are left out."""
        return self._counted(self.cells)

    def _counted(self, cells: list[str | None]) -> Counter[str]:
        everything = Counter(cell for cell in cells if cell is not None)
        signs = "+" in everything
        return Counter(
            {
                text: n
                for text, n in everything.items()
                if not (is_missing(text) and not (signs and text == "-"))
                and text not in self.declared
            }
        )

    @cached_property
    def sure(self) -> Counter[str]:
        """The same without words such as `unknown`, among them `none`."""
        return _without_doubtful(self.counts)

    @cached_property
    def whole(self) -> Counter[str]:
        """The same of the whole table."""
        if self.whole_cells is None:
            return self.sure
        return _without_doubtful(self._counted(self.whole_cells))

    @cached_property
    def answers(self) -> Counter[str]:
        """The same without words such as `unknown`; `none` is an answer beside names and `mild`.

        Beside yes and no, sexes and numbers it stands for nothing, as programs write it.
        """
        whole = self.whole
        if not on_one_scale([*whole, "none"]) and not (whole and all(map(is_name, whole))):
            return self.sure
        kept = {t: n for t, n in self.counts.items() if t in self.sure or t.casefold() in NO_SUCH}
        return Counter(kept)

    @cached_property
    def numbers(self) -> Numbers:
        """The cells as numbers."""
        return self._read(self.whole, self.sure)

    def _read(self, cells: Counter[str], counted: Counter[str] | None = None) -> Numbers:
        return read_numbers(
            cells,
            self.decimal,
            point_is_decimal=self.point_is_decimal,
            default_is_sure=self.decimal_is_sure,
            named=(self.name, self._unit_of_name()),
            counted=counted,
        )

    def _unit_of_name(self) -> str:
        meaning = find_meaning(self.name)
        return meaning.unit if meaning else name_unit(self.name)

    @cached_property
    def number_share(self) -> float:
        """Share of the cells that are numbers, 0 to 1."""
        numeric = sum(self.sure[text] for text in self.numbers.values)
        return numeric / max(self.sure.total(), 1)

    def lines_of(self, texts: set[str]) -> list[int]:
        """Lines in which one of these texts stands."""
        pairs = zip(self.cells, self.lines, strict=True)
        return [line for cell, line in pairs if cell is not None and cell in texts]


def _without_doubtful(counts: Counter[str]) -> Counter[str]:
    return Counter({text: n for text, n in counts.items() if not is_doubtful(text)})
