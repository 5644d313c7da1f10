"""K-means with many seeded starts."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clam_core.clustering.feature_matrix import Rows, check_clusters, check_filled, sorted_rows
from clam_core.clustering.naming import order_by_size

N_STARTS = 100
"""Starts of k-means, as in the paper."""


def kmeans(
    features: NDArray[np.floating], n_clusters: int, seed: int, n_init: int = N_STARTS
) -> NDArray[np.int64]:
    """Group scans around centers so that the squared distances are smallest.

    Args:
        features: Shape (n_scans, n_features), finite.
        n_clusters: Number of clusters.
        seed: The starts follow from it.
        n_init: Number of starts; the best one is kept.

    Returns:
        Cluster of each scan, shape (n_scans,), from 0, the largest first.

    Raises:
        ClamError: If the scans cannot form that many clusters.

    Source:
        Arthur & Vassilvitskii (2007), "k-means++", SODA, for the starts.
    """
    rows = sorted_rows(features)
    check_clusters(rows, n_clusters)
    return order_by_size(rows.back(kmeans_rows(rows, n_clusters, seed, n_init)))


def kmeans_rows(rows: Rows, n_clusters: int, seed: int, n_init: int) -> NDArray[np.int64]:
    """K-means of prepared rows; one thread, so that sums are taken in one order."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    model = KMeans(n_clusters, n_init=n_init, random_state=seed, algorithm="lloyd")
    with warnings.catch_warnings(), _threads().limit(limits=1):
        # It warns of fewer distinct scans than clusters; `check_filled` refuses those below.
        warnings.simplefilter("ignore", ConvergenceWarning)
        labels: NDArray[np.int64] = model.fit(rows.values).labels_.astype(np.int64)
    check_filled(labels, n_clusters, "kmeans")
    return labels


@cache
def _threads() -> Any:  # noqa: ANN401
    """Handle on the thread pools; to look for them takes longer than one small k-means."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
