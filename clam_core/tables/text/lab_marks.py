"""Marks that laboratories put beside a number: `5.1 H`, `4.8*`, `85 (H)`, `3.2 (3.5-5.0) L`."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from clam_core.tables.text.header_words import header_words, word_set
from clam_core.tables.text.units import UNITS

_SIGNS = "*\u2020\u2021\u00a7!\u2191\u2193\u2b06\u2b07\u25b2\u25bc\u25b3\u25bd"
_WORD = (
    r"HH|LL|AA|H|L|A|N|high|low|abnormal|abn|crit|critical|hoch|niedrig|tief|erh(?:\u00f6|oe)ht"
    r"|erniedrigt|pathologisch|path|haut|bas|alto|bajo"
)
_BRACKETED = re.compile(
    rf"[(\[]\s*(?:{_WORD}|[{_SIGNS}]+|\+{{1,3}}|-{{1,3}})\s*[)\]]", re.IGNORECASE
)
_RANGE = re.compile(r"[(\[]\s*[\d.,]+\s*(?:-|\u2013|\u2014|to|bis)\s*[\d.,]+\s*[)\]]")
_SIGNS_AT_END = re.compile(rf"(?<=[\w.%)\]])\s*(?:[{_SIGNS}]+\)?|(?<=\s)(?:\+{{1,3}}|-{{1,3}}))$")
_PLUS_AT_END = re.compile(r"(?:(?<=[.,]\d)|(?<=[.,]\d\d))(?:\++|-+)$")
_SIGNS_BEFORE = re.compile(rf"^[{_SIGNS}]+\s*(?=[<>+\-.\d])")
_WORD_AT_END = re.compile(rf"(?<=[\d.,%])(\s*)({_WORD})$", re.IGNORECASE)
_WORD_BEFORE = re.compile(r"^(HH|LL|H|L)\s+(?=[<>\d])")
_BEFORE_UNIT = re.compile(r"^(.*\d)\s*(HH|LL|H|L)\s+(\D.*)$")
_AFTER_UNIT = re.compile(r"^(.*?\d)\s*([^\d\s]\S*)\s+(HH|LL|H|L)$")
_CLEAN = re.compile(r"[<>=~ \d.,'+-]*\d[.,]?")
_TIMES = {"h", "min", "s", "days"}
_VOLUMES = {"L", "mL", "dL", "cL"}
_TIME_WORDS = word_set(
    """
    duration dauer time zeit hours hour stunden stunde heures horas hrs sleep schlaf fasting
    """
)


@dataclass(frozen=True)
class Marked:
    """A cell without its marks.

    Attributes:
        text: What is left.
        mark: The mark, as it stands; empty if there is none.
        is_letter: Whether it is one letter, which may be a unit: `5 H`, `5 L`.
    """

    text: str
    mark: str = ""
    is_letter: bool = False


def marked_cells(cells: Counter[str], name: str, unit: str) -> dict[str, Marked]:
    """Take the marks off the cells of one column, which says what a letter means.

    Args:
        cells: Each text of the column and how often it occurs.
        name: Name of the column.
        unit: Unit that the name says or that is usual for it; empty if unknown.

    Returns:
        Each text with its marks apart; a letter that is a unit here stays where it is.
    """
    found = {text: without_marks(text) for text in cells}
    marks = {one.mark for one in found.values() if one.mark}
    plain = any(not one.mark and one.text[-1:].isdigit() for one in found.values())
    keep = _units_among(cells, found, name, unit) if any(map(_is_letter, marks)) else set()
    if not any(mark.upper() in {"H", "L", "HH", "LL"} or not mark.isalpha() for mark in marks):
        keep |= {"A", "N"}
    return {
        text: Marked(text)
        if one.mark in keep or (len(one.mark) > 2 and one.mark.isalpha() and not plain)
        else one
        for text, one in found.items()
    }


def _is_letter(mark: str) -> bool:
    return len(mark) == 1 and mark.isalpha()


def _units_among(cells: Counter[str], found: dict[str, Marked], name: str, unit: str) -> set[str]:
    """Letters that say hours or litres in this column."""
    letters: Counter[str] = Counter()
    for text, one in found.items():
        if one.is_letter:
            letters[one.mark] += cells[text]
    others = {one.mark for one in found.values() if one.mark} - {"h", "l", "H", "L"}
    kinds = {letter.upper() for letter in letters}
    if others or len(kinds) != 1:
        return set()  # both H and L, or other marks beside them
    many = 2 * letters.total() >= cells.total()
    if kinds == {"L"}:
        return {"L", "l"} if unit in _VOLUMES or (not unit and many) else set()
    is_time = unit in _TIMES or bool(set(header_words(name)) & _TIME_WORDS)
    small = set(letters) == {"h"} and not unit
    return {"H", "h"} if is_time or (small and many) else set()


def without_marks(text: str) -> Marked:
    """Take the marks of a laboratory off a number.

    Args:
        text: A cell; texts without a digit stay as they are.

    Returns:
        The number with its unit, and the mark.
    """
    if _CLEAN.fullmatch(text) or not any(letter.isdigit() for letter in text):
        return Marked(text)
    found = _RANGE.search(text)
    plain, mark = (_RANGE.sub(" ", text).strip(), found[0]) if found else (text, "")
    for pattern in (_BRACKETED, _SIGNS_AT_END, _PLUS_AT_END, _SIGNS_BEFORE):
        if found := pattern.search(plain):
            plain, mark = pattern.sub(" ", plain).strip(), found[0].strip()
    return _without_word(" ".join(plain.split()) if mark else text, mark)


def _without_word(text: str, mark: str) -> Marked:
    """The same without a word or letter such as `H` or `high`."""
    if found := _WORD_BEFORE.match(text):
        return Marked(text[found.end() :], mark or found[1])
    if (found := _BEFORE_UNIT.match(text)) and found[3].strip().casefold() in UNITS:
        return Marked(f"{found[1]} {found[3]}", mark or found[2])
    if (found := _AFTER_UNIT.match(text)) and found[2].strip().casefold() in UNITS:
        return Marked(f"{found[1]} {found[2]}", mark or found[3])
    found = _WORD_AT_END.search(text)
    if not found:
        return Marked(text, mark)
    word, apart = found[2], bool(found[1])
    is_letter = word in "HLhl" or (apart and word in "AN")
    if not (apart if len(word) > 2 else is_letter or (word.isupper() and len(word) == 2)):
        return Marked(text, mark)
    return Marked(text[: found.start()].strip(), mark or word, not mark and len(word) == 1)
