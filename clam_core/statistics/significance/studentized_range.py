"""The studentized range distribution by quadrature, for many pairs at once.

scipy's version takes about 10 ms per value; a table of 300 variables needs thousands.

Source:
    Copenhaver & Holland (1988), "Computation of the distribution of the maximum
    studentized range statistic", J Stat Comput Simul 30:1, for the double integral.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from clam_core.statistics.result import Values

_N_OUTER, _N_INNER = 48, 72


@lru_cache(maxsize=4)
def _nodes(count: int) -> tuple[Values, Values]:
    points, weights = np.polynomial.legendre.leggauss(count)
    return points, weights


def _range_tail(width: Values, k: int) -> Values:
    """P(range of k standard normal values > width), any shape."""
    from scipy.special import ndtr

    points, weights = _nodes(_N_INNER)
    # At 8.5 the normal density is 2e-16 of its peak: beyond it nothing is left to add.
    z = 8.5 * points
    density = 8.5 * weights * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    above = ndtr(z)
    inside = np.minimum(ndtr(z - width[..., None]) / above, 1 - 1e-16)
    # Phi^(k-1) - (Phi(z) - Phi(z - w))^(k-1) over Phi^(k-1), without cancellation in far tails.
    lost = -np.expm1((k - 1) * np.log1p(-inside))
    tail: Values = k * (density * above ** (k - 1) * lost).sum(axis=-1)
    return tail


def studentized_range_tail(statistic: Values, k: int, df: Values) -> Values:
    """P(Q > statistic) for the range of k means over an independent standard deviation.

    Args:
        statistic: Shape (n,), 0 or more.
        k: Number of means.
        df: Degrees of freedom of the standard deviation, shape (n,).

    Returns:
        Upper tail, shape (n,).
    """
    from scipy.special import gammainccinv, gammaincinv, gammaln

    half = np.asarray(df, dtype=np.float64)[:, None] / 2
    # All but 1e-13 of the standard deviation's distribution on either side.
    low = np.sqrt(gammaincinv(half, 1e-13) / half)
    high = np.sqrt(gammainccinv(half, 1e-13) / half)
    points, weights = _nodes(_N_OUTER)
    s = low + (high - low) * (points + 1) / 2
    log_density = np.log(2) + half * np.log(half) - gammaln(half)
    log_density = log_density + (2 * half - 1) * np.log(s) - half * s**2
    density = (high - low) / 2 * weights * np.exp(log_density)
    tail: Values = (density * _range_tail(np.asarray(statistic)[:, None] * s, k)).sum(axis=-1)
    return np.clip(tail, 0.0, 1.0)


def studentized_range_quantile(level: float, k: int, df: Values) -> Values:
    """Statistic that is exceeded with probability `level`, by interpolation over 1 / df.

    Args:
        level: Probability in (0, 1).
        k: Number of means.
        df: Degrees of freedom, 1 or more, shape (n,).

    Returns:
        Quantiles, shape (n,), right to 1e-4 of their size (1e-2 for df below 2).
    """
    curve = _quantile_curve(level, k)
    return np.asarray(np.exp(curve(1 / np.maximum(df, 1.0))), dtype=np.float64)


@lru_cache(maxsize=64)
def _quantile_curve(level: float, k: int) -> np.polynomial.Chebyshev:
    """Log of the quantile as a polynomial of 1 / df."""
    return np.polynomial.Chebyshev.interpolate(
        lambda inverse: np.log(_solve_quantile(level, k, 1 / inverse)), 15, domain=[0.0, 1.0]
    )


def _solve_quantile(level: float, k: int, df: Values) -> Values:
    """Quantiles by bisection on the log scale."""
    low, high = np.full(len(df), -3.0), np.full(len(df), 7.0)
    for _ in range(34):
        middle = (low + high) / 2
        above = studentized_range_tail(np.exp(middle), k, df) > level
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray(np.exp((low + high) / 2), dtype=np.float64)
