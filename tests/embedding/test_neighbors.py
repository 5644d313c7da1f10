"""Alike, typical and borderline scans against slow loops."""

import math

import numpy as np
import pytest

from clam_core.embedding.neighbors import borderline, nearest_scans, prototypes
from clam_core.errors import AlignmentError


@pytest.fixture(scope="module")
def made():
    random = np.random.default_rng(5)
    features = random.normal(size=(40, 6)).astype(np.float32)
    soft = random.dirichlet([1, 1, 1], size=40).astype(np.float32)
    return features, soft


def test_nearest_scans_are_those_of_a_loop(made):
    features, _ = made
    for row in (0, 17, 39):
        others = [other for other in range(40) if other != row]
        others.sort(key=lambda other: math.dist(features[row].tolist(), features[other].tolist()))
        assert nearest_scans(features, row, 5).tolist() == others[:5]
    assert len(nearest_scans(features[:3], 0, 10)) == 2


def test_of_equally_near_scans_the_first_comes_first():
    features = np.array([[0.0], [1.0], [-1.0], [1.0]])
    assert nearest_scans(features, 0, 3).tolist() == [1, 2, 3]


def test_prototypes_lie_nearest_to_the_mean_of_their_cluster(made):
    features, soft = made
    own = [row for row in range(40) if max(soft[row]) == soft[row][1]]
    center = [sum(float(features[row][i]) for row in own) / len(own) for i in range(6)]
    own.sort(key=lambda row: math.dist(center, features[row].tolist()))
    assert prototypes(soft, features, 2, 4).tolist() == own[:4]


def test_borderline_scans_have_the_smallest_margin(made):
    _, soft = made
    own = [row for row in range(40) if max(soft[row]) == soft[row][0]]

    def margin(row):
        first, second = sorted(soft[row].astype(float), reverse=True)[:2]
        return first - second

    closest = sorted(own, key=margin)
    assert borderline(soft, 1, 3).tolist() == closest[:3]
    assert borderline(soft, 1, 3, closest[1:3]).tolist() == [closest[0], *closest[3:5]]
    assert borderline(soft, 1, 3, own).tolist() == []


def test_an_empty_cluster_has_no_scans_and_an_unknown_one_is_refused(made):
    features, soft = made
    empty = np.column_stack([soft, np.zeros(40)])
    assert prototypes(empty, features, 4, 3).tolist() == []
    assert borderline(empty, 4, 3).tolist() == []
    with pytest.raises(AlignmentError, match="no cluster 5; there are 1 to 4"):
        borderline(empty, 5, 3)
    with pytest.raises(AlignmentError, match="39 rows of features do not fit 40"):
        prototypes(soft, features[:39], 1, 3)


def test_one_cluster_has_no_other_to_be_between():
    assert borderline(np.ones((3, 1)), 1, 2).tolist() == [0, 1]
