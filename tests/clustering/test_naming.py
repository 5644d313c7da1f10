"""Numbers of clusters: the largest first, and stable over refits."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_core.clustering import match_names, order_by_size
from clam_core.errors import AlignmentError

labelings = st.lists(st.integers(0, 3), min_size=1, max_size=12).map(np.array)


def test_the_largest_comes_first_and_ties_go_to_the_first_scan():
    assert order_by_size(np.array([7, 7, 2, 5, 5, 2, 5])).tolist() == [1, 1, 2, 0, 0, 2, 0]
    assert order_by_size(np.array([3, 1])).tolist() == [0, 1]


@given(labelings)
def test_sizes_fall_without_gaps(labels):
    counts = np.bincount(order_by_size(labels))
    assert counts.all()
    assert (np.diff(counts) <= 0).all()


def test_a_refit_keeps_its_numbers():
    old = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2])
    new = np.array([2, 2, 2, 1, 0, 0, 0, 1, 1])
    assert match_names(new, old).tolist() == [0, 0, 0, 2, 1, 1, 1, 2, 2]


def test_a_third_cluster_gets_the_name_left_over():
    old = np.array([0, 0, 0, 1, 1, 1, 1])
    new = np.array([0, 0, 2, 1, 1, 1, 1])
    assert match_names(new, old).tolist() == [0, 0, 2, 1, 1, 1, 1]


def test_fewer_clusters_leave_no_gap():
    old = np.array([0, 0, 0, 1, 1, 2])
    new = np.array([0, 0, 0, 0, 0, 1])
    assert match_names(new, old).tolist() == [0, 0, 0, 0, 0, 1]


@given(labelings, st.randoms(use_true_random=False))
def test_the_overlap_is_the_largest_of_all_namings(labels, random):
    old = order_by_size(labels)
    new = order_by_size(np.array([random.randint(0, 3) for _ in labels]))
    named = match_names(new, old)
    n_new = new.max() + 1
    best = max(
        (np.array(names)[new] == old).sum() for names in itertools.permutations(range(n_new))
    )
    assert (named == old).sum() == best
    assert set(named) == set(range(n_new))


def test_different_lengths_are_refused():
    with pytest.raises(AlignmentError, match="3 scans of the new fit do not match 2"):
        match_names(np.array([0, 0, 1]), np.array([0, 1]))
