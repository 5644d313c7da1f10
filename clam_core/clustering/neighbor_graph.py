"""Spectral clustering on a graph of nearest neighbors: for clusters that are not round."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from clam_core.clustering.feature_matrix import Rows, check_clusters, sorted_rows
from clam_core.clustering.k_means import kmeans_rows
from clam_core.clustering.mixture import refine_mixture
from clam_core.clustering.naming import order_by_size
from clam_core.clustering.row_blocks import row_blocks

MIN_NEIGHBORS = 10
NEIGHBOR_SHARE = 5
"""Each scan is joined to a fifth of the cohort, but at least to `MIN_NEIGHBORS`."""
MOST_NEIGHBORS = 400
"""From 2,000 scans on the number stays, so that the graph grows as the cohort does."""
MOST_DENSE = 1500
"""Above this many scans only the eigenvectors that are needed are computed."""


def graph(
    features: NDArray[np.floating],
    n_clusters: int,
    seed: int,
    n_init: int = 100,
    *,
    refine: bool = False,
) -> NDArray[np.int64]:
    """Group scans that many short steps between neighbors connect.

    Args:
        features: Shape (n_scans, n_features), finite.
        n_clusters: Number of clusters.
        seed: The starts of k-means on the eigenvectors follow from it.
        n_init: Number of these starts.
        refine: Let a mixture of Gaussians redraw the borders.

    Returns:
        Cluster of each scan, shape (n_scans,), from 0, the largest first.

    Raises:
        ClamError: If the scans cannot form that many clusters.

    Source:
        von Luxburg (2007), "A tutorial on spectral clustering", Statistics and
        Computing 17: the random-walk Laplacian on a symmetric neighbor graph.
    """
    rows = sorted_rows(features)
    check_clusters(rows, n_clusters)
    vectors = graph_vectors(rows, n_clusters)
    labels = rows.back(graph_rows(vectors, n_clusters, seed, n_init))
    return refine_mixture(features, labels) if refine else order_by_size(labels)


def n_neighbors_of(n_scans: int) -> int:
    """Neighbors of each scan, itself included.

    A fifth of the cohort, at least ten and at most 400. In a cohort of fewer than 20
    ten would join everything to everything, so that it is half of the cohort there.
    """
    wanted = max(MIN_NEIGHBORS, round(n_scans / NEIGHBOR_SHARE))
    return max(2, min(wanted, n_scans // 2, MOST_NEIGHBORS))


def graph_rows(
    vectors: NDArray[np.float64], n_clusters: int, seed: int, n_init: int
) -> NDArray[np.int64]:
    """Clusters of prepared rows from the first `n_clusters` of their graph's vectors."""
    values = np.ascontiguousarray(vectors[:, :n_clusters])
    return kmeans_rows(Rows(values, np.arange(len(values))), n_clusters, seed, n_init)


def graph_vectors(rows: Rows, n_vectors: int) -> NDArray[np.float64]:
    """Slowest modes of the random walk on the neighbor graph, one column each.

    Args:
        rows: The scans.
        n_vectors: Number of modes, at most the number of scans.

    Returns:
        Shape (n_scans, n_vectors). The first is constant.
    """
    from scipy.linalg import eigh
    from scipy.sparse.linalg import eigsh

    weights = joined_graph(rows.values)
    n_scans = weights.shape[0]
    root = np.sqrt(np.asarray(weights.sum(axis=1)).ravel())
    # D^-1/2 W D^-1/2 is symmetric, which eigh needs; divided by D^1/2, its eigenvectors are
    # those of the random walk D^-1 W (von Luxburg 2007, proposition 3).
    _scale(weights, 1 / root)
    normal = weights
    if n_scans <= MOST_DENSE or n_vectors >= n_scans // 2:
        last = [n_scans - n_vectors, n_scans - 1]
        _, found = eigh(normal.toarray(), subset_by_index=last)
    else:
        # ARPACK would draw its own start, and the modes would differ from run to run.
        start = np.random.default_rng(0).standard_normal(n_scans)
        _, found = eigsh(normal, k=n_vectors, which="LA", v0=start, ncv=6 * n_vectors + 20)
    vectors = np.asarray(found[:, ::-1] / root[:, None], dtype=np.float64)
    # Back to one length: dividing by root changed it, and k-means compares the columns.
    vectors /= np.sqrt(np.square(vectors).mean(axis=0))
    return vectors


def _scale(weights: Any, by: NDArray[np.float64]) -> None:  # noqa: ANN401
    """Multiply rows and columns of a sparse matrix in its place: a copy doubles the memory."""
    weights.data *= np.repeat(by, np.diff(weights.indptr))
    weights.data *= by[weights.indices]


def joined_graph(values: NDArray[np.float64]) -> Any:  # noqa: ANN401
    """Symmetric neighbor graph, its separate parts joined by their shortest links.

    Args:
        values: Shape (n_scans, n_features).

    Returns:
        Sparse weights, shape (n_scans, n_scans): 1 where each is among the other's
        neighbors (and on the diagonal), 0.5 where only one is, and for a link between
        parts.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components
    from sklearn.neighbors import kneighbors_graph

    n_neighbors = n_neighbors_of(len(values))
    near = kneighbors_graph(values, min(n_neighbors, len(values)), include_self=True)
    # Nearness is not mutual; the Laplacian has to be symmetric.
    weights = (0.5 * (near + near.T)).tocsr()
    # Sums of a row are rounded by the order of its columns, which scikit-learn leaves open.
    weights.sort_indices()
    n_parts, part = connected_components(weights, directed=False)
    if n_parts == 1:
        return weights
    # Separate parts have an eigenvalue 1 each, whose modes are any mixture of one another.
    ones, others = np.array(_shortest_links(values, part)).T
    ends = (np.r_[ones, others], np.r_[others, ones])
    links = csr_array((np.full(len(ends[0]), 0.5), ends), weights.shape)
    return (weights + type(weights)(links)).tocsr()


def _shortest_links(values: NDArray[np.float64], part: NDArray[np.int32]) -> list[tuple[int, int]]:
    """Pairs of scans that connect all parts with the smallest total distance (Prim)."""
    n_scans = len(values)
    outside = part != part[0]
    # Of each scan outside: how far the nearest one inside is, and which.
    distance, nearest = np.full(n_scans, np.inf), np.full(n_scans, n_scans)
    joined = np.flatnonzero(~outside)
    links = []
    while outside.any():
        others = np.flatnonzero(outside)
        _look_from(values, joined, others, distance, nearest)
        # Of equally short links the one with the first scans, whatever the order of the parts.
        other = others[np.lexsort((others, nearest[others], distance[others]))[0]]
        links.append((int(nearest[other]), int(other)))
        joined = np.flatnonzero(part == part[other])
        outside[joined] = False
    return links


def _look_from(
    values: NDArray[np.float64],
    joined: NDArray[np.intp],
    others: NDArray[np.intp],
    distance: NDArray[np.float64],
    nearest: NDArray[np.intp],
) -> None:
    """Note for scans outside whether one that has just been joined is nearer, block by block."""
    from scipy.spatial.distance import cdist

    for block in row_blocks(len(others), len(joined)):
        rows = others[block]
        between = cdist(values[rows], values[joined])
        first = between.argmin(axis=1)
        found, one = between[np.arange(len(rows)), first], joined[first]
        is_better = (found < distance[rows]) | ((found == distance[rows]) & (one < nearest[rows]))
        distance[rows[is_better]] = found[is_better]
        nearest[rows[is_better]] = one[is_better]
