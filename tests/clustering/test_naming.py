"""Numbers of clusters: the largest first."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clam_core.clustering import order_by_size

labelings = st.lists(st.integers(0, 3), min_size=1, max_size=12).map(np.array)


def test_the_largest_comes_first_and_ties_go_to_the_first_scan():
    assert order_by_size(np.array([7, 7, 2, 5, 5, 2, 5])).tolist() == [1, 1, 2, 0, 0, 2, 0]
    assert order_by_size(np.array([3, 1])).tolist() == [0, 1]


@given(labelings)
def test_sizes_fall_without_gaps(labels):
    counts = np.bincount(order_by_size(labels))
    assert counts.all()
    assert (np.diff(counts) <= 0).all()
