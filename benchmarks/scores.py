"""Agreement of clusters with known groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import AlignmentError


def accuracy(groups: NDArray[np.int64], clusters: NDArray[np.int64]) -> float:
    """Share of scans in the right group, under the best one-to-one naming of clusters.

    Args:
        groups: True group of each scan, from 0, shape (n_scans,).
        clusters: Cluster of each scan, from 0, shape (n_scans,).

    Returns:
        A number from 0 to 1.

    Raises:
        AlignmentError: If the two differ in length.

    Source:
        Xie, Girshick & Farhadi (2016), ICML, equation 10; the assignment by the
        Hungarian method.
    """
    return float((best_match(groups, clusters) == groups).mean())


def best_match(groups: NDArray[np.int64], clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    """Clusters renamed one-to-one so that as many scans as possible are in their group.

    Args:
        groups: True group of each scan, from 0, shape (n_scans,).
        clusters: Cluster of each scan, from 0, shape (n_scans,).

    Returns:
        The group that each scan's cluster stands for, shape (n_scans,).

    Raises:
        AlignmentError: If the two differ in length.
    """
    from scipy.optimize import linear_sum_assignment

    if groups.shape != clusters.shape:
        raise AlignmentError(f"{len(groups)} groups do not fit {len(clusters)} clusters.")
    n = int(max(groups.max(), clusters.max())) + 1
    counts = np.zeros((n, n), dtype=np.int64)
    np.add.at(counts, (groups, clusters), 1)
    names, columns = linear_sum_assignment(-counts)
    renamed = np.empty(n, dtype=np.int64)
    renamed[columns] = names
    matched: NDArray[np.int64] = renamed[clusters]
    return matched


def mutual_information(groups: NDArray[np.int64], clusters: NDArray[np.int64]) -> float:
    """Normalised mutual information (arithmetic mean of the entropies), 0 to 1."""
    from sklearn.metrics import normalized_mutual_info_score

    return float(normalized_mutual_info_score(groups, clusters))
