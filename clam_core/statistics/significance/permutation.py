"""Label shuffles: cluster sums of scores, and tables with fixed margins."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from clam_core.statistics.cohort.groups import Groups, table_of
from clam_core.statistics.result import Values

_MANY_LEVELS = 60
_CELLS_AT_ONCE = 2_000_000

Statistic = Callable[[Values], Values]
"""Cluster sums of shape (n_shuffles, k) to one number per shuffle."""


def random_tables(
    table: NDArray[np.int64], n_resamples: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Tables with the margins of `table`, as shuffling the labels would give them.

    Returns:
        Shape (n_resamples, rows, columns).

    Source:
        Patefield (1981), algorithm AS 159, as in scipy.
    """
    from scipy.stats import random_table

    drawn = random_table(table.sum(axis=1), table.sum(axis=0)).rvs(n_resamples, random_state=rng)
    return np.asarray(drawn, dtype=np.int64).reshape(n_resamples, *table.shape)


def shuffled_sums(
    scores: Values, groups: Groups, n_resamples: int, rng: np.random.Generator
) -> Values:
    """Sum of scores per cluster after the labels were shuffled.

    Args:
        scores: One number per value, a function of the value alone, shape (n,).
        groups: The values with their clusters.
        n_resamples: Number of shuffles.
        rng: Their randomness.

    Returns:
        Shape (n_resamples, k).
    """
    levels, first = np.unique(groups.values, return_index=True)
    if len(levels) <= _MANY_LEVELS:
        # Few levels: how many of each fall to a cluster is drawn much faster than whole shuffles.
        tables = random_tables(table_of(groups), n_resamples, rng)
        sums: Values = tables @ scores[first]
        return sums
    edges = np.concatenate([[0], np.cumsum(groups.sizes)[:-1]]).astype(np.intp)
    step = max(1, _CELLS_AT_ONCE // groups.n)
    parts = []
    for start in range(0, n_resamples, step):
        count = min(step, n_resamples - start)
        shuffled = rng.permuted(np.tile(scores, (count, 1)), axis=1)
        parts.append(np.add.reduceat(shuffled, edges, axis=1))
    return np.concatenate(parts)


def share_as_extreme(observed: float, shuffled: Values) -> float:
    """P-value of a permutation test: (1 + shuffles at least as extreme) / (1 + shuffles).

    Source:
        Phipson & Smyth (2010), Stat Appl Genet Mol Biol 9:39.
    """
    # Shuffles that give the observed value but for rounding are as extreme.
    slack = 1e-9 * max(1.0, abs(observed))
    return float((1 + (shuffled >= observed - slack).sum()) / (1 + len(shuffled)))
