"""Trust and usual distances against the distances of all pairs, which are never held at once."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from clam_core.clustering.nearest import nearest
from clam_core.embedding import Usual, nearest_ratio, trust, unlike, usual_distance
from clam_core.errors import AlignmentError

TRUST = sys.modules["clam_core.embedding.trust"]
ROOT = Path(__file__).parents[2]


def near(points, n_neighbors):
    """Weights of all pairs: closer than the last neighbor 1, as far as it a part."""
    distance = cdist(points, points)
    np.fill_diagonal(distance, np.inf)
    last = np.sort(distance, axis=1)[:, [n_neighbors - 1]]
    closer = distance < last * (1 - 1e-12)
    level = (distance <= last * (1 + 1e-12)) & ~closer
    left = n_neighbors - closer.sum(axis=1, keepdims=True)
    return closer + level * (left / level.sum(axis=1, keepdims=True))


def whole(features, positions, n_neighbors):
    both = np.minimum(near(features, n_neighbors), near(positions, n_neighbors))
    return np.minimum(both.sum(axis=1) / n_neighbors, 1)


@pytest.mark.parametrize("rounded", [False, True, "equal"])
@pytest.mark.parametrize("n_scans", [2, 3, 5, 40, 41, 300])
@pytest.mark.parametrize("block_rows", [1, 39, 40])
def test_trust_is_that_of_all_pairs_to_the_last_bit(monkeypatch, rounded, n_scans, block_rows):
    monkeypatch.setattr(TRUST, "TIED_BYTES", 8 * n_scans * block_rows)
    random = np.random.default_rng(n_scans)
    features = random.normal(size=(n_scans, 4))
    positions = features[:, :2] + 0.5 * random.normal(size=(n_scans, 2))
    if rounded:
        features, positions = features.round(), positions.round()
    if rounded == "equal":
        features[: n_scans // 2] = 0
    wanted = min(7, n_scans - 1)
    found = trust(features, positions, wanted)
    assert np.array_equal(found, whole(features, positions, wanted))


def test_distances_too_large_to_be_squared_do_not_stop_it():
    features = np.array([[0.0], [1], [1e200], [3e200], [4e200]])
    assert np.isfinite(trust(features, features, 1)).all()


@pytest.mark.parametrize("n_neighbors", [1, 4, 11])
def test_nearest_are_those_of_all_pairs(n_neighbors):
    points = np.random.default_rng(0).normal(size=(12, 3))
    distance = cdist(points, points)
    np.fill_diagonal(distance, np.inf)
    found = nearest(points, n_neighbors)
    assert np.array_equal(found.rows, np.argsort(distance, axis=1)[:, :n_neighbors])
    assert found.distances == pytest.approx(np.sort(distance, axis=1)[:, :n_neighbors], rel=1e-14)
    assert found.is_clear.all()


def test_what_is_equally_near_is_not_clear():
    line = np.array([[0.0], [1], [2], [10], [11.5]])
    assert nearest(line, 1).is_clear.tolist() == [True, False, True, True, True]
    equal = nearest(np.zeros((9, 2)), 2)
    assert not equal.is_clear.any()
    assert (equal.distances == 0).all()
    assert (equal.rows < 9).all()
    with pytest.raises(AlignmentError, match="3 scans have not 3 neighbors"):
        nearest(np.zeros((3, 2)), 3)


@pytest.mark.parametrize("n_scans", [2, 3, 200])
@pytest.mark.parametrize("copies", [1, 3])
def test_the_usual_distance_is_that_of_all_pairs(n_scans, copies):
    cohort = np.repeat(np.random.default_rng(n_scans).normal(size=(n_scans, 8)), copies, axis=0)
    among = cdist(cohort, cohort)
    np.fill_diagonal(among, np.inf)
    expected = np.quantile(among.min(axis=1), 0.99)
    assert usual_distance(cohort) == pytest.approx(expected, rel=1e-14)


def test_a_known_distance_is_not_computed_again(monkeypatch):
    cohort, new = np.arange(12.0)[:, None], np.array([15.0])
    assert nearest_ratio(new, cohort) == 4
    monkeypatch.setattr(unlike, "nearest", None)
    assert nearest_ratio(new, cohort, 2.0) == 2
    said = Usual((cohort, cohort), {}, (4.0, 1.0)).doubts((new, new), {})
    assert said == ("its nearest scan is 4.0 times as far away as is usual in the cohort",)


MEASURE = """
import numpy as np
from clam_core.embedding import trust, usual_distance
from clam_core.fitting.silhouette import silhouettes
from clam_core.how_many.indices import mean_silhouettes
from tests.memory import peak_mb
random = np.random.default_rng(0)
few, many = (random.normal(size=(n, 4)) for n in (200, 7000))
def all_of(values):
    labels = np.arange(len(values)) % 3
    trust(values, values[:, :2]), usual_distance(values)
    silhouettes(values, labels), mean_silhouettes(values, {3: labels})
    tied = values[: len(values) // 2].round()
    trust(tied, tied[:, :2])
all_of(few)
before = peak_mb()
all_of(many)
print(peak_mb() - before)
"""


def test_memory_does_not_grow_with_the_square():
    """All distances of 7,000 scans alone are 374 MB."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 220
