"""Effect sizes of numbers and ranks, each with an interval that agrees with its test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from clam_core.statistics.cohort.groups import Groups, midranks
from clam_core.statistics.effects.noncentral import (
    TAIL,
    noncentrality_chi2,
    noncentrality_f,
    noncentrality_t,
)
from clam_core.statistics.result import Effect, Values
from clam_core.statistics.significance.welch_and_order import classic_f, stochastic_order, welch_f

Z = 1.959963984540054
"""97.5 % quantile of the normal distribution."""


def mean_difference(groups: Groups) -> Effect:
    """Difference of two means in the variable's unit, first minus second cluster.

    Args:
        groups: Two clusters of numbers.

    Returns:
        The difference; its interval lies on one side of 0 just where Welch's test has p < 0.05.

    Source:
        Welch (1938), "The significance of the difference between two means when the population
        variances are unequal", Biometrika 29:350.
    """
    from scipy.special import stdtrit

    gap, error, df = _welch_parts(groups)
    width = float(stdtrit(df, 1 - TAIL)) * error
    return Effect("mean_difference", gap, gap - width, gap + width, "Welch's t")


def _welch_parts(groups: Groups) -> tuple[float, float, float]:
    """Difference of two means, its standard error and degrees of freedom."""
    means, parts = groups.means(), groups.variances() / groups.sizes
    df = float(parts.sum() ** 2 / (parts**2 / (groups.sizes - 1)).sum())
    return float(means[0] - means[1]), float(np.sqrt(parts.sum())), df


def hedges_g(groups: Groups) -> Effect:
    """Difference of two means over the root of their mean variance, first minus second cluster.

    Args:
        groups: Two clusters of numbers.

    Returns:
        Hedges' g with variances that are not pooled, as Welch's test has them: its interval
        excludes 0 just where that test has p < 0.05. NaN where nothing varies.

    Source:
        Delacre et al. (2021), "Why Hedges' g*s based on the non-pooled standard deviation should
        be reported with Welch's t-test", doi:10.31234/osf.io/tu6mp; Hedges (1981), J Educ Stat
        6:107, for the correction by the gamma function; as R's effectsize::hedges_g with
        pooled_sd = FALSE.
    """
    from scipy.special import gammaln

    variances = groups.variances()
    if not variances.sum() > 0:
        return Effect("hedges_g", np.nan, np.nan, np.nan, "nothing varies within the clusters")
    gap, error, df = _welch_parts(groups)
    spread = float(np.sqrt(variances.mean()))
    correction = np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2) if df > 1 else 1
    # The interval of the noncentrality of t = gap / error, times error / spread, is one of d.
    ends = noncentrality_t(gap / error, df)
    low, high = (float(correction * end * error / spread) for end in ends)
    method = "noncentral t of Welch's test, variances not pooled (Delacre et al. 2021)"
    return Effect("hedges_g", float(correction * gap / spread), low, high, method)


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


def eta_squared_h(groups: Groups) -> Effect:
    """Share of the variance of the ranks that lies between the clusters, bias-corrected.

    The estimate is (H - k + 1) / (n - k) with the H of Kruskal and Wallis, which R's users
    know as eta squared based on H; negative values are shown as 0. It is the epsilon squared of
    Kelley (1935) on ranks, but not what R calls rank epsilon squared, H / (n - 1).

    Source:
        Tomczak & Tomczak (2014), Trends Sport Sci 1:19, as R's rstatix::kruskal_effsize;
        interval by the noncentral F distribution on ranks, whose F is the one of Conover &
        Iman (1981), Am Stat 35:124.
    """
    statistic, residual = classic_f(midranks(groups.values), groups)
    df = groups.k - 1
    share = 1.0 if np.isinf(statistic) else df * statistic / (df * statistic + residual)
    # With H = (n - 1) share this is (H - k + 1) / (n - k).
    size = 1 - (groups.n - 1) / residual * (1 - share)
    _, low, high = share_of_f(statistic, df, residual, groups.n)
    method = "noncentral F on ranks (Conover & Iman 1981; Steiger 2004)"
    return Effect("eta_squared_h", float(max(size, 0.0)), low, high, method)


def agreeing(effect: Effect, p_value: float, df: float, n: int, fewest: int = 0) -> Effect:
    """A share of variance or V whose interval is on the side of 0 where its test is.

    Exact, permutation and rank tests have no noncentral distribution of their own. Where the
    interval would answer otherwise than they do, which is close to the level alone, its lower end
    is that of the chi-square with their p-value.

    Args:
        effect: An effect that cannot fall below 0.
        p_value: Of the test that stands beside it.
        df: Degrees of freedom between the clusters.
        n: Number of values.
        fewest: Of V: the smaller of clusters and levels, less 1; 0 for a share.

    Returns:
        The same; its lower end is 0 where p is 0.05 or more, and above 0 where it is less.
    """
    from scipy.special import chdtri

    if p_value >= 2 * TAIL:
        return replace(effect, ci_low=0.0)
    if effect.ci_low > 0:
        return effect
    noncentrality, _ = noncentrality_chi2(float(chdtri(df, p_value)), df)
    low = np.sqrt(noncentrality / n / fewest) if fewest else noncentrality / (noncentrality + n)
    return replace(effect, ci_low=float(min(low, effect.size)))


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
