"""The report of a join, and its words, which a clerk understands."""

from __future__ import annotations

from dataclasses import dataclass

from clam_core.tables.id_column import Level
from clam_core.tables.id_numbers import lost_digits
from clam_core.tables.near_misses import NearMiss
from clam_core.tables.text.raw_table import at_lines, some
from clam_core.wording import plural


@dataclass(frozen=True)
class Repeated:
    """An id with several rows.

    Attributes:
        study_id: Id in the study.
        lines: Lines of its rows.
        columns: Columns in which they differ; empty if they are the same.
    """

    study_id: str
    lines: tuple[int, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True)
class JoinReport:
    """Who matches whom.

    Attributes:
        id_column: Column with the ids.
        level: Whether they are ids of scans or of subjects.
        hashed: Whether they are hospital numbers, matched by the study's hash.
        n_rows: Rows of the table.
        n_scans: Scans of the study.
        n_matched: Scans with a row.
        rows: Id of the study to the positions of its rows in the table, in the
            order of the study.
        scans_without_row: Their ids.
        rows_without_scan: Id and line of each such row; the id is left empty
            where it is a hospital number.
        lines_without_id: Lines of rows whose id is empty.
        identical: Ids whose rows are the same.
        conflicting: Ids whose rows differ.
        near_misses: Ids that match only nearly.
        near_misses_applied: Whether these were matched.
        others: Other columns that would give as many scans a row.
        first_taken: Whether the first of several rows that differ is taken.
        as_numbers: Cell and id of the study where they are the same number.
        spellings: Cell, id of the study and line of each row whose id is another spelling of
            one that has a row, or of which there are several spellings; the cell is left empty
            where it is a hospital number.
    """

    id_column: str
    level: Level
    hashed: bool
    n_rows: int
    n_scans: int
    n_matched: int
    rows: dict[str, tuple[int, ...]]
    scans_without_row: tuple[str, ...] = ()
    rows_without_scan: tuple[tuple[str, int], ...] = ()
    lines_without_id: tuple[int, ...] = ()
    identical: tuple[Repeated, ...] = ()
    conflicting: tuple[Repeated, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    near_misses_applied: bool = False
    others: tuple[str, ...] = ()
    first_taken: bool = False
    as_numbers: tuple[tuple[str, str], ...] = ()
    spellings: tuple[tuple[str, str, int], ...] = ()

    def sentences(self) -> list[str]:
        """The report in words."""
        return join_sentences(self)


def join_sentences(report: JoinReport) -> list[str]:
    """Say who matches whom, and what to do about the others.

    Args:
        report: The join.

    Returns:
        Sentences, the most important first.
    """
    sentences = [_matched(report)]
    if report.scans_without_row:
        scans = report.scans_without_row
        have = "scan has" if len(scans) == 1 else "scans have"
        sentences.append(f"{len(scans):,} {have} no row: {some(list(scans))}.")
    sentences += [*_numbers(report), *_rows_left(report), *_spellings(report)]
    if report.identical:
        ids = plural(len(report.identical), "id")
        said = some([_where(one) for one in report.identical], 3)
        sentences.append(f"{ids} with the same row more than once, taken once: {said}.")
    if report.conflicting:
        sentences.append(conflict_sentence(report.conflicting, first_taken=report.first_taken))
    sentences += _near(report)
    if report.others:
        named = some([repr(name) for name in report.others], 3)
        have = "Column" if len(report.others) == 1 else "Columns"
        sentences.append(
            f"{have} {named} would match as many scans; name the right id column if it is another."
        )
    return sentences


def _matched(report: JoinReport) -> str:
    who = "scans" if report.level == "scan" else "subjects"
    how = f"column {report.id_column!r}, which holds the ids of {who}"
    if report.hashed:
        how = f"column {report.id_column!r}, whose hospital numbers are stored only as codes"
    return (
        f"{report.n_matched:,} of {plural(report.n_scans, 'scan')} have a row in the table ({how})."
    )


def _rows_left(report: JoinReport) -> list[str]:
    sentences = []
    near = {miss.table_id for miss in report.near_misses}
    spelled = {line for _, _, line in report.spellings}
    left = [
        (text, line)
        for text, line in report.rows_without_scan
        if text not in near and line not in spelled
    ]
    if left:
        belong = "row belongs" if len(left) == 1 else "rows belong"
        where = at_lines([line for _, line in left])
        if not report.hashed:
            where = some([f"{text!r} (line {line})" for text, line in left])
        sentences.append(f"{len(left):,} {belong} to no scan of this study: {where}; not imported.")
    if report.lines_without_id:
        lines = list(report.lines_without_id)
        have = "row has" if len(lines) == 1 else "rows have"
        sentences.append(f"{len(lines):,} {have} no id: {at_lines(lines)}; not imported.")
    return sentences


def _numbers(report: JoinReport) -> list[str]:
    """Ids that are matched as numbers, and those whose digits are lost."""
    said = []
    if report.as_numbers:
        text, one = report.as_numbers[0]
        n = len(report.as_numbers)
        such = "" if report.hashed else f", such as {text!r} for {one!r}"
        written = f"{n:,} {'id is' if n == 1 else 'ids are'} written as numbers{such}"
        said.append(f"{written}: matched as the same number.")
    lost = [line for text, line in report.rows_without_scan if lost_digits(text)]
    if lost:
        said.append(f"{cut_numbers(len(lost))} ({at_lines(lost)}).")
    return said


def cut_numbers(n: int) -> str:
    """Sentence, without its point, for ids that a spreadsheet has shortened."""
    have = "id has" if n == 1 else "ids have"
    return (
        f"{n:,} {have} lost digits, as spreadsheets shorten long numbers (1.23E+11): make the "
        "column text there, enter the ids again and export the table anew"
    )


def _spellings(report: JoinReport) -> list[str]:
    """Rows with another spelling of an id, which are not said to belong to no scan."""
    if not report.spellings:
        return []
    left = {line for _, line in report.rows_without_scan}
    named = [
        f"{repr(text) if text else 'an id'} (line {line}) for {one!r}"
        for text, one, line in report.spellings
    ]
    n = len(report.spellings)
    have = "row has" if n == 1 else "rows have"
    said = (
        f"{n:,} {have} an id that may be another spelling of an id in the study: {some(named, 3)}"
    )
    n_left = sum(line in left for _, _, line in report.spellings)
    if not n_left:
        return [f"{said}; taken for the same, as you accepted."]
    then = "" if n_left == n else f" {n_left:,} of them,"
    return [
        f"{said};{then} not imported. If they are the same subject, write the id in one way in all "
        "rows."
    ]


def _near(report: JoinReport) -> list[str]:
    misses = report.near_misses
    if not misses:
        return []
    shown = []
    for miss in misses:
        ours = "an id of the table" if report.hashed else repr(miss.table_id)
        shown.append(f"{ours} for {miss.study_id!r} ({miss.difference})")
    are = "id is" if len(misses) == 1 else "ids are"
    said = f"{len(misses):,} {are} spelled in another way than in the study: {some(shown, 3)}"
    if report.near_misses_applied:
        return [f"{said}; matched, as you accepted."]
    return [
        f"{said}; not matched. Accept such ids (on the page Cohort, or with --accept-near-misses), "
        "or correct them in the table."
    ]


def conflict_sentence(conflicting: tuple[Repeated, ...], *, first_taken: bool = False) -> str:
    """Which ids have rows that contradict each other, and what to do or what was done.

    Args:
        conflicting: At least one.
        first_taken: Whether the first row of each was taken.

    Returns:
        One sentence.
    """
    have = "id has" if len(conflicting) == 1 else "ids have"
    each = [
        f"{_where(one)} in {some([repr(name) for name in one.columns], 3)}" for one in conflicting
    ]
    then = (
        "The first row of each was taken."
        if first_taken
        else ("Keep one row per id, or choose to take the first of each.")
    )
    return f"{len(conflicting):,} {have} rows that contradict each other: {_listed(each)}. {then}"


def _where(one: Repeated) -> str:
    return f"{one.study_id} ({at_lines(list(one.lines))})"


def _listed(items: list[str]) -> str:
    """The first few items that hold commas themselves."""
    more = f"; and {len(items) - 5:,} more" if len(items) > 5 else ""
    return "; ".join(items[:5]) + more
