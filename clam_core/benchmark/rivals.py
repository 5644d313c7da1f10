"""Other ways to cluster the same scans: no network, or another package's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from clam_core.benchmark.cohorts import Cohort
from clam_core.clustering import kmeans

Way = Callable[[Cohort, int], NDArray[np.int64]]

WINDOW = (-1000.0, 400.0)
N_COMPONENTS, N_BINS = 10, 50


def voxels_and_kmeans(cohort: Cohort, seed: int) -> NDArray[np.int64]:
    """Principal components of the voxels, then k-means; outside a mask the cohort's mean."""
    from sklearn.decomposition import PCA

    images = _images(cohort).reshape(len(cohort.volumes), -1)
    n_components = min(N_COMPONENTS, len(images) - 1)
    parts = PCA(n_components, random_state=seed).fit_transform(images)
    return kmeans(parts, cohort.n_groups, seed)


def histogram_and_kmeans(cohort: Cohort, seed: int) -> NDArray[np.int64]:
    """How often each value occurs (inside the mask), then k-means."""
    low, high = _window(cohort)
    rows = []
    for row in range(len(cohort.volumes)):
        volume, mask = cohort.read(row)
        seen = volume if mask is None else volume[mask]
        counts, _ = np.histogram(np.clip(seen, low, high), N_BINS, (low, high))
        rows.append(counts / counts.sum())
    return kmeans(np.array(rows), cohort.n_groups, seed)


def _images(cohort: Cohort) -> NDArray[np.float32]:
    images = np.clip(cohort.volumes.astype(np.float32), *_window(cohort))
    if cohort.masks is not None:
        images = np.where(cohort.masks, images, images[cohort.masks].mean())
    return images


def _window(cohort: Cohort) -> tuple[float, float]:
    if cohort.unit == "HU":
        return WINDOW
    return float(cohort.volumes.min()), float(cohort.volumes.max())


RIVALS: dict[str, Way] = {
    "PCA + k-means": voxels_and_kmeans,
    "HU histogram + k-means": histogram_and_kmeans,
}
