"""Cohorts that spread as the real one does along each axis, but have one heap instead of groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

MOST_MODES = 30
"""Places that are tried for the one peak."""


@dataclass(frozen=True, eq=False)
class Unimodal:
    """A distribution that rises to one peak and falls after it.

    Attributes:
        places: Rising values, shape (n,).
        shares: Share of the distribution up to each place, shape (n,).
    """

    places: Values
    shares: Values

    def draw(self, n: int, random: np.random.Generator) -> Values:
        """Values drawn from it, shape (n,)."""
        levels = random.uniform(self.shares[0], self.shares[-1], n)
        drawn: Values = np.interp(levels, self.shares, self.places)
        return drawn


def nearest_unimodal(values: Values) -> Unimodal:
    """The distribution with one peak that is nearest to a sample.

    Below the peak it is the greatest convex curve under the sample's distribution function,
    above it the least concave one over it; the peak is where the largest distance is
    smallest. Long tails stay, valleys are filled.

    Args:
        values: Shape (n,), n at least 5.

    Source:
        Hartigan & Hartigan (1985), "The dip test of unimodality", Ann. Statist. 13.
    """
    places = np.sort(values)
    n = len(places)
    steps = (np.arange(n) + 0.5) / n
    best, smallest = steps, np.inf
    for mode in range(2, n - 2, max(1, n // MOST_MODES)):
        rising = _hull(places[: mode + 1], steps[: mode + 1], turn=1)
        falling = _hull(places[mode:], steps[mode:], turn=-1)
        curve = np.concatenate([rising, falling[1:]])
        away = float(np.abs(curve - steps).max())
        if away < smallest:
            best, smallest = curve, away
    return Unimodal(places, best)


def unimodal_cohorts(
    values: Values, random: np.random.Generator, n_cohorts: int
) -> Iterator[Values]:
    """Cohorts with the real one's variance along each principal axis and no groups.

    Args:
        values: Shape (n_scans, n_features), centered.
        random: Where the numbers come from.
        n_cohorts: Number of cohorts.

    Yields:
        Scans of one cohort, shape (n_scans, n_features).
    """
    _, _, axes = np.linalg.svd(values, full_matrices=False)
    scores = values @ axes.T
    heaps = [nearest_unimodal(column) for column in scores.T]
    for _ in range(n_cohorts):
        drawn = np.column_stack([heap.draw(len(values), random) for heap in heaps])
        drawn -= drawn.mean(axis=0)
        spread = drawn.std(axis=0)
        # Filling a valley changes the spread; the comparison is of shape alone.
        scaled = drawn / np.where(spread > 0, spread, 1.0) * scores.std(axis=0)
        yield scaled @ axes


def _hull(places: Values, steps: Values, turn: int) -> Values:
    """Lower (turn 1) or upper (turn -1) hull of points in order, at their places."""
    kept: list[int] = []
    for point in range(len(places)):
        while len(kept) > 1:
            first, second = kept[-2], kept[-1]
            cross = (places[second] - places[first]) * (steps[point] - steps[first]) - (
                steps[second] - steps[first]
            ) * (places[point] - places[first])
            if turn * cross > 0:
                break
            kept.pop()
        kept.append(point)
    hull: Values = np.interp(places, places[kept], steps[kept])
    return hull
