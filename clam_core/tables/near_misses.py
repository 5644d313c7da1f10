"""Ids that are nearly the same: 001 and 1, SARC_7 and sarc-07, sub-01 and 1, f3 and f3.nii.gz."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from clam_core.files.personal_names import fold, stem
from clam_core.tables.id_numbers import possible_numbers, whole_number
from clam_core.tables.id_parts import AFTER_ENDING, BEFORE_ENDING, core

IdHash = Callable[[str], str]
"""Keyed hash by which a study turns a hospital number into a subject's id."""

_SEPARATORS = re.compile(r"[\s_\-./]+")
_RUNS = re.compile(r"\d+|[^\W\d_]+")
_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_PREFIX = re.compile(r"^[^\W\d_]+[\W_]*(?=\d)")
_WIDTHS = range(2, 13)


@dataclass(frozen=True)
class NearMiss:
    """An id of the table that is nearly an id of the study.

    Attributes:
        table_id: As in the table.
        study_id: As in the study.
        difference: In words, e.g. `leading zeros`.
    """

    table_id: str
    study_id: str
    difference: str


def _without_separators(text: str) -> str:
    return _SEPARATORS.sub("", text)


def _without_zeros(text: str) -> str:
    return _ZEROS.sub("", text)


def _without_prefix(text: str) -> str:
    return _PREFIX.sub("", text)


_STEPS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("capital letters or accents", fold),
    *BEFORE_ENDING,
    ("file ending", stem),
    *AFTER_ENDING,
    ("leading zeros", _without_zeros),
    ("prefix", _without_prefix),
    ("separators", _without_separators),
)


def find_near_misses(table_ids: Iterable[str], study_ids: Collection[str]) -> list[NearMiss]:
    """Pair ids that differ only in how they are written.

    Args:
        table_ids: Ids of the table that are not in the study.
        study_ids: Ids of the study that have no row in the table.

    Returns:
        Pairs; an id that is near to several others is in none of them.
    """
    left, right = set(table_ids), set(study_ids)
    found = _pairs(left, right, id_key)
    left -= {pair.table_id for pair in found}
    right -= {pair.study_id for pair in found}
    found += _pairs(left, right, _core_key) if right else []
    left -= {pair.table_id for pair in found}
    right -= {pair.study_id for pair in found}
    found += _pairs(left, right, _bare_key, only_bare=True)
    left -= {pair.table_id for pair in found}
    right -= {pair.study_id for pair in found}
    return found + _numbers(left, right)


def _numbers(left: set[str], right: set[str]) -> list[NearMiss]:
    """Ids written as numbers that may stand for an id: `1,000` for `1000`, `1E+05` for `100000`."""
    pairs = []
    for text in sorted(left):
        match = possible_numbers(text) & right
        if len(match) == 1:
            pairs.append(NearMiss(text, match.pop(), "written as a number"))
    times = Counter(pair.study_id for pair in pairs)
    return [pair for pair in pairs if times[pair.study_id] == 1]


def _is_mild(table_id: str, study_id: str) -> bool:
    """Whether two ids differ in capital letters, accents, separators or blanks alone."""
    return _without_separators(fold(table_id)) == _without_separators(fold(study_id))


def _pairs(
    left: set[str], right: set[str], key: Callable[[str], str], *, only_bare: bool = False
) -> list[NearMiss]:
    ours: dict[str, list[str]] = defaultdict(list)
    theirs: dict[str, list[str]] = defaultdict(list)
    for text in right:
        ours[key(text)].append(text)
    for text in left:
        theirs[key(text)].append(text)
    pairs = []
    for one, texts in sorted(theirs.items()):
        match = ours.get(one, [])
        if not one or len(texts) != 1 or len(match) != 1:
            continue
        if only_bare and _has_prefix(texts[0]) == _has_prefix(match[0]):
            continue  # SARC-1 and PAT-1 are two people
        pairs.append(NearMiss(texts[0], match[0], _difference(texts[0], match[0])))
    return pairs


def id_key(text: str) -> str:
    """What all spellings of an id have in common: its runs of letters and of digits.

    `1-11` and `11-1` stay apart, `sarc7` meets `SARC-007`.
    """
    runs = _RUNS.findall(stem(fold(text.strip())))
    return "-".join(run.lstrip("0") or "0" if run.isdigit() else run for run in runs)


def _core_key(text: str) -> str:
    return id_key(core(text.strip()))


def _bare_key(text: str) -> str:
    return id_key(_without_prefix(fold(core(text.strip()))))


def _has_prefix(text: str) -> bool:
    return _PREFIX.match(fold(core(text))) is not None


def _difference(a: str, b: str) -> str:
    """The fewest steps that make two ids equal, in words."""
    needed = list(_STEPS)
    for step in sorted(_STEPS, key=lambda step: step[0] != "prefix"):  # the boldest goes first
        fewer = [one for one in needed if one is not step]
        if _after(fewer, a) == _after(fewer, b):
            needed = fewer
    return " and ".join(name for name, _ in needed)


def _after(steps: Iterable[tuple[str, Callable[[str], str]]], text: str) -> str:
    for _, step in steps:
        text = step(text)
    return text


def other_spellings(
    texts: Iterable[str], study_ids: Collection[str], id_hash: IdHash | None = None
) -> dict[str, tuple[str, bool]]:
    """Ids that are another spelling of one id of the study, whether it has a row or not.

    Args:
        texts: Ids of the table that match none letter by letter.
        study_ids: All ids of the study.
        id_hash: The study's hash, where it knows its ids only by that.

    Returns:
        Id of the table to the id of the study, and whether they differ in capital letters,
        accents or separators alone: two such rows are of one person, while `1` and `01` may be
        of two.
    """
    if id_hash is not None:
        return _other_hashes(texts, set(study_ids), id_hash)
    ours: dict[str, list[str]] = defaultdict(list)
    for one in study_ids:
        ours[id_key(one)].append(one)
    found = {text: ours.get(id_key(text), []) for text in texts}
    return {
        text: (match[0], _is_mild(text, match[0]))
        for text, match in found.items()
        if len(match) == 1 and id_key(text)
    }


def _other_hashes(
    texts: Iterable[str], wanted: set[str], id_hash: IdHash
) -> dict[str, tuple[str, bool]]:
    found = {}
    for text in texts:
        names = {id_hash(spelling): name for name, spelling in _spellings(text)}
        match = [one for one in names if one in wanted]
        if len(match) == 1:
            found[text] = match[0], names[match[0]] in {"capital letters", "separators"}
    return found


def near_hashed(
    table_ids: Iterable[str], study_ids: Collection[str], id_hash: IdHash
) -> list[NearMiss]:
    """The same where the study knows only hashes of the table's ids.

    Args:
        table_ids: Ids of the table whose hash is not in the study.
        study_ids: Hashes of the study that have no row in the table.
        id_hash: The study's hash.

    Returns:
        Pairs of an id with the hash that another spelling of it has.
    """
    wanted = set(study_ids)
    near: dict[str, list[NearMiss]] = defaultdict(list)
    for text in set(table_ids):
        hashes = {id_hash(spelling): name for name, spelling in _spellings(text)}
        match = [one for one in hashes if one in wanted]
        if len(match) == 1:
            near[match[0]].append(NearMiss(text, match[0], hashes[match[0]]))
    return [pairs[0] for pairs in near.values() if len(pairs) == 1]


def _spellings(text: str) -> list[tuple[str, str]]:
    spellings = [
        ("written as a number", whole_number(text) or ""),
        ("capital letters", text.upper()),
        ("capital letters", text.lower()),
        ("separators", _without_separators(text)),
        ("leading zeros", text.lstrip("0")),
        ("what layouts add", core(text)),
        ("'sub-'", f"sub-{text}"),
    ]
    if text.isdigit():
        spellings += [("leading zeros", text.zfill(width)) for width in _WIDTHS]
    return [(name, spelling) for name, spelling in spellings if spelling and spelling != text]
