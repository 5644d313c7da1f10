"""Join a table to the scans of a study: who matches whom, said before anything is done."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd

from clam_core.errors import NearMissError, TableError
from clam_core.tables.id_column import (
    MAX_ID_LETTERS,
    IdChoice,
    find_id_column,
    matched_ids,
    study_key,
)
from clam_core.tables.id_numbers import lost_digits
from clam_core.tables.join_report import JoinReport, Repeated, cut_numbers
from clam_core.tables.near_misses import (
    IdHash,
    NearMiss,
    find_near_misses,
    near_hashed,
    other_spellings,
)
from clam_core.tables.shape.sessions import SCAN
from clam_core.tables.text.raw_table import RawTable


def join_report(
    table: RawTable,
    choice: IdChoice,
    scans: pd.DataFrame,
    id_hash: IdHash | None = None,
    *,
    apply_near_misses: bool = False,
    take_first: bool = False,
) -> JoinReport:
    """Match the rows of a table with the scans of a study.

    A row belongs to one scan, or to all scans of one subject; an id with
    several rows is reported, never multiplied.

    Args:
        table: The table.
        choice: Column with the ids, as `find_id_column` gives it.
        scans: Indexed by scan_id, with the column subject_id.
        id_hash: The study's hash of hospital numbers.
        apply_near_misses: Whether ids that match only nearly are matched.
        take_first: Whether the first of several rows that differ is taken.

    Returns:
        The report.
    """
    subject_of = {str(scan): str(subject) for scan, subject in scans["subject_id"].items()}
    key_of = {scan: scan if choice.level == "scan" else subject_of[scan] for scan in subject_of}
    study_ids = list(dict.fromkeys(key_of.values()))
    used_hash = id_hash if choice.hashed else None
    texts = table.cells(choice.column)
    found = matched_ids(texts, study_ids, used_hash)
    rows = _rows(texts, found)
    numbers = {text for text, one in found.items() if study_key(text, used_hash) != one}
    near = _near_misses(texts, rows, study_ids, used_hash)
    known = {*found, *(miss.table_id for miss in near)}
    left = {text for text in texts if text and len(text) <= MAX_ID_LETTERS} - known
    spellings = other_spellings(left, study_ids, used_hash)
    if apply_near_misses:
        found |= {miss.table_id: miss.study_id for miss in near}
        found |= {text: one for text, (one, is_mild) in spellings.items() if is_mild}
        rows = _rows(texts, found)
    free = [i for i, text in enumerate(texts) if text and text not in found]
    repeated = [
        _compare(table, one, rows[one], choice.column) for one in rows if len(rows[one]) > 1
    ]
    without = tuple(scan for scan, key in key_of.items() if not rows.get(key))
    return JoinReport(
        id_column=choice.column,
        level=choice.level,
        hashed=choice.hashed,
        n_rows=table.n_rows,
        n_scans=len(key_of),
        n_matched=len(key_of) - len(without),
        rows={one: tuple(rows[one]) for one in study_ids if rows.get(one)},
        scans_without_row=without,
        rows_without_scan=tuple(
            ("" if choice.hashed else str(texts[i]), table.lines[i]) for i in free
        ),
        lines_without_id=tuple(table.lines[i] for i, text in enumerate(texts) if not text),
        identical=tuple(one for one in repeated if not one.columns),
        conflicting=tuple(one for one in repeated if one.columns),
        near_misses=tuple(near),
        near_misses_applied=apply_near_misses and bool(near),
        others=choice.others,
        first_taken=take_first,
        as_numbers=tuple(
            ("" if choice.hashed else text, one)
            for text, one in sorted(found.items())
            if text in numbers
        ),
        spellings=tuple(
            ("" if choice.hashed else text, spellings[text][0], line)
            for text, line in zip(texts, table.lines, strict=True)
            if text and text in spellings
        ),
    )


def choose_ids(
    table: RawTable, scans: pd.DataFrame, wanted: str | None, id_hash: IdHash | None
) -> IdChoice:
    """The column of a table that holds the ids of scans or subjects.

    Args:
        table: The table.
        scans: Indexed by scan_id, with the column subject_id.
        wanted: The column that a person named, or None.
        id_hash: The study's hash of hospital numbers.

    Raises:
        TableError: If the study has no scan, or there is no such column.
    """
    scan_ids = [str(one) for one in scans.index]
    if not scan_ids:
        raise TableError("The study has no scan to which a clinical table could be joined.")
    subject_ids = [str(one) for one in scans["subject_id"]]
    wanted = SCAN if SCAN in table.columns else wanted
    return find_id_column(table, scan_ids, subject_ids, wanted, id_hash)


def require_matches(
    table: RawTable, report: JoinReport, scans: pd.DataFrame, *, named: bool
) -> None:
    """Refuse a table none of whose rows belongs to a scan.

    Args:
        table: The table.
        report: Who matches whom.
        scans: Indexed by scan_id, with the column subject_id.
        named: Whether a person has named the column with the ids.

    Raises:
        NearMissError: If ids are nearly the same.
        TableError: If they are not.
    """
    if report.rows:
        return
    column = f"column {report.id_column!r}" if named or report.near_misses else "any column"
    ids = f"a scan (such as {str(scans.index[0])!r})"
    ids += f" or subject (such as {str(scans['subject_id'].iloc[0])!r})"
    message = f"No row of {table.name} has the id of {ids} of this study in {column}."
    near = [said for said in report.sentences() if "spelled in another way" in said]
    then = near or ["Name the column with the ids, or correct them."]
    if cut := _cut_ids(table):
        then.append(f"In column {cut[0]!r}, {cut_numbers(cut[1])}.")
    sheets = [note for note in table.notes if table.format == "xlsx" and "not read" in note]
    if sheets:
        then += [*sheets, "Name the right one if it is another."]
    raise (NearMissError if near else TableError)(" ".join([message, *then]))


def _cut_ids(table: RawTable) -> tuple[str, int] | None:
    """Column in which most cells are numbers without their last digits, and how many."""
    for name in table.columns:
        cells = [cell for cell in table.cells(name) if cell]
        n_cut = sum(map(lost_digits, cells))
        if n_cut and 2 * n_cut >= len(cells):
            return name, n_cut
    return None


def _rows(texts: list[str | None], found: dict[str, str]) -> dict[str, list[int]]:
    """Positions of the rows of each id of the study."""
    rows: dict[str, list[int]] = defaultdict(list)
    for position, text in enumerate(texts):
        if text and text in found:
            rows[found[text]].append(position)
    return rows


def _near_misses(
    texts: list[str | None],
    rows: dict[str, list[int]],
    study_ids: list[str],
    id_hash: IdHash | None,
) -> list[NearMiss]:
    taken = {position for positions in rows.values() for position in positions}
    left = {text for i, text in enumerate(texts) if text and i not in taken}
    missing = [one for one in study_ids if not rows.get(one)]
    if id_hash is not None:
        return near_hashed(left, missing, id_hash)
    return find_near_misses(left, missing)


def _compare(table: RawTable, study_id: str, positions: list[int], id_column: str) -> Repeated:
    """Columns, other than the id, in which the rows of one id differ."""
    first, *others = (table.rows[position] for position in positions)
    differ = tuple(
        name
        for i, name in enumerate(table.columns)
        if name != id_column and any(row[i] != first[i] for row in others)
    )
    return Repeated(study_id, tuple(table.lines[position] for position in positions), differ)
