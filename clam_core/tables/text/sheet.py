"""One sheet of a workbook: every cell as the text that its author sees."""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

from clam_core.errors import LimitError
from clam_core.tables.shape.header_rows import MAX_TITLE_ROWS
from clam_core.tables.text.grid import Grid
from clam_core.tables.text.raw_table import some
from clam_core.wording import plural

_ESCAPED = re.compile(r"_x00(0[9ADad])_")
_QUOTED = re.compile(r'\[[^\]]*\]|"[^"]*"|\\.')
_EXACT_DIGITS = 15
_LONGEST = 1e21
"""Above, Excel's own files write numbers with an exponent only."""


@dataclass
class SheetFindings:
    """What in a sheet is not simply a value, per column letter."""

    formulas: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    dates: Counter[str] = field(default_factory=Counter)
    percents: Counter[str] = field(default_factory=Counter)
    long_numbers: Counter[str] = field(default_factory=Counter)
    filled: Counter[str] = field(default_factory=Counter)
    n_merged: int = 0
    filled_down: list[str] = field(default_factory=list)
    n_hidden: int = 0

    def sentences(self) -> list[str]:
        """What should be said about the sheet, with the letters of its columns."""
        turned = Counter({c: n for c, n in self.dates.items() if 2 * n < self.filled[c]})
        told = [
            (self.formulas, "cell", "with a formula but no stored result", "taken as empty; open "
             "the file in Excel, save it and import it again"),
            (self.errors, "cell", "with an error such as #N/A", "taken as missing"),
            (turned, "cell", "with a date among other values", "check that Excel did not turn a "
             "text or a number into a date"),
            (self.long_numbers, "number", "of more than 15 digits", "Excel keeps only 15 of them; "
             "store such ids as text"),
            (self.percents, "cell", "shown as per cent", "read with the % sign, as shown"),
        ]  # fmt: skip
        notes = [
            f"{plural(sum(cells.values()), noun)} {what} ({_columns(cells)}): {then}."
            for cells, noun, what, then in told
            if cells
        ]
        if self.filled_down:
            merged = plural(len(self.filled_down), "group")
            notes.append(
                f"{merged} of cells merged over several rows: the value was taken for each of "
                f"these rows ({some(self.filled_down, 3)})."
            )
        if n_beside := self.n_merged - len(self.filled_down):
            merged = plural(n_beside, "group")
            notes.append(
                f"{merged} of merged cells: only the first cell of a group has a value, the others "
                "are empty."
            )
        if self.n_hidden:
            notes.append(f"{plural(self.n_hidden, 'hidden row')} read like the others.")
        return notes


def _columns(cells: Counter[str]) -> str:
    letters = sorted(cells, key=lambda letter: (len(letter), letter))
    return f"{'column' if len(letters) == 1 else 'columns'} {some(letters)}"


def read_sheet(sheet: Any, grid: Grid) -> SheetFindings:  # noqa: ANN401
    """Put the cells of a sheet into a grid.

    Cells are taken as they come in the file, not by the size that the sheet
    claims, so that a single cell in the far corner costs nothing.

    Args:
        sheet: A sheet that openpyxl opened for reading only.
        grid: Where the rows go.

    Returns:
        What should be said about the cells.

    Raises:
        LimitError: If there is a value beyond the limits.
    """
    book = sheet.parent
    formats = _Formats(book)
    findings = SheetFindings()
    with sheet._get_source() as source:
        parser = _Parser(source, sheet._shared_strings, findings, book)
        last = 0
        for number, cells in parser.parse():
            row = _row(number, cells, grid, formats, findings)
            if row:
                grid.n_empty += max(number - last - 1, 0) if grid.rows else 0
                grid.add(number, row)
                last = number
    groups = parser.merged_cells.mergeCell if parser.merged_cells else []
    findings.n_merged = len(groups)
    findings.filled_down = _fill_down(grid, [str(group.ref) for group in groups])
    hidden = (attributes.get("hidden") for attributes in parser.row_dimensions.values())
    findings.n_hidden = sum(value in {"1", "true"} for value in hidden)
    return findings


def _fill_down(grid: Grid, groups: list[str]) -> list[str]:
    """Repeat the value of cells merged over several rows in each of these rows.

    Cells beside it stay empty: a number stands for one column only, and a title for none.
    """
    done, lines, n_left = [], grid.lines, grid.limits.max_cells
    for group in groups:
        column, first, _, last = (bound or 0 for bound in range_boundaries(group))
        if not column:
            continue  # a range of whole rows has no first column
        start, end = bisect_left(lines, first), bisect_right(lines, last)
        top = grid.rows[start] if lines[start : start + 1] == [first] else []
        value = top[column - 1] if column <= len(top) else None
        below = grid.rows[start + 1 : end] if value else []
        n_left -= len(below)  # a sheet may claim the same long range many times
        if not below or n_left < 0:
            continue
        for row in below:
            row.extend([None] * (column - len(row)))
            row[column - 1] = row[column - 1] or value
        done.append(group)
    return done


class _Parser(WorkSheetParser):
    """Counts formulas without a result, which openpyxl passes over in silence."""

    def __init__(
        self,
        source: Any,  # noqa: ANN401
        strings: Any,  # noqa: ANN401
        found: SheetFindings,
        book: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(
            source,
            strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        self._found = found

    def parse_cell(self, element: Any) -> dict[str, Any]:  # noqa: ANN401
        cell: dict[str, Any] = super().parse_cell(element)
        if cell["value"] is None and element.find(FORMULA_TAG) is not None:
            self._found.formulas[get_column_letter(cell["column"])] += 1
        return cell


class _Formats:
    """Number formats that change what a person sees: `000` and `0 %`."""

    def __init__(self, book: Any) -> None:  # noqa: ANN401
        self._book = book
        self._known: dict[int, str] = {}

    def __call__(self, style: int) -> str:
        """`%`, a row of zeros such as `000`, or nothing."""
        if style not in self._known:
            self._known[style] = self._find(style)
        return self._known[style]

    def _find(self, style: int) -> str:
        from openpyxl.styles.numbers import BUILTIN_FORMATS

        try:
            number = self._book._cell_styles[style].numFmtId
            custom = self._book._number_formats
            text = BUILTIN_FORMATS.get(number) or custom[number - 164]
        except (IndexError, TypeError):
            return ""
        plain = _QUOTED.sub("", str(text).split(";", maxsplit=1)[0])
        if "%" in plain:
            return "%"
        return plain if len(plain) > 1 and set(plain) == {"0"} else ""


def _row(
    number: int,
    cells: list[dict[str, Any]],
    grid: Grid,
    formats: _Formats,
    found: SheetFindings,
) -> list[str | None]:
    """Text of the cells of one row, from the first column on; empty if there is none."""
    texts: dict[int, str] = {}
    for cell in cells:
        if cell["value"] is None:
            continue
        text = _text(cell, formats, found)
        if text.strip():
            texts[cell["column"]] = text
    if not texts:
        return []
    width, limits = max(texts), grid.limits
    if width > limits.max_columns or number > limits.max_rows + MAX_TITLE_ROWS:
        raise LimitError(
            f"{grid.name} has a cell with content at {get_column_letter(width)}{number}; a sheet "
            f"may have {limits.max_rows:,} rows and {limits.max_columns:,} columns. Delete what "
            "lies outside the table."
        )
    return [texts.get(column) for column in range(1, width + 1)]


def _text(cell: dict[str, Any], formats: _Formats, found: SheetFindings) -> str:
    value, letter = cell["value"], get_column_letter(cell["column"])
    found.filled[letter] += 1
    if cell["data_type"] == "e":
        found.errors[letter] += 1
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, formats(cell["style_id"]), letter, found)
    if isinstance(value, dt.datetime | dt.date | dt.time | dt.timedelta):
        found.dates[letter] += 1
        return _moment(value)
    return _ESCAPED.sub("\n", str(value)) if "_x" in str(value) else str(value)


def _number(value: float, shown: str, letter: str, found: SheetFindings) -> str:
    """A number with the 15 digits that Excel shows; whole numbers without a point."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < _LONGEST):
        exact = value if isinstance(value, int) else Decimal(f"{value:.{_EXACT_DIGITS - 1}e}")
        whole = f"{exact:.0f}" if isinstance(exact, Decimal) else str(exact)
        if len(whole.lstrip("-")) > _EXACT_DIGITS:
            found.long_numbers[letter] += 1
        if shown.startswith("0") and value >= 0:
            return whole.zfill(len(shown))
        if shown != "%":
            return whole
    if shown == "%":
        found.percents[letter] += 1
        return f"{float(f'{100 * value:.13g}'):.15g}%"
    return f"{value:.{_EXACT_DIGITS}g}"


def _moment(value: dt.datetime | dt.date | dt.time | dt.timedelta) -> str:
    """ISO text; a date without its midnight."""
    if isinstance(value, dt.datetime):
        value = value.replace(microsecond=0)
        return (value.date() if value.time() == dt.time.min else value).isoformat()
    if isinstance(value, dt.timedelta):
        return str(value)
    return value.isoformat()
