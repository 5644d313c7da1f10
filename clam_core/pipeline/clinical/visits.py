"""Step `visits`: values of many times per subject, beside the clinical table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field

from clam_core.errors import TableError
from clam_core.pipeline.clinical.hospital_numbers import number_codes
from clam_core.pipeline.clinical.open_table import read_raw_table
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.summary import Summary
from clam_core.settings import Settings
from clam_core.study import Study
from clam_core.study.visits import COLUMNS, DECLARED, TIME_UNIT, read_visits, write_visits
from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.declared import Declared
from clam_core.tables.describe_columns import narrowed, typed_frame
from clam_core.tables.id_column import IdChoice, Level, find_id_column
from clam_core.tables.join_report import JoinReport
from clam_core.tables.joining import join_report
from clam_core.tables.read_columns import declared_words, read_columns, warnings_of
from clam_core.tables.text.header_words import header_words
from clam_core.tables.text.raw_table import RawTable, at_lines, some
from clam_core.wording import plural

_TIMES = ("time", "years", "year", "months", "month", "weeks", "days", "zeit", "jahre", "visit")
_UNITS = {"years": "year", "jahre": "year", "months": "month", "weeks": "week", "days": "day"}
DAYS_PER_YEAR = 365.25


class VisitOptions(Settings):
    """How a table of visits is read.

    Attributes:
        id_column: Column with the ids; None finds it.
        time_column: Column with the time of each visit, a number or a date; None finds it.
        declared: Codes that mean missing, decimal marks and date orders.
        forget_declared: Whether what was declared for the stored visits no longer holds.
    """

    id_column: str | None = None
    time_column: str | None = None
    declared: Declared = Field(default_factory=Declared)
    forget_declared: bool = False


def import_visits(
    study: Study, path: Path, options: VisitOptions | None = None, progress: Progress = silent
) -> Summary:
    """Read a table with one row per visit and store it.

    Args:
        study: The study.
        path: CSV, TSV, XLSX or Parquet: an id, a time, and columns with numbers.
        options: What the user decided.
        progress: Told what is going on.

    Returns:
        How many visits of how many subjects were stored.

    Raises:
        ReadError, TableError: If the table cannot be read or joined.
    """
    options = options or VisitOptions()
    progress("Reading the visits", 0, 1)
    table = read_raw_table(path)
    report, notes = _match(study, table, options.id_column)
    name = _time_column(table, report.id_column, options.time_column)
    for column in options.declared.columns:
        table.cells(column)  # refuses a name that the table lacks
    earlier = Declared() if options.forget_declared else declared_for_visits(study)
    declared = options.declared.after(earlier)
    columns = read_columns(table, declared)
    visits, unit = _visits(study, table, report, name, columns)
    values = [column for column in visits.columns if column not in {"subject_id", "time"}]
    infos = _described(table, report, columns, [name, *values])
    visits.attrs[TIME_UNIT] = "year" if unit else _UNITS.get(name.strip().casefold(), f"{name}")
    visits.attrs[COLUMNS] = [info.to_json() for info in infos]
    visits.attrs[DECLARED] = declared.model_dump(mode="json")
    write_visits(study, visits)
    n_subjects = visits["subject_id"].nunique()
    sentence = (
        f"{plural(len(visits), 'visit')} of {plural(n_subjects, 'subject')} stored with "
        f"{plural(len(values), 'value')} ({', '.join(values[:5])}); time is {name!r}{unit}."
    )
    told = _told(table, report, columns, [name, *values])
    told += declared_words(table, columns, declared, earlier)
    told += warnings_of(infos)
    about = {"columns": {info.name: info.to_json() for info in infos}, "time": name}
    return Summary(
        (sentence, *notes, *told), {"n_visits": len(visits), "n_subjects": n_subjects, **about}
    )


def declared_for_visits(study: Study) -> Declared:
    """What was declared for the stored visits; nothing without them, or in older studies."""
    stored = read_visits(study)
    values = {} if stored is None else stored.attrs.get(DECLARED, {})
    return Declared.from_json(values)


def _described(
    table: RawTable, report: JoinReport, columns: list[ColumnInfo], names: list[str]
) -> list[ColumnInfo]:
    """The time first, then the values, as they are in the visits of the study."""
    rows = sorted(row for rows in report.rows.values() for row in rows)
    part = replace(
        table, rows=[table.rows[row] for row in rows], lines=[table.lines[row] for row in rows]
    )
    by_name = {info.name: info for info in columns}
    return [narrowed(by_name[name], table, part) for name in names]


def _told(
    table: RawTable, report: JoinReport, columns: list[ColumnInfo], used: list[str]
) -> list[str]:
    """How the table was read, and which of its rows and columns were left out."""
    told = list(table.notes)
    lost = [*[line for _, line in report.rows_without_scan], *report.lines_without_id]
    if lost:
        n = plural(len(lost), "visit")
        told.append(f"{n} of no subject of this study: {at_lines(sorted(lost))}; not imported.")
    left = [info.name for info in columns if info.name not in {*used, report.id_column}]
    if left:
        named = some([repr(name) for name in left])
        told.append(
            f"Not followed over time, because they hold neither amounts nor counts: {named}."
        )
    return told


def _match(study: Study, table: RawTable, wanted: str | None) -> tuple[JoinReport, tuple[str, ...]]:
    scans = study.scans()
    codes = number_codes(study)
    ids = [str(one) for one in scans.index], [str(one) for one in scans["subject_id"]]
    choice = _exact(table, *ids, wanted) or find_id_column(table, *ids, wanted, codes.id_hash)
    report = join_report(table, choice, scans, codes.id_hash)
    if not report.rows:
        said = (
            f"No id of the table {table.name!r} occurs in the study; name the column with the "
            "subject ids."
        )
        raise TableError(" ".join(filter(None, (said, codes.missing))))
    return report, codes.check(report.n_matched, report.n_scans, is_named=wanted is not None)


def _exact(
    table: RawTable, scan_ids: list[str], subject_ids: list[str], wanted: str | None
) -> IdChoice | None:
    """The column with most ids of the study, letter by letter; visits may be of few subjects."""
    levels: tuple[tuple[Level, set[str]], ...] = (
        ("subject", set(subject_ids)),
        ("scan", set(scan_ids)),
    )
    counts = [
        (len(ids.intersection(cell for cell in table.cells(name) if cell)), name, level)
        for level, ids in levels
        for name in ([wanted] if wanted else table.columns)
    ]
    best = max(counts, key=lambda one: one[0])
    return IdChoice(best[1], best[2]) if best[0] else None


def _time_column(table: RawTable, id_column: str, wanted: str | None) -> str:
    if wanted is not None:
        table.cells(wanted)
        return wanted
    for name in table.columns:
        words = header_words(name, camel=False)
        if name != id_column and any(word in _TIMES or "date" in word for word in words):
            return name
    raise TableError(
        f"The table {table.name!r} has no column that is called a time; name it (--time)."
    )


def _visits(
    study: Study, table: RawTable, report: JoinReport, time: str, columns: list[ColumnInfo]
) -> tuple[pd.DataFrame, str]:
    """Long form, and what the time is counted in where it was made of dates."""
    frame = typed_frame(table, columns)
    subject_of = study.scans()["subject_id"].astype(str)
    pairs = [
        (row, subject_of[one] if report.level == "scan" else one)
        for one, rows in report.rows.items()
        for row in rows
    ]
    kept = frame.iloc[[row for row, _ in pairs]].reset_index(drop=True)
    subjects = pd.Series([subject for _, subject in pairs], dtype="str")
    when, unit = _times(kept, time, subjects)
    left_out = {report.id_column, time}
    numbers = [
        info.name
        for info in columns
        if info.name in kept and info.name not in left_out and info.kind in {"continuous", "count"}
    ]
    if not numbers:
        raise TableError(f"The table {table.name!r} has no column with numbers to follow.")
    visits = pd.DataFrame({"subject_id": subjects, "time": when})
    return visits.join(kept[numbers]).sort_values(["subject_id", "time"], ignore_index=True), unit


def _times(kept: pd.DataFrame, time: str, subjects: pd.Series[str]) -> tuple[pd.Series[float], str]:
    if time not in kept.columns:
        raise TableError(f"The column {time!r} cannot be used as a time; choose another one.")
    column = kept[time]
    if pd.api.types.is_datetime64_any_dtype(column):
        first = column.groupby(subjects).transform("min")
        days = (column - first).dt.total_seconds() / 86400
        return days / DAYS_PER_YEAR, ", in years since each subject's first visit"
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
    if not numbers.notna().any():
        raise TableError(
            f"The column {time!r} holds neither numbers nor dates; choose another one."
        )
    return numbers, ""
