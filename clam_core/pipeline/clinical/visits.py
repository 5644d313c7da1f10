"""Step `visits`: values of many times per subject, beside the clinical table."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from clam_core.errors import TableError
from clam_core.files.personal_names import code
from clam_core.pipeline.clinical.open_table import read_raw_table
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.summary import Summary
from clam_core.settings import Settings
from clam_core.study import Study
from clam_core.study.visits import TIME_UNIT, write_visits
from clam_core.tables.id_column import IdChoice, Level, find_id_column
from clam_core.tables.join_report import JoinReport
from clam_core.tables.joining import join_report
from clam_core.tables.kinds import infer_columns, typed_frame
from clam_core.tables.text.header_words import header_words
from clam_core.tables.text.raw_table import RawTable
from clam_core.wording import plural

_TIMES = ("time", "years", "year", "months", "month", "weeks", "days", "zeit", "jahre", "visit")
_UNITS = {"years": "year", "jahre": "year", "months": "month", "weeks": "week", "days": "day"}
DAYS_PER_YEAR = 365.25


class VisitOptions(Settings):
    """How a table of visits is read.

    Attributes:
        id_column: Column with the ids; None finds it.
        time_column: Column with the time of each visit, a number or a date; None finds it.
    """

    id_column: str | None = None
    time_column: str | None = None


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
    report = _match(study, table, options.id_column)
    name = _time_column(table, report.id_column, options.time_column)
    visits, unit = _visits(study, table, report, name)
    visits.attrs[TIME_UNIT] = "year" if unit else _UNITS.get(name.strip().casefold(), f"{name}")
    write_visits(study, visits)
    values = [column for column in visits.columns if column not in {"subject_id", "time"}]
    n_subjects = visits["subject_id"].nunique()
    sentence = (
        f"{plural(len(visits), 'visit')} of {plural(n_subjects, 'subject')} stored with "
        f"{plural(len(values), 'value')} ({', '.join(values[:5])}); time is {name!r}{unit}."
    )
    return Summary((sentence,), {"n_visits": len(visits), "n_subjects": n_subjects})


def _match(study: Study, table: RawTable, wanted: str | None) -> JoinReport:
    scans = study.scans()
    hashed = partial(code, study.info.key, prefix="sub-")
    ids = [str(one) for one in scans.index], [str(one) for one in scans["subject_id"]]
    choice = _exact(table, *ids, wanted) or find_id_column(table, *ids, wanted, hashed)
    report = join_report(table, choice, scans, hashed)
    if not report.rows:
        raise TableError(
            f"No id of the table {table.name!r} occurs in the study; name the column with the "
            "subject ids."
        )
    return report


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
    study: Study, table: RawTable, report: JoinReport, time: str
) -> tuple[pd.DataFrame, str]:
    """Long form, and what the time is counted in where it was made of dates."""
    columns = infer_columns(table)
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
