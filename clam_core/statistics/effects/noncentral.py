"""Intervals by inverting the noncentral t, F and chi-square distributions.

The interval of a noncentrality holds every value under which the observed statistic lies
within the middle of its distribution. Of t it holds 95 %, of F and chi-square 90 %: their
tests look at one side, and so the interval lies above 0 just where the test has p < 0.05.

Source:
    Steiger & Fouladi (1997), "Noncentrality interval estimation and the evaluation
    of statistical models", in "What if there were no significance tests?".
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

TAIL = 0.025
"""Probability left out on each side of an interval of t, which has two sides."""

UPPER_TAIL = 0.05
"""The same of F and chi-square: the level of their test, so that both agree."""

_LARGEST = 1e6


def _bisect(function: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq

    return float(brentq(function, low, high, xtol=1e-9, rtol=1e-10))


def _limit(distribution: Callable[[float], float], level: float) -> float:
    """Noncentrality at which a falling distribution function has a level; 0 if it never does."""
    if not distribution(0.0) > level:
        return 0.0
    high = 1.0
    while distribution(high) > level:
        high *= 4
        if high > _LARGEST:
            return np.inf
    return _bisect(lambda ncp: distribution(ncp) - level, high / 4 if high > 1 else 0.0, high)


def noncentrality_f(statistic: float, df: float, df_residual: float) -> tuple[float, float]:
    """90 % interval of the noncentrality of an F statistic, from 0 to infinity."""
    from scipy.special import ncfdtr

    if statistic <= 0:
        return 0.0, 0.0
    if statistic * df > _LARGEST / 10:
        return np.inf, np.inf
    tails = (1 - UPPER_TAIL, UPPER_TAIL)
    low, high = (_limit(lambda x: ncfdtr(df, df_residual, x, statistic), t) for t in tails)
    return low, high


def noncentrality_chi2(statistic: float, df: float) -> tuple[float, float]:
    """90 % interval of the noncentrality of a chi-square statistic, from 0 to infinity."""
    from scipy.special import chndtr

    if statistic <= 0:
        return 0.0, 0.0
    tails = (1 - UPPER_TAIL, UPPER_TAIL)
    low, high = (_limit(lambda x: chndtr(statistic, df, x), t) for t in tails)
    return low, high


def noncentrality_t(statistic: float, df: float) -> tuple[float, float]:
    """95 % interval of the noncentrality of a t statistic."""
    from scipy.special import nctdtr

    if abs(statistic) > 1e4:
        return -np.inf, np.inf
    ends = []
    for level in (1 - TAIL, TAIL):
        width = 3.0 + abs(statistic) / np.sqrt(df)
        while nctdtr(df, statistic - width, statistic) < level:
            width *= 2
        up = 3.0 + abs(statistic) / np.sqrt(df)
        while nctdtr(df, statistic + up, statistic) > level:
            up *= 2
        function = _shifted(df, statistic, level)
        ends.append(_bisect(function, statistic - width, statistic + up))
    return ends[0], ends[1]


def _shifted(df: float, statistic: float, level: float) -> Callable[[float], float]:
    from scipy.special import nctdtr

    return lambda ncp: float(nctdtr(df, ncp, statistic)) - level
