"""Means of maps or images per cluster, gathered scan by scan."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import AlignmentError

Values = NDArray[np.floating]


class ClusterMeans:
    """Running means per cluster; memory does not grow with the number of scans.

    Args:
        n_clusters: Number of clusters.
        shape: Shape of one scan's array.
    """

    def __init__(self, n_clusters: int, shape: tuple[int, ...]) -> None:
        self.counts = np.zeros(n_clusters, dtype=np.int64)
        self._sums = np.zeros((n_clusters, *shape), dtype=np.float64)

    def add(self, values: Values, clusters: NDArray[np.integer]) -> None:
        """Take in several scans.

        Args:
            values: Maps or images, shape (n, *shape).
            clusters: Cluster of each scan, from 0, shape (n,).

        Raises:
            AlignmentError: If shapes differ, or there is no such cluster.
        """
        expected = (len(clusters), *self._sums.shape[1:])
        if values.shape != expected:
            raise AlignmentError(f"Values of shape {values.shape} do not fit {expected}.")
        if len(clusters) and not 0 <= clusters.min() <= clusters.max() < len(self.counts):
            raise AlignmentError(
                f"Clusters run from 0 to {len(self.counts) - 1}; found {clusters.min()} to "
                f"{clusters.max()}."
            )
        for value, cluster in zip(values, clusters, strict=True):
            self._sums[cluster] += value
            self.counts[cluster] += 1

    @property
    def means(self) -> NDArray[np.float32]:
        """Mean per cluster, shape (n_clusters, *shape); NaN for a cluster without scans."""
        return np.stack([self._mean([c]) for c in range(len(self.counts))]).astype(np.float32)

    def difference(self, cluster: int, other: int | None = None) -> NDArray[np.float32]:
        """Mean of a cluster less that of another, or of all scans of the other clusters.

        Args:
            cluster: From 0.
            other: From 0; None takes all scans that are not in `cluster`.

        Returns:
            Shape (*shape); NaN if either side has no scan.
        """
        rest = [c for c in range(len(self.counts)) if c != cluster] if other is None else [other]
        return (self._mean([cluster]) - self._mean(rest)).astype(np.float32)

    def _mean(self, clusters: list[int]) -> NDArray[np.float64]:
        n_scans = self.counts[clusters].sum()
        if n_scans == 0:
            return np.full(self._sums.shape[1:], np.nan)
        mean: NDArray[np.float64] = self._sums[clusters].sum(axis=0) / n_scans
        return mean
