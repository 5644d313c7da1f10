"""A column read as a given kind: its values, its levels, and what had to be left out."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from clam_core.tables.text.cell_words import (
    NO_SUCH,
    are_stages,
    female_or_male,
    in_order,
    is_doubtful,
    is_open_score,
    scale_order,
    yes_or_no,
)
from clam_core.tables.text.column import ENOUGH, Column
from clam_core.tables.text.date_text import DateOrder, read_dates
from clam_core.tables.text.doubts import (
    Doubt,
    doubts_of_dates,
    doubts_of_levels,
    doubts_of_numbers,
)
from clam_core.tables.text.mixed_units import in_one_unit
from clam_core.tables.text.number_text import Numbers
from clam_core.tables.text.raw_table import Decimal, at_lines, some
from clam_core.wording import plural

_BLANKS = re.compile(r"\s+")


@dataclass
class Reading:
    """What a column's cells are under one kind.

    Attributes:
        values: Text of a cell to its value; other cells are missing.
        levels: Levels in their order, for kinds that have them.
        warnings: What had to be left out or assumed.
        date_order: How dates were read.
        decimal: How numbers were read.
    """

    values: dict[str, float] | dict[str, datetime] | dict[str, str]
    levels: tuple[str, ...] = ()
    warnings: list[str] = field(default_factory=list)
    date_order: DateOrder | None = None
    decimal: Decimal = "."


def read_as(column: Column, kind: str, levels: tuple[str, ...] = ()) -> Reading:
    """Read the cells of a column as values of a kind.

    Args:
        column: The cells.
        kind: One of `columns.KINDS`.
        levels: Order of the levels, where the user gave one.

    Returns:
        The values, with a sentence for everything that was left out or assumed.
    """
    if kind in {"continuous", "count"}:
        reading = _as_numbers(column, kind)
    elif kind == "date":
        reading = _as_dates(column)
    elif kind in {"binary", "ordinal", "nominal"}:
        reading = _as_levels(column, kind, levels)
    elif kind == "id":
        texts = {cell for cell in column.cells if cell is not None}
        return Reading({t: t for t in texts if t not in column.declared})
    else:
        reading = Reading({text: text for text in column.counts})
    reading.warnings[:0] = _missing_words(column)
    return reading


def _missing_words(column: Column) -> list[str]:
    everything = Counter(cell for cell in column.cells if cell is not None)
    declared = +Counter({text: everything[text] for text in column.declared})
    words = everything - column.counts - declared
    told = [f"{_as_missing(declared)[:-1]}, as declared."] if declared else []
    return [*told, *([_as_missing(words)] if words else [])]


def _as_missing(words: Counter[str]) -> str:
    shown = some([repr(word) for word, _ in words.most_common()], 3)
    return f"{plural(words.total(), 'cell')} with {shown} taken as missing."


def _as_numbers(column: Column, kind: str) -> Reading:
    numbers = column.numbers
    told = _left_out(column, set(numbers.values), "a number", "numbers")
    values = dict(numbers.values)
    told += _limits_and_marks(numbers)
    told += in_one_unit(column, values)
    told += doubts_of_numbers(column, values)
    if kind == "count":
        odd = {text for text, value in values.items() if value < 0 or not value.is_integer()}
        if odd:
            where = at_lines(column.lines_of(odd), 3)
            told.append(Doubt(f"Counts should be whole numbers from 0 on; {where}: not so."))
    return Reading(values, warnings=told, decimal=numbers.decimal)


def _limits_and_marks(numbers: Numbers) -> list[str]:
    told: list[str] = []
    if numbers.n_limits:
        cells = plural(numbers.n_limits, "cell")
        told.append(
            Doubt(
                f"{cells} with a limit or an estimate, such as '<5' or '~5': the number itself was "
                "taken."
            )
        )
    if numbers.marks:
        shown = some([repr(mark) for mark, _ in numbers.marks.most_common()], 3)
        cells = plural(numbers.marks.total(), "cell")
        said = f"{cells} with a laboratory's mark beside the number ({shown})"
        told.append(Doubt(f"{said}: the number was taken."))
    if numbers.n_doubtful:
        cells, example = plural(numbers.n_doubtful, "cell"), numbers.doubtful
        other = "." if numbers.decimal == "," else ","
        told.append(
            Doubt(
                f"{cells} can be read in two ways: {example!r} was taken as "
                f"{numbers.values[example]:.15g}. If that is wrong, set the decimal mark of this "
                f"column to {other!r}."
            )
        )
    if numbers.n_other_mark:
        cells = plural(numbers.n_other_mark, "cell")
        told.append(Doubt(f"{cells} with the other decimal mark; both points and commas are used."))
    return told


def _as_dates(column: Column) -> Reading:
    dates = read_dates(
        column.sure, column.date_order, compact=True, with_slashes=column.with_slashes
    )
    told = _left_out(column, set(dates.values), "a date", "dates")
    if dates.n_doubtful:
        first = "day" if dates.order == "dmy" else "month"
        told.append(
            Doubt(
                f"{plural(dates.n_doubtful, 'date')} can be read in two ways; the {first} was "
                "taken to come first. If that is wrong, set the date order of this column."
            )
        )
    if dates.n_short_years:
        years = plural(dates.n_short_years, "year")
        told.append(f"{years} of two digits taken to lie in 1970 to 2069.")
    told += doubts_of_dates(column, dates.values)
    return Reading(dict(dates.values), warnings=told, date_order=dates.order)


def _as_levels(column: Column, kind: str, wanted: tuple[str, ...]) -> Reading:
    cells = column.counts
    if kind != "nominal":
        allowed = {*column.answers, *wanted}
        if not (wanted or is_open_score(column.answers)) and column.number_share >= ENOUGH:
            allowed = set(column.numbers.values)
        cells = Counter({text: n for text, n in cells.items() if text in allowed})
    values, told = _merge(cells, column)
    told += _left_out(column, set(values), "an answer", "answers")
    present = set(values.values())
    doubtful = sorted(level for level in present if is_doubtful(level))
    scale = scale_order(present) is not None
    if doubtful and not scale and len(present) > 1:
        words = some([repr(level) for level in doubtful])
        told.append(
            Doubt(f"{words} may mean missing; kept as a level. Declare it missing if it does.")
        )
    told += doubts_of_levels(column, values)
    levels = tuple(level for level in wanted if level in present)
    if set(levels) != present:
        levels, sentence = _order(present, kind)
        told += sentence
    return Reading(dict(values), levels, told)


def _merge(cells: Counter[str], column: Column) -> tuple[dict[str, str], list[str]]:
    """Each text to its level: numbers by value, words without regard to case and blanks."""
    numbers = column.numbers
    coded = any(len(text) > 1 and text[0] == "0" and text.isdigit() for text in cells)
    one_unit = len(numbers.units) < 2
    if not coded and one_unit and cells and all(text in numbers.values for text in cells):
        levels = {text: f"{numbers.values[text]:.15g}" for text in cells}
        return levels, _limits_and_marks(numbers)
    answers = yes_or_no(cells) or female_or_male(cells)
    if answers and len(cells) > 2:
        spellings = some([repr(text) for text in in_order(cells)])
        said = " and ".join(sorted(set(answers.values())))
        return answers, [f"{spellings} read as {said}."]
    groups: dict[str, Counter[str]] = {}
    for text, n in cells.items():
        groups.setdefault(_BLANKS.sub(" ", text).casefold(), Counter())[text] = n
    values, merged = {}, []
    for group in groups.values():
        spelling, _ = group.most_common(1)[0]
        values.update(dict.fromkeys(group, spelling))
        if len(group) > 1:
            merged.append(repr(spelling))
    if merged:
        return values, [
            f"Spellings that differ only in case or blanks are one level: {some(merged)}."
        ]
    return values, []


def _order(levels: set[str], kind: str) -> tuple[tuple[str, ...], list[str]]:
    answers = yes_or_no(levels)
    if len(levels) == 2 and answers:
        return tuple(sorted(levels, key=lambda level: answers[level])), []
    scale = scale_order(levels)
    if scale:
        return scale, []
    ordered = tuple(sorted(in_order(levels), key=lambda level: level.casefold() not in NO_SUCH))
    known = all(level.replace(".", "", 1).lstrip("-").rstrip("+").isdigit() for level in levels)
    if kind == "ordinal" and not known and not are_stages(levels):
        return ordered, [Doubt("The order of the levels is alphabetical; give the right one.")]
    return ordered, []


def _left_out(column: Column, known: set[str], one: str, many: str) -> list[str]:
    """What was not understood: words such as `unknown` are said, other text is not repeated."""
    odd = {text for text in set(column.counts) - known if not is_doubtful(text)}
    doubtful = Counter({t: n for t, n in column.counts.items() if t not in known and t not in odd})
    told = []
    if doubtful:
        told.append(_as_missing(doubtful))
    n = sum(column.counts[text] for text in odd)
    if n:
        where = at_lines(column.lines_of(odd))
        what = f"is not {one} and was" if n == 1 else f"are not {many} and were"
        told.append(Doubt(f"{plural(n, 'cell')} {what} taken as missing ({where})."))
    return told
