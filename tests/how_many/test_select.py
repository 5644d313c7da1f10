"""The right number where groups are known, and no structure where there is none."""

from dataclasses import astuple

import numpy as np
import pytest

from clam_core.errors import ClamError, SettingsError
from clam_core.how_many import select_clusters
from clam_core.settings import SelectSettings
from tests.clustering.made_features import grouped

QUICK = SelectSettings(k_max=5, n_bootstrap=20, n_references=20, n_seeds=3, methods=("kmeans",))
FULL = SelectSettings(k_max=6, n_bootstrap=20, n_references=20, methods=("kmeans",))


def decay(n_features):
    return 1 / np.arange(1, n_features + 1) ** 0.7


STRUCTURELESS = {
    "gaussian": lambda random: random.normal(size=(60, 8)),
    "small gaussian": lambda random: random.normal(size=(30, 8)),
    "gaussian in a plane": lambda random: random.normal(size=(100, 2)),
    "more features than scans": lambda random: random.normal(size=(40, 60)),
    "long gaussian": lambda random: random.normal(size=(60, 8)) * ([6] + [1] * 7),
    "gaussian of falling spread": lambda random: random.normal(size=(80, 20)) * decay(20),
    "uniform square": lambda random: random.uniform(size=(100, 2)),
    "uniform": lambda random: random.uniform(size=(60, 8)),
    "uniform, many features": lambda random: random.uniform(size=(48, 60)),
    "uniform of falling spread": lambda random: random.uniform(size=(150, 20)) * decay(20),
    "heavy tails": lambda random: random.standard_t(5, size=(80, 8)),
}
STRUCTURED = [
    ((15, 15), 8, 6.0),
    ((15, 15), 60, 9.0),
    ((10, 10, 10), 8, 6.0),
    ((16, 16, 16), 60, 9.0),
    ((12, 12, 12, 12), 8, 6.0),
    ((30, 30, 30, 30), 2, 6.0),
    ((30, 30, 30, 30, 30), 20, 7.0),
    ((40, 8), 8, 7.0),
    ((40, 15, 7), 8, 7.0),
    ((60, 25, 10), 60, 10.0),
    ((80, 40, 20, 10), 10, 7.0),
]


@pytest.mark.parametrize("case", [0, 3, 9])
def test_known_groups_are_recommended(case):
    sizes, n_features, distance = STRUCTURED[case]
    found = select_clusters(grouped(0, sizes, n_features, distance)[0], QUICK)
    assert found.recommended == len(sizes)
    row = found.rows[len(sizes) - 2]
    assert (row.n_clusters, row.sizes) == (len(sizes), sizes)
    assert f"{len(sizes)} clusters have the highest silhouette" in found.reason


@pytest.mark.parametrize("kind", ["small gaussian", "uniform square", "long gaussian"])
def test_no_structure_is_an_answer(kind):
    found = select_clusters(STRUCTURELESS[kind](np.random.default_rng(5)), QUICK)
    assert found.recommended is None
    assert found.reason.startswith("No number of clusters is recommended")


@pytest.mark.slow
@pytest.mark.parametrize("kind", STRUCTURELESS)
def test_structure_is_rarely_seen_where_there_is_none(kind):
    found = [
        select_clusters(STRUCTURELESS[kind](np.random.default_rng(seed)), FULL).recommended
        for seed in range(20)
    ]
    assert sum(number is not None for number in found) <= 2


@pytest.mark.slow
@pytest.mark.parametrize(("sizes", "n_features", "distance"), STRUCTURED)
def test_the_number_of_known_groups_is_found(sizes, n_features, distance):
    found = [
        select_clusters(grouped(seed, sizes, n_features, distance)[0], FULL).recommended
        for seed in range(6)
    ]
    assert found.count(len(sizes)) >= 5


def test_order_and_scale_of_the_scans_change_nothing():
    features, _ = grouped(3, (12, 10), 5, 5.0)
    settings = QUICK.model_copy(update={"k_max": 3, "methods": ("kmeans", "gmm", "graph")})
    found = select_clusters(features, settings)
    order = np.random.default_rng(0).permutation(len(features))
    assert select_clusters(features[order], settings) == found
    scaled = select_clusters(features * 1024.0, settings)
    assert scaled.recommended == found.recommended == 2
    for one, other in zip(found.rows, scaled.rows, strict=True):
        flat = [value for value in astuple(one) if not isinstance(value, tuple)]
        again = [value for value in astuple(other) if not isinstance(value, tuple)]
        assert again == pytest.approx(flat, rel=1e-6, nan_ok=True)
    assert found.rows[0].methods_ari == 1.0
    assert found.rows[0].seeds_ari == 1.0


def test_large_cohorts_are_tested_on_a_part(monkeypatch):
    monkeypatch.setattr("clam_core.how_many.compare_numbers.MOST_TESTED", 40)
    found = select_clusters(grouped(1, (40, 30), 6, 8.0)[0], QUICK.model_copy(update={"k_max": 3}))
    assert found.recommended == 2
    assert found.rows[0].sizes == (40, 30)
    assert "Stability and references were computed on 40 of the 70 scans." in found.notes


@pytest.mark.parametrize("method", ["gmm", "graph"])
def test_other_methods_can_be_judged(method):
    features, _ = grouped(2, (15, 12), 4, 8.0)
    settings = QUICK.model_copy(update={"k_max": 2, "n_bootstrap": 5, "methods": (method,)})
    found = select_clusters(features, settings)
    assert (found.recommended, found.method) == (2, method)
    assert np.isnan(found.rows[0].methods_ari)


def test_small_cohorts_try_fewer_numbers():
    found = select_clusters(grouped(0, (6, 5), 3, 8.0)[0], QUICK)
    assert [row.n_clusters for row in found.rows] == [2, 3]


def test_cohorts_that_cannot_be_compared_are_refused():
    random = np.random.default_rng(0)
    with pytest.raises(
        SettingsError, match="5 different scans are too few .* from 2 on; at least 6"
    ):
        select_clusters(random.normal(size=(5, 3)), QUICK)
    with pytest.raises(SettingsError, match="All 9 scans have the same features"):
        select_clusters(np.ones((9, 3)), QUICK)
    with pytest.raises(ClamError, match="not finite"):
        select_clusters(np.full((9, 3), np.nan), QUICK)
    with pytest.raises(SettingsError, match="k_min 4 lies above k_max 3"):
        SelectSettings(k_min=4, k_max=3)
    with pytest.raises(SettingsError, match="each only once"):
        SelectSettings(methods=("gmm", "gmm"))
