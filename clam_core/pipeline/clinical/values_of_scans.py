"""Clinical values with a row per scan: those of a subject are repeated for each of its scans."""

from __future__ import annotations

import pandas as pd

from clam_core.study import Study
from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.rows_of_scans import align_to_scans


def values_of_scans(study: Study) -> tuple[pd.DataFrame, list[ColumnInfo]]:
    """Clinical values of every scan, and what the columns are.

    Args:
        study: The study.

    Returns:
        Indexed by scan_id in the study's order, missing where the table has no row; without
        a clinical table there are no columns.

    Raises:
        AlignmentError: If the table has no row of any scan.
    """
    scans, stored = study.scans(), study.clinical()
    if stored is None:
        return pd.DataFrame(index=scans.index), []
    frame, description = stored
    return align_to_scans(frame, scans), [
        ColumnInfo.from_json(one) for one in description["columns"]
    ]
