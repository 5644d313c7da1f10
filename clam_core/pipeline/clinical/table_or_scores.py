"""What clusters are compared with: the clinical table, else the scores of readers."""

from __future__ import annotations

import pandas as pd

from clam_core.pipeline.clinical.needed_table import needed_table
from clam_core.study import Study
from clam_core.study.readings.reading import readings_of
from clam_core.tables.column_info import ColumnInfo


def has_scores(study: Study) -> bool:
    """Whether any reading study has been locked by all of its readers."""
    return any(reading.is_locked() for reading in readings_of(study))


def table_or_scores(study: Study) -> tuple[pd.DataFrame, list[ColumnInfo]]:
    """The clinical table and what its columns are.

    Args:
        study: The study.

    Returns:
        As `needed_table`; without a table, but with locked scores, rows without columns: the
        scores are put beside them.

    Raises:
        MissingStepError: If there is neither.
    """
    if study.clinical() is None and has_scores(study):
        return pd.DataFrame(index=study.scans().index.rename("scan_id")), []
    frame, columns, _ = needed_table(study)
    return frame, columns
