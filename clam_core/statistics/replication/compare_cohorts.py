"""Every association of one cohort repeated in a second one with the same clusters."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from clam_core.settings import AssociateSettings
from clam_core.statistics.cohort.assemble import Cohort
from clam_core.statistics.cohort.column_arrays import NUMBERS, codes_of, numbers_of
from clam_core.statistics.replication.meta_analysis import pool
from clam_core.statistics.result import Labels, NotTestableError, Values
from clam_core.statistics.significance.correction import correct
from clam_core.tables.column_info import ColumnInfo

RULE = (
    "Replicated: p below 0.05 after correction over all rows in the first cohort, and in the "
    "second cohort the same direction with p below 0.05."
)
_FEWEST = 3
_Estimate = tuple[float, float, float, float, float]


def compare_cohorts(first: Cohort, second: Cohort, settings: AssociateSettings) -> pd.DataFrame:
    """Effects of every variable and pair of clusters in both cohorts.

    Args:
        first: Rows of the first cohort with their clusters.
        second: Rows of the second cohort with the clusters of the first.
        settings: Kind of correction, columns made from the same images.

    Returns:
        variable, label, cluster_a, cluster_b, scale (`mean_difference`, `level_difference` or
        `odds_ratio`, of a against b); for `first_` and `second_` effect, ci_low, ci_high, p_value;
        first_p_adjusted; `fixed_` and `random_` effect, ci_low, ci_high; heterogeneity_p;
        verdict. Odds ratios are stored as such, pooled on the log scale.
    """
    rows = []
    shared = [n for n in first.clusters if n in second.clusters]
    for name, info in first.columns.items():
        other = second.columns.get(name)
        if other is None or other.kind != info.kind or not _is_compared(info, settings):
            continue
        values = _values(first, second, info)
        if values is None:
            continue
        scale = _scale(info)
        for a, b in combinations(shared, 2):
            both = [
                _estimate(part, cohort.labels, (a, b), scale)
                for part, cohort in zip(values, (first, second), strict=True)
            ]
            if all(np.isfinite(one[0]) for one in both):
                rows.append(_row(info, (a, b), scale, both))
    return _judged(pd.DataFrame(rows), settings)


def _is_compared(info: ColumnInfo, settings: AssociateSettings) -> bool:
    left_out = info.name in settings.used_in_clustering or info.family == "acquisition"
    return not left_out and info.kind in {*NUMBERS, "ordinal", "binary"}


def _scale(info: ColumnInfo) -> str:
    if info.kind == "binary":
        return "odds_ratio"
    return "level_difference" if info.kind == "ordinal" else "mean_difference"


def _values(first: Cohort, second: Cohort, info: ColumnInfo) -> tuple[Values, Values] | None:
    """Numbers of both cohorts, or codes of levels that are the same in both."""
    columns = first.frame[info.name], second.frame[info.name]
    if info.kind in NUMBERS:
        try:
            return numbers_of(columns[0]), numbers_of(columns[1])
        except NotTestableError:
            return None
    coded = [codes_of(one) for one in columns]
    order = list(dict.fromkeys([*info.levels, *coded[0][1], *coded[1][1]]))
    place = {level: float(number) for number, level in enumerate(order)}
    found = []
    for codes, levels in coded:
        known = np.array([*(place[one] for one in levels), np.nan])
        found.append(known[codes])
    if info.kind == "binary" and len(order) > 2:
        return None
    return found[0], found[1]


def _estimate(values: Values, labels: Labels, pair: tuple[int, int], scale: str) -> _Estimate:
    """Estimate, standard error, ends of the interval and p; on the log scale for odds."""
    from scipy.special import ndtr, stdtr, stdtrit

    from clam_core.statistics.effects.contingency import Z

    nothing = (np.nan,) * 5
    a, b = (values[(labels == one) & np.isfinite(values)] for one in pair)
    if min(len(a), len(b)) < _FEWEST:
        return nothing
    if scale == "odds_ratio":
        # Half a case in each cell (Haldane and Anscombe), so that an empty cell has an estimate.
        cells = np.array([a.sum(), len(a) - a.sum(), b.sum(), len(b) - b.sum()]) + 0.5
        effect = float(np.log(cells[0] * cells[3] / (cells[1] * cells[2])))
        error = float(np.sqrt((1 / cells).sum()))
        p_value = float(2 * ndtr(-abs(effect / error)))
        return effect, error, effect - Z * error, effect + Z * error, p_value
    parts = np.array([a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)])
    if parts.sum() == 0:
        return nothing
    effect, error = float(a.mean() - b.mean()), float(np.sqrt(parts.sum()))
    df = parts.sum() ** 2 / (parts**2 / (np.array([len(a), len(b)]) - 1)).sum()
    width = float(stdtrit(df, 0.975)) * error
    return effect, error, effect - width, effect + width, float(2 * stdtr(df, -abs(effect / error)))


def _row(
    info: ColumnInfo, pair: tuple[int, int], scale: str, both: list[_Estimate]
) -> dict[str, object]:
    back = np.exp if scale == "odds_ratio" else np.asarray
    row: dict[str, object] = {
        "variable": info.name,
        "label": info.label,
        "cluster_a": pair[0],
        "cluster_b": pair[1],
        "scale": scale,
        "same_direction": bool(np.sign(both[0][0]) == np.sign(both[1][0])),
    }
    names = ("effect", "ci_low", "ci_high")
    for prefix, (effect, _, low, high, p_value) in zip(("first_", "second_"), both, strict=True):
        row |= {prefix + n: float(back(v)) for n, v in zip(names, (effect, low, high), strict=True)}
        row[f"{prefix}p_value"] = p_value
    pooled = pool(np.array([one[0] for one in both]), np.array([one[1] for one in both]))
    for prefix, ends in (("fixed_", pooled.fixed), ("random_", pooled.random)):
        row |= {prefix + n: float(back(v)) for n, v in zip(names, ends, strict=True)}
    return row | {"heterogeneity_p": pooled.heterogeneity_p}


def _judged(rows: pd.DataFrame, settings: AssociateSettings) -> pd.DataFrame:
    if rows.empty:
        return rows
    adjusted = correct(rows["first_p_value"].to_numpy(dtype=np.float64), settings.correction)
    found = adjusted < 0.05
    again = rows["second_p_value"].to_numpy(dtype=np.float64) < 0.05
    same = rows["same_direction"].to_numpy(dtype=bool)
    verdict = np.select(
        [~found, same & again, same, again],
        ["not found in the first cohort", "replicated", "not replicated (same direction)",
         "not replicated (opposite direction, p below 0.05)"],
        "not replicated (opposite direction)",
    )  # fmt: skip
    return rows.assign(first_p_adjusted=adjusted, verdict=verdict)
