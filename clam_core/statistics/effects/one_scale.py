"""Effects of all kinds on one scale, so that they can stand in one picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

COLUMNS = ("variable", "label", "family", "strength", "low", "high", "p_adjusted")
_SHARES = frozenset(
    {"omega_squared", "eta_squared", "eta_squared_h", "epsilon_squared", "partial_r_squared"}
)
_AS_IT_IS = frozenset({"cramers_v", "rank_biserial"})
_RATIOS = frozenset({"odds_ratio"})
_DIFFERENCES = frozenset({"hedges_g", "standardized_difference"})
_TAKEN_INSTEAD = {
    ("rate_ratio", "rank_biserial"),
    ("mean_difference", "hedges_g"),
    ("mean_difference", "standardized_difference"),
}
"""Effects in units that differ between variables, and the second effect that has none."""


def strengths(rows: pd.DataFrame) -> pd.DataFrame:
    """Effect sizes on the scale of a correlation, with their intervals.

    Shares of variance become their square root; Cramer's V and the rank-biserial
    correlation stay; Hedges' g and the logarithm of odds ratios are converted. Of
    differences of means and of counts the second effect is taken, Hedges' g and the
    rank-biserial correlation. Each conversion rises with the effect, so that the ends of
    an interval are converted alike.

    Args:
        rows: Rows of the association table.

    Returns:
        One row per tested variable, columns `COLUMNS`: 0 is no association, 1 the
        strongest; with two clusters, positive means more in the first one.

    Source:
        Borenstein et al. (2009), "Introduction to Meta-Analysis", chapter 7: r = d /
        sqrt(d^2 + n^2 / (n1 n2)), d = log odds ratio * sqrt(3) / pi.
    """
    sizes = [name for name in rows.columns if str(name).startswith("n_cluster_")]
    strong = []
    for row in rows[rows["p_value"].notna()].to_dict("records"):
        counts = np.array([row[name] for name in sizes], dtype=np.float64)
        ends = _converted(row, counts[counts >= 2])
        if ends is not None:
            head = (row["variable"], row["label"], row["family"])
            strong.append((*head, *ends, row["p_adjusted"]))
    return pd.DataFrame(strong, columns=list(COLUMNS))


def _converted(row: dict[Any, Any], counts: np.ndarray[Any, Any]) -> tuple[float, ...] | None:
    name, ends = row["effect_name"], (row["effect_size"], row["ci_low"], row["ci_high"])
    second = row.get("second_effect_name")
    if (name, second) in _TAKEN_INSTEAD:
        name = second
        ends = (row["second_effect"], row["second_low"], row["second_high"])
    values = np.array(ends, dtype=np.float64)
    if name in _SHARES:
        values = np.sqrt(np.maximum(values, 0))
    elif name in _RATIOS:
        with np.errstate(divide="ignore"):
            values = _of_difference(np.log(values) * np.sqrt(3) / np.pi, counts)
    elif name in _DIFFERENCES:
        values = _of_difference(values, counts)
    elif name not in _AS_IT_IS:
        return None
    return tuple(float(one) for one in np.clip(values, -1, 1))


def _of_difference(
    values: np.ndarray[Any, Any], counts: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """Standardized differences of two clusters as correlations; infinite ones as 1."""
    ratio = counts.sum() ** 2 / counts.prod() if len(counts) == 2 else 4.0
    with np.errstate(invalid="ignore"):
        strength = values / np.sqrt(values**2 + ratio)
    return np.where(np.isinf(values), np.sign(values), strength)
