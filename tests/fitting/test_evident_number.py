"""Numbers of clusters that are apart in a direction which varies little."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from clam_core.fitting.evident_number import by_evidence, select_of_run
from clam_core.how_many import select_clusters
from clam_core.how_many.run_stability import cluster_stability
from clam_core.settings import SelectSettings
from clam_core.study.json_files.run_info import RunInfo

QUICK = SelectSettings(k_max=4, n_bootstrap=10, n_seeds=2, n_references=20)


def scans(n_groups, seed=0):
    """Groups nine standard deviations apart, across a direction that varies more."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(90, 4)) * [30, 1, 1, 1]
    values[:, 1] += 9 * (np.arange(90) % n_groups)
    return values


@pytest.mark.parametrize("n_groups", [2, 3])
def test_their_number_is_recommended(n_groups):
    found = select_of_run(scans(n_groups), "tied", QUICK)
    assert found.recommended == n_groups and found.method == "tied"
    assert f"{n_groups} clusters stand out" in found.reason
    assert select_of_run(scans(n_groups), "kmeans", QUICK).method == "kmeans"


def test_one_heap_has_none():
    found = select_of_run(scans(1), "tied", QUICK)
    assert found.recommended is None
    assert "do not clearly stand out from cohorts without groups" in found.reason


@pytest.fixture(scope="module")
def rows():
    return select_clusters(scans(2), QUICK).rows


def judged(rows, jaccard, scores):
    """The verdict where all clusters are as stable and numbers as evident as is said."""
    return by_evidence(
        tuple(replace(row, jaccard_of=(jaccard,) * row.n_clusters) for row in rows), scores
    )


def test_clusters_that_are_not_found_again_are_not_recommended(rows):
    number, reason, _ = judged(rows, 0.3, {2: 9.0, 3: 1.0, 4: 1.0})
    assert number is None
    assert reason.endswith("2 clusters, they are not found again in resampled cohorts.")


def test_nor_are_those_that_do_not_stand_out(rows):
    number, reason, notes = judged(rows, 0.9, {2: 1.0, 3: 2.9, 4: 1.0})
    assert number is None and len(notes) == 1
    assert reason.endswith("3 clusters, they do not clearly stand out from cohorts without groups.")


def test_the_most_clusters_that_hold_are_recommended(rows):
    number, _, notes = judged(rows, 0.9, {2: 20.0, 3: 3.1, 4: 1.0})
    assert number == 3 and notes == ("2 clusters hold as well.",)


def test_it_is_said_that_only_a_part_was_tested(monkeypatch):
    monkeypatch.setattr("clam_core.how_many.compare_numbers.MOST_TESTED", 60)
    found = select_of_run(scans(2), "tied", QUICK)
    assert found.recommended == 2
    assert "on 60 of the 90 scans" in found.notes[-1]


@pytest.mark.parametrize(
    ("method", "given", "expected"),
    [
        ("density", None, "tied"),
        ("profiles", None, "kmeans"),
        ("umap", None, "gmm"),
        ("graph", None, "graph"),
        ("table", "tied", "tied"),
    ],
)
def test_a_run_knows_its_clusterer(method, given, expected):
    info = RunInfo.model_construct(method=method, given=given and SimpleNamespace(clusterer=given))
    assert info.clusterer == expected


def test_stability_is_that_of_the_clusterer_that_made_the_groups():
    values = scans(2)
    clusters = np.arange(90) % 2 + 1
    found = cluster_stability(values, clusters, "tied", 0)
    assert found.method == "tied" and min(found.jaccard_of) > 0.95
    assert max(cluster_stability(values, clusters, "kmeans", 0).jaccard_of) < 0.7
