"""Table 1: every variable overall and by cluster, missing values shown, and how far they differ."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from clam_core.statistics.cohort.assemble import Cohort
from clam_core.statistics.cohort.column_arrays import LEVELS, NUMBERS, codes_of, numbers_of
from clam_core.statistics.cohort.groups import group
from clam_core.statistics.cohort.summaries import (
    decimals_of,
    mean_text,
    median_text,
    percent_text,
    titled,
)
from clam_core.statistics.effects.largest_difference import largest_difference
from clam_core.statistics.result import NotTestableError
from clam_core.tables.column_info import ColumnInfo

TABLE_COLUMNS = ("smd", "smd_between", "p_value", "p_adjusted")
"""What stands beside the clusters, in the first row of each variable."""

_Parts = dict[str, np.ndarray[Any, np.dtype[np.bool_]]]
_GONE = "missing"
_KEPT = {"mean": ("mean ± SD",), "median": ("median [quartiles]",)}


def table_one(
    cohort: Cohort,
    tested: pd.DataFrame | None = None,
    numbers: Literal["both", "mean", "median"] = "both",
) -> pd.DataFrame:
    """Describe the rows that are compared.

    Args:
        cohort: Rows with their clusters; no other row enters `overall`.
        tested: Rows of the association table, for p-values; None leaves them out.
        numbers: Whether numbers have their mean, their median or both.

    Returns:
        Columns variable, label, family, statistic, overall, cluster_1, cluster_2 ... and
        `TABLE_COLUMNS`; the first row counts the rows, then a few per variable: mean ± SD and
        median [quartiles] of numbers, count (percent of those known) per level, count (percent
        of all) missing. `smd` is the largest standardised difference between two clusters.
        Columns that are ids, dates or text are left out.
    """
    parts: _Parts = {"overall": np.ones(len(cohort.labels), dtype=bool)}
    parts |= {f"cluster_{number}": cohort.labels == number for number in cohort.clusters}
    head = {"variable": "", "label": "", "family": "", "statistic": "n"}
    rows: list[dict[str, Any]] = [{**head, **{k: str(int(v.sum())) for k, v in parts.items()}}]
    p_values = {} if tested is None else _p_values(tested)
    for name, info in cohort.columns.items():
        kept = [
            one
            for one in _statistics(cohort.frame[name], info, parts)
            if numbers == "both" or info.kind not in NUMBERS or one[0] in (*_KEPT[numbers], _GONE)
        ]
        title = titled(info.label, info.unit)
        first = {"variable": name, "label": title, "family": info.family}
        beside = {**_difference(cohort, info), **p_values.get(name, {})}
        for place, (statistic, cells) in enumerate(kept):
            more = beside if place == 0 else {"smd_between": ""}
            rows.append({**first, "statistic": statistic, **cells, **more})
    # A table without a difference has its columns all the same.
    columns = [*head, *parts, *TABLE_COLUMNS]
    return pd.DataFrame(rows).reindex(columns=columns).fillna({"smd_between": ""})


def _p_values(tested: pd.DataFrame) -> dict[str, dict[str, float]]:
    numbers = zip(tested["variable"], tested["p_value"], tested["p_adjusted"], strict=True)
    return {str(name): {"p_value": p, "p_adjusted": q} for name, p, q in numbers}


def _difference(cohort: Cohort, info: ColumnInfo) -> dict[str, Any]:
    """The largest standardised difference between two clusters, and which they are."""
    column = cohort.frame[info.name]
    try:
        if info.kind in NUMBERS:
            groups = group(numbers_of(column), cohort.labels)
        elif info.kind in LEVELS:
            codes, _ = codes_of(column)
            groups = group(np.where(codes < 0, np.nan, codes.astype(np.float64)), cohort.labels)
        else:
            return {}
    except NotTestableError:
        return {}
    size, between = largest_difference(groups, is_number=info.kind in NUMBERS)
    return {"smd": size, "smd_between": between}


def _statistics(
    column: pd.Series[Any],
    info: ColumnInfo,
    parts: _Parts,
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
        rows.append((_GONE, gone))
    return rows
