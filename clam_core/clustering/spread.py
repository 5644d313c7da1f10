"""Centers of clusters and the distance of scans from them: what a head starts from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import AlignmentError

SMALLEST_SHARE = 1e-6
"""A scale is at least this share of the cohort's own mean squared distance."""


def memberships(labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """One column per cluster, 1 for its members: shape (n_scans, n_clusters)."""
    identity = np.eye(int(labels.max()) + 1)
    columns: NDArray[np.float64] = identity[labels]
    return columns


def cluster_centers(
    features: NDArray[np.floating], labels: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Mean of the features of each cluster.

    Args:
        features: Shape (n_scans, n_features).
        labels: Cluster of each scan, from 0 without gaps, shape (n_scans,).

    Returns:
        Shape (n_clusters, n_features), float64.

    Raises:
        AlignmentError: If the two differ in length, or a cluster is empty.
    """
    if len(features) != len(labels):
        raise AlignmentError(f"{len(features)} rows of features do not fit {len(labels)} labels.")
    counts = np.bincount(labels)
    if not counts.all():
        raise AlignmentError(f"Cluster {int(np.argmin(counts))} has no scan.")
    centers: NDArray[np.float64] = memberships(labels).T @ np.asarray(features, dtype=np.float64)
    centers /= counts[:, None]
    return centers


def student_scale(features: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """Mean squared distance of the scans to the center of their own cluster.

    Args:
        features: Shape (n_scans, n_features).
        labels: Cluster of each scan, from 0 without gaps, shape (n_scans,).

    Returns:
        The mean, in squared units of the features; above zero also where every
        cluster is a single point.

    Raises:
        AlignmentError: As `cluster_centers`.
    """
    values = np.asarray(features, dtype=np.float64)
    own = cluster_centers(values, labels)[labels]
    within = float(np.square(values - own).sum(axis=1).mean())
    total = float(np.square(values - values.mean(axis=0)).sum(axis=1).mean())
    # The head divides by it in float32: it must not become zero there.
    return max(within, SMALLEST_SHARE * total, float(np.finfo(np.float32).tiny))
