"""Words of a column's name, whatever separates them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from clam_core.files.personal_names import fold

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])|(?<=[a-z]{3})(?=[A-Z])")
_SPLIT = re.compile(r"[^a-z0-9]+")
_BRACKETS = re.compile(r"[\[(]([^\])]{1,24})[\])]")


def header_words(name: str, *, camel: bool = True) -> tuple[str, ...]:
    """Words of a name in lower case without accents: `SliceThickness_mm` has three.

    Args:
        name: Name of a column.
        camel: Whether a capital letter after small ones begins a word.

    Returns:
        The words; `%` is `percent`.
    """
    text = _CAMEL.sub(" ", name) if camel else name
    text = text.replace("%", " percent ").replace("\u2030", " permille ").replace("+", " plus ")
    return tuple(word for word in _SPLIT.split(fold(text)) if word)


def in_brackets(name: str) -> str:
    """The text in the last brackets of a name: the unit, as a rule."""
    found = _BRACKETS.findall(name)
    return str(found[-1]).strip() if found else ""


def word_set(text: str) -> frozenset[str]:
    """The words of a text, apart by blanks."""
    return frozenset(text.split())


def find_phrase(phrase: Sequence[str], words: Sequence[str]) -> int | None:
    """Where a phrase stands in a sequence of words, as whole words; None if it does not."""
    n = len(phrase)
    for start in range(len(words) - n + 1):
        if tuple(words[start : start + n]) == tuple(phrase):
            return start
    return None
