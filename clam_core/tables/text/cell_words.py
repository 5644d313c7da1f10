"""Words of cells that mean something everywhere: missing, yes and no, sexes, stages, scales."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from clam_core.files.personal_names import fold
from clam_core.tables.text.header_words import word_set

MISSING = word_set(
    """
    na n/a #n/a nan <na> null . .. - -- --- – — ? ?? / n.a. n.a k.a. k.a nd n.d. n.d nb n.b.
    missing fehlt fehlend manquant faltante #div/0! #value! #ref! #name? #num! #null! #wert!
    #bezug! #getting_data
    """
    + " ".join(f".{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")
) | {"not available", "not done", "nicht verf\xfcgbar", "non disponible", "no disponible"}
"""Texts, in lower case, that stand for a missing value in every column but an id.

`.a` to `.z` are those of Stata and SAS.
"""

DOUBTFUL_MISSING = word_set(
    """
    unknown unk unbekannt unklar inconnu inconnue desconocido desconocida undefined none nil
    unspecified
    """
) | {"not known", "not specified", "not applicable", "not reported"}
"""Texts that stand for a missing value among numbers or dates; elsewhere they may be an answer."""

NO_SUCH = frozenset({"none", "nil"})
"""Those of them that are an answer where others are names: no treatment, no comorbidity."""

YES = word_set(
    """
    yes y true t ja j wahr oui o vrai si s verdadero present positive pos + 1 x checked
    """
)
NO = word_set(
    """
    no n false f nein falsch non faux falso absent negative neg - 0 unchecked
    """
)
FEMALE = word_set(
    """
    f female w woman weiblich frau femme feminin fille mujer femenino hembra
    """
)
MALE = word_set(
    """
    m male man mannlich mann homme masculin h hombre masculino varon
    """
)

_SCALES = (
    "none minimal mild moderate marked severe",
    "none trace slight moderate severe",
    "absent mild moderate severe",
    "no mild moderate severe",
    "normal mild moderate severe",
    "low medium high",
    "low moderate high",
    "keine minimal leicht mittel schwer",
    "keine gering mittel stark",
    "keine leichte massige schwere",
    "niedrig mittel hoch",
    "aucune legere moderee severe",
    "faible moyenne elevee",
    "ninguna leve moderada grave",
    "bajo medio alto",
)
_ROMAN = re.compile(r"(?:(?:stage|stadium|stade|estadio|typ|type|grade|grad|tipo)\s*)?([ivx]{1,5})")
_ROMAN_VALUES = dict(
    zip(["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"], range(1, 11), strict=True)
)
_STAGE = re.compile(r"(?:stage|stadium|stade|estadio|typ|type|grade|grad|tipo)\s*(\d{1,2})")
_STEP = re.compile(r"\d{1,2}\+?")
_PARTS = re.compile(r"(\d+)")


def is_missing(text: str) -> bool:
    """Whether a cell stands for a missing value in any column but an id."""
    return text.casefold() in MISSING


def is_doubtful(text: str) -> bool:
    """Whether a cell stands for a missing value among numbers or dates, such as `unknown`."""
    return text.casefold() in DOUBTFUL_MISSING


def yes_or_no(levels: Collection[str]) -> dict[str, str] | None:
    """Each level to `no` or `yes`; None if the levels are not all such words, or only one side."""
    return _two_sides(levels, (("no", NO), ("yes", YES)))


def female_or_male(levels: Collection[str]) -> dict[str, str] | None:
    """Each level to `female` or `male`; None if the levels are not all such words."""
    return _two_sides(levels, (("female", FEMALE), ("male", MALE)))


def is_name(text: str) -> bool:
    """Whether an answer is neither yes, no, a sex, nor a number or date: a name of something."""
    word = fold(text)
    return word not in YES | NO | FEMALE | MALE and word[:1].isalpha()


def _two_sides(
    levels: Collection[str], sides: Iterable[tuple[str, frozenset[str]]]
) -> dict[str, str] | None:
    side_of = {}
    for level in levels:
        word = fold(level)
        side = next((name for name, words in sides if word in words), None)
        if side is None:
            return None
        side_of[level] = side
    return side_of if len(set(side_of.values())) == 2 else None


def scale_order(levels: Collection[str]) -> tuple[str, ...] | None:
    """The levels in order of severity, if they are words of one well-known scale."""
    words = {fold(level): level for level in levels}
    if len(words) < 2 or len(words) < len(levels):
        return None
    for scale in _SCALES:
        order = scale.split()
        if set(words) <= set(order):
            return tuple(words[word] for word in order if word in words)
    return None


def on_one_scale(texts: Iterable[str]) -> bool:
    """Whether texts, in any spelling, are two or more words of one well-known scale."""
    return scale_order({fold(text) for text in texts}) is not None


def stage_number(level: str) -> int | None:
    """Number of a stage: `III`, `Stage III`, `stage 3`; None if it is none."""
    word = fold(level)
    if found := _ROMAN.fullmatch(word):
        return _ROMAN_VALUES.get(found[1])
    if found := _STAGE.fullmatch(word):
        return int(found[1])
    return None


def are_stages(levels: Collection[str]) -> bool:
    """Whether all levels are stages in Roman numerals or words, with 0 allowed beside them."""
    numbers = [0 if level == "0" else stage_number(level) for level in levels]
    return None not in numbers and any(level != "0" for level in levels)


def is_open_score(levels: Collection[str]) -> bool:
    """Whether levels are whole numbers of which the last is open: 0, 1, 2, 3+."""
    if len(levels) < 3 or not all(_STEP.fullmatch(level) for level in levels):
        return False
    last = max(levels, key=_natural)
    return [level for level in levels if level.endswith("+")] == [last]


def in_order(levels: Iterable[str]) -> tuple[str, ...]:
    """Levels as a person would list them: stages by number, numbers by value, words by letter."""
    known = list(levels)
    if are_stages(known):
        return tuple(sorted(known, key=lambda level: (stage_number(level) or 0, level)))
    return tuple(sorted(known, key=_natural))


def _natural(level: str) -> list[tuple[int, float, str]]:
    try:
        return [(0, float(level.replace(",", ".")), "")]
    except ValueError:
        parts = _PARTS.split(fold(level))
    return [(1, float(p), "") if p.isascii() and p.isdigit() else (2, 0.0, p) for p in parts if p]
