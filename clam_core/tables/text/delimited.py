"""Delimited text: its encoding, its delimiter, its rows."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from clam_core.errors import TableError
from clam_core.files.text_encoding import decode
from clam_core.settings import TableLimits
from clam_core.tables.shape.header_rows import MAX_TITLE_ROWS
from clam_core.tables.shape.row_names import (
    ROW_NAMES,
    has_row_names,
    is_blank_separated,
    unpadded,
)
from clam_core.tables.text.grid import Grid
from clam_core.tables.text.raw_table import RawTable, at_lines
from clam_core.wording import plural

SNIFFED_LETTERS = 1 << 16
DELIMITERS = "\t;|,"
"""In order of preference: a comma is more often a decimal mark or part of a text."""

_NO_DELIMITER = "\x1f"
_NAMES = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma", " ": "blank"}
_SAID = re.compile(r'"?sep=([^\w"\r\n])"?[;,\t]*(?:\r\n|\r|\n)', re.IGNORECASE)
"""The line by which a file tells Excel its delimiter."""

Record = tuple[int, list[str]]


def read_delimited(content: bytes, name: str, limits: TableLimits) -> RawTable:
    """Read CSV, TSV and their relatives.

    Args:
        content: The whole file.
        name: Its base name, for messages.
        limits: What the table may hold.

    Returns:
        The table; its notes say delimiter, decimal mark and encoding.

    Raises:
        ReadError: If it is no text.
        TableError: If its rows differ in length, or there is none.
        LimitError: If it is too large.
    """
    text, encoding, doubt = decode(content, name)
    said = _SAID.match(text)
    delimiter: str | None = None
    if said:
        delimiter, text = said[1], "\n" + text[said.end() :]
    start, whole = text[:SNIFFED_LETTERS], len(text) <= SNIFFED_LETTERS
    if not said:
        delimiter = sniff_delimiter(start, whole=whole)
    padded = unpadded(text) if delimiter is None else None
    if padded:
        delimiter, text = "\t", padded
    grid = Grid(name, "csv", limits, delimiter or "")
    from_r = bool(delimiter) and has_row_names(start, str(delimiter), name, whole=whole)
    _fill(grid, _records(text, delimiter or _NO_DELIMITER, name), named_rows=from_r)
    table = grid.table()
    mark = "comma" if table.decimal == "," else "point"
    form = f"{_NAMES.get(delimiter, repr(delimiter))}-separated" if delimiter else "one column"
    form = "columns padded with blanks" if padded else form
    note = f"Read as {form}, decimal {mark}, {encoding}{'; ' if doubt else ''}{doubt}."
    return replace(table, notes=(note, *table.notes))


def sniff_delimiter(text: str, *, whole: bool = True) -> str | None:
    """The delimiter with which most lines have the same number of fields.

    Args:
        text: The beginning of the file.
        whole: Whether that is the whole file; if not, its last line is not judged.

    Returns:
        One of tab, semicolon, bar, comma, or the blank of R; None for a table of one column.
    """
    if is_blank_separated(text, whole=whole):
        return " "
    best, best_score = None, 0.0
    first: dict[str, int] = {}
    for delimiter in DELIMITERS:
        lengths = _lengths(text, delimiter, whole=whole)
        if not lengths:
            continue
        first[delimiter] = lengths[0]
        several = Counter(n for n in lengths if n > 1)
        usual, n_same = several.most_common(1)[0] if several else (0, 0)
        score = n_same / len(lengths) * (1.0 if lengths[0] == usual else 0.9)
        if n_same >= 2 and score > best_score + 1e-9:
            best, best_score = delimiter, score
    if best is None and any(n > 1 for n in first.values()):
        return max(first, key=lambda delimiter: first[delimiter])
    return best


def _lengths(text: str, delimiter: str, *, whole: bool) -> list[int]:
    """Number of fields of each line that is not blank; broken quotes end the list."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lengths: list[int] = []
    try:
        lengths.extend(len(fields) for fields in reader if fields)
    except csv.Error:
        return lengths
    return lengths if whole else lengths[:-1]


def _records(text: str, delimiter: str, name: str) -> Iterator[Record]:
    """Line and fields of each record; blank lines come as no field."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for fields in reader:
            yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        if "field larger" in str(error):
            why = "has a cell that is too long, or a quote that is never closed"
        else:
            why = 'has a quote (") that is not closed or stands within a cell'
        raise TableError(
            f"{name} {why}, in the row that begins in line {line}; correct it and try again."
        ) from None


def _fill(grid: Grid, records: Iterator[Record], *, named_rows: bool) -> None:
    """Put the records into the grid; short lines above and below the table stay outside."""
    titles: list[Record] = []
    below: list[Record] = []
    width, n_extra = 0, 0
    for line, fields in records:
        if not fields or (len(fields) == 1 and not fields[0].strip()):
            grid.n_empty += bool(width)
            continue
        short = bool(grid.delimiter) and len(fields) == 1 and width != 1
        if short and not width and len(titles) < MAX_TITLE_ROWS and not named_rows:
            titles.append((line, fields))
            continue
        if short and width:
            below.append((line, fields))
            continue
        if below:
            raise TableError(_ragged(grid, below[0][0], 1, width))
        if not width and named_rows:
            fields = [ROW_NAMES, *fields]  # noqa: PLW2901
        width = width or len(fields)
        extra = any(cell.strip() for cell in fields[width:])
        if extra or len(fields) < width:
            raise TableError(_ragged(grid, line, len(fields), width))
        n_extra += len(fields) > width
        grid.add(line, fields[:width])
    _say(grid, titles, below, n_extra, named_rows=named_rows)


def _say(
    grid: Grid, titles: list[Record], below: list[Record], n_extra: int, *, named_rows: bool
) -> None:
    """Note what was left out around the table."""
    if titles:
        lines = plural(len(titles), "line")
        grid.notes.append(f"{lines} above the header left out as a title.")
    if named_rows:
        grid.notes.append(
            "The header lacks a name for the first column, as in tables that R writes; it is "
            f"called {ROW_NAMES!r} here."
        )
    if below:
        at = at_lines([line for line, _ in below])
        are = "line below the table was" if len(below) == 1 else "lines below the table were"
        grid.notes.append(f"{len(below)} {are} left out as a footer ({at}).")
    if n_extra:
        rows = plural(n_extra, "row")
        grid.notes.append(f"{rows} ended with more delimiters than the header; they were empty.")


def _ragged(grid: Grid, line: int, n_fields: int, width: int) -> str:
    decimal = ""
    if grid.delimiter == "," and n_fields > width:
        decimal = " (a decimal comma or a comma in a text needs quotes around the cell)"
    return (
        f"Line {line} of {grid.name} has {plural(n_fields, 'cell')}, the header has {width}"
        f"{decimal}; correct that line and try again."
    )
