"""What a column's name means: label, unit, family and kind, from a vocabulary of terms."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from clam_core.tables.text.header_words import find_phrase, header_words, in_brackets
from clam_core.tables.text.units import NAME_UNITS, unit_of
from clam_core.tables.vocabulary_terms import (
    CHANGE,
    COUNT_WORDS,
    FAMILIES,
    KNOWN_WORDS,
    LARGEST,
    PREDICTED,
    STEPS,
    TERMS,
    Z_SCORE,
)

__all__ = ["FAMILIES", "Meaning", "contradicted", "find_meaning", "name_label", "name_unit"]


_LAST = re.compile(r"[\s_,]+")
_CONTINUED = re.compile(r"\n {4}")


@dataclass(frozen=True)
class Meaning:
    """What the vocabulary knows of a column.

    Attributes:
        label: Name to show, e.g. `FEV1 (% predicted)`.
        term: The term alone, e.g. `FEV1`.
        unit: Unit that the name says, else the usual one, else empty.
        unit_is_said: Whether the name says the unit.
        family: One of `FAMILIES`.
        kind: Kind that such a column has as a rule.
        is_clear: Whether the name can mean nothing else, whatever the values are.
    """

    label: str
    term: str
    unit: str
    unit_is_said: bool
    family: str
    kind: str
    is_clear: bool = True


@dataclass(frozen=True)
class _Term:
    label: str
    unit: str
    family: str
    kind: str
    words: tuple[str, ...]
    is_clear: bool


def find_meaning(name: str) -> Meaning | None:
    """Look a column's name up.

    Only whole words count: `stage` and `message` are no age, and a height `of`
    something is no body height, because an unclear term counts only among
    words that are known, too.

    Args:
        name: Name of the column.

    Returns:
        Its meaning; None if the vocabulary does not have it.
    """
    for camel in (False, True):
        words = _apart(header_words(name, camel=camel))
        for term in _terms():
            start = find_phrase(term.words, words)
            if start is None:
                continue
            rest = words[:start] + words[start + len(term.words) :]
            if term.kind == "ordinal" and set(rest) & COUNT_WORDS and "y" not in rest:
                continue  # a number of nodules is no score; `(y/n)` is yes or no
            if term.is_clear or all(_is_known(word) for word in rest):
                return _meaning(term, rest, name)
    return None


def contradicted(meaning: Meaning, numbers: Iterable[float]) -> bool:
    """Whether a column cannot be what its name alone would make of it.

    Args:
        meaning: What the vocabulary knows of its name.
        numbers: Its numbers, text left out.

    Returns:
        True only where the name can mean something else, too: a `gap` of 3.7 is no GAP
        index, and a `contrast` of 0.42 no contrast medium.
    """
    if meaning.is_clear:
        return False
    values = list(numbers)
    if meaning.term in STEPS:
        return any(not 0 <= value <= STEPS[meaning.term] or value % 1 for value in values)
    if meaning.term in LARGEST:
        return any(not 0 <= value <= LARGEST[meaning.term] for value in values)
    return (
        meaning.family == "acquisition"
        and meaning.kind == "nominal"
        and any(value % 1 for value in values)
    )


def _apart(words: tuple[str, ...]) -> tuple[str, ...]:
    """`fev1pp` and `dlcopred` as two words."""
    parts: list[str] = []
    for word in words:
        end = next(
            (e for e in PREDICTED if word.endswith(e) and word[: -len(e)] in _one_word()), ""
        )
        parts += [word.removesuffix(end), end] if end else [word]
    return tuple(parts)


@cache
def _one_word() -> frozenset[str]:
    return frozenset(term.words[0] for term in _terms() if len(term.words) == 1)


def _is_known(word: str) -> bool:
    known = any(word in words for words in (KNOWN_WORDS, NAME_UNITS, PREDICTED, Z_SCORE))
    return known or word.isdigit() or (word[0] in "vt" and word[1:].isdigit())


def _meaning(term: _Term, rest: tuple[str, ...], name: str) -> Meaning:
    unit, said, kind = term.unit, False, term.kind
    if kind == "ordinal" and name_unit(name, rest) == "%":
        kind = "continuous"  # an extent, not a score
    if kind == "continuous":
        unit, said = _unit(rest, name, term)
    suffix = f" ({unit})" if unit in {"% predicted", "z-score"} else ""
    plain = {*PREDICTED, *Z_SCORE, *NAME_UNITS}
    own = [word for word in rest if word not in plain and word not in {"score", "value", "stage"}]
    label = name_label(name) if own else f"{term.label}{suffix}"
    return Meaning(label, term.label, unit, said, term.family, kind, term.is_clear)


def _unit(rest: tuple[str, ...], name: str, term: _Term) -> tuple[str, bool]:
    if set(rest) & PREDICTED:
        return "% predicted", True
    if set(rest) & Z_SCORE:
        return "z-score", True
    said = name_unit(name, rest)
    if said or set(rest) & CHANGE:
        return said, True
    return term.unit, False


def name_unit(name: str, words: tuple[str, ...] | None = None) -> str:
    """Unit that a name says: in brackets, as its end, or as one of the given words.

    Args:
        name: Name of a column.
        words: Those of its words that may be a unit; None for a name that the
            vocabulary does not have, of which the last word alone may be one,
            and a letter alone is rather an axis.
    """
    bracketed = " ".join(in_brackets(name).split())
    if said := unit_of(bracketed):
        return said
    if "/" in bracketed:
        return bracketed
    end = _LAST.split(name)[-1]
    if not (end.isascii() and end.isalnum()) and (said := unit_of(end)):
        return said
    parts = header_words(name, camel=False)
    if len(parts) > 2 and "/".join(parts[-2:]) in NAME_UNITS:
        return NAME_UNITS["/".join(parts[-2:])]
    if words is None:
        words = tuple(word for word in parts[-1:] if len(word) > 1)
    return next((NAME_UNITS[word] for word in reversed(words) if word in NAME_UNITS), "")


def name_label(name: str) -> str:
    """A name as people would write it: blanks for underscores."""
    return " ".join(name.replace("_", " ").split())


@cache
def _terms() -> tuple[_Term, ...]:
    """All terms, the longest first, so that FEV1/FVC is found before FEV1."""
    terms = []
    for family in FAMILIES:
        for line in _CONTINUED.sub(" ", TERMS[family].strip()).splitlines():
            label, unit, kind, names = (part.strip() for part in line.split("|"))
            for one in names.split(","):
                clear = not one.strip().startswith("~")
                words = tuple(one.strip().removeprefix("~").split())
                terms.append(_Term(label, unit, family, kind, words, clear))
    return tuple(sorted(terms, key=lambda t: (-len(t.words), -sum(map(len, t.words)))))
