"""Counts: their means compared with what label shuffles give.

A likelihood-ratio test of negative binomial means is not used: on counts with many
zeros it rejected a true null hypothesis in 0.3 % instead of 5 % of 1,000 shuffles.
"""

from __future__ import annotations

import numpy as np

from clam_core.statistics.cohort.groups import Groups
from clam_core.statistics.effects.contingency import Z
from clam_core.statistics.result import Effect, NotTestableError, Tested, Values
from clam_core.statistics.significance.permutation import share_as_extreme, shuffled_sums

LOG_ALPHA = (-12.0, 6.0)
"""Bounds of the log of the dispersion."""


def check_counts(values: Values) -> None:
    """Refuse values that are no counts.

    Raises:
        NotTestableError: If one is negative or not whole.
    """
    if (values < 0).any() or (values != np.floor(values)).any():
        raise NotTestableError("it holds values that are no counts (negative or not whole)")


def log_likelihood(values: Values, means: Values, alpha: float) -> float:
    """Log-likelihood of counts with variance mean + alpha * mean^2 (Poisson at alpha 0).

    Source:
        Lawless (1987), "Negative binomial and mixed Poisson regression", Can J Stat 15:209.
    """
    from scipy.special import gammaln, xlogy

    if alpha <= 0:
        return float((xlogy(values, means) - means - gammaln(values + 1)).sum())
    size = 1 / alpha
    terms = gammaln(values + size) - gammaln(size) - gammaln(values + 1)
    terms += xlogy(values, means * alpha) - (values + size) * np.log1p(alpha * means)
    return float(terms.sum())


def best_alpha(values: Values, means: Values) -> tuple[float, float]:
    """Dispersion of the highest likelihood at given means, and that likelihood."""
    from scipy.optimize import minimize_scalar

    optimum = minimize_scalar(
        lambda log: -log_likelihood(values, means, float(np.exp(log))),
        bounds=LOG_ALPHA,
        method="bounded",
        options={"xatol": 1e-4},
    )
    poisson = log_likelihood(values, means, 0.0)
    if poisson >= -optimum.fun:
        return 0.0, poisson
    return float(np.exp(optimum.x)), float(-optimum.fun)


def count_test(groups: Groups, n_resamples: int, rng: np.random.Generator) -> Tested:
    """Compare the mean counts of clusters with what shuffled labels give.

    Args:
        groups: Counts by cluster.
        n_resamples: Number of shuffles.
        rng: Their randomness.

    Returns:
        The test; its statistic is the Poisson deviance between the clusters' means. It asks
        whether the counts of the clusters could be exchanged, so that a difference in spread
        alone may be found too (26 % where it is large and sizes are unequal).

    Raises:
        NotTestableError: If the values are no counts.
    """
    check_counts(groups.values)
    shuffled = _deviance(shuffled_sums(groups.values, groups, n_resamples, rng), groups)
    observed = float(_deviance(groups.sums(groups.values)[None], groups)[0])
    why = (
        f"Mean counts; p comes from {n_resamples:,} label shuffles, which ask whether the counts "
        "of the clusters could be exchanged: a difference in spread alone may be found, too. The "
        "test beside it (HC2) compares the means whatever the spread."
    )
    p_value = share_as_extreme(observed, shuffled)
    return Tested("permutation of means", observed, groups.k - 1, np.nan, p_value, why)


def _deviance(sums: Values, groups: Groups) -> Values:
    from scipy.special import xlogy

    mean = groups.values.mean()
    total: Values = 2 * xlogy(sums, sums / (groups.sizes * mean)).sum(axis=-1)
    return total


def rate_ratio(groups: Groups) -> Effect:
    """Mean of the first cluster over that of the second.

    Args:
        groups: Counts of two clusters.

    Returns:
        The ratio; 0 or infinite where a cluster has no event, then without an interval.

    Source:
        Delta method on the log scale with the variance seen in each cluster, as in Agresti
        (2013), "Categorical data analysis", section 16.1.
    """
    means = groups.means()
    if (means == 0).any():
        size = float(np.inf if means[1] == 0 else 0.0)
        return Effect("rate_ratio", size, np.nan, np.nan, "none: a cluster has no event")
    log = float(np.log(means[0] / means[1]))
    width = Z * float(np.sqrt((groups.variances() / groups.sizes / means**2).sum()))
    size, low, high = (float(np.exp(x)) for x in (log, log - width, log + width))
    return Effect("rate_ratio", size, low, high, "delta method, variance of each cluster")
