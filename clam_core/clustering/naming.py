"""Names of clusters: the largest first, and the same number over refits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import AlignmentError


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


def match_names(
    new_labels: NDArray[np.integer], old_labels: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Number the clusters of a refit as before, so that most scans keep their number.

    Args:
        new_labels: Cluster of each scan, from 0, shape (n_scans,).
        old_labels: Cluster of the same scans in the earlier fit, from 0, same shape.

    Returns:
        The new clusters under the names 0 to n_clusters - 1 that give the largest
        overlap. Clusters beyond the old ones get the names left over, largest first.

    Raises:
        AlignmentError: If the two differ in length.

    Source:
        Kuhn (1955), "The Hungarian method for the assignment problem", Naval Research
        Logistics Quarterly 2.
    """
    from scipy.optimize import linear_sum_assignment

    if new_labels.shape != old_labels.shape:
        raise AlignmentError(
            f"{len(new_labels)} scans of the new fit do not match {len(old_labels)} of the old one."
        )
    ordered = order_by_size(new_labels)
    n_new = int(ordered.max(initial=-1)) + 1
    n_names = max(n_new, int(old_labels.max(initial=-1)) + 1)
    overlap = np.zeros((n_new, n_names), dtype=np.int64)
    np.add.at(overlap, (ordered, old_labels), 1)
    clusters, names = linear_sum_assignment(overlap[:, :n_new], maximize=True)
    name_of = np.empty(n_new, dtype=np.int64)
    name_of[clusters] = names
    return name_of[ordered]
