"""The dip against a linear program, and what it sees between two clusters."""

import numpy as np
import pytest
from scipy.optimize import linprog

from clam_core.how_many.dip import dip, separation


def plain_dip(values):
    """Smallest distance to a distribution that is convex up to a place and concave after it."""
    places = np.sort(values)
    n = len(places)
    return min(_distance(places, peak) for peak in range(n)) if n else 0.0


def _distance(places, peak):
    # Unknowns: the distribution at each place (the peak twice: it may jump there), the distance.
    n = len(places)
    at = np.r_[places[: peak + 1], places[peak:]]
    before = np.r_[np.arange(peak + 1), np.arange(peak, n)] / n
    after = before + 1 / n
    rows, limits = [], []

    def limit(terms, most):
        row = np.zeros(n + 2)
        for place, factor in terms:
            row[place] += factor
        rows.append(row)
        limits.append(most)

    for i in range(n + 1):
        # Left of the jump the sample's function has not risen at the peak, right of it it has.
        if i != peak:
            limit([(i, -1), (n + 1, -1)], -after[i])
        if i != peak + 1:
            limit([(i, 1), (n + 1, -1)], before[i])
        if i < n:
            limit([(i, 1), (i + 1, -1)], 0)
    for i in range(n - 1):
        if i + 1 == peak or i == peak or i + 2 <= peak or i >= peak + 1:
            one, two = at[i + 1] - at[i], at[i + 2] - at[i + 1]
            if one <= 0 or two <= 0:
                continue
            sign = 1 if i + 2 <= peak else -1
            limit([(i, -sign / one), (i + 1, sign / one + sign / two), (i + 2, -sign / two)], 0)
    bounds = [(0, 1)] * (n + 1) + [(0, 1)]
    target = np.r_[np.zeros(n + 1), 1.0]
    return linprog(target, np.array(rows), np.array(limits), bounds=bounds).fun


@pytest.mark.parametrize("n", [4, 5, 7, 10])
def test_the_dip_is_that_of_a_linear_program(n):
    random = np.random.default_rng(n)
    for far in (0, 5):
        values = np.r_[random.normal(size=n // 2), random.normal(far, 1, n - n // 2)]
        plain = plain_dip(values)
        # The two sides of the peak are taken each on its own: at most a little too small.
        assert 0.98 * plain <= dip(values) <= plain + 1e-9
        assert dip(3.0 - 7.0 * values) == pytest.approx(dip(values))


def test_the_dip_by_hand():
    # Half of the scans at either end: one peak can hold no more than half of them, so that a
    # quarter is wrong on both sides; one heap of n different values is 1 / (2 n) away from its
    # own steps.
    ends = np.r_[np.linspace(0, 0.01, 50), np.linspace(0.99, 1, 50)]
    assert dip(ends) == pytest.approx(0.25, abs=0.01)
    assert dip(np.arange(10.0)) == pytest.approx(1 / 20)
    assert dip(np.array([1.0, 1.0, 2.0, 3.0])) == 0


def two(far, sizes, seed=0):
    random = np.random.default_rng(seed)
    labels = np.repeat([0, 1], sizes)
    values = random.normal(size=(len(labels), 3))
    values[:, 0] += far * labels
    return values, labels


def test_a_small_group_is_told_from_the_tail_of_a_large_one():
    group, labels = two(7.0, (60, 12))
    tail = group.copy()
    tail[labels == 1, 0] = 2.0 + np.random.default_rng(1).exponential(2.0, 12)
    assert separation(group, labels) > 2 * separation(tail, labels)


def test_the_least_separate_pair_counts():
    values, labels = two(8.0, (30, 30))
    cut = np.where((labels == 1) & (values[:, 1] > 0), 2, labels)
    assert separation(values, cut) < separation(values, labels) / 2


def test_the_names_of_clusters_and_the_direction_change_nothing():
    values, labels = two(4.0, (30, 9))
    there = separation(values, labels)
    assert separation(-values, labels) == pytest.approx(there)
    assert separation(values, 1 - labels) == pytest.approx(there)


def test_two_scans_are_no_heap():
    assert separation(*two(9.0, (30, 2))) == 0
    assert separation(*two(9.0, (30, 3))) > 0
