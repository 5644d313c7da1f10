"""Intraclass correlation of numbers that several readers gave to the same scans."""

from __future__ import annotations

from typing import Literal

from scipy import stats

from clam_core.reading_study.agreement.kappa import Coefficient
from clam_core.reading_study.agreement.resampling import Floats


def intraclass(values: Floats, kind: Literal["2,1", "3,1"]) -> Coefficient:
    """ICC(2,1), absolute agreement, or ICC(3,1), consistency, of a single reader.

    Shrout and Fleiss, Psychol Bull 1979;86:420-428; intervals by F as in McGraw and Wong,
    Psychol Methods 1996;1:30-46.

    Args:
        values: Shape (n_scans, n_readers), none missing.
        kind: Readers drawn from many (`2,1`), or these readers alone (`3,1`).
    """
    n, k = values.shape
    if n < 3 or k < 2:
        return Coefficient(float("nan"), float("nan"), float("nan"), n)
    of_scans, of_readers, rest = _mean_squares(values)
    if max(of_scans, of_readers, rest) <= 0:
        return Coefficient(float("nan"), float("nan"), float("nan"), n)
    if kind == "3,1":
        value = (of_scans - rest) / (of_scans + (k - 1) * rest)
        return Coefficient(float(value), *_limits_3(of_scans, rest, n, k), n)
    between = k * (of_readers - rest) / n
    value = (of_scans - rest) / (of_scans + (k - 1) * rest + between)
    return Coefficient(float(value), *_limits_2(of_scans, of_readers, rest, value, (n, k)), n)


def _mean_squares(values: Floats) -> tuple[float, float, float]:
    """Mean squares of scans, of readers, and of the rest (two-way, one value per cell)."""
    n, k = values.shape
    mean = values.mean()
    scans, readers = values.mean(axis=1), values.mean(axis=0)
    of_scans = k * ((scans - mean) ** 2).sum() / (n - 1)
    of_readers = n * ((readers - mean) ** 2).sum() / (k - 1)
    rest = ((values - scans[:, None] - readers + mean) ** 2).sum() / ((n - 1) * (k - 1))
    return float(of_scans), float(of_readers), float(rest)


def _limits_3(of_scans: float, rest: float, n: int, k: int) -> tuple[float, float]:
    if rest == 0:
        return 1.0, 1.0
    ratio, free, also = of_scans / rest, n - 1, (n - 1) * (k - 1)
    low = ratio / stats.f.ppf(0.975, free, also)
    high = ratio * stats.f.ppf(0.975, also, free)
    return float((low - 1) / (low + k - 1)), float((high - 1) / (high + k - 1))


def _limits_2(
    of_scans: float, of_readers: float, rest: float, value: float, size: tuple[int, int]
) -> tuple[float, float]:
    n, k = size
    if rest == 0 and of_readers == 0:
        return 1.0, 1.0
    a = k * value / (n * (1 - value))
    b = 1 + k * value * (n - 1) / (n * (1 - value))
    free = (a * of_readers + b * rest) ** 2 / (
        (a * of_readers) ** 2 / (k - 1) + (b * rest) ** 2 / ((n - 1) * (k - 1))
    )
    below, above = stats.f.ppf(0.975, n - 1, free), stats.f.ppf(0.975, free, n - 1)
    noise = k * of_readers + (k * n - k - n) * rest
    low = n * (of_scans - below * rest) / (below * noise + n * of_scans)
    high = n * (above * of_scans - rest) / (noise + n * above * of_scans)
    return float(low), float(high)
