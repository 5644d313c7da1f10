"""RawTable: a table as text, exactly as in its file, before any cell is understood."""

from __future__ import annotations

import unicodedata
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from clam_core.errors import ReadError, TableError

Decimal = Literal[".", ","]
TableFormat = Literal["csv", "xlsx", "parquet", "npz"]

_BLANKS = " \t\r\n\v\f\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000"
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060"
_EDGES = _BLANKS + _INVISIBLE + "".join(chr(code) for code in range(0x2000, 0x200B))


@dataclass(frozen=True)
class RawTable:
    """A table as text.

    Attributes:
        name: Base name of the file.
        format: `csv` (any delimited text), `xlsx`, `parquet` or `npz`.
        columns: Names of the columns, all different, none empty.
        rows: One list of cells per row, as long as `columns`; None is an empty
            cell. Text is as in the file, in Unicode's composed form (NFC),
            without blanks around it.
        lines: Line of the file (row of the sheet) at which each row begins, from 1.
        decimal: Decimal mark of numbers, where the file leaves no doubt; else
            the one that goes with its delimiter.
        delimiter: Delimiter of a delimited text, else empty.
        notes: How the file was read, in sentences.
        whole: The table of which this one holds some rows; None for a whole one.
    """

    name: str
    format: TableFormat
    columns: tuple[str, ...]
    rows: list[list[str | None]]
    lines: list[int]
    decimal: Decimal = "."
    delimiter: str = ""
    notes: tuple[str, ...] = ()
    whole: RawTable | None = None

    @property
    def n_rows(self) -> int:
        """Number of rows below the header."""
        return len(self.rows)

    def cells(self, column: str) -> list[str | None]:
        """All cells of one column.

        Raises:
            TableError: If there is no such column; close names are given.
        """
        if column not in self.columns:
            raise TableError(no_column(column, self.columns))
        position = self.columns.index(column)
        return [row[position] for row in self.rows]

    def to_json(self) -> dict[str, Any]:
        """The same in values that JSON can hold."""
        return asdict(replace(self, whole=None))

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> RawTable:
        """The table of `to_json`.

        Raises:
            ReadError: If the values do not come from `to_json`.
        """
        try:
            table = cls(
                str(values["name"]),
                values["format"],
                tuple(map(str, values["columns"])),
                values["rows"],
                values["lines"],
                values["decimal"],
                str(values["delimiter"]),
                tuple(map(str, values["notes"])),
            )
            width, n_rows = len(table.columns), len(table.rows)
            sound = len(table.lines) == n_rows and all(len(row) == width for row in table.rows)
        except (KeyError, TypeError) as error:
            raise ReadError("The reader of the table sent no table; read it again.") from error
        if not sound or table.decimal not in {".", ","}:
            raise ReadError("The reader of the table sent no table; read it again.")
        return table


def no_column(wanted: str, columns: tuple[str, ...]) -> str:
    """Sentence that a column is not there, with the names nearest to it."""
    from difflib import get_close_matches

    folded = {name.casefold(): name for name in columns}
    close = [folded[name] for name in get_close_matches(wanted.casefold(), folded, 3, 0.6)]
    if not close:
        shown = ", ".join(map(repr, columns[:8])) + (", ..." if len(columns) > 8 else "")
        return f"There is no column {wanted!r}; the table has {shown}."
    return f"There is no column {wanted!r}; did you mean {' or '.join(map(repr, close))}?"


def clean_cell(text: str) -> str | None:
    """A cell in composed form (NFC) without blanks around it; None if nothing is left."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return text.strip(_EDGES) or None


def clean_header(text: str | None) -> str:
    """A column's name on one line, without control characters."""
    if text is None:
        return ""
    kept = (" " if c in _BLANKS else c for c in text if c in _BLANKS or c.isprintable())
    return " ".join("".join(kept).split())


def some(items: list[str], limit: int = 5) -> str:
    """The first few items in words, and how many more there are."""
    more = f" and {len(items) - limit:,} more" if len(items) > limit else ""
    return ", ".join(items[:limit]) + more


def at_lines(lines: list[int], limit: int = 5) -> str:
    """`line 4`, or `lines 4, 9, 12 and 30 more`."""
    return f"{'line' if len(lines) == 1 else 'lines'} {some([str(n) for n in lines], limit)}"
