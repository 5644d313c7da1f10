"""The guard of the clustering phase: it must not end worse than it started."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

DEAD_SHARE = 0.01
# Drawing codes together costs some reconstruction; half as much error again is allowed.
MOST_ERROR = 1.5
ROUNDING = 1e-3
SILHOUETTE_SCANS = 2000


@dataclass(frozen=True)
class Standing:
    """How a clustering stands by criteria that need no truth.

    Attributes:
        counts: Scans of each cluster.
        silhouette: Mean silhouette of the clusters in the head's feature space; -1 where all
            scans are in one cluster.
        reconstruction: Mean squared error of the reconstruction.
    """

    counts: tuple[int, ...]
    silhouette: float
    reconstruction: float

    @property
    def n_dead(self) -> int:
        """Clusters with fewer scans than one, or one in a hundred."""
        return sum(count < max(1.0, DEAD_SHARE * sum(self.counts)) for count in self.counts)


def standing(features: Tensor, soft_assignment: Tensor, reconstruction: float) -> Standing:
    """Standing of a clustering.

    Args:
        features: What the head looks at, shape (n_scans, n_features).
        soft_assignment: Shape (n_scans, n_clusters).
        reconstruction: Mean squared error of the reconstruction.

    Returns:
        Counts, silhouette (of 2000 scans where there are more) and reconstruction.
    """
    clusters = soft_assignment.argmax(dim=1).numpy()
    counts = np.bincount(clusters, minlength=soft_assignment.shape[1])
    return Standing(tuple(counts.tolist()), _silhouette(features.numpy(), clusters), reconstruction)


def complaint(start: Standing, end: Standing) -> str | None:
    """Why the end is worse than the start, as a clause; None where it is not."""
    if end.n_dead:
        return f"left {end.n_dead} of {len(end.counts)} clusters without scans"
    if end.silhouette < start.silhouette - ROUNDING:
        return f"made the silhouette worse ({start.silhouette:.3f} to {end.silhouette:.3f})"
    # `not <=` rather than `>`, so that NaN is worse.
    if not end.reconstruction <= MOST_ERROR * start.reconstruction:
        return (
            "made the reconstruction worse (mean squared error "
            f"{start.reconstruction:.3g} to {end.reconstruction:.3g})"
        )
    return None


def _silhouette(features: NDArray[np.float32], clusters: NDArray[np.int64]) -> float:
    from sklearn.metrics import silhouette_score

    n_scans = len(clusters)
    if n_scans > SILHOUETTE_SCANS:
        chosen = np.random.default_rng(0).choice(n_scans, SILHOUETTE_SCANS, replace=False)
        features, clusters = features[chosen], clusters[chosen]
    n_found = len(np.unique(clusters))
    if n_found < 2:
        return -1.0
    # scikit-learn refuses this; the silhouette of a scan alone in its cluster is 0.
    if n_found == len(clusters):
        return 0.0
    return float(silhouette_score(features, clusters))
