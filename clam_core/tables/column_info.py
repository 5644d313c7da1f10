"""ColumnInfo: what a column of a clinical table is, and why we think so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from clam_core.errors import TableError
from clam_core.tables.text.date_text import DateOrder
from clam_core.tables.text.raw_table import Decimal, some

Kind = Literal[
    "continuous", "count", "ordinal", "nominal", "binary", "date", "id", "free_text", "constant",
    "empty",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class ColumnInfo:
    """A column of a clinical table.

    Attributes:
        name: Name in the file, and in the typed frame.
        label: Name to show.
        kind: What its values are.
        unit: Unit of its numbers; empty where there is none or it is unknown.
        family: Columns of one family are tested together.
        n: Cells with a value.
        n_missing: Cells without one, those that could not be read among them.
        n_unique: Different values.
        levels: Levels of a binary, ordinal or nominal column; ordinal ones in order.
        example: A value; empty for ids, free text and personal data.
        reason: Why it has this kind, one sentence.
        warnings: What its user should know or decide, in sentences.
        doubts: Those of them after which its numbers may be wrong.
        decimal: Decimal mark of its numbers.
        decimal_is_sure: Whether its user said so.
        date_order: Order of day and month in its dates.
        date_order_is_sure: Whether its user said so.
        missing_values: Codes that its user declared to mean missing, for it or the whole table.
        personal: What of a person it seems to hold, e.g. `a person's name`.
        made_from: Columns that a calculated one was made from.
        equation: Equations or rules of a calculated column, with where they are published.
        version: Program and version that calculated it.
    """

    name: str
    label: str
    kind: Kind
    unit: str = ""
    family: str = "other"
    n: int = 0
    n_missing: int = 0
    n_unique: int = 0
    levels: tuple[str, ...] = ()
    example: str = ""
    reason: str = ""
    warnings: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    decimal: Decimal = "."
    decimal_is_sure: bool = False
    date_order: DateOrder | None = None
    date_order_is_sure: bool = False
    missing_values: tuple[str, ...] = ()
    personal: str = ""
    made_from: tuple[str, ...] = ()
    equation: str = ""
    version: str = ""

    def to_json(self) -> dict[str, Any]:
        """The same in values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> ColumnInfo:
        """The column of `to_json`; names of another version are left out.

        Raises:
            TableError: If the values do not hold what comes from `to_json`.
        """
        names = {field.name for field in fields(cls)}
        lists = {"levels", "warnings", "doubts", "missing_values", "made_from"}
        known = {name: values[name] for name in names if name in values}
        if (
            not isinstance(values, dict)
            or not {"name", "label", "kind"} <= set(known)
            or known["kind"] not in KINDS
            or not all(isinstance(known[name], list | tuple) for name in lists & set(known))
        ):
            raise TableError("The stored description of a column is damaged; import it again.")
        given: dict[str, Any] = {k: tuple(v) if k in lists else v for k, v in known.items()}
        return cls(**given)


def doubt_words(columns: Iterable[ColumnInfo]) -> list[str]:
    """Why numbers of columns may be wrong, each sentence once with the labels of its columns."""
    named: dict[str, list[str]] = {}
    for info in columns:
        for text in info.doubts:
            named.setdefault(text, []).append(info.label)
    return [f"{some(labels)}: {text}" for text, labels in named.items()]
