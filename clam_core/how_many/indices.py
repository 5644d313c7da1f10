"""Internal indices of a clustering, from distances and features."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from clam_core.clustering.row_blocks import distance_blocks
from clam_core.clustering.spread import cluster_centers, memberships


def mean_silhouettes(
    values: NDArray[np.floating], labels: Mapping[int, NDArray[np.integer]]
) -> dict[int, float]:
    """Mean silhouette width for each of several numbers of clusters.

    The distances are computed once, some rows at a time, and not kept; they are summed for all
    numbers in one product.

    Args:
        values: Features, shape (n_scans, n_features).
        labels: Cluster of each scan, from 0 without gaps, for each number of clusters.
    """
    columns = [memberships(found) for found in labels.values()]
    every = np.hstack(columns)
    sums = np.empty(every.shape)
    for rows, distance in distance_blocks(values):
        sums[rows] = distance @ every
    parts = np.split(sums, np.cumsum([one.shape[1] for one in columns])[:-1], axis=1)
    return {
        k: float(_silhouettes(part, found).mean())
        for (k, found), part in zip(labels.items(), parts, strict=True)
    }


def silhouettes(distance: NDArray[np.floating], labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Silhouette width of each scan.

    Args:
        distance: Between all pairs of scans, shape (n_scans, n_scans).
        labels: Cluster of each scan, from 0 without gaps, shape (n_scans,).

    Returns:
        Shape (n_scans,), -1 to 1; 0 for a scan that is alone in its cluster.

    Source:
        Rousseeuw (1987), "Silhouettes: a graphical aid to the interpretation and
        validation of cluster analysis", J. Comput. Appl. Math. 20.
    """
    return _silhouettes(distance @ memberships(labels), labels)


def _silhouettes(sums: NDArray[np.float64], labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Silhouettes from the summed distances of each scan from the scans of each cluster."""
    counts, each = np.bincount(labels), np.arange(len(labels))
    # Its distance to itself is zero, so the sum is over the n - 1 others.
    own = sums[each, labels] / np.maximum(counts[labels] - 1, 1)
    means = sums / counts
    means[each, labels] = np.inf
    other = means.min(axis=1)
    larger = np.maximum(own, other)
    alone = (counts[labels] == 1) | (larger == 0)
    widths: NDArray[np.float64] = np.where(alone, 0.0, (other - own) / np.where(alone, 1, larger))
    return widths


def log_within(features: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """Logarithm of the summed squared distances to the own center (log W_k)."""
    # Equation 2 of the gap paper, D_r / (2 n_r) summed over r, is this sum around the centers.
    residual = features - cluster_centers(features, labels)[labels]
    return float(np.log(max(float(np.square(residual).sum()), np.finfo(np.float64).tiny)))


def spread_indices(
    features: NDArray[np.floating], labels: NDArray[np.integer]
) -> tuple[float, float]:
    """Calinski-Harabasz and Davies-Bouldin index.

    Args:
        features: Shape (n_scans, n_features).
        labels: Cluster of each scan, shape (n_scans,), 2 to n_scans - 1 clusters.

    Returns:
        The first (higher is better) and the second (lower is better).

    Source:
        Calinski & Harabasz (1974), Communications in Statistics 3; Davies & Bouldin
        (1979), IEEE Trans. Pattern Anal. Mach. Intell. 1.
    """
    from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

    return (
        float(calinski_harabasz_score(features, labels)),
        float(davies_bouldin_score(features, labels)),
    )


def mean_agreement(labelings: list[NDArray[np.int64]]) -> float:
    """Mean adjusted Rand index over all pairs of labelings; NaN for fewer than two.

    Source:
        Hubert & Arabie (1985), "Comparing partitions", J. Classification 2.
    """
    from sklearn.metrics import adjusted_rand_score

    pairs = [
        float(adjusted_rand_score(one, other))
        for place, one in enumerate(labelings)
        for other in labelings[place + 1 :]
    ]
    return float(np.mean(pairs)) if pairs else float("nan")
