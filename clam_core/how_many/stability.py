"""Whether clusters are found again in resampled cohorts, and whether scans lie between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.clustering import cluster_centers
from clam_core.errors import ClamError

Labels = NDArray[np.int64]
ClusterEach = Callable[[NDArray[np.float64]], dict[int, Labels]]

BORDER = 0.15
CENTER_FROM, CENTER_TO = 0.35, 0.65
"""Parts of the way from the border (0) over the own center (0.5) and as far beyond it (1)."""


@dataclass(frozen=True, eq=False)
class Found:
    """One number of clusters in resampled cohorts.

    Attributes:
        jaccard_of: How well each cluster is found again, shape (n_clusters,); NaN
            where no resampled cohort could be clustered.
        valley: Density near the borders over density near the centers.
        valley_worst: The same for the cluster where it is largest.
    """

    jaccard_of: NDArray[np.float64]
    valley: float
    valley_worst: float


def resample(
    values: NDArray[np.float64],
    labels: dict[int, Labels],
    cluster_each: ClusterEach,
    n_bootstrap: int,
    random: np.random.Generator,
) -> dict[int, Found]:
    """Cluster resampled cohorts and hold them against the clusters of the whole.

    Scans that a resampled cohort has not tell whether there is a valley between its
    clusters: they took no part in drawing the border.

    Args:
        values: Features, shape (n_scans, n_features).
        labels: Cluster of each scan for each number of clusters.
        cluster_each: The same clusterer for a resampled cohort.
        n_bootstrap: Number of resampled cohorts.
        random: Where the numbers come from.

    Returns:
        What was found for each number of clusters.

    Source:
        Hennig (2007), "Cluster-wise assessment of cluster stability", Comput. Statist.
        Data Anal. 52: bootstrap, Jaccard coefficient.
    """
    n_scans = len(values)
    overlaps: dict[int, list[NDArray[np.float64]]] = {k: [] for k in labels}
    counts = {k: np.zeros((2, k)) for k in labels}
    for _ in range(n_bootstrap):
        drawn = np.sort(random.integers(0, n_scans, n_scans))
        try:
            again = cluster_each(values[drawn])
        except ClamError:
            continue
        left_out = np.setdiff1d(np.arange(n_scans), drawn)
        for k, found in again.items():
            # A scan that was drawn twice counts once: Jaccard's index is one of sets.
            overlap = jaccard(labels[k][drawn], found, k, _first(drawn))
            # A cluster with no scan drawn cannot be found again, which says nothing about it.
            there = np.isin(np.arange(k), labels[k][drawn])
            overlaps[k].append(np.where(there, overlap.max(axis=1), np.nan))
            centers = cluster_centers(values[drawn], found)
            # Densities go to the cluster of the whole cohort that the resampled one overlaps most.
            counts[k] += _densities(values[left_out], centers, overlap.argmax(axis=0))
    return {k: Found(_mean_of_known(overlaps[k], k), *valleys(counts[k])) for k in labels}


def jaccard(
    one: NDArray[np.integer],
    other: NDArray[np.integer],
    n_clusters: int,
    counted: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Scans in both clusters over scans in either, for all pairs of clusters.

    Args:
        one: Cluster of each scan, from 0, shape (n_scans,).
        other: Cluster of each scan in another clustering, same shape.
        n_clusters: Clusters of each.
        counted: The scans that count, same shape; None counts all.

    Returns:
        Shape (n_clusters, n_clusters), 0 to 1; rows belong to the one.
    """
    rows = np.eye(n_clusters)[one]
    columns = np.eye(n_clusters)[other]
    if counted is not None:
        rows, columns = rows[counted], columns[counted]
    both = rows.T @ columns
    either = rows.sum(axis=0)[:, None] + columns.sum(axis=0)[None, :] - both
    index: NDArray[np.float64] = both / np.maximum(either, 1)
    return index


def depths(
    values: NDArray[np.floating], centers: NDArray[np.floating]
) -> tuple[Labels, NDArray[np.float64]]:
    """Nearest center of each scan, and how deep in its cluster the scan lies.

    Args:
        values: Shape (n_scans, n_features).
        centers: Shape (n_clusters, n_features), at least two.

    Returns:
        The nearest center, and the way from the border with the next center along
        the line between the two: 0 on the border, 0.5 at the own center.
    """
    from scipy.spatial.distance import cdist

    squared = cdist(values, centers, "sqeuclidean")
    near = np.argsort(squared, axis=1, kind="stable")[:, :2]
    first, second = np.take_along_axis(squared, near, axis=1).T
    between = np.square(centers[near[:, 0]] - centers[near[:, 1]]).sum(axis=1)
    # With D between the centers and s the way from the border along the line,
    # d2^2 - d1^2 = 2 D s; the own center lies at s = D / 2.
    return near[:, 0], (second - first) / (2 * np.maximum(between, np.finfo(np.float64).tiny))


def valleys(counts: NDArray[np.float64]) -> tuple[float, float]:
    """Density at the border over density at the center: of all clusters, of the worst.

    Args:
        counts: Densities at the border and at the center, shape (2, n_clusters).

    Returns:
        Both ratios, one added to each part, so that empty clusters count as flat.
    """
    border, center = counts
    whole = (border.sum() + 1) / (center.sum() + 1)
    return float(whole), float(((border + 1) / (center + 1)).max())


def _densities(
    values: NDArray[np.float64], centers: NDArray[np.float64], names: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Scans per length near the border and near the center of each cluster."""
    nearest, depth = depths(values, centers)
    parts = (depth < BORDER, (depth >= CENTER_FROM) & (depth < CENTER_TO))
    lengths = (BORDER, CENTER_TO - CENTER_FROM)
    n_clusters = len(centers)
    return np.stack(
        [
            np.bincount(names[nearest[part]], minlength=n_clusters) / length
            for part, length in zip(parts, lengths, strict=True)
        ]
    )


def _mean_of_known(rows: list[NDArray[np.float64]], n_clusters: int) -> NDArray[np.float64]:
    """Mean over rows without NaN; NaN where there is nothing else."""
    stacked = np.array(rows).reshape(-1, n_clusters)
    known = ~np.isnan(stacked)
    sums = np.where(known, stacked, 0).sum(axis=0)
    return np.where(known.any(axis=0), sums / np.maximum(known.sum(axis=0), 1), np.nan)


def _first(drawn: NDArray[np.int64]) -> NDArray[np.bool_]:
    """True where a drawn scan comes up for the first time; `drawn` is sorted."""
    first = np.ones(len(drawn), dtype=bool)
    first[1:] = drawn[1:] != drawn[:-1]
    return first
