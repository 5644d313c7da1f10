"""Find the column of a table whose cells are the ids of a study."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from clam_core.errors import TableError
from clam_core.tables.id_numbers import are_numbered, whole_number
from clam_core.tables.near_misses import IdHash, find_near_misses, near_hashed
from clam_core.tables.text.header_words import header_words, word_set
from clam_core.tables.text.raw_table import RawTable, no_column

Level = Literal["scan", "subject"]

_ID_WORDS = word_set("id ids pid mrn scan subject patient case participant")
MAX_ID_LETTERS = 128
_DECIMALS = re.compile(r"[+-]?\d+[.,]\d+")


@dataclass(frozen=True)
class IdChoice:
    """The column that holds the ids.

    Attributes:
        column: Its name.
        level: Whether its cells are ids of scans or of subjects.
        hashed: Whether they match only by the study's hash.
        others: Other columns that would give as many scans a row.
    """

    column: str
    level: Level
    hashed: bool = False
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Candidate:
    """How many scans a column would give a row, exactly or nearly, and rows with a used id."""

    column: str
    level: Level
    hashed: bool
    n_scans: int
    n_repeated: int
    n_near: int = 0


def find_id_column(
    table: RawTable,
    scan_ids: Sequence[str],
    subject_ids: Sequence[str],
    wanted: str | None = None,
    id_hash: IdHash | None = None,
) -> IdChoice:
    """Find the column whose cells are the ids of the scans or of their subjects.

    Args:
        table: The table.
        scan_ids: Id of each scan.
        subject_ids: Id of each scan's subject, in the same order.
        wanted: The column to take; its level is still found out.
        id_hash: The study's hash of hospital numbers, tried where plain ids do
            not match.

    Returns:
        The column that gives most scans a row, then repeats fewest ids. Where
        fewer than half of the scans get one, ids that match nearly count, too,
        so that ages do not pass for ids because ids were misspelled.

    Raises:
        TableError: If the wanted column is not there.
    """
    if wanted is not None and wanted not in table.columns:
        raise TableError(no_column(wanted, table.columns))
    names = table.columns if wanted is None else (wanted,)
    study: dict[Level, Sequence[str]] = {"scan": scan_ids, "subject": subject_ids}
    candidates = _candidates(table, names, study, None)
    few = len(scan_ids) / 2
    if max(one.n_scans for one in candidates) < few:
        candidates = _better(candidates, _numbered(table, names, study, None))
    if max(one.n_scans for one in candidates) < few:
        candidates = [
            one for one in candidates if wanted or not _is_measured(table.cells(one.column))
        ] or candidates
        if id_hash is not None:
            names = tuple(dict.fromkeys(one.column for one in candidates))
            candidates += _better(
                _candidates(table, names, study, id_hash), _numbered(table, names, study, id_hash)
            )
    if max(one.n_scans for one in candidates) < few:
        candidates = [_near(table, one, study[one.level], id_hash) for one in candidates]
    candidates.sort(key=lambda one: _rank(one, table))
    best = candidates[0]
    others = [
        one.column
        for one in candidates
        if (one.level, one.hashed, one.n_scans) == (best.level, best.hashed, best.n_scans)
        and one.column != best.column
    ]
    return IdChoice(best.column, best.level, best.hashed, tuple(others) if best.n_scans else ())


def _better(first: list[_Candidate], more: list[_Candidate]) -> list[_Candidate]:
    """Each column and level once, with the way of reading that gives most scans a row."""
    best = {(one.column, one.level): one for one in first}
    for one in more:
        place = one.column, one.level
        if place not in best or one.n_scans > best[place].n_scans:
            best[place] = one
    return list(best.values())


def _is_measured(cells: list[str | None]) -> bool:
    """Whether the first cells are numbers with decimals, which are no ids."""
    known = [cell for cell in cells if cell][:100]
    if are_numbered(known):
        return False  # 1001.0 is an id of a program that has no whole numbers
    return 2 * sum(_DECIMALS.fullmatch(cell) is not None for cell in known) > len(known)


def _candidates(
    table: RawTable,
    names: Iterable[str],
    study: dict[Level, Sequence[str]],
    id_hash: IdHash | None,
) -> list[_Candidate]:
    candidates = []
    for name in names:
        texts = table.cells(name)
        keys = {text: study_key(text, id_hash) for text in set(texts) if text}
        cells = [keys.get(text) if text else None for text in texts]
        candidates += [
            _candidate(name, level, cells, ids, hashed=id_hash is not None)
            for level, ids in study.items()
        ]
    return candidates


def _numbered(
    table: RawTable,
    names: Iterable[str],
    study: dict[Level, Sequence[str]],
    id_hash: IdHash | None,
) -> list[_Candidate]:
    """The same for ids that a program wrote as numbers, such as `1001.0`."""
    candidates = []
    for name in names:
        texts = table.cells(name)
        if not are_numbered((text for text in texts if text), may_repeat=names_an_id(name)):
            continue  # amounts repeat themselves, ids do not
        for level, ids in study.items():
            keys = matched_ids(texts, ids, id_hash)
            cells = [keys.get(text) if text else None for text in texts]
            candidates.append(_candidate(name, level, cells, ids, hashed=id_hash is not None))
    return candidates


def _candidate(
    name: str, level: Level, cells: list[str | None], ids: Sequence[str], *, hashed: bool
) -> _Candidate:
    known = {cell for cell in cells if cell}
    wanted = set(ids)
    matched = [cell for cell in cells if cell in wanted]
    n_scans = sum(one in known for one in ids)
    return _Candidate(name, level, hashed, n_scans, len(matched) - len(set(matched)))


def matched_ids(
    texts: Iterable[str | None], study_ids: Iterable[str], id_hash: IdHash | None = None
) -> dict[str, str]:
    """Which id of the study each cell is, letter by letter or as the same number.

    Args:
        texts: Cells of the column with the ids.
        study_ids: Ids of the study.
        id_hash: The study's hash, where it knows its ids only by that.

    Returns:
        Cell to id; cells that are none are absent. `1001.0` is 1001 unless the study has both.
    """
    wanted = set(study_ids)
    spelled = defaultdict(list)
    for one in wanted if id_hash is None else ():
        spelled[whole_number(one)].append(one)
    found: dict[str, str] = {}
    for text in {text for text in texts if text}:
        key, number = study_key(text, id_hash), whole_number(text)
        if key not in wanted and number is not None:
            key = study_key(number, id_hash)
        if key not in wanted and len(spelled[number or text]) == 1:
            key = spelled[number or text][0]
        if key is not None and key in wanted:
            found[text] = key
    return found


def study_key(text: str, id_hash: IdHash | None) -> str | None:
    """What a cell is called in the study; None if it can be no id."""
    if len(text) > MAX_ID_LETTERS:
        return None
    return text if id_hash is None else id_hash(text)


def _near(
    table: RawTable, one: _Candidate, ids: Sequence[str], id_hash: IdHash | None
) -> _Candidate:
    texts = {cell for cell in table.cells(one.column) if cell and len(cell) <= MAX_ID_LETTERS}
    if one.hashed and id_hash is not None:
        known = {id_hash(text): text for text in texts}
        missing = set(ids) - set(known)
        pairs = near_hashed(texts - {known[i] for i in set(ids) & set(known)}, missing, id_hash)
    else:
        pairs = find_near_misses(texts - set(ids), set(ids) - texts)
    near = {pair.study_id for pair in pairs}
    return replace(one, n_near=sum(i in near for i in ids))


def names_an_id(column: str) -> bool:
    """Whether the name of a column has a word for ids in it, such as `patient` or `MRN`."""
    return bool(set(header_words(column)) & _ID_WORDS)


def _rank(one: _Candidate, table: RawTable) -> tuple[Any, ...]:
    named = names_an_id(one.column)
    position = table.columns.index(one.column)
    in_all = one.n_scans + one.n_near
    return (-in_all, -one.n_scans, one.n_repeated, one.level, not named, position)
