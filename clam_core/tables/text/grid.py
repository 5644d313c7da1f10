"""From a grid of cells to a RawTable: limits, title rows, the header, what is empty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from clam_core.errors import LimitError, TableError
from clam_core.settings import TableLimits
from clam_core.tables.shape.ends import n_rows_below, note_below
from clam_core.tables.shape.header_rows import MAX_TITLE_ROWS, find_header
from clam_core.tables.shape.text_formulas import plain_text
from clam_core.tables.text.number_text import detect_decimal
from clam_core.tables.text.raw_table import (
    Decimal,
    RawTable,
    TableFormat,
    clean_cell,
)
from clam_core.wording import plural


@dataclass
class Grid:
    """Rows of cells as they come out of a file, held to the limits.

    Attributes:
        name: Base name of the file.
        format: Format of the file.
        limits: What the table may hold.
        delimiter: Delimiter of a delimited text.
        notes: How the file was read.
    """

    name: str
    format: TableFormat
    limits: TableLimits
    delimiter: str = ""
    notes: list[str] = field(default_factory=list)
    rows: list[list[str | None]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    n_empty: int = 0
    n_cells: int = 0
    n_letters: int = 0
    n_formulas: int = 0

    def add(self, line: int, cells: Sequence[str | None]) -> None:
        """Append a row; an empty one is counted and left out.

        Args:
            line: Line of the file or row of the sheet, from 1.
            cells: Text of each cell from the first column on.

        Raises:
            LimitError: If the table or a cell is too large.
        """
        row = [clean_cell(cell) if cell else None for cell in cells]
        for i, cell in enumerate(row):
            if cell and cell[0] in "='" and (inside := plain_text(cell)) != cell:
                row[i] = clean_cell(inside)
                self.n_formulas += 1
        while row and row[-1] is None:
            row.pop()
        if not row:
            self.n_empty += 1
            return
        self.rows.append(row)
        self.lines.append(line)
        self._check(line, row)

    def _check(self, line: int, row: list[str | None]) -> None:
        limits = self.limits
        if len(self.rows) > limits.max_rows + MAX_TITLE_ROWS:
            raise LimitError(too_many_rows(self.name, limits))
        if len(row) > limits.max_columns:
            raise LimitError(too_many_columns(self.name, len(row), limits))
        sizes = [len(cell) for cell in row if cell]
        if max(sizes) > limits.max_cell_letters:
            raise LimitError(
                f"{self.name} has a cell of {max(sizes):,} letters in line {line}; at most "
                f"{limits.max_cell_letters:,} are read. Leave that column out."
            )
        self.n_cells += len(row)
        self.n_letters += sum(sizes)
        if self.n_letters > limits.max_letters:
            raise LimitError(
                f"{self.name} holds more than {limits.max_letters:,} letters of text; leave the "
                "columns out that are not needed."
            )
        if self.n_cells > limits.max_cells:
            raise LimitError(too_many_cells(self.name, limits))

    def table(self) -> RawTable:
        """The table in this grid.

        Raises:
            TableError: If there is no header, or no row below it.
            LimitError: If it is too large.
        """
        if not self.rows:
            raise TableError(f"{self.name} holds no cell with content; check that it was saved.")
        header = find_header(self.rows, self.lines)
        start = header.first + header.n_rows
        body, lines = self.rows[start:], self.lines[start:]
        if not body:
            raise TableError(f"{self.name} has a header but no row below it; nothing can be read.")
        if len(body) > self.limits.max_rows:
            raise LimitError(too_many_rows(self.name, self.limits))
        notes = [*self.notes, *self._title_note(header.first), *header.notes]
        notes += [*_looks_headless(header.names), *self._formula_note()]
        if n_left := n_rows_below(body, len(header.names)):
            notes.append(note_below(body[-n_left:], lines[-n_left:]))
            body, lines = body[:-n_left], lines[:-n_left]
        used, width = self._used(header.names, body)
        if len(body) * len(used) > self.limits.max_cells:
            raise LimitError(too_many_cells(self.name, self.limits))
        notes += self._empty_note(width - len(used))
        names = [header.names[i] if i < len(header.names) else "" for i in used]
        columns, renamed = _distinct(names, used)
        rows = [[row[i] if i < len(row) else None for i in used] for row in body]
        decimal = self._decimal(rows)
        return RawTable(
            self.name,
            self.format,
            columns,
            rows,
            lines,
            decimal,
            self.delimiter,
            (*notes, *renamed),
        )

    def _title_note(self, n_title: int) -> list[str]:
        if not n_title:
            return []
        skipped = plural(n_title, "row")
        return [f"{skipped} above the header (line {self.lines[n_title]}) left out as a title."]

    def _formula_note(self) -> list[str]:
        if not self.n_formulas:
            return []
        cells = plural(self.n_formulas, "cell")
        return [f'{cells} protected as text, such as ="001" or \'001: the text within was taken.']

    def _used(self, header: list[str], body: list[list[str | None]]) -> tuple[list[int], int]:
        """Columns with a name or a value, and how many there would be with the empty ones."""
        width = max(len(header), *map(len, body))
        used = {i for i, name in enumerate(header) if name}
        for row in body:
            if len(used) == width:
                break
            used.update(i for i, cell in enumerate(row) if cell is not None)
        return sorted(used), width

    def _empty_note(self, n_columns: int) -> list[str]:
        parts = [plural(self.n_empty, "empty row")] if self.n_empty else []
        parts += [
            plural(n_columns, "empty column without a name", "empty columns without a name")
        ] * (n_columns > 0)
        return [f"Left out: {' and '.join(parts)}."] if parts else []

    def _decimal(self, rows: list[list[str | None]]) -> Decimal:
        default: Decimal = "," if self.delimiter == ";" else "."
        return detect_decimal((cell for row in rows[:2000] for cell in row if cell), default)


def too_many_rows(name: str, limits: TableLimits) -> str:
    """Sentence for a table with too many rows."""
    return (
        f"{name} has more than {limits.max_rows:,} rows; at most that many are read. Keep the rows "
        "of this study's scans."
    )


def too_many_columns(name: str, n_columns: int, limits: TableLimits) -> str:
    """Sentence for a table with too many columns."""
    return (
        f"{name} has {n_columns:,} columns; at most {limits.max_columns:,} are read. Keep those "
        "that matter."
    )


def too_many_cells(name: str, limits: TableLimits) -> str:
    """Sentence for a table with too many cells."""
    return (
        f"{name} has more than {limits.max_cells:,} cells; at most that many are read. Keep the "
        "rows of this study's scans and the columns that matter."
    )


def _distinct(names: list[str], positions: list[int]) -> tuple[tuple[str, ...], list[str]]:
    """Names that are all different and not empty, and what was renamed."""
    taken = set(names) - {""}
    seen: Counter[str] = Counter()
    columns, notes = [], []
    for name, position in zip(names, positions, strict=True):
        base = name or f"column {position + 1}"
        if name and not seen[name]:
            seen[name] += 1
            columns.append(name)
            continue
        number = seen[name] + 1 if name else 1
        new = base if not name else f"{base} ({number})"
        while new in taken:
            number += 1
            new = f"{base} ({number})"
        seen[name] = number
        taken.add(new)
        columns.append(new)
        why = f"a second column {name!r}" if name else "a column without a name"
        notes.append(f"Column {position + 1} is {why}; it is called {new!r} here.")
    return tuple(columns), _at_most(notes)


def _at_most(notes: list[str], limit: int = 5) -> list[str]:
    if len(notes) <= limit:
        return notes
    return [*notes[:limit], f"{plural(len(notes) - limit, 'more column')} renamed in this way."]


def _looks_headless(header: list[str]) -> list[str]:
    names = [cell for cell in header if cell]
    if names and all(cell.replace(".", "").replace(",", "").isdigit() for cell in names):
        return ["The first row was taken for the names of the columns, but it looks like values."]
    return []
