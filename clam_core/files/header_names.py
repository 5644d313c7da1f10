"""Find the names of a header in the names of files and folders, however they are spelled."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import lru_cache
from itertools import permutations

from clam_core.files.common_words import PLAIN, TITLES
from clam_core.files.name_spelling import fold, is_latin, spellings, words_in

MOST_JOINED = 3
"""Words of a name that may be written together or beside each other."""

_LETTERS = re.compile(r"[^\W\d_]+")
_RUNS = re.compile(r"[^\W_]+")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[-_. /](?=\d)")
_SEPARATORS = re.compile(r"[\W_]+")


@lru_cache(maxsize=4096)
def matcher(private: frozenset[str]) -> HeaderNames:
    """The matcher of some words, remembered."""
    return HeaderNames(private)


class HeaderNames:
    """The private words of headers, ready to be looked for.

    Words and whole names (with `^`) of persons, ids, and birth dates may be mixed: what
    holds a digit is an id or a date.
    """

    def __init__(self, private: Collection[str]) -> None:
        names = [one for one in private if not any(map(str.isdigit, one))]
        words = {word for one in names for word in words_of_name(one)}
        latin = {word for word in words if is_latin(word)}
        self._foreign = {spellings(w)[0]: len(w) for w in words - latin}
        self._words = {s for w in latin if len(w) >= 2 for s in spellings(w) if len(s) >= 2}
        self._long = sorted({s for s in self._words if len(s) >= 3 and s not in PLAIN})
        self._joined = {s for one in names for s in _joined(words_of_name(one))}
        ids = [one for one in private if any(map(str.isdigit, one)) and len(one) >= 3]
        self._numbers = {one for one in ids if one.isdigit() and len(one) < 5}
        self._ids = [fold(one) for one in ids if not (one.isdigit() and len(one) < 5)]
        self._dates = [form for one in ids for form in _date_forms(one)]

    def name_in(self, base: str) -> bool:
        """Whether a name of a file or folder (without its ending) holds one of the words."""
        return (
            self.person_in(base)
            or self._within_a_word(base)
            or self._id_in(base)
            or self._date_in(base)
        )

    def person_in(self, base: str) -> bool:
        """Whether whole words of a text are names: not merely parts of a longer word."""
        if not (self._words or self._foreign):
            return False
        for spelled in dict.fromkeys(spellings(" ".join(words_in(base)))):
            words = _LETTERS.findall(spelled)
            if any(self._is_word(word) for word in words) or self._joined_in(words):
                return True
        whole = _LETTERS.findall(spellings(base)[0])
        return self._joined_in(whole) or any(self._is_foreign_in(word) for word in whole)

    def _is_word(self, word: str) -> bool:
        return word in self._words and not (len(word) == 2 and word in PLAIN)

    def _joined_in(self, words: list[str]) -> bool:
        """Whether some words that stand beside each other are a name when joined."""
        return any(
            "".join(words[n : n + many]) in self._joined
            for n in range(len(words))
            for many in range(1, MOST_JOINED + 1)
        )

    def _is_foreign_in(self, word: str) -> bool:
        return any(
            name in word if length >= 2 else name == word for name, length in self._foreign.items()
        )

    def _within_a_word(self, base: str) -> bool:
        """Names of three letters or more as parts of a word that is not one of imaging."""
        if not self._long:
            return False
        for spelled in dict.fromkeys(spellings(base)):
            text = " ".join(word for word in _LETTERS.findall(spelled) if word not in PLAIN)
            compact = _SEPARATORS.sub("", spelled)
            if any(name in text or (len(name) >= 6 and name in compact) for name in self._long):
                return True
        return False

    def _id_in(self, base: str) -> bool:
        folded = fold(base)
        return bool(self._numbers.intersection(re.findall(r"\d+", folded))) or any(
            one in folded for one in self._ids
        )

    def _date_in(self, base: str) -> bool:
        if not self._dates:
            return False
        digits = _BETWEEN_DIGITS.sub("", base)
        return any(date in digits for date in self._dates)


def words_of_name(name: str) -> list[str]:
    """Words of a name as DICOM writes it, without titles.

    Args:
        name: Parts separated by `^`, the same name in other scripts by `=`; or a word.
    """
    composed = unicodedata.normalize("NFKC", name)
    words = _RUNS.findall(composed)
    return [word for word in words if fold(word) not in TITLES] or words


def _joined(words: Iterable[str]) -> set[str]:
    """Ways to write two or three words of a name together, all but one perhaps as initials.

    Longer words are found by themselves wherever they stand; here it is about those
    that are too short for that, or common.
    """
    latin = [spellings(word)[0] for word in words if is_latin(word)][:5]
    hard = [word for word in latin if len(word) == 2 or word in PLAIN]
    choices = [*hard, *dict.fromkeys(word[0] for word in latin)]
    found = {
        "".join(some)
        for many in range(2, MOST_JOINED + 1)
        for some in permutations(choices, many)
        if set(hard).intersection(some)
    }
    return {one for one in found if len(one) >= 3} - PLAIN


def _date_forms(one: str) -> list[str]:
    """A date of eight digits with the year first and last."""
    digits = re.sub(r"\D", "", one)
    if len(digits) != 8 or not "1850" <= digits[:4] <= "2100":
        return []
    year, month, day = digits[:4], digits[4:6], digits[6:]
    return [year + month + day, day + month + year, month + day + year]
