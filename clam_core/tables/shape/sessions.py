"""Rows of a subject and a session (BIDS, REDCap): brought to the scans of that session.

Source:
    BIDS specification, "Sessions file" (`sub-01_sessions.tsv`) and "Scans file"
    (`sub-01_ses-01_scans.tsv`); REDCap, export of longitudinal projects.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pandas as pd

from clam_core.files.personal_names import fold, stem
from clam_core.tables.id_parts import core, without_folder
from clam_core.tables.near_misses import IdHash, id_key
from clam_core.tables.text.header_words import header_words
from clam_core.tables.text.raw_table import RawTable, at_lines, some
from clam_core.wording import plural

OF_SUBJECT = re.compile(r"(sub-[A-Za-z0-9+]+)(?:_ses-[A-Za-z0-9+]+)?_(sessions|scans)\.tsv")
"""Name of a table of BIDS that is about one subject."""

_FILE, _OWN = "filename", "participant_id"

SCAN = "scan of the session"
"""Column that is added: the scan to which a row belongs."""

_SESSION_WORDS = frozenset(
    {"session", "ses", "visit", "event", "timepoint", "point", "phase", "scan"}
)
_PREFIX = re.compile(r"^(?:ses(?:sion)?|visit|v|tp|timepoint)[\s_-]*(?=[^\s_-])")
_REDCAP_EVENT, _REDCAP_REPEAT = "redcap_event_name", "redcap_repeat_instrument"


def together(tables: Sequence[tuple[str, RawTable]]) -> RawTable:
    """Tables of several subjects as one, whose rows say of whom they are.

    Args:
        tables: Subject and table; the first is the one that was asked for. A column `filename`
            names the scans itself; else one is added that names the subject.
    """
    first = tables[0][1]
    columns = list(dict.fromkeys(name for _, table in tables for name in table.columns))
    added = [] if {_FILE, _OWN} & set(columns) else [_OWN]
    rows, lines = [], []
    for subject, table in tables:
        for row, line in zip(table.rows, table.lines, strict=True):
            cells = dict(zip(table.columns, row, strict=True)) | dict.fromkeys(added, subject)
            if cells.get(_FILE):
                cells[_FILE] = stem(without_folder(str(cells[_FILE])))
            rows.append([cells.get(name) for name in (*added, *columns)])
            lines.append(line)
    notes = first.notes
    if len(tables) > 1:
        n = plural(len(tables) - 1, "table")
        notes = (*notes, f"Read together with {n} of other subjects and sessions of the dataset.")
    return replace(first, columns=(*added, *columns), rows=rows, lines=lines, notes=notes)


def rows_of_sessions(
    table: RawTable,
    scans: pd.DataFrame,
    id_hash: IdHash | None = None,
    *,
    nearly: bool = False,
) -> RawTable:
    """Give each row that names a subject and a session the scans of that session.

    Args:
        table: The table.
        scans: Scans, indexed by scan_id, with subject_id and, where it is known, session.
        id_hash: The study's hash of hospital numbers.
        nearly: Whether subjects that are only spelled otherwise are taken, too.

    Returns:
        A row per scan with the column `SCAN`; the table as it is where it has no such pair of
        columns, or its rows are told apart by the subject alone.
    """
    if "session" not in scans or not scans["session"].astype(bool).any():
        return table
    ids = {str(one) for one in scans.index}
    if any(2 * len(ids & set(table.cells(name))) >= len(ids) for name in table.columns):
        return table
    best: dict[int, list[str]] = {}
    chosen = ("", "")
    for subject, session in _pairs(table):
        found = _matches(table, (subject, session), scans, id_hash, nearly=nearly)
        if len(found) > len(best):
            best, chosen = found, (subject, session)
    subjects = [table.cells(chosen[0])[n] for n in best] if best else []
    if len(set(subjects)) == len(subjects) or 2 * len(best) < table.n_rows:
        return table
    # Neither who it is nor the session is compared: they are ids, perhaps hospital numbers.
    kept = [n for n, name in enumerate(table.columns) if name not in chosen]
    rows = [
        [scan, *(table.rows[n][place] for place in kept)]
        for n, found in best.items()
        for scan in found
    ]
    lines = [table.lines[n] for n, found in best.items() for _ in found]
    lost = [table.lines[n] for n in range(table.n_rows) if n not in best]
    told = [f"Rows were brought to scans by subject and session ({chosen[0]!r}, {chosen[1]!r})."]
    if lost:
        told.append(f"{plural(len(lost), 'row')} of no session of this study: {at_lines(lost)}.")
    notes = (*table.notes, *told)
    columns = (SCAN, *(table.columns[place] for place in kept))
    return replace(table, columns=columns, rows=rows, lines=lines, notes=notes)


def _pairs(table: RawTable) -> Iterator[tuple[str, str]]:
    for session in table.columns:
        if _SESSION_WORDS & set(header_words(session)):
            yield from ((subject, session) for subject in table.columns if subject != session)


def _matches(
    table: RawTable,
    pair: tuple[str, str],
    scans: pd.DataFrame,
    id_hash: IdHash | None,
    *,
    nearly: bool,
) -> dict[int, list[str]]:
    """Row to the scans of its subject and session."""
    of: dict[tuple[str, str], list[str]] = defaultdict(list)
    for scan, subject, session in zip(
        scans.index, scans["subject_id"], scans["session"], strict=True
    ):
        of[_near(str(subject)) if nearly else str(subject), _session(str(session))].append(
            str(scan)
        )
    found = {}
    for n, (subject, session) in enumerate(zip(*map(table.cells, pair), strict=True)):
        if not subject or not session:
            continue
        names = [subject, *([id_hash(subject)] if id_hash else [])]
        keys = [(_near(name) if nearly else name, _session(session)) for name in names]
        match = next((of[key] for key in keys if key in of), None)
        if match:
            found[n] = match
    return found


def _near(text: str) -> str:
    return id_key(core(text.strip()))


def _session(text: str) -> str:
    """`ses-01`, `Session 1` and `1` are one session."""
    return id_key(_PREFIX.sub("", fold(text.strip())))


def one_row_per_record(table: RawTable) -> RawTable:
    """Events and repeated forms of a REDCap export, one row per record.

    Each column takes the value of the first event that has one; columns with several different
    values of a record are named, because they are visits.
    """
    known = {name.casefold(): name for name in table.columns}
    marks = [known[name] for name in (_REDCAP_EVENT, _REDCAP_REPEAT) if name in known]
    record = next((name for name in table.columns if not name.casefold().startswith("redcap_")), "")
    ids = table.cells(record) if marks else []
    if len(set(ids)) == len(ids):
        return table
    own = [n for n, name in enumerate(table.columns) if not name.casefold().startswith("redcap_")]
    merged: dict[str | None, list[str | None]] = {}
    lines: dict[str | None, int] = {}
    several: dict[str, None] = {}
    for one, row, line in zip(ids, table.rows, table.lines, strict=True):
        kept = merged.setdefault(one, [None] * len(own))
        lines.setdefault(one, line)
        for n, place in enumerate(own):
            cell = row[place]
            if cell is not None and kept[n] is None:
                kept[n] = cell
            elif cell is not None and cell != kept[n]:
                several[table.columns[place]] = None
    told = (
        f"An export of REDCap with {plural(len(ids), 'row')} of {plural(len(merged), 'record')} "
        f"({' and '.join(map(repr, marks))}); each column took the first value of a record."
    )
    if several:
        told += (
            f" Records have several values of {some([repr(name) for name in several])}: import the "
            "table with 'visits', too, to compare their change, or export one event alone."
        )
    return replace(
        table,
        columns=tuple(table.columns[n] for n in own),
        rows=list(merged.values()),
        lines=list(lines.values()),
        notes=(*table.notes, told),
    )
