"""Other ways to cluster the same scans: no network, or another package's."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.cohorts import Cohort
from clam_core.clustering import kmeans
from clam_core.errors import SettingsError

Way = Callable[[Cohort, int], NDArray[np.int64]]

WINDOW = (-1000.0, 400.0)
N_COMPONENTS, N_BINS = 10, 50
MOST_VALUES = 4096
SIZE_ALONE = "log diameter + k-means"


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


def idec(cohort: Cohort, seed: int) -> NDArray[np.int64]:
    """ClustPy's IDEC with its defaults, on block means of at most 4,096 values a scan.

    Source:
        Guo et al. (2017), "Improved deep embedded clustering with local structure
        preservation", IJCAI; ClustPy, https://github.com/collinleiber/ClustPy.
    """
    from clustpy.deep import IDEC

    images = _images(cohort)
    while images[0].size > MOST_VALUES:
        images = _halved(images).astype(np.float32)
    flat = images.reshape(len(images), -1)
    flat = (flat - flat.mean()) / flat.std()
    model = IDEC(n_clusters=cohort.n_groups, random_state=seed, device="cpu")
    clusters: NDArray[np.int64] = np.asarray(model.fit(flat).labels_, dtype=np.int64)
    return clusters


def size_and_kmeans(cohort: Cohort, seed: int) -> NDArray[np.int64]:
    """The logarithm of the lesion's diameter alone, then k-means: what size explains."""
    if cohort.sizes_mm is None:
        raise SettingsError(f"The sizes of the lesions of {cohort.name!r} are not known.")
    return kmeans(np.log(cohort.sizes_mm)[:, None], cohort.n_groups, seed)


def rivals() -> dict[str, Way]:
    """The other ways that can be run here; IDEC needs the package clustpy."""
    if importlib.util.find_spec("clustpy") is None:
        return RIVALS
    return {**RIVALS, "IDEC (ClustPy)": idec}


def _halved(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of blocks of two voxels along each axis; an odd last voxel is left out."""
    for axis in range(1, images.ndim):
        n = images.shape[axis] // 2 * 2
        even, odd = (np.take(images, range(start, n, 2), axis) for start in (0, 1))
        images = np.float32(0.5) * (even + odd)
    return images


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
