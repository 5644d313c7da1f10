"""The hard clusterers by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from clam_core.clustering.feature_matrix import check_clusters, sorted_rows
from clam_core.clustering.k_means import kmeans
from clam_core.clustering.mixture import gmm
from clam_core.clustering.naming import order_by_size
from clam_core.clustering.neighbor_graph import graph, graph_rows, graph_vectors
from clam_core.clustering.tied_mixture import tied
from clam_core.errors import SettingsError

CLUSTERERS: dict[str, Callable[..., NDArray[np.int64]]] = {
    "kmeans": kmeans,
    "gmm": gmm,
    "graph": graph,
    "graph-gmm": partial(graph, refine=True),
    "tied": tied,
}
_OF_METHOD = {
    **dict.fromkeys(("profiles", "dcec"), "kmeans"),
    **dict.fromkeys(("density", "texture"), "tied"),
    "umap": "gmm",
}


def clusterer_of(method: str) -> str:
    """Name of the clusterer that groups the features of a method of `fit`.

    Args:
        method: A method of `fit`, or a clusterer, which is its own.
    """
    return _OF_METHOD.get(method, method)


def cluster_scans(
    features: NDArray[np.floating], method: str, n_clusters: int, seed: int
) -> NDArray[np.int64]:
    """Group scans by the named method, with its own number of starts.

    Args:
        features: Shape (n_scans, n_features), finite.
        method: `kmeans`, `gmm`, `graph`, or `graph-gmm` (graph, then a mixture).
        n_clusters: Number of clusters.
        seed: The starts follow from it.

    Returns:
        Cluster of each scan, shape (n_scans,), from 0, the largest first.

    Raises:
        ClamError: If the method is not known or the scans cannot form that many clusters.
    """
    if method not in CLUSTERERS:
        raise SettingsError(
            f"There is no clusterer {method!r}; choose one of {', '.join(CLUSTERERS)}."
        )
    return CLUSTERERS[method](features, n_clusters, seed)


def cluster_each(
    features: NDArray[np.floating],
    method: str,
    numbers: Iterable[int],
    seed: int,
    n_init: int,
) -> dict[int, NDArray[np.int64]]:
    """Clusters for several numbers of clusters; the graph is built once.

    Args:
        features: Shape (n_scans, n_features), finite.
        method: `kmeans`, `gmm` or `graph`.
        numbers: Numbers of clusters.
        seed: The starts follow from it.
        n_init: Number of starts.

    Returns:
        Cluster of each scan, as `cluster_scans`, for each number of clusters.

    Raises:
        ClamError: As `cluster_scans`.
    """
    numbers = list(numbers)
    if method != "graph":
        return {k: CLUSTERERS[method](features, k, seed, n_init) for k in numbers}
    rows = sorted_rows(features)
    check_clusters(rows, max(numbers))
    # The first k modes are the same whatever comes after them: the costly part is done once.
    vectors = graph_vectors(rows, max(numbers))
    return {k: order_by_size(rows.back(graph_rows(vectors, k, seed, n_init))) for k in numbers}
