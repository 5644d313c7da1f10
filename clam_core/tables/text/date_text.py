"""Dates as people write them: ISO, 31.12.2024, 12/31/2024, and which of two readings holds."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from clam_core.files.personal_names import fold

DateOrder = Literal["dmy", "mdy"]

FIRST_YEAR, LAST_YEAR = 1900, 2100

_TIME = r"(?:[T\s:]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?"
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})" + _TIME)
_COMPACT = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})")
_PARTS = re.compile(r"(\d{1,2})([-/.])\s?(\d{1,2})\2\s?(\d{4}|\d{2})" + _TIME)
_NAMED = re.compile(r"(\d{1,2})[-. ]*([a-z]{3,9})\.?[-., ]*(\d{4})" + _TIME)
_NAMED_US = re.compile(r"([a-z]{3,9})\.? (\d{1,2}),? (\d{4})" + _TIME)
_MONTHS = {
    word: number
    for number, words in enumerate(
        [
            "jan januar janvier enero",
            "feb februar fevrier febrero fev",
            "mar marz mars marzo mrz maerz",
            "apr april avril abril avr abr",
            "may mai mayo",
            "jun juni juin junio june",
            "jul juli juillet julio july juil",
            "aug august aout agosto ago",
            "sep sept september septembre septiembre",
            "oct okt oktober octobre octubre october",
            "nov november novembre noviembre",
            "dec dez dezember decembre diciembre dic december",
        ],
        start=1,
    )
    for word in [*words.split()]
} | {"january": 1, "february": 2, "march": 3}


@dataclass
class Dates:
    """What the cells of a column are when they are read as dates.

    Attributes:
        order: How dates with slashes, dashes or points were read.
        values: Text of a cell to its date; texts that are no date are absent.
        n_doubtful: Cells that the other order would read as another date, when
            no cell of the column tells which order holds.
        n_short_years: Cells with a year of two digits.
    """

    order: DateOrder
    values: dict[str, datetime] = field(default_factory=dict)
    n_doubtful: int = 0
    n_short_years: int = 0


def read_dates(
    cells: Counter[str],
    default: DateOrder | None = None,
    *,
    compact: bool = False,
    with_slashes: DateOrder = "mdy",
) -> Dates:
    """Read the cells of a column as dates.

    Args:
        cells: Each text of the column and how often it occurs.
        default: Order to take in any case; None finds it out: days beyond 12
            tell, else points and dashes mean day first.
        compact: Whether `20241231` is a date.
        with_slashes: Order of dates with slashes where nothing tells.

    Returns:
        The dates, and what about them should be said.
    """
    shapes = {text: _PARTS.fullmatch(text) for text in cells}
    order, proven = (default, True) if default else _order(cells, shapes, with_slashes)
    dates = Dates(order or "dmy")
    for text, n in cells.items():
        date = read_date(text, dates.order, compact=compact)
        if date is None:
            continue
        dates.values[text] = date
        shape = shapes[text]
        if shape:
            a, b = int(shape[1]), int(shape[3])
            doubtful = not proven and shape[2] != "." and a <= 12 and b <= 12 and a != b
            dates.n_doubtful += n * doubtful
            dates.n_short_years += n * (len(shape[4]) == 2)
    return dates


def _order(
    cells: Counter[str], shapes: dict[str, re.Match[str] | None], with_slashes: DateOrder
) -> tuple[DateOrder, bool]:
    first = second = slashes = 0
    for text, shape in shapes.items():
        if shape:
            first += cells[text] * (int(shape[1]) > 12)
            second += cells[text] * (int(shape[3]) > 12)
            slashes += cells[text] * (shape[2] == "/")
    if first != second:
        return ("dmy" if first > second else "mdy"), True
    return (with_slashes if slashes else "dmy"), False


def read_date(text: str, order: DateOrder = "dmy", *, compact: bool = False) -> datetime | None:
    """A date, with its time of day if there is one.

    Args:
        text: The cell.
        order: Whether the day or the month comes first where both are numbers.
        compact: Whether `20241231` is a date.

    Returns:
        The date as local time; None if the text is none, or not of 1900 to 2100.
    """
    if not text[:1].isalnum() or len(text) > 40:
        return None
    if found := _ISO.fullmatch(text) or (_COMPACT.fullmatch(text) if compact else None):
        return _date(found[1], found[2], found[3], found.groups()[3:])
    if found := _PARTS.fullmatch(text):
        day, month = (found[1], found[3]) if order == "dmy" else (found[3], found[1])
        return _date(found[4], month, day, found.groups()[4:])
    return _with_month_name(fold(text))


def _with_month_name(word: str) -> datetime | None:
    """`1 mar 2024` or `march 1, 2024`."""
    if (found := _NAMED.fullmatch(word)) and found[2] in _MONTHS:
        return _date(found[3], str(_MONTHS[found[2]]), found[1], found.groups()[3:])
    if (found := _NAMED_US.fullmatch(word)) and found[1] in _MONTHS:
        return _date(found[3], str(_MONTHS[found[1]]), found[2], found.groups()[3:])
    return None


def _date(year: str, month: str, day: str, time: tuple[str | None, ...]) -> datetime | None:
    """Years of two digits are 1970 to 2069, as in POSIX."""
    number = int(year)
    if len(year) == 2:
        number += 1900 if number >= 70 else 2000
    if not FIRST_YEAR <= number <= LAST_YEAR:
        return None
    hour, minute, second = (int(part or 0) for part in (*time, None, None, None)[:3])
    try:
        return datetime(number, int(month), int(day), hour, minute, second)
    except ValueError:
        return None
