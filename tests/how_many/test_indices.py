"""Silhouette, spread and agreement against scikit-learn and plain loops."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import adjusted_rand_score, silhouette_samples, silhouette_score

from clam_core.clustering import row_blocks
from clam_core.how_many.indices import (
    log_within,
    mean_agreement,
    mean_silhouettes,
    silhouettes,
    spread_indices,
)


def labeled(seed):
    random = np.random.default_rng(seed)
    return random.normal(size=(30, 4)), random.permutation(np.arange(30) % 4)


@pytest.mark.parametrize("seed", range(3))
def test_silhouettes_are_those_of_scikit_learn(seed):
    features, labels = labeled(seed)
    labels[labels == 3] = 2
    labels[0] = 3  # alone in its cluster
    found = silhouettes(cdist(features, features), labels)
    assert found == pytest.approx(silhouette_samples(features, labels), abs=1e-12)
    assert found[0] == 0


def test_silhouettes_by_hand():
    distance = np.abs(np.subtract.outer([0.0, 1.0, 4.0], [0.0, 1.0, 4.0]))
    assert silhouettes(distance, np.array([0, 0, 1])) == pytest.approx([3 / 4, 2 / 3, 0])
    assert silhouettes(np.zeros((4, 4)), np.array([0, 0, 1, 1])).tolist() == [0.0] * 4


def test_spread_indices_by_loops():
    features, labels = labeled(7)
    clusters = [features[labels == c] for c in range(4)]
    centers = [cluster.mean(axis=0) for cluster in clusters]
    middle = features.mean(axis=0)
    within = sum(
        np.square(cluster - center).sum() for cluster, center in zip(clusters, centers, strict=True)
    )
    between = sum(
        len(cluster) * np.square(center - middle).sum()
        for cluster, center in zip(clusters, centers, strict=True)
    )
    width = [
        np.linalg.norm(cluster - center, axis=1).mean()
        for cluster, center in zip(clusters, centers, strict=True)
    ]
    overlap = [
        max(
            (width[i] + width[j]) / np.linalg.norm(centers[i] - centers[j])
            for j in range(4)
            if j != i
        )
        for i in range(4)
    ]
    calinski_harabasz, davies_bouldin = spread_indices(features, labels)
    assert calinski_harabasz == pytest.approx((between / 3) / (within / 26))
    assert davies_bouldin == pytest.approx(np.mean(overlap))
    assert log_within(features, labels) == pytest.approx(np.log(within))


def test_log_within_is_half_the_mean_of_pair_distances():
    features, labels = labeled(3)
    total = sum(
        cdist(features[labels == c], features[labels == c], "sqeuclidean").sum()
        / (2 * (labels == c).sum())
        for c in range(4)
    )
    assert log_within(features, labels) == pytest.approx(np.log(total))


def test_agreement_is_the_mean_over_pairs():
    one, two = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 0, 1, 1, 1, 2])
    expected = (1 + 2 * adjusted_rand_score(one, two)) / 3
    assert mean_agreement([one, one[::-1], two]) == pytest.approx(
        (1 + adjusted_rand_score(one, two) + adjusted_rand_score(one[::-1], two)) / 3
    )
    assert mean_agreement([one, one, two]) == pytest.approx(expected)
    assert np.isnan(mean_agreement([one]))


@pytest.mark.parametrize("n_scans", [4, 10, 11, 57])
def test_mean_silhouettes_by_blocks_are_those_of_all_pairs(monkeypatch, n_scans):
    whole = row_blocks.row_blocks
    monkeypatch.setattr(
        row_blocks, "row_blocks", lambda n_rows, n_columns: whole(n_rows, n_columns, 80 * n_columns)
    )
    values = np.random.default_rng(0).normal(size=(n_scans, 3)).round(1)
    labels = {k: np.arange(n_scans) % k for k in (2, 3)}
    found = mean_silhouettes(values, labels)
    for k, own in labels.items():
        assert found[k] == pytest.approx(silhouette_score(values, own), rel=1e-12)
        assert found[k] == pytest.approx(silhouettes(cdist(values, values), own).mean(), rel=1e-12)
