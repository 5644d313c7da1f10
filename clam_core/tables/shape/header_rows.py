"""The header of a table: rows above it, and names that stand in two or three rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clam_core.files.personal_names import fold
from clam_core.tables.text.cell_words import is_missing
from clam_core.tables.text.lab_marks import without_marks
from clam_core.tables.text.number_text import read_number, split_unit
from clam_core.tables.text.raw_table import clean_header, some
from clam_core.tables.text.units import UNITS
from clam_core.tables.vocabulary import find_meaning, name_unit

HEAD_ROWS = 50
MAX_TITLE_ROWS = 20

_MOST_ROWS = 3
_JUDGED_ROWS = 200
_LONG = 40

Row = Sequence[str | None]


@dataclass(frozen=True)
class Header:
    """Names of the columns, and the rows that they take.

    Attributes:
        names: A text per column, perhaps empty.
        first: Row in which they begin; the rows above are titles.
        n_rows: How many rows they take.
        notes: What should be said about them.
    """

    names: list[str]
    first: int
    n_rows: int
    notes: tuple[str, ...] = ()


def find_header(rows: Sequence[Row], lines: Sequence[int]) -> Header:
    """Find the names of the columns.

    Args:
        rows: All rows that are not empty, the header among them.
        lines: Line of the file of each row.

    Returns:
        The header; names over several columns stand before those below them only where these
        would not tell the columns apart.
    """
    first = last = _n_title(rows)
    names = _cells(rows, first)
    if first and lines[first] - lines[first - 1] == 1 and _names_groups(rows[first - 1]):
        first -= 1
        names = _joined(_cells(rows, first), names)
    while last - first + 1 < _MOST_ROWS and last + 2 < len(rows):
        below = _new_cells(names, _cells(rows, last + 1))
        rest = rows[last + 2 : last + 2 + _JUDGED_ROWS]
        if not _is_header(names, below, rest):
            break
        names = _joined(names, below)
        last += 1
    notes = []
    if last > first:
        shown = [repr(name) for name in names if name]
        where = f"{lines[first]} {'and' if last == first + 1 else 'to'} {lines[last]}"
        notes.append(
            f"Lines {where} were read as one header: the columns are {some(shown)}. If that is "
            "wrong, keep one row of names."
        )
    return Header(names, first, last - first + 1, tuple(notes))


def _n_title(rows: Sequence[Row]) -> int:
    """Rows above the header: much less filled than the rows below them."""
    head = rows[:HEAD_ROWS]
    filled = [sum(cell is not None for cell in row) for row in head]
    widest = max(filled)
    left = min(next(i for i, cell in enumerate(row) if cell is not None) for row in head)
    for n, row in enumerate(head[:MAX_TITLE_ROWS]):
        first = row[left] if left < len(row) else None
        begins = " " in first if first and widest == 2 else first is not None or widest > 2
        if 2 * filled[n] > widest or not begins or widest < 2:
            return n
    return 0


def _names_groups(row: Row) -> bool:
    """Whether a row above the header holds names of groups of columns, not one title."""
    return sum(cell is not None for cell in row) > 1


def _cells(rows: Sequence[Row], position: int) -> list[str]:
    """Cells of a row as names, as many as the widest row has."""
    width = max(map(len, rows[position : position + HEAD_ROWS]))
    texts = [clean_header(cell) for cell in rows[position]]
    return texts + [""] * (width - len(texts))


def _new_cells(names: list[str], below: list[str]) -> list[str]:
    """The row below without the names that are merged downwards and stand in both rows."""
    above = names + [""] * (len(below) - len(names))
    return ["" if cell == name else cell for cell, name in zip(below, above, strict=False)]


def _is_header(names: list[str], below: list[str], rest: Sequence[Row]) -> bool:
    """Whether the row below the names goes on with them: words where all others are numbers."""
    names = names + [""] * (len(below) - len(names))
    filled = [i for i, cell in enumerate(below) if cell]
    texts = [below[i] for i in filled]
    if not filled or any(map(_is_no_name, texts)) or _recurs(below, rest):
        return False
    numeric = [i for i, _ in enumerate(below) if _is_numeric(i, rest)]
    named = [below[i] for i in numeric if below[i]]
    gaps = [i for i in filled if not names[i]]
    if gaps and names[0] and not below[0] and all(row and row[0] for row in rest):
        return True  # the only row without an id, and it names what has no name yet
    if not named:
        return gaps == filled == [0] and len(names) > 1  # the name of the rows, as pandas puts it
    if gaps or all(_as_unit(text) for text in texts):
        return True
    if len(named) < max(len(numeric), 2) or len(set(named)) == 1:
        return False
    # a row of one person may hold `refused` in several columns, but it has an id, and seldom
    # another text in each of them
    pairs = {(names[i], below[i]) for i in numeric}
    repeats = len({names[i] for i in numeric}) < len(numeric) == len(pairs)
    return len(set(named)) == len(named) or repeats or not below[0]


def _is_no_name(text: str) -> bool:
    return _is_value(text) or (is_missing(text) and text != "-")


def _recurs(below: list[str], rest: Sequence[Row]) -> bool:
    """Whether a cell stands in its column again, as values do and names do not."""
    return any(
        name and any(i < len(row) and row[i] and fold(str(row[i])) == fold(name) for row in rest)
        for i, name in enumerate(below)
    )


def _is_numeric(position: int, rest: Sequence[Row]) -> bool:
    cells = [row[position] for row in rest if position < len(row)]
    known = [cell for cell in cells if cell and not is_missing(cell)]
    if len(known) > 2 and not _is_value(known[0]):
        del known[0]  # a third row of names
    return bool(known) and 10 * sum(map(_is_value, known)) >= 9 * len(known)


def _is_value(text: str) -> bool:
    """Whether a text is a number or a date."""
    if not any(letter.isdigit() for letter in text):
        return False
    number = split_unit(without_marks(text).text)[0]
    return any(read_number(number, mark) is not None for mark in (".", ",")) or (
        text[:1].isdigit() and not any(letter.isalpha() for letter in text)
    )


def _as_unit(text: str) -> str:
    """The unit that a text says, in brackets or not; empty if it is none."""
    inside = text.strip("()[] ")
    return inside if inside.casefold() in UNITS or text[:1] in "([" or inside in {"-", ""} else ""


def _joined(upper: list[str], lower: list[str]) -> list[str]:
    """One name per column of two rows."""
    width = max(len(upper), len(lower))
    upper = upper + [""] * (width - len(upper))
    lower = lower + [""] * (width - len(lower))
    units = [text for text in lower if text]
    if units and all(map(_as_unit, units)):
        return [_with_unit(a, b) for a, b in zip(upper, lower, strict=True)]
    groups = _spread(upper, lower)
    is_grouped = any(b and not a for a, b in zip(upper, lower, strict=True))
    is_grouped = is_grouped or not _tell_apart(upper)
    plain = [b or a for a, b in zip(upper, lower, strict=True)]
    if _tell_apart(plain):
        return plain if is_grouped or _n_known(upper) < _n_known(lower) else upper
    return [
        f"{group} {b}" if group and b and group != b else b or a
        for group, a, b in zip(groups, upper, lower, strict=True)
    ]


def _tell_apart(names: list[str]) -> bool:
    known = [fold(name) for name in names if name]
    return len(set(known)) == len(known)


def _spread(upper: list[str], lower: list[str]) -> list[str]:
    """Names of groups over all columns that they stand above."""
    groups, group = [], ""
    for name, below in zip(upper, lower, strict=True):
        if name:
            group = name
        elif not below:
            group = ""
        groups.append(name or group)
    return groups


def _n_known(names: list[str]) -> int:
    """How many names the vocabulary has, long questions apart."""
    return sum(len(name) <= _LONG and find_meaning(name) is not None for name in names if name)


def _with_unit(name: str, unit: str) -> str:
    inside = _as_unit(unit).strip("-")
    if not inside or not name or name_unit(name):
        return name or unit
    return f"{name} ({inside})"
