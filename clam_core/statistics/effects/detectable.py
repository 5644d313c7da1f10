"""The smallest effect that this many subjects would reveal; never the power of what was found."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from clam_core.statistics.result import Values


def detectable_share(sizes: Values, power: float, alpha: float = 0.05) -> float:
    """Smallest share of variance between clusters that an F test finds with a given power.

    Args:
        sizes: Values per cluster, shape (k,).
        power: Probability of finding it.
        alpha: Significance level.

    Returns:
        f^2 / (1 + f^2) for Cohen's f with equal variances.

    Source:
        Cohen (1988), "Statistical power analysis", chapter 8.
    """
    from scipy.special import fdtri, ncfdtr

    n, df = float(sizes.sum()), len(sizes) - 1
    residual = n - len(sizes)
    if residual < 1:
        return np.nan
    critical = fdtri(df, residual, 1 - alpha)
    needed = _solve(lambda ncp: 1 - float(ncfdtr(df, residual, ncp, critical)), power)
    # The noncentrality is n f^2, so this is f^2 / (1 + f^2).
    return needed / (needed + n)


def detectable_g(sizes: Values, power: float, alpha: float = 0.05) -> float:
    """Smallest standardized difference of two means that a t test finds with a given power.

    Args:
        sizes: Values of the two clusters, shape (2,).
        power: Probability of finding it.
        alpha: Significance level, two-sided.

    Returns:
        Cohen's d.
    """
    from scipy.special import nctdtr, stdtrit

    df = float(sizes.sum()) - 2
    if df < 1:
        return np.nan
    critical, scale = float(stdtrit(df, 1 - alpha / 2)), float(np.sqrt((1 / sizes).sum()))

    def found(ncp: float) -> float:
        return 1 - float(nctdtr(df, ncp, critical)) + float(nctdtr(df, ncp, -critical))

    # The noncentrality of t is d / sqrt(1 / n1 + 1 / n2).
    return _solve(found, power) * scale


def detectable_v(n: int, shape: tuple[int, int], power: float, alpha: float = 0.05) -> float:
    """Smallest Cramer's V that a chi-square test finds with a given power.

    Args:
        n: Number of values.
        shape: Clusters and levels.
        power: Probability of finding it.
        alpha: Significance level.

    Returns:
        V, at most 1.

    Source:
        Cohen (1988), "Statistical power analysis", chapter 7.
    """
    from scipy.special import chdtri, chndtr

    df = (shape[0] - 1) * (shape[1] - 1)
    critical = float(chdtri(df, alpha))
    needed = _solve(lambda ncp: 1 - float(chndtr(critical, df, ncp)), power)
    return float(min(1.0, np.sqrt(needed / n / (min(shape) - 1))))


def _solve(found: Callable[[float], float], power: float) -> float:
    """Noncentrality at which a test has a power."""
    from scipy.optimize import brentq

    high = 4.0
    while found(high) < power:
        high *= 2
    # Near 0 the power is alpha, which lies below any power that can be asked for.
    return float(brentq(lambda ncp: found(ncp) - power, 1e-9, high, xtol=1e-10))
