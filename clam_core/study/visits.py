"""Visits over time: values of subjects in long form, beside the clinical table."""

from __future__ import annotations

import pandas as pd

from clam_core.study import atomic
from clam_core.study.folder import Study

VISITS = "visits.parquet"
TIME_UNIT = "time_unit"
"""Attribute of the table: what one step of the time is, such as `year`."""
COLUMNS, DECLARED = "columns", "declared"
"""Attributes: what time and values are, with what is doubted; what was declared of the table."""


def read_visits(study: Study) -> pd.DataFrame | None:
    """One row per visit: subject_id, time, and a column per value; None where there are none."""
    path = study.folder / VISITS
    return atomic.read_table(path) if path.is_file() else None


def write_visits(study: Study, visits: pd.DataFrame) -> None:
    """Replace the visits.

    Raises:
        BusyError: If another process writes to the study.
    """
    with study.lock():
        atomic.write_table(study.folder / VISITS, visits)
