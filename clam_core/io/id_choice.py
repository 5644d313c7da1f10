"""Find the column of a table whose cells are the ids of a study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from clam_core.errors import TableError
from clam_core.io.near_misses import IdHash, find_near_misses, near_hashed
from clam_core.io.tabular.header_words import header_words, word_set
from clam_core.io.tabular.raw import RawTable, no_column

Level = Literal["scan", "subject"]

_ID_WORDS = word_set("id ids pid mrn scan subject patient case participant")
_MAX_ID_LETTERS = 128


@dataclass(frozen=True)
class Candidate:
    """How well one column would serve as the ids.

    Attributes:
        column: Its name.
        level: Whether its cells are ids of scans or of subjects.
        hashed: Whether they match only by the study's hash.
        n_scans: Scans of the study that would get a row.
        n_repeated: Rows of the study with an id that an earlier row has.
        n_near: Ids that match only nearly.
    """

    column: str
    level: Level
    hashed: bool
    n_scans: int
    n_repeated: int
    n_near: int = 0


@dataclass(frozen=True)
class IdChoice:
    """The column that holds the ids, and the columns that were considered."""

    column: str
    level: Level
    hashed: bool
    candidates: tuple[Candidate, ...]


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
        The column that gives most scans a row, then repeats fewest ids.

    Raises:
        TableError: If there is no such column, or none holds ids of the study.
    """
    if wanted is not None and wanted not in table.columns:
        raise TableError(no_column(wanted, table.columns))
    names = table.columns if wanted is None else (wanted,)
    study: dict[Level, list[str]] = {"scan": list(scan_ids), "subject": list(subject_ids)}
    found = _candidates(table, names, study, None)
    best = max((one.n_scans for one in found), default=0)
    if 2 * best < len(scan_ids) and id_hash is not None:
        found += _candidates(table, names, study, id_hash)
        best = max(one.n_scans for one in found)
    if not best:
        found = [_near(table, one, study, id_hash) for one in found]
    found.sort(key=lambda one: _rank(one, table))
    first = found[0]
    if not first.n_scans and not first.n_near and wanted is None:
        raise TableError(
            f"No column of {table.name} holds ids of this study's scans or subjects (such as "
            f"{scan_ids[0]!r}); add a column with these ids, or name the column that should match."
        )
    return IdChoice(first.column, first.level, first.hashed, tuple(found[:10]))


def _candidates(
    table: RawTable,
    names: Iterable[str],
    study: dict[Level, list[str]],
    id_hash: IdHash | None,
) -> list[Candidate]:
    found = []
    for name in names:
        texts = table.cells(name)
        keys = {text: study_key(text, id_hash) for text in set(texts) if text}
        cells = [keys.get(text) if text else None for text in texts]
        known = {cell for cell in cells if cell}
        for level, ids in study.items():
            wanted = set(ids)
            n_scans = sum(one in known for one in ids)
            matched = [cell for cell in cells if cell in wanted]
            repeated = len(matched) - len(set(matched))
            found.append(Candidate(name, level, id_hash is not None, n_scans, repeated))
    return found


def study_key(text: str, id_hash: IdHash | None) -> str | None:
    """What a cell is called in the study; None if it can be no id."""
    if len(text) > _MAX_ID_LETTERS:
        return None
    return text if id_hash is None else id_hash(text)


def _near(
    table: RawTable, one: Candidate, study: dict[Level, list[str]], id_hash: IdHash | None
) -> Candidate:
    texts = {cell for cell in table.cells(one.column) if cell and len(cell) <= _MAX_ID_LETTERS}
    ids = set(study[one.level])
    pairs = (
        near_hashed(texts, ids, id_hash)
        if one.hashed and id_hash is not None
        else find_near_misses(texts, ids)
    )
    return Candidate(one.column, one.level, one.hashed, 0, 0, len(pairs))


def _rank(one: Candidate, table: RawTable) -> tuple[Any, ...]:
    named = bool(set(header_words(one.column)) & _ID_WORDS)
    position = table.columns.index(one.column)
    return (-one.n_scans, -one.n_near, one.n_repeated, one.level, not named, position)
