"""How far a point on the plane can be trusted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import AlignmentError

MOST_NEIGHBORS = 15


def n_trusted_neighbors(n_scans: int) -> int:
    """Neighbors that are compared: 15, in small cohorts half of the other scans."""
    return min(MOST_NEIGHBORS, (n_scans - 1) // 2)


def trust(
    features: NDArray[np.floating],
    positions: NDArray[np.floating],
    n_neighbors: int | None = None,
) -> NDArray[np.float64]:
    """Share of each scan's nearest scans that are also its nearest on the plane.

    Scans as far away as the last neighbor count as neighbors, in part, so that the
    result does not depend on the order of equally distant scans.

    Args:
        features: Shape (n_scans, n_features).
        positions: Shape (n_scans, 2).
        n_neighbors: Scans compared; None takes `n_trusted_neighbors`.

    Returns:
        Shape (n_scans,), 0 to 1. All 1 where a scan has fewer than two others.

    Raises:
        AlignmentError: If the two differ in length.

    Source:
        Lee & Verleysen (2009), "Quality assessment of dimensionality reduction:
        Rank-based criteria", Neurocomputing 72: Q_NX, per point.
    """
    n_scans = len(features)
    if n_scans != len(positions):
        raise AlignmentError(f"{n_scans} rows of features do not fit {len(positions)} positions.")
    wanted = n_trusted_neighbors(n_scans) if n_neighbors is None else n_neighbors
    wanted = min(wanted, n_scans - 1)
    if wanted < 1:
        return np.ones(n_scans)
    shared = np.minimum(_near(features, wanted), _near(positions, wanted)).sum(axis=1)
    trusted: NDArray[np.float64] = np.minimum(shared / wanted, 1.0)
    return trusted


def _near(points: NDArray[np.floating], n_neighbors: int) -> NDArray[np.float64]:
    """Weight with which each scan is a neighbor of each other; rows sum to `n_neighbors`."""
    from scipy.spatial.distance import cdist

    distance = cdist(points, points)
    np.fill_diagonal(distance, np.inf)
    last = np.partition(distance, n_neighbors - 1, axis=1)[:, [n_neighbors - 1]]
    # Distances that differ by rounding alone are ties.
    closer = distance < last * (1 - 1e-12)
    level = (distance <= last * (1 + 1e-12)) & ~closer
    left = n_neighbors - closer.sum(axis=1, keepdims=True)
    weights: NDArray[np.float64] = closer + level * (left / level.sum(axis=1, keepdims=True))
    return weights
