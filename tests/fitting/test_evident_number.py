"""Numbers of clusters that are apart in a direction which varies little."""

from dataclasses import replace

import numpy as np
import pytest

from clam_core.fitting import evident_number
from clam_core.fitting.evident_number import by_evidence
from clam_core.how_many import select_clusters
from clam_core.how_many.run_stability import cluster_stability
from clam_core.pipeline.method.select import compare
from clam_core.settings import SelectSettings

QUICK = SelectSettings(k_max=4, n_bootstrap=10, n_seeds=2, n_references=20)


def scans(n_groups, seed=0):
    """Groups nine standard deviations apart, across a direction that varies more."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(90, 4)) * [30, 1, 1, 1]
    values[:, 1] += 9 * (np.arange(90) % n_groups)
    return values


@pytest.mark.parametrize("n_groups", [2, 3])
def test_their_number_is_recommended(n_groups):
    found = compare(scans(n_groups), "density", QUICK)
    assert found.recommended == n_groups and found.method == "tied"
    assert f"{n_groups} clusters stand out" in found.reason
    assert compare(scans(n_groups), "profiles", QUICK).method == "kmeans"


def test_one_heap_has_none():
    found = compare(scans(1), "texture", QUICK)
    assert found.recommended is None
    assert "do not clearly stand out from cohorts without groups" in found.reason


@pytest.fixture(scope="module")
def compared():
    return select_clusters(scans(2), QUICK)


def judged(compared, monkeypatch, jaccard, scores):
    """The recommendation where all clusters are as stable and numbers as evident as is said."""
    rows = tuple(replace(row, jaccard_of=(jaccard,) * row.n_clusters) for row in compared.rows)
    monkeypatch.setattr(evident_number, "evidence", lambda *given: scores[given[2]])
    return by_evidence(scans(2), replace(compared, rows=rows), "tied", 0)


def test_clusters_that_are_not_found_again_are_not_recommended(compared, monkeypatch):
    found = judged(compared, monkeypatch, 0.3, {2: 9.0, 3: 1.0, 4: 1.0})
    assert found.recommended is None
    assert found.reason.endswith("2 clusters, they are not found again in resampled cohorts.")


def test_nor_are_those_that_do_not_stand_out(compared, monkeypatch):
    found = judged(compared, monkeypatch, 0.9, {2: 1.0, 3: 2.9, 4: 1.0})
    assert found.recommended is None
    assert found.reason.endswith(
        "3 clusters, they do not clearly stand out from cohorts without groups."
    )


def test_the_most_clusters_that_hold_are_recommended(compared, monkeypatch):
    found = judged(compared, monkeypatch, 0.9, {2: 20.0, 3: 3.1, 4: 1.0})
    assert found.recommended == 3 and found.notes == ("2 clusters hold as well.",)


def test_stability_is_that_of_the_clusterer_that_made_the_groups():
    values = scans(2)
    clusters = np.arange(90) % 2 + 1
    found = cluster_stability(values, clusters, "density", 0)
    assert found.method == "tied" and min(found.jaccard_of) > 0.95
    assert max(cluster_stability(values, clusters, "profiles", 0).jaccard_of) < 0.7
