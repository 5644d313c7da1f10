"""Statistics that tests and effect sizes share."""

from __future__ import annotations

import numpy as np

from clam_core.statistics.cohort.groups import Groups, midranks
from clam_core.statistics.result import Values


def welch_f(groups: Groups) -> tuple[float, float]:
    """Welch's F and its residual degrees of freedom.

    Source:
        Welch (1951), "On the comparison of several mean values", Biometrika 38:330.
    """
    sizes, means, k = groups.sizes, groups.means(), groups.k
    weights = sizes / groups.variances()
    share = weights / weights.sum()
    between = float((weights * (means - (share * means).sum()) ** 2).sum()) / (k - 1)
    lack = float(((1 - share) ** 2 / (sizes - 1)).sum())
    statistic = between / (1 + 2 * (k - 2) / (k**2 - 1) * lack)
    return statistic, (k**2 - 1) / (3 * lack)


def classic_f(scores: Values, groups: Groups) -> tuple[float, float]:
    """F of a one-way analysis of variance, and its residual degrees of freedom."""
    sums = groups.sums(scores)
    between = float((sums**2 / groups.sizes).sum() - scores.sum() ** 2 / groups.n)
    total = float(((scores - scores.mean()) ** 2).sum())
    residual = groups.n - groups.k
    within = total - between
    # What is left is rounding.
    if within <= 1e-12 * total:
        return np.inf, residual
    return (between / (groups.k - 1)) / (within / residual), residual


def stochastic_order(groups: Groups) -> tuple[float, float, float]:
    """P(first > second) + P(tie) / 2 of two clusters, its standard error and df.

    Source:
        Brunner & Munzel (2000), Biom J 42:17.
    """
    sizes = groups.sizes
    ranks = midranks(groups.values)
    # Rank among all less rank among its own: how many of the other cluster lie below.
    placements = [
        ranks[groups.codes == c] - midranks(groups.values[groups.codes == c]) for c in (0, 1)
    ]
    chance = float(placements[0].mean() / sizes[1])
    parts = np.array([placements[c].var(ddof=1) / (sizes[1 - c] ** 2 * sizes[c]) for c in (0, 1)])
    variance = float(parts.sum())
    if variance == 0:
        return chance, 0.0, np.nan
    df = variance**2 / float((parts**2 / (sizes - 1)).sum())
    return chance, float(np.sqrt(variance)), df
