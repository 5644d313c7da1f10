"""Values that may be none: codes for a missing value that nobody declared, and such dates.

A code is doubted where it stands apart from all other values; where it lies among them it is taken
for a value, such as 99 in a column of percentages.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import datetime

from clam_core.tables.text.choose_kind import DATE_WORDS
from clam_core.tables.text.column import Column
from clam_core.tables.text.header_words import header_words
from clam_core.tables.text.number_text import read_number, split_unit
from clam_core.tables.text.raw_table import some
from clam_core.wording import plural

_NINES = ("9", "99", "999", "9999", "99999", "999999")
_OTHERS = ("77", "88", "777", "888", "7777", "8888", "99.9", "9.99", "99.99", "999.9", "999.99")
CODES = frozenset(
    {float(code) for code in (*_NINES, *_OTHERS)}
    | {-float(code) for code in (*_NINES, *_OTHERS, "7", "8", "1")}
)
"""Numbers by which databases mark a missing value."""

_BESIDE = {9.0: (7.0, 8.0), 99.0: (96.0, 97.0, 98.0), 999.0: (996.0, 997.0, 998.0)}
"""Codes for `refused`, `does not apply` and the like: only beside the one for `unknown`."""

_DATES = frozenset(
    datetime(year, month, day)
    for year, month, day in (
        *((1900, 1, 1), (1901, 1, 1), (1960, 1, 1), (1970, 1, 1), (1999, 9, 9)),
        *((2099, 12, 31), (2100, 1, 1), (2099, 9, 9), (2100, 12, 31)),
    )
)
_YEARS_APART = 5
_LEAST_GAP = 3


class Doubt(str):
    """A sentence that says why numbers of a column may be wrong; shown wherever they are."""

    __slots__ = ()


def doubts_of_numbers(column: Column, values: Mapping[str, float]) -> list[str]:
    """Numbers that may stand for a missing value, or for a date.

    Args:
        column: The cells.
        values: Text of a cell to its number.
    """
    counts: dict[float, int] = {}
    for text, value in values.items():
        if not split_unit(text)[2]:
            counts[value] = counts.get(value, 0) + column.counts[text]
    told: list[str] = [
        _said(counts[mark], f"{mark:g}", "number") for mark in _apart(counts, single=3)
    ]
    numbers = list(values.values())
    named = set(header_words(column.name)) & DATE_WORDS
    if numbers and named and 20_000 < min(numbers) < max(numbers) < 60_000:
        told.append(
            Doubt("These may be dates as Excel's day numbers; format them as dates in Excel.")
        )
    return [*told, *_among(column, numbers)]


def doubts_of_levels(column: Column, values: Mapping[str, str]) -> list[str]:
    """Levels that may stand for a missing value: apart from other numbers, or among words.

    Args:
        column: The cells.
        values: Text of a cell to its level.
    """
    counts: dict[str, int] = {}
    for text, level in values.items():
        counts[level] = counts.get(level, 0) + column.counts[text]
    numbers = {level: read_number(level) for level in counts}
    known = {value: counts[level] for level, value in numbers.items() if value is not None}
    n_words = len(counts) - len(known)
    marks = _apart(known, single=1) if len(known) > n_words else sorted(set(known) & CODES)
    told = [_said(known[mark], f"{mark:g}", "level") for mark in marks]
    return [*told, *_among(column, list(known))]


def doubts_of_dates(column: Column, values: Mapping[str, datetime]) -> list[str]:
    """Dates that often stand for a missing one, years away from all others."""
    marks = {value for value in values.values() if value in _DATES}
    others = [value for value in values.values() if value not in _DATES]
    told: list[str] = []
    for mark in sorted(marks):
        apart = min((abs(mark.year - other.year) for other in others), default=0)
        if apart >= _YEARS_APART:
            n = sum(column.counts[text] for text, value in values.items() if value == mark)
            told.append(_said(n, f"{mark:%Y-%m-%d}", "date"))
    return told


def _said(n: int, mark: str, what: str) -> Doubt:
    return Doubt(
        f"{plural(n, 'cell')} with {mark}, which often stands for a missing value; kept as a "
        f"{what}. Declare it missing if it is."
    )


def _apart(counts: Mapping[float, int], single: float) -> list[float]:
    """Codes that stand apart from all values that are none.

    Args:
        counts: How often each number occurs.
        single: How many spans of the others a code must be away that occurs only once.
    """
    others = _others(set(counts))
    if not others:
        return []
    low, high = others[0], others[-1]
    inner = max((b - a for a, b in itertools.pairwise(others)), default=0.0)
    found = [
        mark
        for mark in sorted(CODES & set(counts))
        if (mark < 0 <= low)
        or _is_far(mark, (low, high), inner, 0.25 if counts[mark] > 1 else single)
    ]
    nines = [mark for mark in found if mark in _BESIDE]
    found += [
        code for nine in nines for code in _BESIDE[nine] if code in counts and code > high + 1
    ]
    return sorted(found)


def _others(values: set[float]) -> list[float]:
    """Values that are no codes; 7 and 8 beside 9 are codes where nothing leads up to them."""
    others = values - CODES
    beside = {code for nine, codes in _BESIDE.items() if nine in values for code in codes}
    rest = sorted(others - beside)
    steps_up = rest and min(others & beside, default=0.0) - rest[-1] <= 1
    return rest if rest and not steps_up else sorted(others)


def _is_far(mark: float, span: tuple[float, float], inner: float, share: float) -> bool:
    """Whether a code lies outside the others by a share of their span, and by no usual step."""
    low, high = span
    gap = max(low - mark, mark - high)
    if mark == -1:
        return False
    return gap >= _LEAST_GAP and gap > 2 * inner and gap >= share * (high - low)


def _among(column: Column, numbers: list[float]) -> list[str]:
    """Codes that were declared, although they lie among the values that were kept."""
    if len(numbers) < 2:
        return []
    low, high = min(numbers), max(numbers)
    codes = set(column.declared.values())
    inside = [code for code in column.missing_values
              if code in codes and (value := read_number(code, column.decimal)) is not None
              and low < value < high]  # fmt: skip
    if not inside:
        return []
    shown = some([repr(code) for code in inside])
    return [
        Doubt(
            f"{shown} was declared to mean missing, but lies among the other values ({low:g} to "
            f"{high:g}); check that it is no value here."
        )
    ]
