"""Numbers of clusters: the largest first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def order_by_size(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Renumber clusters from 0, the largest first; ties go to the one with the first scan.

    Args:
        labels: Cluster of each scan, any whole numbers, shape (n_scans,).

    Returns:
        Cluster of each scan, 0 to n_clusters - 1, without gaps.
    """
    _, first, inverse, counts = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(counts), dtype=np.int64)
    rank[np.lexsort((first, -counts))] = np.arange(len(counts))
    return rank[inverse]
