"""Limits of agreement: how far two readers may lie apart on one scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from clam_core.reading_study.agreement.resampling import Floats


@dataclass(frozen=True)
class Limits:
    """Difference of two readers, first minus second, in the unit of the values.

    Attributes:
        bias: Mean difference, with its 95 % interval.
        lower: 95 % of differences lie above, with the interval of this limit.
        upper: 95 % of differences lie below, with the interval of this limit.
        n: Scans.
    """

    bias: tuple[float, float, float]
    lower: tuple[float, float, float]
    upper: tuple[float, float, float]
    n: int


def limits_of_agreement(first: Floats, second: Floats) -> Limits:
    """Bias and limits of agreement.

    Bland and Altman, Lancet 1986;1:307-310; a limit has the variance 3 s^2 / n.

    Args:
        first: Values of one reader, shape (n_scans,).
        second: Values of the other.
    """
    differences = first - second
    n = len(differences)
    if n < 3:
        none = (float("nan"),) * 3
        return Limits(none, none, none, n)
    mean, spread = float(differences.mean()), float(differences.std(ddof=1))
    t = float(stats.t.ppf(0.975, n - 1))

    def around(value: float, error: float) -> tuple[float, float, float]:
        return value, value - t * error, value + t * error

    of_mean, of_limit = spread / np.sqrt(n), spread * np.sqrt(3 / n)
    return Limits(
        around(mean, of_mean),
        around(mean - 1.96 * spread, of_limit),
        around(mean + 1.96 * spread, of_limit),
        n,
    )
