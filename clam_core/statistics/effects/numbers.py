"""Effect sizes of numbers and ranks, each with a 95 % interval."""

from __future__ import annotations

import numpy as np

from clam_core.statistics.cohort.groups import Groups, midranks
from clam_core.statistics.effects.noncentral import (
    noncentrality_chi2,
    noncentrality_f,
    noncentrality_t,
)
from clam_core.statistics.result import Effect, Values
from clam_core.statistics.significance.welch_and_order import classic_f, stochastic_order, welch_f

Z = 1.959963984540054
"""97.5 % quantile of the normal distribution."""


def hedges_g(groups: Groups) -> Effect:
    """Difference of two means in pooled standard deviations, first minus second cluster.

    Args:
        groups: Two clusters of numbers.

    Returns:
        Hedges' g; NaN where nothing varies within the clusters.

    Source:
        Hedges (1981), J Educ Stat 6:107, for the correction by the gamma function;
        interval by the noncentral t distribution, Cumming & Finch (2001), Educ
        Psychol Meas 61:532. Equal variances are assumed.
    """
    from scipy.special import gammaln

    method = "noncentral t, pooled variance (Cumming & Finch 2001)"
    sizes, means = groups.sizes, groups.means()
    df = groups.n - 2
    pooled = float(((sizes - 1) * groups.variances()).sum() / df) if df > 0 else 0.0
    if pooled <= 0:
        return Effect("hedges_g", np.nan, np.nan, np.nan, "nothing varies within the clusters")
    scale = float(np.sqrt(1 / sizes[0] + 1 / sizes[1]))
    d = float(means[0] - means[1]) / np.sqrt(pooled)
    correction = np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2) if df > 1 else 1
    # t = d / scale: the interval of its noncentrality, times scale, is one of d.
    low, high = (float(correction * end * scale) for end in noncentrality_t(d / scale, df))
    return Effect("hedges_g", float(correction * d), low, high, method)


def standardized_mean_difference(groups: Groups) -> Effect:
    """Difference of two means over the root of their mean variance, first minus second.

    Source:
        Austin (2009), Stat Med 28:3083; standard error of Hedges & Olkin (1985), normal.
    """
    means, variances = groups.means(), groups.variances()
    spread = float(np.sqrt(variances.mean()))
    method = "normal, standard error of Hedges & Olkin (1985)"
    name = "standardized_mean_difference"
    if spread == 0:
        return Effect(name, np.nan, np.nan, np.nan, "nothing varies within the clusters")
    return _with_smd_interval(name, float(means[0] - means[1]) / spread, groups.sizes, method)


def _with_smd_interval(name: str, size: float, sizes: Values, method: str) -> Effect:
    error = np.sqrt(sizes.sum() / sizes.prod() + size**2 / (2 * sizes.sum()))
    return Effect(name, size, float(size - Z * error), float(size + Z * error), method)


def share_of_f(statistic: float, df: float, df_residual: float, n: int) -> tuple[float, ...]:
    """Share of variance (bias-corrected) that an F statistic stands for, with its interval.

    Args:
        statistic: F.
        df: Degrees of freedom of the numerator.
        df_residual: Degrees of freedom of the denominator.
        n: Number of values.

    Returns:
        Share, lower and upper end, each in [0, 1].

    Source:
        Kirk (1996), Educ Psychol Meas 56:746, equation for omega squared; the interval
        is ncp / (ncp + n) of the noncentral F distribution, Steiger (2004), Psychol
        Methods 9:164.
    """
    low, high = noncentrality_f(statistic, df, df_residual)
    return _shares(df * (statistic - 1), low, high, n)


def _shares(excess: float, low: float, high: float, n: int) -> tuple[float, ...]:
    """Shares x / (x + n) of a noncentrality estimate and its interval."""

    def share(noncentrality: float) -> float:
        return 1.0 if np.isinf(noncentrality) else float(noncentrality / (noncentrality + n))

    return share(max(excess, 0.0)), share(low), share(high)


def share_of_chi2(statistic: float, df: float, n: int) -> tuple[float, ...]:
    """Share of variance (bias-corrected) that a chi-square statistic stands for, with its interval.

    Args:
        statistic: Chi-square, such as a likelihood ratio.
        df: Degrees of freedom.
        n: Number of values.

    Returns:
        Share, lower and upper end, each in [0, 1].

    Source:
        ncp / (ncp + n) of the noncentral chi-square distribution, as `share_of_f` for
        many residual degrees of freedom.
    """
    low, high = noncentrality_chi2(statistic, df)
    return _shares(statistic - df, low, high, n)


def omega_squared(groups: Groups) -> Effect:
    """Share of the variance between clusters, from Welch's F, so that it fits Welch's test.

    Source:
        See `share_of_f`; Welch's F is noncentral F with the sum of n (mean - mean)^2 /
        variance as noncentrality, Jan & Shieh (2014), Br J Math Stat Psychol 67:72.
    """
    method = "noncentral F on Welch's F (Steiger 2004; Jan & Shieh 2014)"
    statistic, df_residual = welch_f(groups)
    size, low, high = share_of_f(statistic, groups.k - 1, df_residual, groups.n)
    return Effect("omega_squared", size, low, high, method)


def eta_squared(groups: Groups) -> Effect:
    """Share of the sum of squares that lies between the clusters; biased upward in small samples.

    Source:
        Interval by the noncentral F distribution, Steiger (2004), Psychol Methods 9:164;
        equal variances are assumed.
    """
    statistic, residual = classic_f(groups.values, groups)
    df = groups.k - 1
    size = df * statistic / (df * statistic + residual) if np.isfinite(statistic) else 1.0
    _, low, high = share_of_f(statistic, df, residual, groups.n)
    return Effect("eta_squared", float(size), low, high, "noncentral F (Steiger 2004)")


def epsilon_squared(groups: Groups) -> Effect:
    """Share of the variance of the ranks that lies between the clusters, bias-corrected.

    The estimate is (H - k + 1) / (n - k) with the H of Kruskal and Wallis, which
    some authors call eta squared of H; negative values are shown as 0.

    Source:
        Kelley (1935), PNAS 21:554; interval by the noncentral F distribution on ranks,
        whose F is the one of Conover & Iman (1981), Am Stat 35:124.
    """
    statistic, residual = classic_f(midranks(groups.values), groups)
    df = groups.k - 1
    share = 1.0 if np.isinf(statistic) else df * statistic / (df * statistic + residual)
    # With H = (n - 1) share this is (H - k + 1) / (n - k).
    size = 1 - (groups.n - 1) / residual * (1 - share)
    _, low, high = share_of_f(statistic, df, residual, groups.n)
    method = "noncentral F on ranks (Conover & Iman 1981; Steiger 2004)"
    return Effect("epsilon_squared", float(max(size, 0.0)), low, high, method)


def rank_biserial(groups: Groups) -> Effect:
    """Chance that a value of the first cluster is larger, minus that it is smaller.

    Args:
        groups: Two clusters of numbers or ordered codes.

    Returns:
        Rank-biserial correlation (Cliff's delta) in [-1, 1]; ties count for neither.

    Source:
        Brunner & Munzel (2000), Biom J 42:17, for the variance, on the logit scale;
        where the clusters do not overlap, method 5 of Newcombe (2006), Stat Med 25:559.
    """
    chance, error, df = stochastic_order(groups)
    name, size = "rank_biserial", 2 * chance - 1
    if error == 0 or chance in {0.0, 1.0}:
        low, high = _newcombe_interval(chance, groups.sizes)
        return Effect(name, size, 2 * low - 1, 2 * high - 1, "Newcombe (2006), method 5")
    from scipy.special import expit, logit, stdtrit

    # Delta method: the derivative of logit(p) is 1 / (p (1 - p)).
    width = stdtrit(df, 0.975) * error / (chance * (1 - chance))
    low, high = expit(logit(chance) - width), expit(logit(chance) + width)
    method = "Brunner & Munzel (2000), logit scale"
    return Effect(name, size, float(2 * low - 1), float(2 * high - 1), method)


def _newcombe_interval(chance: float, sizes: Values) -> tuple[float, float]:
    from scipy.optimize import brentq

    mean_size = float(sizes.sum()) / 2 - 1

    def distance(theta: float) -> float:
        spread = theta * (1 - theta)
        spread *= 1 + mean_size * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        return float((chance - theta) ** 2 - Z**2 * spread / sizes.prod())

    low = 0.0 if chance == 0 else float(brentq(distance, 1e-12, chance - 1e-12))
    high = 1.0 if chance == 1 else float(brentq(distance, chance + 1e-12, 1 - 1e-12))
    return low, high
