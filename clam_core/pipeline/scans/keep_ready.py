"""Ready scans carried over, where only scans that failed are tried again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.pipeline.json_values import plain_values
from clam_core.study import ScanWriter, Study

TWINS = "It holds the same voxels as {}; keep one of them."
_TWINS = re.compile(r" ?It holds the same voxels as [^;]*; keep one of them\.")


def carry_over(
    study: Study, writer: ScanWriter, scan_ids: Iterable[str], columns: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """Write what the study holds of ready scans into what will replace it.

    Args:
        study: The study, with its volumes as they are.
        writer: Already started.
        scan_ids: Scans that are ready.
        columns: Columns of the scans table that preprocessing has made.

    Returns:
        The line of each scan, as it was noted when it was made.
    """
    scans = study.scans()
    rows = {str(scan_id): row for row, scan_id in enumerate(scans.index)}
    kept = {}
    for scan_id in scan_ids:
        arrays: dict[str, NDArray[np.generic]] = {
            "volume": study.volume(scan_id).array,
            "picture": np.frombuffer(study.picture(scan_id), np.uint8),
        }
        mask = study.mask(scan_id)
        if mask is not None:
            arrays["mask"] = mask
        line = _line(scans.iloc[rows[scan_id]], columns)
        writer.write(rows[scan_id], arrays, {"scan_id": scan_id, **line})
        kept[scan_id] = line
    return kept


def _line(row: pd.Series[Any], columns: Iterable[str]) -> dict[str, Any]:
    values = {name: _value(row[name]) for name in columns}
    # Which scans are twins is found out anew when all are there.
    warnings = _TWINS.sub("", str(row["warnings"])).strip()
    return {**plain_values(values), "status": "ready", "reason": "", "warnings": warnings}


def _value(value: Any) -> Any:  # noqa: ANN401
    """Lists of numbers as lists, what is missing as None."""
    if isinstance(value, np.ndarray | list | tuple):
        return [one.item() if isinstance(one, np.generic) else one for one in value]
    return None if pd.isna(value) else value
