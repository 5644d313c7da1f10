"""Jaccard index and valleys by hand and by loops."""

import numpy as np
import pytest

from clam_core.clustering import cluster_each
from clam_core.errors import ClamError
from clam_core.how_many.stability import depths, jaccard, resample, valleys
from tests.clustering.made_features import grouped


def test_jaccard_by_hand():
    one = np.array([0, 0, 0, 1, 1, 1])
    other = np.array([0, 0, 1, 1, 1, 1])
    assert jaccard(one, other, 2) == pytest.approx(np.array([[2 / 3, 1 / 6], [0, 3 / 4]]))
    counted = np.array([True, False, True, True, True, False])
    assert jaccard(one, other, 2, counted) == pytest.approx(np.array([[1 / 2, 1 / 4], [0, 2 / 3]]))
    assert jaccard(one, other, 3)[2].tolist() == [0, 0, 0]


def test_depth_by_hand():
    centers = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 100.0]])
    points = np.array([[0.0, 0.0], [2.0, 1.0], [-2.0, 0.0], [3.0, -5.0]])
    nearest, depth = depths(points, centers)
    assert nearest.tolist() == [0, 0, 0, 1]
    assert depth == pytest.approx([0.5, 0.0, 1.0, 0.25])


def test_depth_is_the_way_from_the_border_over_the_way_between_the_centers():
    random = np.random.default_rng(0)
    centers, points = random.normal(size=(4, 5)), random.normal(size=(20, 5))
    nearest, depth = depths(points, centers)
    for point, own, found in zip(points, nearest, depth, strict=True):
        order = sorted(range(4), key=lambda c: np.linalg.norm(point - centers[c]))
        line = centers[order[0]] - centers[order[1]]
        halfway = (centers[order[0]] + centers[order[1]]) / 2
        assert own == order[0]
        assert found == pytest.approx((point - halfway) @ line / (line @ line))


def test_valleys_by_hand():
    whole, worst = valleys(np.array([[3.0, 0.0], [9.0, 19.0]]))
    assert whole == pytest.approx(4 / 29)
    assert worst == pytest.approx(4 / 10)
    assert valleys(np.zeros((2, 2))) == (1.0, 1.0)


def found_in(values, k, seed=0):
    labels = cluster_each(values, "kmeans", [k], 0, 10)
    again = resample(
        values,
        labels,
        lambda part: cluster_each(part, "kmeans", [k], 0, 3),
        20,
        np.random.default_rng(seed),
    )
    return again[k]


def test_separate_groups_are_found_again_and_have_a_valley_between_them():
    found = found_in(grouped(0, (20, 15, 12), 6, 8.0)[0], 3)
    assert found.jaccard_of.min() > 0.98
    assert found.valley < 0.1


def test_an_even_cohort_has_no_valley():
    found = found_in(np.random.default_rng(1).uniform(size=(80, 2)), 2)
    assert found.valley > 0.7


def test_more_features_than_scans_feign_no_valley():
    found = found_in(np.random.default_rng(2).normal(size=(30, 100)), 2)
    assert found.valley > 1


def test_a_tail_is_told_by_its_cluster():
    values = np.random.default_rng(3).exponential(size=(200, 1))
    found = found_in(values, 2)
    assert found.valley_worst > 1 > found.valley


def test_cohorts_that_cannot_be_clustered_leave_nothing():
    def refuse(part):
        raise ClamError("no clusters here")

    values = np.random.default_rng(0).normal(size=(12, 2))
    found = resample(values, {2: np.arange(12) % 2}, refuse, 3, np.random.default_rng(0))[2]
    assert np.isnan(found.jaccard_of).all()
    assert found.valley == 1
