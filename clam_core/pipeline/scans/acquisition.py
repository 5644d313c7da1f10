"""How the scans were made, as columns that clusters are held against."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clam_core.statistics import INSPIRATION
from clam_core.study import Study
from clam_core.tables.column_info import ColumnInfo, Kind

_COLUMNS: dict[str, tuple[str, Kind, str, str]] = {
    "site": ("Site", "nominal", "", "acquisition"),
    "manufacturer": ("Manufacturer", "nominal", "", "acquisition"),
    "model": ("Scanner model", "nominal", "", "acquisition"),
    "kernel": ("Kernel", "nominal", "", "acquisition"),
    "kvp": ("Tube voltage", "nominal", "kV", "acquisition"),
    "slice_thickness_mm": ("Slice thickness", "continuous", "mm", "acquisition"),
    "contrast": ("Contrast", "nominal", "", "acquisition"),
    "lung_litres": ("Lung volume in the scan", "continuous", "L", INSPIRATION),
}


def acquisition_of(study: Study, taken: list[str]) -> tuple[pd.DataFrame, list[ColumnInfo]]:
    """What the headers of the scans say that may stand behind a cluster.

    Args:
        study: The study.
        taken: Names of the clinical columns; ours get ` (scan)` behind an equal name.

    Returns:
        Values, indexed by scan_id, and what each column is; columns without a value are absent.
    """
    scans = study.scans()
    values: dict[str, pd.Series[Any]] = {}
    infos = []
    for column, (label, kind, unit, family) in _COLUMNS.items():
        if column not in scans.columns or not scans[column].notna().any():
            continue
        name = column
        while name in taken:
            name += " (scan)"
        cells = scans[column]
        values[name] = cells if kind == "continuous" else _levels(cells)
        shown = f"{label} (scan header)" if name != column else label
        infos.append(ColumnInfo(name, shown, kind, unit=unit, family=family))
    return pd.DataFrame(values, index=scans.index), infos


def _levels(column: pd.Series[Any]) -> pd.Series[Any]:
    """Texts as levels; numbers without a needless point."""
    if pd.api.types.is_numeric_dtype(column):
        column = column.map(lambda value: f"{value:g}", na_action="ignore")
    return column.where(column.ne(""), None).astype("category")
