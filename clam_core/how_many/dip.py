"""Whether scans of two clusters fall into two heaps along the line between their centers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.clustering import cluster_centers

Values = NDArray[np.float64]
Labels = NDArray[np.int64]

FEWEST = 3
"""A cluster of fewer scans is no heap."""


def dip(values: Values) -> float:
    """Distance of a sample's distribution function from the nearest one with a single peak.

    Left of the peak that one is the greatest convex curve under the sample's, right of it the
    least concave one over it. The further right the peak, the larger the distance on its left
    and the smaller that on its right, so that the best peak is found by halving.

    Args:
        values: Shape (n,).

    Returns:
        0 to 0.25; 0 for fewer than four different values.

    Source:
        Hartigan & Hartigan (1985), "The dip test of unimodality", Ann. Statist. 13.
    """
    places, counts = np.unique(values, return_counts=True)
    if len(places) < 4:
        return 0.0
    after = np.cumsum(counts) / len(values)
    before = after - counts / len(values)

    # Mirrored, what lies right of the peak is what lies left of one.
    mirrored = -places[::-1], 1 - after[::-1], 1 - before[::-1]

    def sides(peak: int) -> tuple[float, float]:
        left, right = slice(peak + 1), slice(len(places) - peak)
        return (
            _above_convex(places[left], before[left], after[left]),
            _above_convex(*(part[right] for part in mirrored)),
        )

    low, high = 1, len(places) - 2
    while high - low > 1:
        middle = (low + high) // 2
        left, right = sides(middle)
        low, high = (middle, high) if left < right else (low, middle)
    return min(max(sides(peak)) for peak in (low, high)) / 2


def _above_convex(places: Values, before: Values, after: Values) -> float:
    """How far a distribution function lies above the greatest convex curve under it.

    Args:
        places: Rising, shape (n,), n at least 2.
        before: The function just before each place, same shape.
        after: And just after it.
    """
    from scipy.optimize import isotonic_regression

    steps = np.diff(places)
    slopes = isotonic_regression(np.diff(before) / steps, weights=steps).x
    curve = before[0] + np.concatenate([[0.0], np.cumsum(slopes * steps)])
    return float((after - curve).max())


def separation(values: Values, labels: Labels) -> float:
    """Dip between each cluster and its nearest one, the least of all.

    Of the larger cluster only the scans that lie nearest to the smaller one are taken, as many as
    that one has. What lies beyond them is not about the gap, and a small group beside a large
    one would hardly be seen.

    Args:
        values: Features, shape (n_scans, n_features).
        labels: Cluster of each scan, from 0 without gaps, shape (n_scans,).

    Returns:
        The dip times the square root of the number of scans, which does not depend on that
        number where there is one heap; 0 where a cluster has fewer than three scans.
    """
    from scipy.spatial.distance import cdist

    centers = cluster_centers(values, labels)
    away = cdist(centers, centers)
    np.fill_diagonal(away, np.inf)
    pairs = {(min(one, int(near)), max(one, int(near))) for one, near in enumerate(away.argmin(1))}
    return min(_between(values, labels, centers, pair) for pair in pairs)


def _between(values: Values, labels: Labels, centers: Values, pair: tuple[int, int]) -> float:
    """The same for one pair of clusters."""
    line = values @ (centers[pair[1]] - centers[pair[0]])
    small, large = sorted((line[labels == pair[0]], -line[labels == pair[1]]), key=len)
    if len(small) < FEWEST:
        return 0.0
    # Signs are such that either cluster ends, at its largest values, beside the other one.
    nearest = np.sort(large)[-len(small) :]
    return float(np.sqrt(2 * len(small))) * dip(np.concatenate([small, -nearest]))
