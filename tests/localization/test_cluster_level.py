"""Means per cluster, gathered in pieces."""

import numpy as np
import pytest

from clam_core.errors import AlignmentError
from clam_core.localization import ClusterMeans


def test_equals_numpy_means():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(20, 3, 4)).astype(np.float32)
    clusters = rng.integers(0, 3, size=20)
    means = ClusterMeans(4, (3, 4))
    for rows in np.array_split(np.arange(20), 6):
        means.add(values[rows], clusters[rows])
    for cluster in range(3):
        expected = values[clusters == cluster].astype(np.float64).mean(axis=0)
        np.testing.assert_allclose(means.means[cluster], expected, atol=1e-6)
    assert np.isnan(means.means[3]).all()
    assert means.counts.tolist() == [*np.bincount(clusters), 0]
    rest = values[clusters != 1].mean(axis=0)
    expected = values[clusters == 1].mean(axis=0) - rest
    np.testing.assert_allclose(means.difference(1), expected, atol=1e-6)
    np.testing.assert_allclose(means.difference(0, 2), -means.difference(2, 0), atol=1e-6)
    np.testing.assert_allclose(means.difference(0, 2), means.means[0] - means.means[2], atol=1e-6)


def test_by_hand_and_large_offsets_do_not_lose_digits():
    means = ClusterMeans(1, (1,))
    for value in (1e6, 1e6 + 1, 1e6 + 5):
        means.add(np.array([[value]], dtype=np.float32), np.array([0]))
    assert means.means[0, 0] == np.float32(1e6 + 2)


def test_refusals():
    means = ClusterMeans(2, (3,))
    with pytest.raises(AlignmentError, match=r"\(2, 4\) do not fit \(2, 3\)"):
        means.add(np.zeros((2, 4)), np.array([0, 1]))
    with pytest.raises(AlignmentError, match="run from 0 to 1; found 0 to 2"):
        means.add(np.zeros((2, 3)), np.array([0, 2]))
