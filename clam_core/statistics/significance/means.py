"""Tests of means (Welch) and of ranks for continuous variables; no test of normality before."""

from __future__ import annotations

import numpy as np

from clam_core.statistics.cohort.groups import Groups
from clam_core.statistics.result import NotTestableError, Tested
from clam_core.statistics.significance.ranks import rank_test
from clam_core.statistics.significance.welch_and_order import welch_f

_WHY = (
    "Means of a continuous variable, without assuming equal variances; chosen beforehand, "
    "not by a test of normality."
)


def welch_test(groups: Groups) -> Tested:
    """Compare means by Welch's t test (two clusters) or Welch's analysis of variance.

    Args:
        groups: Numbers by cluster, two or more per cluster.

    Returns:
        The test; t is positive if the first cluster's mean is larger.

    Raises:
        NotTestableError: If a cluster's values are all the same.
    """
    from scipy.special import fdtrc, stdtr

    if not (groups.variances() > 0).all():
        raise NotTestableError("nothing varies within a cluster")
    statistic, df_residual = welch_f(groups)
    if groups.k > 2:
        p_value = float(fdtrc(groups.k - 1, df_residual, statistic))
        return Tested("Welch ANOVA", statistic, groups.k - 1, df_residual, p_value, _WHY)
    means = groups.means()
    t = float(np.sign(means[0] - means[1]) * np.sqrt(statistic))
    p_value = float(2 * stdtr(df_residual, -abs(t)))
    return Tested("Welch t test", t, df_residual, np.nan, p_value, _WHY)


def mean_test(groups: Groups, n_resamples: int, rng: np.random.Generator) -> Tested:
    """Welch's test, or a rank test where nothing varies within a cluster.

    Args:
        groups: Numbers by cluster.
        n_resamples: Shuffles of a permutation test.
        rng: Its randomness.

    Returns:
        The test; its `why` says which case it was.
    """
    # Relative, as rounding leaves a tiny variance in a cluster of equal values.
    if (groups.variances() > 1e-20 * groups.values.var()).all():
        return welch_test(groups)
    by_ranks = rank_test(groups, n_resamples, rng)
    why = "Ranks, since nothing varies within a cluster and Welch's test needs a variance there."
    return Tested(
        by_ranks.test, by_ranks.statistic, by_ranks.df, by_ranks.df_residual, by_ranks.p_value, why
    )
