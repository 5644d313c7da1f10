"""Groups that are there are found again in the other half of the scans; others are not."""

import numpy as np
import pytest

from clam_core.fitting.found_again import found_again


def apart(distance, n_scans=60, seed=3):
    values = np.random.default_rng(seed).normal(size=(n_scans, 5))
    values[::2, 0] += distance
    return values


@pytest.mark.parametrize("clusterer", ["kmeans", "tied"])
def test_groups_are_found_again(clusterer):
    assert found_again(apart(12), clusterer, 2, 0) > 0.95


@pytest.mark.parametrize("clusterer", ["kmeans", "tied"])
def test_one_cloud_is_cut_elsewhere_each_time(clusterer):
    assert found_again(apart(0), clusterer, 2, 0) < 0.3


def test_the_order_of_scans_does_not_matter():
    values = apart(3)
    shuffled = np.random.default_rng(0).permutation(values)
    assert found_again(values, "kmeans", 2, 1) == found_again(shuffled, "kmeans", 2, 1)


def test_too_few_scans_find_nothing_again():
    assert found_again(apart(9, n_scans=4), "kmeans", 3, 0) == 0
