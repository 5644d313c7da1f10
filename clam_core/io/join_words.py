"""The report of a join in words that a clerk understands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clam_core.io.tabular.raw import at_lines, count, some

if TYPE_CHECKING:
    from clam_core.io.joining import JoinReport, Repeated


def join_sentences(report: JoinReport) -> list[str]:
    """Say who matches whom, and what to do about the others.

    Args:
        report: The join.

    Returns:
        Sentences, the most important first.
    """
    found = [_matched(report)]
    if report.scans_without_row:
        scans = report.scans_without_row
        have = "scan has" if len(scans) == 1 else "scans have"
        found.append(f"{len(scans):,} {have} no row: {some(list(scans))}.")
    found += _rows_left(report)
    if report.identical:
        ids = count(len(report.identical), "id")
        said = some([_where(one) for one in report.identical], 3)
        found.append(f"{ids} with the same row more than once, taken once: {said}.")
    if report.conflicting:
        found.append(conflict_sentence(report.conflicting))
    found += _near(report)
    return found


def _matched(report: JoinReport) -> str:
    who = "scans" if report.level == "scan" else "subjects"
    how = f"column {report.id_column!r}, which holds the ids of {who}"
    if report.hashed:
        how = f"column {report.id_column!r}, whose hospital numbers are stored only as codes"
    return (
        f"{report.n_matched:,} of {count(report.n_scans, 'scan')} have a row in the table ({how})."
    )


def _rows_left(report: JoinReport) -> list[str]:
    found = []
    left = report.rows_without_scan
    if left:
        belong = "row belongs" if len(left) == 1 else "rows belong"
        where = at_lines([line for _, line in left])
        if not report.hashed:
            where = some([f"{text} (line {line})" for text, line in left])
        found.append(f"{len(left):,} {belong} to no scan of this study and stay out: {where}.")
    if report.lines_without_id:
        lines = list(report.lines_without_id)
        have = "row has" if len(lines) == 1 else "rows have"
        found.append(f"{len(lines):,} {have} no id and stay out: {at_lines(lines)}.")
    return found


def _near(report: JoinReport) -> list[str]:
    misses = report.near_misses
    if not misses:
        return []
    shown = []
    for miss in misses[:3]:
        ours = "an id of the table" if report.hashed else repr(miss.table_id)
        shown.append(f"{ours} and {miss.study_id!r} ({miss.difference})")
    ids = count(len(misses), "id")
    differ = "differs" if len(misses) == 1 else "differ"
    said = f"{ids} {differ} only in spelling from an id of the study: {some(shown)}"
    if len(misses) > 3:
        said += f" and {len(misses) - 3:,} more"
    if report.near_misses_applied:
        return [f"{said}; matched, as you accepted."]
    return [f"{said}; not matched. Accept such ids, or correct them in the table."]


def conflict_sentence(conflicting: tuple[Repeated, ...]) -> str:
    """Which ids have rows that contradict each other, and what to do.

    Args:
        conflicting: At least one.

    Returns:
        One sentence.
    """
    have = "id has" if len(conflicting) == 1 else "ids have"
    each = [f"{_where(one)}, which differ in {some(list(one.columns), 3)}" for one in conflicting]
    return (
        f"{len(conflicting):,} {have} rows that contradict each other: {some(each, 3)}. Keep one "
        "row per id, or take the first of each."
    )


def _where(one: Repeated) -> str:
    return f"{one.study_id} ({at_lines(list(one.lines))})"
