"""How far a point on the plane can be trusted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.clustering.nearest import nearest
from clam_core.clustering.row_blocks import row_blocks
from clam_core.errors import AlignmentError

MOST_NEIGHBORS = 15
TIED_BYTES = 8 << 20
"""Memory of one array of distances where scans tie; about six such arrays are held at once."""


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
    found = [nearest(points, wanted) for points in (features, positions)]
    is_clear = found[0].is_clear & found[1].is_clear
    shared = np.empty(n_scans)
    shared[is_clear] = _n_common(found[0].rows[is_clear], found[1].rows[is_clear])
    # Where scans are equally near, each counts in part: that takes the distances of all.
    doubtful = np.flatnonzero(~is_clear)
    for block in row_blocks(len(doubtful), n_scans, TIED_BYTES):
        rows = doubtful[block]
        weights = [_near(points, rows, wanted) for points in (features, positions)]
        shared[rows] = np.minimum(*weights).sum(axis=1)
    trusted: NDArray[np.float64] = np.minimum(shared / wanted, 1.0)
    return trusted


def _n_common(ones: NDArray[np.intp], others: NDArray[np.intp]) -> NDArray[np.int64]:
    """How many of each row's scans are also in the same row of the other, shape (n_rows,)."""
    counts = np.zeros(len(ones), dtype=np.int64)
    for column in others.T:
        counts += (ones == column[:, None]).any(axis=1)
    return counts


def _near(
    points: NDArray[np.floating], rows: NDArray[np.intp], n_neighbors: int
) -> NDArray[np.float64]:
    """Weight with which all scans are neighbors of some; rows sum to `n_neighbors`."""
    from scipy.spatial.distance import cdist

    distance = cdist(points[rows], points)
    distance[np.arange(len(rows)), rows] = np.inf
    last = np.partition(distance, n_neighbors - 1, axis=1)[:, [n_neighbors - 1]]
    # Distances that differ by rounding alone are ties.
    closer = distance < last * (1 - 1e-12)
    level = (distance <= last * (1 + 1e-12)) & ~closer
    left = n_neighbors - closer.sum(axis=1, keepdims=True)
    weights: NDArray[np.float64] = closer + level * (left / level.sum(axis=1, keepdims=True))
    return weights
