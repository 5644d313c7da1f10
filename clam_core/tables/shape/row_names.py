"""Tables as programs for statistics write them: row names without a name, apart by blanks."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from itertools import pairwise

from clam_core.errors import TableError
from clam_core.tables.text.header_words import header_words, word_set

ROW_NAMES = "row id"
"""What a column of row names is called here."""

_ID_WORDS = word_set("id ids pid mrn scan subject patient case participant")
_QUOTED_NAMES = re.compile(r'"[^"]*"(?: "[^"]*")*')
_DIGITS = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
_DECIMALS = re.compile(r"[+-]?\d+[.,]\d+")

Record = Sequence[str]


def is_blank_separated(text: str, *, whole: bool = True) -> bool:
    """Whether a text is R's `write.table` with its usual blank between the cells.

    A single column of texts with blanks must not pass for it, so its names have to stand in
    quotes, or its rows have to be numbered.

    Args:
        text: The beginning of the file.
        whole: Whether that is the whole file; if not, its last line is not judged.
    """
    records = _records(text, " ", whole=whole)
    if len(records) < 2:
        return False
    header, rows = records[0], records[1:]
    longer = {len(row) - len(header) for row in rows}
    first_line = text.lstrip("\ufeff\r\n").splitlines()[0].rstrip()
    if _QUOTED_NAMES.fullmatch(first_line):
        return longer == {1} or (longer == {0} and len(header) > 1)
    numbers = [row[0] for row in rows]
    return longer == {1} and numbers == [str(n) for n in range(1, len(rows) + 1)]


def unpadded(text: str) -> str | None:
    """A table whose columns stand apart by runs of blanks, with one tab for each run.

    Programs for statistics print such tables. Every line must have as many words as the first,
    and one column must hold numbers, or a single column of texts would pass for one.

    Args:
        text: The whole file.

    Returns:
        None if it is no such table.
    """
    rows = [line.split() for line in text.splitlines() if line.strip()]
    n_padded = sum(len(line.rstrip().split("  ")) > 1 for line in text.splitlines())
    if '"' in text or 2 * n_padded < len(rows) or len(rows) < 3:
        return None
    if len(rows[0]) < 2 or len({len(row) for row in rows}) > 1:
        return None
    if not any(all(map(_NUMBER.fullmatch, cells)) for cells in zip(*rows[1:], strict=True)):
        return None
    return "\n".join("\t".join(line.split()) for line in text.splitlines())


def has_row_names(text: str, delimiter: str, name: str, *, whole: bool = True) -> bool:
    """Whether every row has one cell more than the header: its name, as R writes it.

    Args:
        text: The beginning of the file.
        delimiter: What stands between the cells.
        name: Base name of the file, for the message.
        whole: Whether that is the whole file.

    Raises:
        TableError: If decimal commas without quotes would explain the additional cells, too.
    """
    records = _records(text, delimiter, whole=whole)
    records = records[next((i for i, one in enumerate(records) if len(one) > 1), 0) :]
    if len(records) < 2:
        return False
    header, rows = records[0], records[1:]
    firsts = [row[0].strip() for row in rows]
    if {len(row) - len(header) for row in rows} != {1} or not all(row[-1].strip() for row in rows):
        return False
    if len(set(firsts)) < len(firsts) or "" in firsts or _lacks_last_name(header, rows):
        return False
    quoted = all(line.startswith('"') for line in text.splitlines() if line.strip())
    if delimiter == "," and not quoted and all(_may_be_decimals(row, header) for row in rows):
        raise TableError(
            f"Every row of {name} has one cell more than its header of {len(header)}: either the "
            "rows have names, as R writes them, or commas are decimal marks. Export it again "
            "without row names, or with another delimiter."
        )
    return True


def _lacks_last_name(header: Record, rows: Sequence[Record]) -> bool:
    """Whether the last column is the one without a name: the cells fit the names as they stand."""
    if all(_DECIMALS.fullmatch(row[0].strip()) for row in rows):
        return True  # measured values name no rows
    place = next((i for i, name in enumerate(header) if _is_id(name)), None)
    if place is None:
        return False
    here, beside = ([row[i].strip() for row in rows] for i in (place, place + 1))
    doubtful = len(set(beside)) < len(beside) or any(map(_DECIMALS.fullmatch, beside))
    return len(set(here)) == len(here) and doubtful


def _is_id(name: str) -> bool:
    return bool(set(header_words(name)) & _ID_WORDS)


def _may_be_decimals(row: Record, header: Record) -> bool:
    """Whether two cells side by side could be one number with a decimal comma."""
    # an id is no number with decimals, so its cell is not one half of such a number
    start = 1 if _is_id(header[0]) else 0
    cells = [cell.strip() for cell in row[start:]]
    return any(_DIGITS.fullmatch(a) is not None and b.isdigit() for a, b in pairwise(cells))


def _records(text: str, delimiter: str, *, whole: bool) -> list[list[str]]:
    """Records that are not blank; none if a quote is broken."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records: list[list[str]] = []
    try:
        records.extend(fields for fields in reader if any(cell.strip() for cell in fields))
    except csv.Error:
        return [] if whole else records
    return records if whole else records[:-1]
