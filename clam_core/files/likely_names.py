"""Whether a file name looks like the name of a person when no header says so."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

from clam_core.files.common_words import COMMON_NAMES, OTHER_SCRIPTS, PLAIN, SHORT_NAMES, TITLES
from clam_core.files.name_spelling import fold, is_latin

_WORDS = re.compile(r"(?<![^\W_])[^\W\d_]+|(?<=\d)[^\W\d_]{5,}")
_RUNS = re.compile(r"[^\W\d_]+")
_HUMPS = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
_UNSPEAKABLE = re.compile(
    r"[^aeiouy]{5}|^[^aeiouy]+$|[aeiou]{5}|.q[^u]|^q[^uia]|[jvwx]{2}|(.)\1\1|^[a-f]+$"
)
_ONSET = re.compile(
    r"[bcdfgklmnpqrstvwxz]?[aeiouy]|[hj][aeiouy]|[bcfgkpv]l|[bcdfgkptvw]r|[cgkprstwz]h|s[cklmnpqtvwz]|d[jzw]|"
    r"[gkm]n|mc|mb|n[dgj]|ph[lr]|ps|sc[hr]|s[hkpt][lr]|schw?|t[hjswz]|zb|zd|kv?w|ll|fj|kj|bj|lj|lh"
)
_LONGEST_KNOWN = max(map(len, OTHER_SCRIPTS))


def looks_like_name(base: str) -> bool:
    """Whether a name of a file or folder may be the name of a person.

    Args:
        base: Without the ending of a format.

    Returns:
        True for words in other scripts and words with accents that are not known;
        without any digit, for a single unknown word; with digits, for two words that
        look like names, because one word with a number is taken for a code.
    """
    if has_foreign_word(base):
        return True
    folded = fold(base)
    if _follows_title(folded):
        return True
    if not any(letter.isdigit() for letter in base):
        words = _RUNS.findall(folded)
        return any(len(word) >= 3 and word not in PLAIN for word in words) or any(
            word in SHORT_NAMES - PLAIN for word in words
        )
    return _n_names(base) >= 2


def has_likely_name(base: str) -> bool:
    """Whether one word alone looks like a name, also beside a number.

    For files of a patient whose name in the header has no Latin spelling to compare with.
    """
    return looks_like_name(base) or _n_names(base) >= 1


def is_surely_name(base: str) -> bool:
    """Whether a name is hardly anything but that of a person: a known name beside another word."""
    return has_foreign_word(base) or (_has_common_name(base) and _n_names(base) >= 2)


@lru_cache(maxsize=1 << 16)
def has_foreign_word(base: str) -> bool:
    """Whether a word has letters that codes do not have, and is no word of imaging."""
    if base.isascii():
        return False
    composed = unicodedata.normalize("NFKC", base)
    return any(_is_foreign(word) for word in _RUNS.findall(composed) if not word.isascii())


def _is_foreign(word: str) -> bool:
    if fold(word) in PLAIN:
        return False
    if is_latin(word):
        return len(word) >= 2
    parts = re.findall(r"[a-zA-Z]+|[^a-zA-Z]+", word)
    others = [part for part in parts if not part.isascii()]
    return any(not _is_known(part.casefold()) and not _is_symbol(part) for part in others)


def _follows_title(folded: str) -> bool:
    """Whether a title such as `dr` stands before a word that is no word of imaging."""
    words = _RUNS.findall(folded)
    return any(
        one in TITLES and len(another) >= 3 and another not in PLAIN
        for one, another in pairwise(words)
    )


def _is_symbol(part: str) -> bool:
    """A single Greek letter, or a sign such as those for ordinal numbers."""
    return len(part) == 1 and (0x370 <= ord(part) < 0x400 or ord(part) < 0x250)


@lru_cache(maxsize=4096)
def _is_known(part: str) -> bool:
    """Whether a run of letters is made of known words, with or without blanks between them."""
    if not part:
        return True
    longest = min(len(part), _LONGEST_KNOWN)
    return any(part[:n] in OTHER_SCRIPTS and _is_known(part[n:]) for n in range(longest, 0, -1))


def _n_names(base: str) -> int:
    """How many different words look like names, where at least one of them is no code."""
    words = list({word.casefold(): word for word in _words(base)}.values())
    likely = sum(_is_likely(word) for word in words)
    if likely == 1 and any(word.casefold() in COMMON_NAMES for word in words):
        others = [word for word in words if not _is_likely(word)]
        return 1 + sum(_may_stand_beside(word) for word in others)
    if likely == 0 and sum(word.casefold() in SHORT_NAMES - PLAIN for word in words) >= 2:
        return 2
    return likely


def _may_stand_beside(word: str) -> bool:
    """Whether a word beside a common name may be the rest of it, perhaps as an initial."""
    return len(word) >= 3 or word.casefold() in SHORT_NAMES or (len(word) == 1 and word.isupper())


def _words(base: str) -> list[str]:
    """Words that are not words of imaging; those joined by capitals are taken apart."""
    found = []
    for run in _WORDS.findall(base):
        if not _is_plain(run):
            found += [part for part in _HUMPS.split(run) if not _is_plain(part)]
    return found


def _is_plain(word: str) -> bool:
    lower = word.casefold()
    return lower in PLAIN and not (lower in SHORT_NAMES and word.istitle())


def _has_common_name(base: str) -> bool:
    return any(word.casefold() in COMMON_NAMES for word in _words(base))


def _is_likely(word: str) -> bool:
    """Whether a word can be spoken and is longer than codes of its case are."""
    lower = word.casefold()
    if lower in COMMON_NAMES:
        return True
    shortest = 5 if word.isupper() else 3 if word.istitle() else 4
    is_speakable = _ONSET.match(lower) is not None and _UNSPEAKABLE.search(lower) is None
    return len(word) >= shortest and is_speakable
