"""The further methods of a comparison: a graph is made once, and one number may fail alone."""

import numpy as np

from clam_core.clustering import cluster_each
from clam_core.clustering import methods as clusterers
from clam_core.errors import ClamError
from clam_core.how_many import compare_numbers, select_clusters
from clam_core.settings import SelectSettings


def groups(n=60):
    values = np.random.default_rng(1).normal(size=(n, 4))
    values[: n // 3, 0] += 6
    return values


def test_the_graph_of_all_scans_is_made_once(monkeypatch):
    values = groups(700)  # more than are resampled
    sizes = []

    def counted(rows, n_vectors):
        sizes.append(len(rows.values))
        return made(rows, n_vectors)

    made = clusterers.graph_vectors
    monkeypatch.setattr(clusterers, "graph_vectors", counted)
    settings = SelectSettings(
        k_min=2, k_max=4, methods=("kmeans", "graph"), n_bootstrap=10, n_references=20, n_seeds=2
    )
    select_clusters(values, settings)
    assert sizes.count(700) == 1


def test_clusters_are_those_of_each_number_alone():
    values = groups()
    together = compare_numbers._that_work(values, "graph", [2, 3, 4], 0)
    for k, found in together.items():
        np.testing.assert_array_equal(found, cluster_each(values, "graph", [k], 0, 3)[k])


def test_a_number_that_fails_is_left_out_alone(monkeypatch):
    def stumbling(values, method, numbers, seed, n_init):
        if 3 in numbers:
            raise ClamError("three is too many")
        return cluster_each(values, method, numbers, seed, n_init)

    monkeypatch.setattr(compare_numbers, "cluster_each", stumbling)
    assert list(compare_numbers._that_work(groups(), "kmeans", [2, 3, 4], 0)) == [2, 4]
