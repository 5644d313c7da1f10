"""The hard clusterers find known groups, agree with other libraries, and refuse in words."""

import numpy as np
import pytest
from sklearn.cluster import KMeans, SpectralClustering

from clam_core.clustering import cluster_each, cluster_scans, graph, kmeans
from clam_core.clustering.feature_matrix import sorted_rows
from clam_core.clustering.neighbor_graph import graph_vectors, joined_graph, n_neighbors_of
from clam_core.errors import AlignmentError, ClamError, SettingsError
from tests.clustering.made_features import grouped, same_partition

METHODS = ["kmeans", "gmm", "graph", "graph-gmm"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("sizes", "n_features", "distance"),
    [((10, 8), 8, 7.0), ((18, 12, 10), 60, 10.0), ((30, 20, 15, 10), 8, 7.0), ((6, 6), 3, 8.0)],
)
def test_separate_groups_are_found(method, sizes, n_features, distance):
    features, groups = grouped(1, sizes, n_features, distance)
    found = cluster_scans(features, method, len(sizes), 0)
    assert same_partition(found, groups)
    assert np.bincount(found).tolist() == sorted(sizes, reverse=True)


def ring(n_scans: int, radius: float) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, n_scans, endpoint=False)
    return radius * np.c_[np.cos(angle), np.sin(angle)]


def test_graph_follows_rings_where_kmeans_cannot():
    features = np.vstack([ring(40, 1), ring(160, 5)])
    groups = np.repeat([0, 1], [40, 160])
    assert same_partition(graph(features, 2, 0), groups)
    assert not same_partition(kmeans(features, 2, 0), groups)


def test_kmeans_reaches_the_inertia_of_scikit_learn():
    features, _ = grouped(3, (20, 20, 20), 5, 3.0)
    found = kmeans(features, 4, 0)
    inertia = sum(
        np.square(features[found == c] - features[found == c].mean(axis=0)).sum() for c in range(4)
    )
    other = KMeans(4, n_init=100, random_state=7).fit(features)
    assert inertia == pytest.approx(other.inertia_, rel=5e-3)


@pytest.mark.parametrize("seed", range(3))
def test_graph_agrees_with_scikit_learn_on_a_connected_graph(seed):
    features, _ = grouped(seed, (30, 25, 20), 6, 4.0)
    n_neighbors = n_neighbors_of(len(features))
    other = SpectralClustering(
        3, affinity="nearest_neighbors", n_neighbors=n_neighbors, n_init=100, random_state=0
    ).fit(features)
    assert same_partition(graph(features, 3, 0), other.labels_)


def test_vectors_are_the_slowest_modes_of_the_random_walk():
    rows = sorted_rows(grouped(1, (20, 12), 5, 3.0)[0])
    weights = joined_graph(rows.values).toarray()
    walk = weights / weights.sum(axis=1, keepdims=True)
    vectors = graph_vectors(rows, 3)
    slowest = np.sort(np.linalg.eigvals(walk).real)[::-1][:3]
    assert walk @ vectors == pytest.approx(vectors * slowest, abs=1e-9)
    assert np.abs(vectors[:, 0]) == pytest.approx(np.ones(32))


def test_many_scans_take_the_sparse_solver_and_find_the_same(monkeypatch):
    features, groups = grouped(5, (60, 50, 40), 6, 6.0)
    dense = graph(features, 3, 0)
    monkeypatch.setattr("clam_core.clustering.neighbor_graph.MOST_DENSE", 10)
    assert np.array_equal(graph(features, 3, 0), dense)
    assert same_partition(dense, groups)


def test_parts_of_a_graph_are_joined_by_their_shortest_links():
    line = np.arange(12.0)[:, None] * 0.01
    features = np.vstack([line, line + 10, line + 30])
    weights = joined_graph(features).toarray()
    between = {(i, j) for i, j in zip(*np.nonzero(weights), strict=True) if i // 12 < j // 12}
    assert between == {(11, 12), (23, 24)}
    assert np.array_equal(weights, weights.T)
    assert same_partition(graph(features, 3, 0), np.repeat([0, 1, 2], 12))


def test_more_parts_than_clusters_merge_the_nearest():
    line = np.arange(12.0)[:, None] * 0.01
    features = np.vstack([line, line + 1, line + 30, line + 31])
    found = graph(features, 2, 0)
    assert same_partition(found, np.repeat([0, 1], 24))


@pytest.mark.parametrize(("n_scans", "expected"), [(100, 20), (30, 10), (12, 6), (5, 2), (2, 2)])
def test_neighbors_of_a_cohort(n_scans, expected):
    assert n_neighbors_of(n_scans) == expected


@pytest.mark.parametrize("method", METHODS)
def test_order_scale_and_shift_of_the_scans_change_nothing(method):
    features, _ = grouped(2, (14, 12, 9), 6, 3.0)
    found = cluster_scans(features, method, 3, 0)
    order = np.random.default_rng(0).permutation(len(features))
    assert same_partition(cluster_scans(features[order], method, 3, 0), found[order])
    assert same_partition(cluster_scans(features * 1e4, method, 3, 0), found)
    assert same_partition(cluster_scans(features + 50.0, method, 3, 0), found)
    assert np.array_equal(cluster_scans(features, method, 3, 0), found)


@pytest.mark.parametrize("method", METHODS)
def test_a_scan_given_twice_joins_its_double(method):
    features, _ = grouped(4, (14, 12), 5, 6.0)
    found = cluster_scans(np.vstack([features, features[:6]]), method, 2, 0)
    assert np.array_equal(found[-6:], found[:6])


@pytest.mark.parametrize("method", ["kmeans", "gmm", "graph"])
def test_each_number_is_clustered_as_if_alone(method):
    features, _ = grouped(6, (20, 16, 12), 5, 6.0)
    together = cluster_each(features, method, [2, 3], 0, 5)
    assert list(together) == [2, 3]
    assert same_partition(together[3], cluster_scans(features, method, 3, 0))


@pytest.mark.parametrize("method", METHODS)
def test_every_number_of_clusters_up_to_the_scans_is_filled_or_refused(method):
    features = np.random.default_rng(8).normal(size=(7, 4))
    for n_clusters in (1, 4, 6, 7):
        try:
            found = cluster_scans(features, method, n_clusters, 0)
        except ClamError as refused:
            assert "found only" in str(refused)
        else:
            assert set(found) == set(range(n_clusters))


@pytest.mark.parametrize("method", METHODS)
def test_impossible_requests_are_refused_in_one_sentence(method):
    features = np.random.default_rng(0).normal(size=(5, 3))
    with pytest.raises(SettingsError, match="5 scans cannot form 6 clusters; ask for at most 5"):
        cluster_scans(features, method, 6, 0)
    with pytest.raises(SettingsError, match="All 5 scans have the same features"):
        cluster_scans(np.full((5, 3), 0.1), method, 2, 0)
    with pytest.raises(SettingsError, match="only 2 different feature vectors, too few for 3"):
        cluster_scans(features[[0, 0, 1, 1]], method, 3, 0)
    with pytest.raises(SettingsError, match="ask for at least 1"):
        cluster_scans(features, method, 0, 0)
    broken = features.copy()
    broken[3, 1] = np.nan
    with pytest.raises(ClamError, match=r"1 of 5 scans .* not finite numbers \(rows 4\)"):
        cluster_scans(broken, method, 2, 0)
    with pytest.raises(AlignmentError, match=r"they have shape \(5,\)"):
        cluster_scans(features[:, 0], method, 2, 0)


def test_an_unknown_method_is_named():
    with pytest.raises(SettingsError, match="no clusterer 'dbscan'; choose one of kmeans, gmm"):
        cluster_scans(np.eye(4), "dbscan", 2, 0)
