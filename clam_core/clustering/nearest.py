"""The nearest scans of every scan, by a tree instead of all distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import AlignmentError

CLEAR_GAP = 1e-9
"""The next scan has to be farther by this share, so that rounding cannot change the order."""


@dataclass(frozen=True, eq=False)
class Nearest:
    """The scans nearest to each scan, itself left out.

    Attributes:
        rows: Shape (n_scans, n_neighbors), the nearest first.
        distances: Of the same shape.
        is_clear: Whether exactly these scans are the nearest, and no other is as near,
            shape (n_scans,). Where it is false, `rows` is one choice of several.
    """

    rows: NDArray[np.intp]
    distances: NDArray[np.float64]
    is_clear: NDArray[np.bool_]


def nearest(points: NDArray[np.floating], n_neighbors: int) -> Nearest:
    """Find the nearest scans of each scan.

    Args:
        points: Shape (n_scans, n_axes), finite.
        n_neighbors: At least 1 and less than the number of scans.

    Raises:
        AlignmentError: If there are not so many other scans.

    Source:
        Bentley (1975), "Multidimensional binary search trees used for associative
        searching", Communications of the ACM 18.
    """
    from scipy.spatial import cKDTree

    n_scans = len(points)
    if not 1 <= n_neighbors < n_scans:
        raise AlignmentError(f"{n_scans} scans have not {n_neighbors} neighbors each.")
    # Itself and, where there is one, the scan behind the last: is it clearly farther?
    wanted = min(n_neighbors + 2, n_scans)
    distances, rows = cKDTree(points).query(points, wanted)
    # Of many equal scans a scan may not find itself; then one of its equals is left out instead.
    own = rows == np.arange(n_scans)[:, None]
    has_own = own.any(axis=1)
    own[~has_own, -1] = True
    distances = distances[~own].reshape(n_scans, wanted - 1)
    rows = rows[~own].reshape(n_scans, wanted - 1)
    last = distances[:, n_neighbors - 1]
    is_clear = has_own & np.isfinite(distances).all(axis=1)
    if wanted - 1 > n_neighbors:
        is_clear &= last * (1 + CLEAR_GAP) < distances[:, n_neighbors]
    return Nearest(rows[:, :n_neighbors], distances[:, :n_neighbors], is_clear)
