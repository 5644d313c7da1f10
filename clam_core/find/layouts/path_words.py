"""Words of paths that say when and how a scan was made, and names that are no subject's."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from clam_core.files.common_words import PLAIN
from clam_core.files.name_spelling import fold

Kind = Literal["date", "visit", "phase", "study", "modality"]

_YEAR = r"(?:19|20)\d{2}"
_MONTH, _DAY = r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
_DATE = (
    rf"{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{{6}}|[T_-]\d{{4,6}})?"
    rf"|{_YEAR}[-_.]{_MONTH}[-_.]{_DAY}|{_DAY}[-_.]{_DAY}[-_.]{_YEAR}|{_YEAR}[-_](?:0[1-9]|1[0-2])"
)
_VISIT = (
    r"ses(?:sion)?[-_ ]?[a-z]?\d[0-9a-z]*|(?:visit|vis|time ?point|tp|wave|exam|follow[-_ ]?up|fu|"
    r"month|week|year|day|scan|study|round|v|t|m|y|d|w)[-_ ]?\d{1,4}|baseline|bl|"
    r"follow[-_ ]?up|fu|initial|screening|preop|postop|pre|post|prior|retest|first|second|third|"
    r"admission|discharge|verlauf|kontrolle|suivi"
)
_PHASE = (
    r"insp(?:iration|iratory)?\d?|exp(?:iration|iratory)?\d?|inhale|exhale|t(?:00|10|20|30|40|50|60|70|"
    r"80|90)|frc|rv|tlc"
)
_MODALITY = r"ct|hrct|ldct|cta|ctpa|cbct|mr|mri|mra|pet|pt|cxr|t1w?|t2w?|flair|mprage|dwi"
_STUDY = r"\d+(?:\.\d+){5,}"
_WHOLE: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("study", re.compile(_STUDY)),
    ("date", re.compile(rf"{_DATE}|{_YEAR}")),
    ("phase", re.compile(_PHASE, re.IGNORECASE)),
    ("visit", re.compile(_VISIT, re.IGNORECASE)),
)
_ANYWHERE: tuple[tuple[Kind, str], ...] = (
    ("date", _DATE),
    ("phase", _PHASE),
    ("visit", _VISIT),
    ("modality", rf"(?:{_MODALITY})\d?"),
)
_PARTS: tuple[tuple[Kind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(rf"(?<![A-Za-z0-9])(?:{pattern})(?![A-Za-z0-9])", re.IGNORECASE))
    for kind, pattern in _ANYWHERE
)
_GROUPING = re.compile(
    r"(?:data(?:set|base)?|batch|part|fold|split|site|cent(?:er|re)|zentrum|hospital|klinik|"
    r"cohort|group|class|set|train(?:ing)?|val(?:idation)?|test(?:ing)?|release|export|version|"
    r"series|se|task|stage|images?|labels?|folder|disk|volume|covid|cap|ncp|ct|mr)[-_ ]?\d{0,4}",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Moment:
    """What a part of a path says about when or how a scan was made.

    Attributes:
        kind: What it tells.
        text: The part of the name that says it.
        before: What stands before it in the same name, which may be a subject.
    """

    kind: Kind
    text: str
    before: str = ""


@lru_cache(maxsize=1 << 16)
def moment_of(name: str) -> Moment | None:
    """A visit, date, phase of breathing or study in the name of a folder or file.

    A name that is nothing else comes without `before`. Of several the first counts; only a
    date may be followed by anything where it stands first (`01-02-2000-NA-chest`).
    """
    for kind, pattern in _WHOLE:
        if pattern.fullmatch(name):
            return Moment(kind, name)
    if name.isalnum():  # one word, and not one of these
        return None
    found = [(match, kind) for kind, pattern in _PARTS if (match := pattern.search(name))]
    if not found:
        return None
    match, kind = min(found, key=lambda one: one[0].start())
    before = name[: match.start()].rstrip(" _-.")
    return Moment(kind, match.group(), before) if before or kind == "date" else None


@lru_cache(maxsize=1 << 16)
def is_subject_like(name: str) -> bool:
    """Whether a name may be that of one subject: neither a group of scans nor a mere word.

    `P01`, `LIDC-IDRI-0001` and `Jones` may be; `site1`, `train`, `covid` and `chest_ct` are not.
    """
    if not name or _GROUPING.fullmatch(name):
        return False
    return any(letter.isdigit() for letter in name) or not is_plain(name)


@lru_cache(maxsize=1 << 16)
def is_plain(name: str) -> bool:
    """Whether a name is made of words of imaging only, with or without numbers."""
    return all(fold(word) in PLAIN for word in _WORDS.findall(name))


def date_key(texts: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """Year, month and day of dates of one cohort, for sorting.

    Where days and months cannot be told apart in any of them, the month comes first, as in
    the archives that write so.
    """
    numbers = {text: [int(one) for one in re.findall(r"\d+", text)[:3]] for text in texts}
    ends = [one for one in numbers.values() if len(one) == 3 and one[2] > 1900]
    day_first = any(one[0] > 12 for one in ends) or any("." in text for text in numbers)
    return {text: _ordered(text, one, day_first=day_first) for text, one in numbers.items()}


def _ordered(text: str, numbers: list[int], *, day_first: bool) -> tuple[int, ...]:
    if len(numbers) == 3 and numbers[2] > 1900:
        first, second, year = numbers
        return (year, second, first) if day_first else (year, first, second)
    digits = re.sub(r"\D", "", text)
    if numbers and numbers[0] > 10_000_000:
        return (int(digits[:4]), int(digits[4:6]), int(digits[6:8]), int(digits[8:] or 0))
    return tuple(numbers)
