"""Means of each cluster with the covariates held at their mean, and contrasts of all pairs.

Source:
    Searle, Speed & Milliken (1980), "Population marginal means in the linear model", Am Stat
    34:216; as R's emmeans with `weights = "proportional"`.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.statistics.models.firth import fit_firth, penalized_ratio, profile_interval
from clam_core.statistics.models.regression import SCALES, JointTest, Problem
from clam_core.statistics.result import Labels, Values
from clam_core.statistics.significance.correction import correct

CONTRAST_COLUMNS = (
    "cluster_a",
    "cluster_b",
    "scale",
    "crude",
    "crude_low",
    "crude_high",
    "crude_p_value",
    "adjusted",
    "adjusted_low",
    "adjusted_high",
    "adjusted_p_value",
    "adjusted_p_adjusted",
    "adjusted_error",
    "adjusted_df",
)
MEAN_COLUMNS = (
    "cluster",
    "n",
    "scale",
    *("crude", "crude_low", "crude_high"),
    *("adjusted", "adjusted_low", "adjusted_high"),
)
_MEANS = {"continuous": "mean", "count": "mean", "binary": "probability"}
_FIRTH = "Firth"


def all_contrasts(
    clusters: Labels, kind: str, fits: dict[str, tuple[Problem, JointTest]]
) -> pd.DataFrame:
    """Every pair of clusters, first minus (or over) second, crude and adjusted.

    Args:
        clusters: Their numbers, ascending.
        kind: Kind of the variable.
        fits: Problem and test of `crude` and of `adjusted`.

    Returns:
        Columns `CONTRAST_COLUMNS`, adjusted p-values corrected by Holm over the pairs; standard
        errors are those of differences or of logarithms of ratios. None for levels without an
        order, for ranks, and for tests by shuffled subjects.
    """
    tests = {name: test for name, (_, test) in fits.items()}
    last = tests["adjusted"]
    ranked = not last.scale and any("ranks" in test.model for test in tests.values())
    if ranked or not all(len(test.coefficients) for test in tests.values()):
        return pd.DataFrame(columns=list(CONTRAST_COLUMNS))
    pairs = list(combinations(range(len(clusters)), 2))
    is_difference = kind == "continuous" or bool(last.scale)
    columns: dict[str, object] = {
        "cluster_a": [int(clusters[a]) for a, _ in pairs],
        "cluster_b": [int(clusters[b]) for _, b in pairs],
        "scale": last.scale or SCALES[kind],
    }
    for name, (problem, test) in fits.items():
        found = np.array([_pair(problem, test, pair) for pair in pairs]).T
        size, low, high, p_value, error, df = found
        back = (size, low, high) if is_difference else tuple(np.exp([size, low, high]))
        columns |= dict(zip((name, f"{name}_low", f"{name}_high"), back, strict=True))
        columns[f"{name}_p_value"] = p_value
        columns[f"{name}_p_adjusted"] = correct(p_value, "holm")
        columns |= {f"{name}_error": error, f"{name}_df": df}
    return pd.DataFrame(columns, columns=list(CONTRAST_COLUMNS))


def all_means(
    labels: Labels, kind: str, fits: dict[str, tuple[Problem, JointTest]]
) -> pd.DataFrame:
    """Mean (of two levels the probability of the second) of each cluster.

    Args:
        labels: Cluster of each row of the problems, shape (n,).
        kind: Kind of the variable.
        fits: Problem and test of `crude` and of `adjusted`.

    Returns:
        Columns `MEAN_COLUMNS`; none where a model has no mean: levels and ranks, Firth's model,
        whose constant is biased, and tests by shuffled subjects.
    """
    tests = [test for _, test in fits.values()]
    is_mean = kind in _MEANS and all(test.fitted is not None for test in tests)
    if not is_mean or any(_FIRTH in test.model for test in tests):
        return pd.DataFrame(columns=list(MEAN_COLUMNS))
    clusters, counts = np.unique(labels, return_counts=True)
    columns: dict[str, object] = {"cluster": clusters, "n": counts, "scale": _MEANS[kind]}
    for name, (problem, test) in fits.items():
        at = problem.design.mean(axis=0)
        ends = []
        for place in range(len(clusters)):
            point = at.copy()
            point[test.tested] = np.arange(1, len(clusters)) == place
            ends.append(_estimate(test, point)[:3])
        back = _back(kind, test, np.array(ends).T)
        columns |= dict(zip((name, f"{name}_low", f"{name}_high"), back, strict=True))
    return pd.DataFrame(columns, columns=list(MEAN_COLUMNS))


def _back(kind: str, test: JointTest, values: Values) -> Values:
    """From the scale of the model to that of the variable."""
    from scipy.special import expit

    if kind == "continuous" or test.scale:
        return values
    back: Values = expit(values) if kind == "binary" else np.exp(values)
    return back


def _pair(problem: Problem, test: JointTest, pair: tuple[int, int]) -> tuple[float, ...]:
    """First minus second cluster on the scale of the model, as `_estimate` gives it."""
    if _FIRTH in test.model:
        return _penalized(problem, pair)
    point = np.zeros(0 if test.fitted is None else len(test.fitted.coefficients))
    for place, sign in zip(pair, (1.0, -1.0), strict=True):
        if place:  # the first cluster is where the others are counted from
            point[test.tested[place - 1]] = sign
    return _estimate(test, point)


def _estimate(test: JointTest, point: Values) -> tuple[float, ...]:
    """A combination of coefficients, its 95 % interval, p-value, error and degrees of freedom."""
    from scipy.special import ndtr, stdtr, stdtrit

    model = test.fitted
    if model is None:
        return (np.nan,) * 6
    size = float(point @ model.coefficients)
    error = float(np.sqrt(point @ model.covariance @ point))
    df = model.df_residual if model.df_of is None else model.df_of(point)
    if np.isinf(df):
        reach, p_value = 1.959963984540054, 2 * ndtr(-abs(size / error))
    else:
        reach, p_value = stdtrit(df, 0.975), 2 * stdtr(df, -abs(size / error))
    return size, size - reach * error, size + reach * error, float(p_value), error, df


def _penalized(problem: Problem, pair: tuple[int, int]) -> tuple[float, ...]:
    """The same by Firth's model: counted from the second cluster, by profile likelihood."""
    from scipy.special import chdtrc

    rest = 1 - problem.tested.sum(axis=1, keepdims=True)
    every = np.column_stack([rest, problem.tested])
    others = [place for place in range(every.shape[1]) if place not in pair]
    columns = np.column_stack([every[:, pair[0]], every[:, others], problem.covariates])
    design = np.column_stack([np.ones(len(columns)), columns])
    model = fit_firth(problem.y, design)
    tested: NDArray[np.intp] = np.array([1], dtype=np.intp)
    ratio = max(0.0, penalized_ratio(problem.y, design, model, tested))
    low, high = profile_interval(problem.y, design, model, 1)
    error = float(np.sqrt(model.covariance[1, 1]))
    size, p_value = float(model.coefficients[1]), float(chdtrc(1, ratio))
    return size, low, high, p_value, error, np.inf
