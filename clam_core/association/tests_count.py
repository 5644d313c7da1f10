"""Counts: negative binomial likelihood-ratio test, or label shuffles where they are few."""

from __future__ import annotations

import numpy as np

from clam_core.association.effects_tables import Z
from clam_core.association.groups import Groups
from clam_core.association.permutation import share_as_extreme, shuffled_sums
from clam_core.association.result import Effect, NotTestableError, Tested, Values

FEW_VALUES, FEW_EVENTS = 20, 20
"""Below these numbers in a cluster, the likelihood-ratio test gives way to shuffles."""

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

    found = minimize_scalar(
        lambda log: -log_likelihood(values, means, float(np.exp(log))),
        bounds=LOG_ALPHA,
        method="bounded",
        options={"xatol": 1e-4},
    )
    poisson = log_likelihood(values, means, 0.0)
    if poisson >= -found.fun:
        return 0.0, poisson
    return float(np.exp(found.x)), float(-found.fun)


def negative_binomial_test(groups: Groups) -> Tested:
    """Likelihood-ratio test of one mean per cluster against one mean for all.

    Args:
        groups: Counts by cluster.

    Returns:
        The test, chi-square with k - 1 degrees of freedom.
    """
    from scipy.special import chdtrc

    values = groups.values
    _, one = best_alpha(values, np.full(groups.n, values.mean()))
    _, each = best_alpha(values, groups.means()[groups.codes])
    statistic, df = max(0.0, 2 * (each - one)), groups.k - 1
    why = "Means of counts, with a dispersion that is estimated from them."
    p_value = float(chdtrc(df, statistic))
    return Tested("negative binomial, likelihood ratio", statistic, df, np.nan, p_value, why)


def permuted_means(groups: Groups, n_resamples: int, rng: np.random.Generator) -> Tested:
    """Compare the means of clusters with what shuffled labels give.

    Args:
        groups: Counts by cluster.
        n_resamples: Number of shuffles.
        rng: Their randomness.

    Returns:
        The test; its statistic is the Poisson deviance between the clusters' means.
    """
    shuffled = _deviance(shuffled_sums(groups.values, groups, n_resamples, rng), groups)
    observed = float(_deviance(groups.sums(groups.values)[None], groups)[0])
    why = (
        f"Means of counts; a cluster has fewer than {FEW_VALUES} values or {FEW_EVENTS} events, "
        f"so p comes from {n_resamples:,} label shuffles."
    )
    p_value = share_as_extreme(observed, shuffled)
    return Tested("permutation of means", observed, groups.k - 1, np.nan, p_value, why)


def _deviance(sums: Values, groups: Groups) -> Values:
    from scipy.special import xlogy

    mean = groups.values.mean()
    total: Values = 2 * xlogy(sums, sums / (groups.sizes * mean)).sum(axis=-1)
    return total


def count_test(groups: Groups, n_resamples: int, rng: np.random.Generator) -> Tested:
    """Test counts by the method that their number allows.

    Args:
        groups: Counts by cluster.
        n_resamples: Shuffles where a cluster has few values or events.
        rng: Their randomness.

    Returns:
        The negative binomial test, or the permutation of means.

    Raises:
        NotTestableError: If the values are no counts.
    """
    check_counts(groups.values)
    few = groups.sizes.min() < FEW_VALUES or groups.sums(groups.values).min() < FEW_EVENTS
    return permuted_means(groups, n_resamples, rng) if few else negative_binomial_test(groups)


def rate_ratio(groups: Groups) -> Effect:
    """Mean of the first cluster over that of the second.

    Args:
        groups: Counts of two clusters.

    Returns:
        The ratio; 0 or infinite where a cluster has no event, then without an interval.

    Source:
        Wald interval of the log ratio under variance mean + alpha * mean^2, Lawless (1987).
    """
    means, sizes = groups.means(), groups.sizes
    method = "negative binomial, Wald on the log scale (Lawless 1987)"
    if (means == 0).any():
        size = float(np.inf if means[1] == 0 else 0.0)
        return Effect("rate_ratio", size, np.nan, np.nan, "none: a cluster has no event")
    alpha, _ = best_alpha(groups.values, means[groups.codes])
    log = float(np.log(means[0] / means[1]))
    width = Z * float(np.sqrt(((1 / means + alpha) / sizes).sum()))
    size, low, high = (float(np.exp(x)) for x in (log, log - width, log + width))
    return Effect("rate_ratio", size, low, high, method)
