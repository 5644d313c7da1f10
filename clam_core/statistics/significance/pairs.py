"""Every pair of clusters: Games-Howell, Dunn, and pairwise tables."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from clam_core.statistics.cohort.groups import Groups, midranks, table_of
from clam_core.statistics.effects.contingency import Table, cramers_v, odds_ratio
from clam_core.statistics.effects.numbers import hedges_g, rank_biserial
from clam_core.statistics.result import Effect, Values
from clam_core.statistics.significance.contingency import is_sparse, table_test
from clam_core.statistics.significance.correction import correct
from clam_core.statistics.significance.studentized_range import (
    studentized_range_quantile,
    studentized_range_tail,
)

COLUMNS = (
    "cluster_a",
    "cluster_b",
    "method",
    "difference",
    "difference_low",
    "difference_high",
    "effect_name",
    "effect_size",
    "ci_low",
    "ci_high",
    "statistic",
    "df",
    "p_value",
    "p_adjusted",
)
"""Columns of every table of pairs; a positive difference means more in cluster_a."""


def _pairs(groups: Groups) -> list[tuple[int, int]]:
    return list(combinations(range(groups.k), 2))


def _frame(groups: Groups, columns: dict[str, Any], effects: Sequence[Effect]) -> pd.DataFrame:
    """One row per pair, in the order of the clusters."""
    pairs = _pairs(groups)
    filled: dict[str, Any] = {
        **dict.fromkeys(COLUMNS, np.full(len(pairs), np.nan)),
        "cluster_a": [int(groups.clusters[a]) for a, _ in pairs],
        "cluster_b": [int(groups.clusters[b]) for _, b in pairs],
        "effect_name": [effect.name for effect in effects],
        "effect_size": [effect.size for effect in effects],
        "ci_low": [effect.ci_low for effect in effects],
        "ci_high": [effect.ci_high for effect in effects],
        **columns,
    }
    return pd.DataFrame(filled)


def games_howell(groups: Groups) -> pd.DataFrame:
    """Compare the means of every pair of clusters without assuming equal variances.

    Args:
        groups: Numbers by cluster, something varies within each.

    Returns:
        One row per pair: difference of the means with its simultaneous 95 % interval,
        Hedges' g, t, df, p of Welch's test alone and p over all pairs.

    Source:
        Games & Howell (1976), J Educ Stat 1:113.
    """
    from scipy.special import stdtr

    first, second = (np.array(side) for side in zip(*_pairs(groups), strict=True))
    parts = groups.variances() / groups.sizes
    error = np.sqrt(parts[first] + parts[second])
    df = error**4 / ((parts**2 / (groups.sizes - 1))[[first, second]].sum(axis=0))
    means = groups.means()
    gap = means[first] - means[second]
    t = gap / error
    p_value = 2 * stdtr(df, -np.abs(t))
    joint, width = p_value, -error * _t_quantile(df)
    if groups.k > 2:
        # The studentized range counts in errors of one mean, t in those of a difference.
        joint = studentized_range_tail(np.sqrt(2) * np.abs(t), groups.k, df)
        width = error / np.sqrt(2) * studentized_range_quantile(0.05, groups.k, df)
    columns = {
        "method": ["Games-Howell"] * len(gap),
        "difference": gap,
        "difference_low": gap - width,
        "difference_high": gap + width,
        "statistic": t,
        "df": df,
        "p_value": p_value,
        "p_adjusted": joint,
    }
    return _frame(groups, columns, [hedges_g(groups.pair(a, b)) for a, b in _pairs(groups)])


def _t_quantile(df: Values) -> Values:
    from scipy.special import stdtrit

    return np.asarray(stdtrit(df, 0.025), dtype=np.float64)


def dunn(groups: Groups) -> pd.DataFrame:
    """Compare the mean ranks of every pair of clusters, adjusted by Holm.

    Args:
        groups: Numbers or ordered codes by cluster.

    Returns:
        One row per pair: difference of the mean ranks, rank-biserial correlation, z, p.

    Source:
        Dunn (1964), "Multiple comparisons using rank sums", Technometrics 6:241.
    """
    from scipy.special import ndtr

    first, second = (np.array(side) for side in zip(*_pairs(groups), strict=True))
    ranks = midranks(groups.values)
    means = groups.sums(ranks) / groups.sizes
    gap = means[first] - means[second]
    # The variance of midranks is n (n + 1) / 12 with the correction for ties.
    z = gap / np.sqrt(ranks.var(ddof=1) * (1 / groups.sizes[first] + 1 / groups.sizes[second]))
    p_value = 2 * ndtr(-np.abs(z))
    columns = {
        "method": ["Dunn, Holm"] * len(gap),
        "difference": gap,
        "statistic": z,
        "p_value": p_value,
        "p_adjusted": correct(p_value, "holm"),
    }
    return _frame(groups, columns, [rank_biserial(groups.pair(a, b)) for a, b in _pairs(groups)])


def pairwise_tables(groups: Groups, n_resamples: int, rng: np.random.Generator) -> pd.DataFrame:
    """Compare the levels of every pair of clusters, adjusted by Holm.

    Args:
        groups: Codes of levels by cluster.
        n_resamples: Random tables where a pair's table is sparse.
        rng: Their randomness.

    Returns:
        One row per pair: odds ratio (two levels) or Cramer's V, chi-square or Fisher's test.
        A pair that has one level between its clusters has p 1.
    """
    whole = table_of(groups)
    tested, effects = [], []
    for a, b in _pairs(groups):
        table = whole[[a, b]]
        table = table[:, table.sum(axis=0) > 0]
        effects.append(_pair_effect(table, whole.shape[1]))
        tested.append(table_test(table, n_resamples, rng) if table.shape[1] > 1 else None)
    p_value = np.array([1.0 if one is None else one.p_value for one in tested])
    columns = {
        "method": ["one level" if one is None else one.test for one in tested],
        "statistic": [np.nan if one is None else one.statistic for one in tested],
        "df": [np.nan if one is None else one.df for one in tested],
        "p_value": p_value,
        "p_adjusted": correct(p_value, "holm"),
    }
    return _frame(groups, columns, effects)


def _pair_effect(table: Table, n_levels: int) -> Effect:
    if table.shape[1] < 2:
        name = "odds_ratio" if n_levels == 2 else "cramers_v"
        return Effect(name, np.nan, np.nan, np.nan, "one level")
    if n_levels == 2:
        return odds_ratio(table, exact=is_sparse(table))
    return cramers_v(table)
