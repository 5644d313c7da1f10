"""Table 1: every variable overall and by cluster, missing values shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from clam_core.statistics.cohort.assemble import Cohort
from clam_core.statistics.cohort.column_arrays import LEVELS, NUMBERS, codes_of, numbers_of
from clam_core.statistics.cohort.summaries import (
    decimals_of,
    mean_text,
    median_text,
    percent_text,
    titled,
)
from clam_core.tables.column_info import ColumnInfo


def table_one(cohort: Cohort) -> pd.DataFrame:
    """Describe the rows that are compared.

    Args:
        cohort: Rows with their clusters; no other row enters `overall`.

    Returns:
        Columns variable, label, family, statistic, overall, cluster_1, cluster_2 ...; the
        first row counts the rows, then a few per variable: mean ± SD and median [quartiles]
        of numbers, count (percent of those known) per level, count (percent of all) missing.
        Columns that are ids, dates or text are left out.
    """
    parts: dict[str, np.ndarray[Any, np.dtype[np.bool_]]] = {
        "overall": np.ones(len(cohort.labels), dtype=bool)
    }
    parts |= {f"cluster_{number}": cohort.labels == number for number in cohort.clusters}
    head = {"variable": "", "label": "", "family": "", "statistic": "n"}
    rows: list[dict[str, str]] = [{**head, **{k: str(int(v.sum())) for k, v in parts.items()}}]
    for name, info in cohort.columns.items():
        for statistic, cells in _statistics(cohort.frame[name], info, parts):
            title = titled(info.label, info.unit)
            first = {"variable": name, "label": title, "family": info.family}
            rows.append({**first, "statistic": statistic, **cells})
    return pd.DataFrame(rows)


def _statistics(
    column: pd.Series[Any],
    info: ColumnInfo,
    parts: dict[str, np.ndarray[Any, np.dtype[np.bool_]]],
) -> list[tuple[str, dict[str, str]]]:
    """Rows of one variable: what is counted, and its text in every part."""
    if info.kind not in NUMBERS | LEVELS or not column.notna().any():
        return []
    rows: list[tuple[str, dict[str, str]]] = []
    if info.kind in NUMBERS:
        values = numbers_of(column)
        known = np.isfinite(values)
        decimals = decimals_of(values[v & known] for k, v in parts.items() if k != "overall")
        seen = {k: values[v & known] for k, v in parts.items()}
        rows = [
            ("mean ± SD", {k: mean_text(part, decimals) for k, part in seen.items()}),
            ("median [quartiles]", {k: median_text(part, decimals) for k, part in seen.items()}),
        ]
    else:
        codes, names = codes_of(column)
        known = codes >= 0
        for code, level in enumerate(names):
            cells = {
                k: percent_text(int((codes[v] == code).sum()), int((v & known).sum()))
                for k, v in parts.items()
            }
            rows.append((level, cells))
    gone = {k: percent_text(int((v & ~known).sum()), int(v.sum())) for k, v in parts.items()}
    if not known.all():
        rows.append(("missing", gone))
    return rows
