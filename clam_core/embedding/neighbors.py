"""Scans that are alike, typical scans of a cluster, and scans between clusters."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import AlignmentError

Rows = NDArray[np.intp]


def nearest_scans(features: NDArray[np.floating], row: int, n: int) -> Rows:
    """The scans nearest to one, nearest first; the scan itself is left out.

    Args:
        features: Shape (n_scans, n_features).
        row: The scan.
        n: How many at most.

    Returns:
        Rows of `features`; of scans equally near, the first rows.
    """
    distance = _squared(features, np.asarray(features[row], dtype=np.float64))
    distance[row] = np.inf
    order = np.argsort(distance, kind="stable")
    return order[: min(n, len(features) - 1)]


def prototypes(
    soft_assignment: NDArray[np.floating], features: NDArray[np.floating], cluster: int, n: int
) -> Rows:
    """The typical scans of a cluster: those nearest to the mean of its scans.

    Args:
        soft_assignment: Shape (n_scans, n_clusters).
        features: Shape (n_scans, n_features).
        cluster: Number of the cluster, from 1.
        n: How many at most.

    Returns:
        Rows, the most typical first; none where the cluster is empty.

    Raises:
        AlignmentError: If the two arrays differ in length, or there is no such cluster.
    """
    if len(features) != len(soft_assignment):
        raise AlignmentError(
            f"{len(features)} rows of features do not fit {len(soft_assignment)} assignments."
        )
    members = _members(soft_assignment, cluster)
    if len(members) == 0:
        return members
    own = np.asarray(features[members], dtype=np.float64)
    order = np.argsort(_squared(own, own.mean(axis=0)), kind="stable")
    return members[order[:n]]


def borderline(
    soft_assignment: NDArray[np.floating], cluster: int, n: int, typical: Iterable[int] = ()
) -> Rows:
    """The scans of a cluster that another one claims nearly as much.

    Args:
        soft_assignment: Shape (n_scans, n_clusters).
        cluster: Number of the cluster, from 1.
        n: How many at most.
        typical: Rows that are shown as typical, and left out here: in a small or very sure
            cluster one scan may be both.

    Returns:
        Rows, the smallest margin (largest minus second largest probability) first.

    Raises:
        AlignmentError: If there is no such cluster.
    """
    members = np.setdiff1d(_members(soft_assignment, cluster), np.fromiter(typical, np.intp))
    if soft_assignment.shape[1] < 2:
        return members[:n]
    highest = np.sort(soft_assignment[members].astype(np.float64), axis=1)[:, -2:]
    order = np.argsort(highest[:, 1] - highest[:, 0], kind="stable")
    return members[order[:n]]


def _members(soft_assignment: NDArray[np.floating], cluster: int) -> Rows:
    n_clusters = soft_assignment.shape[1]
    if not 1 <= cluster <= n_clusters:
        raise AlignmentError(f"There is no cluster {cluster}; there are 1 to {n_clusters}.")
    return np.flatnonzero(soft_assignment.argmax(axis=1) == cluster - 1)


def _squared(points: NDArray[np.floating], to: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared distance of every point, shape (n_points,)."""
    squared: NDArray[np.float64] = np.square(points - to).sum(axis=1)
    return squared
