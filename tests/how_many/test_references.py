"""Gap statistic and references against a plain reimplementation and cases by hand."""

import numpy as np
import pytest
from sklearn.cluster import KMeans

from clam_core.clustering import cluster_each
from clam_core.errors import ClamError
from clam_core.how_many.groupless_cohorts import (
    boxed,
    compare,
    exceeded,
    gap,
    gap_choice,
    gaussian,
)
from tests.clustering.made_features import grouped


def plain_gap(features, numbers, n_references, seed):
    """Tibshirani et al. (2001), step by step, with another library's k-means."""
    random = np.random.default_rng(seed)
    middle = features.mean(axis=0)
    axes = np.linalg.eigh(np.cov(features.T))[1]
    turned = (features - middle) @ axes

    def log_w(points, k):
        model = KMeans(k, n_init=10, random_state=0).fit(points)
        pooled = 0.0
        for c in range(k):
            members = points[model.labels_ == c]
            pairs = sum(np.square(a - b).sum() for a in members for b in members)
            pooled += pairs / (2 * len(members))
        return np.log(pooled)

    found = {}
    for k in numbers:
        drawn = []
        for _ in range(n_references):
            box = np.column_stack(
                [
                    random.uniform(low, high, len(turned))
                    for low, high in zip(turned.min(axis=0), turned.max(axis=0), strict=True)
                ]
            )
            drawn.append(log_w(box @ axes.T + middle, k))
        found[k] = (
            np.mean(drawn) - log_w(features, k),
            np.std(drawn) * (1 + 1 / len(drawn)) ** 0.5,
        )
    return found


def test_the_gap_is_that_of_a_plain_reimplementation():
    features, _ = grouped(0, (12, 10, 8), 3, 6.0)
    features = features - features.mean(axis=0)
    labels = cluster_each(features, "kmeans", [2, 3, 4], 0, 10)
    found = compare(
        features,
        labels,
        lambda part: cluster_each(part, "kmeans", [2, 3, 4], 0, 3),
        20,
        np.random.default_rng(1),
    )
    plain = plain_gap(features, [1, 2, 3, 4], 12, 2)
    for k, (expected, error) in plain.items():
        assert found.gap[k] == pytest.approx(expected, abs=4 * error / np.sqrt(12) + 0.01)
        assert 0.4 * error < found.gap_se[k] < 2.5 * error
    assert gap_choice(found.gap, found.gap_se) == 3


def test_gap_and_its_error_by_hand():
    found, error = gap(1.0, [2.0, 4.0])
    assert found == pytest.approx(2.0)
    assert error == pytest.approx(1.0 * np.sqrt(1.5))
    assert np.isnan(gap(1.0, [])).all()


def test_the_rule_takes_the_smallest_number_within_one_error():
    gaps = {1: 0.1, 2: 0.5, 3: 0.52, 4: 0.9}
    assert gap_choice(gaps, {1: 0, 2: 0.01, 3: 0.05, 4: 0.05}) == 2
    assert gap_choice(gaps, {1: 0, 2: 0.45, 3: 0.05, 4: 0.05}) == 1
    assert gap_choice(gaps, {1: 0, 2: 0.01, 3: 0.01, 4: 0.01}) == 4


def test_the_observed_cohort_counts_as_one_of_the_references():
    assert exceeded(0.5, [0.1, 0.5, 0.9]) == pytest.approx(3 / 4)
    assert exceeded(1.0, [0.1] * 19) == pytest.approx(0.05)


def test_references_have_the_axes_and_the_extent_of_the_cohort():
    random = np.random.default_rng(0)
    turn = np.linalg.qr(random.normal(size=(3, 3)))[0]
    scores = random.normal(size=(4000, 3)) * [9.0, 3.0, 1.0]
    values = (scores - scores.mean(axis=0)) @ turn
    axes = np.linalg.svd(values, full_matrices=False)[2]
    own = values @ axes.T
    box = boxed(values, random) @ axes.T
    assert (np.abs(box).max(axis=0) <= np.abs(own).max(axis=0) + 1e-9).all()
    extent = np.ptp(own, axis=0)
    assert np.ptp(box, axis=0) == pytest.approx(extent, rel=0.02)
    assert box.std(axis=0) == pytest.approx(extent / np.sqrt(12), rel=0.05)
    drawn = gaussian(values, random)
    assert np.cov(drawn.T) == pytest.approx(np.cov(values.T), abs=4)
    assert (drawn @ axes.T).std(axis=0) == pytest.approx([9, 3, 1], rel=0.05)


def test_references_that_cannot_be_clustered_are_left_out():
    values = np.random.default_rng(0).normal(size=(12, 2))
    labels = {2: np.arange(12) % 2}

    def refuse(part):
        raise ClamError("no clusters here")

    found = compare(values, labels, refuse, 20, np.random.default_rng(0))
    assert np.isnan(found.gap[2])
    assert found.silhouette_p[2] == 1.0
