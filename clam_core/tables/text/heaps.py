"""Numbers of a body in two units: the size of each tells which, or that there are two heaps."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import median

from clam_core.tables.text.header_words import header_words

_SIZES: dict[str, tuple[tuple[str, float, float], ...]] = {
    "Height": (("m", 1.0, 2.3), ("ft", 3.3, 7.6), ("in", 45, 90), ("cm", 100, 230)),
    "Temperature": (("°C", 30, 44), ("°F", 86, 113)),
    "Waist": (("in", 20, 58), ("cm", 62, 180)),
}
"""Sizes in each unit that exclude each other."""

_WORDS = {
    "Temperature": {"temp", "temperature", "temperatur", "fever", "fieber", "temperatura"},
    "Waist": {"waist", "taillenumfang", "bauchumfang", "cintura"},
}
_POUNDS = 2.20462
_DIFFUSION, _SI_DIFFUSION, _DIFFUSION_NEAR = {"DLCO", "TLCO"}, 2.986, 0.25
_GAP = 1.15
_LEAST, _CLEAR = 2, 0.95
_FEWEST, _LEAST_POUNDS, _LEAST_SHARE = 8, 3, 0.15
_NEAR, _NOT_FAR, _WIDTH, _VALLEY = 0.13, 0.2, 0.1, 0.4


def two_units(name: str, term: str, numbers: list[float]) -> tuple[str, str, float] | None:
    """Two units in which the numbers of a body's measure may be.

    Args:
        name: Name of the column.
        term: What the vocabulary calls it; empty if it does not know it.
        numbers: Its numbers, each as often as it occurs, without codes.

    Returns:
        Both units, of the small and of the large numbers, and the largest of the small; None
        where there is no doubt.
    """
    ordered = sorted(number for number in numbers if number > 0)
    if term == "Weight":
        cut = _cut_of_weights(ordered)
        return None if cut is None else ("kg", "lb", cut)
    if term in _DIFFUSION:
        cut = _cut_of_diffusion(ordered)
        return None if cut is None else ("mmol/min/kPa", "mL/min/mmHg", cut)
    words = set(header_words(name))
    kind = term if term in _SIZES else next((k for k, w in _WORDS.items() if words & w), "")
    if not kind:
        return None
    heaps = [(unit, [n for n in ordered if low <= n <= high]) for unit, low, high in _SIZES[kind]]
    found = [(unit, heap) for unit, heap in heaps if len(heap) >= _LEAST]
    if sum(len(heap) for _, heap in found) < _CLEAR * len(ordered):
        return None
    for (small, low), (large, high) in pairwise(found):
        if high[0] >= _GAP * low[-1]:
            return small, large, low[-1]
    return None


def _cut_of_weights(ordered: list[float]) -> float | None:
    """Largest of the kilograms where pounds lie above them; None where all may be one unit.

    Weights of people differ by a factor of two anyway. So either some stand apart by a gap at
    about 2.2 times the median of the rest, or there are two heaps with a valley between them.
    """
    if len(ordered) < _FEWEST:
        return None
    logs = [math.log(number) for number in ordered]
    gaps = [b - a for a, b in pairwise(logs)]
    n = max(range(len(gaps)), key=gaps.__getitem__) + 1
    if gaps[n - 1] >= math.log(_GAP) and _is_pounds(logs[:n], logs[n:], _NEAR):
        return ordered[n - 1]
    n = max(range(1, len(logs)), key=lambda n: _between(logs, n))
    low, high = logs[:n], logs[n:]
    enough = min(len(low), len(high)) >= _LEAST_SHARE * len(logs)
    if enough and _is_pounds(low, high, _NOT_FAR) and _is_valley(low, high):
        return ordered[n - 1]
    return None


def _cut_of_diffusion(ordered: list[float]) -> float | None:
    """Largest of the SI values where traditional ones, 2.986 times as large, lie above them.

    Half and half of one cohort are told in two of three cohorts whose logarithms spread by 0.3, and
    hardly where they spread by 0.4; in cohorts of one unit nothing was told (1,500 simulated).
    """
    if len(ordered) < _FEWEST:
        return None
    logs = [math.log(number) for number in ordered]
    n = max(range(1, len(logs)), key=lambda n: _between(logs, n))
    low, high = logs[:n], logs[n:]
    if min(len(low), len(high)) < _LEAST_SHARE * len(logs):
        return None
    if abs(median(high) - median(low) - math.log(_SI_DIFFUSION)) >= _DIFFUSION_NEAR:
        return None
    return ordered[n - 1] if _is_valley(low, high, 0.15, 0.5) else None


def _is_pounds(low: list[float], high: list[float], near: float) -> bool:
    """Whether logarithms lie apart as kilograms and pounds do."""
    enough = min(len(low), len(high)) >= _LEAST_POUNDS
    return enough and abs(median(high) - median(low) - math.log(_POUNDS)) < near


def _between(logs: list[float], n: int) -> float:
    """Spread between two heaps of sorted values, by which they are cut best (Otsu's method)."""
    low, high = sum(logs[:n]) / n, sum(logs[n:]) / (len(logs) - n)
    return n * (len(logs) - n) * (high - low) ** 2


def _is_valley(
    low: list[float], high: list[float], width: float = _WIDTH, most: float = _VALLEY
) -> bool:
    """Whether few values lie where one heap ends, compared with its middle."""
    middle = (median(low) + median(high)) / 2
    both = [*low, *high]
    at = [sum(abs(x - place) < width for x in both) for place in
          (median(low), middle, median(high))]  # fmt: skip
    return at[1] <= most * (at[0] + at[2]) / 2
