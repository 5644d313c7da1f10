"""Mixture of Gaussians with one full covariance for all clusters."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from clam_core.clustering.feature_matrix import check_clusters, check_filled, sorted_rows
from clam_core.clustering.k_means import kmeans_rows
from clam_core.clustering.naming import order_by_size

FLOOR_SHARE = 1e-3
"""Share of the mean variance of the features that is added to every variance."""


def tied(
    features: NDArray[np.floating], n_clusters: int, seed: int, n_init: int = 10
) -> NDArray[np.int64]:
    """Group scans by a mixture of Gaussians that share one covariance.

    What varies from scan to scan within every cluster, such as how deeply a person breathed
    in, counts less than a direction in which scans fall into groups. K-means takes whatever
    varies most.

    Args:
        features: Shape (n_scans, n_features), finite.
        n_clusters: Number of clusters.
        seed: The starts follow from it.
        n_init: Number of starts, each from one run of k-means; the likeliest result in which
            every cluster has two scans is kept, else the likeliest.

    Returns:
        Cluster of each scan, shape (n_scans,), from 0, the largest first.

    Raises:
        ClamError: If the scans cannot form that many clusters.

    Source:
        McLachlan & Peel (2000), "Finite Mixture Models", section 3.8; scikit-learn.
    """
    rows = sorted_rows(features)
    check_clusters(rows, n_clusters)
    # Fewer axes than scans can tell: the covariance within clusters needs several scans each.
    starts = [
        *(kmeans_rows(rows, n_clusters, seed + start, 1) for start in range(max(1, n_init))),
        *_cuts(rows.values, n_clusters),
    ]
    ended = [_maximize(rows.values, start, n_clusters, seed) for start in starts]

    def merit(found: tuple[NDArray[np.int64], float]) -> tuple[int, float]:
        return min(2, int(np.bincount(found[0], minlength=n_clusters).min())), found[1]

    best, _ = max(ended, key=merit)
    check_filled(best, n_clusters, "tied")
    return order_by_size(rows.back(best))


def _cuts(values: NDArray[np.float64], n_clusters: int) -> list[NDArray[np.int64]]:
    """Scans cut into equal parts along each principal axis: starts that k-means does not see."""
    _, _, axes = np.linalg.svd(values, full_matrices=False)
    places = [np.argsort(np.argsort(values @ axis, kind="stable")) for axis in axes]
    return [place * n_clusters // len(values) for place in places]


def _maximize(
    values: NDArray[np.float64], labels: NDArray[np.int64], n_clusters: int, seed: int
) -> tuple[NDArray[np.int64], float]:
    """Hard labels that a start ends at, and the mean log-likelihood there."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    means = np.stack([values[labels == cluster].mean(axis=0) for cluster in range(n_clusters)])
    within = values - means[labels]
    floor = FLOOR_SHARE * float(values.var(axis=0).mean())
    covariance = within.T @ within / len(values) + floor * np.eye(values.shape[1])
    mixture = GaussianMixture(
        n_clusters,
        covariance_type="tied",
        reg_covar=floor,
        weights_init=np.bincount(labels, minlength=n_clusters) / len(labels),
        means_init=means,
        precisions_init=np.linalg.inv(covariance),
        random_state=seed,
        max_iter=300,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found: NDArray[np.int64] = mixture.fit_predict(values).astype(np.int64)
    return found, float(mixture.lower_bound_)
