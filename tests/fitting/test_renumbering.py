"""Clusters of a fit are numbered by size, in every result alike; three clusters, a cycle."""

import numpy as np
import pytest

from clam_core.clustering import order_by_size
from clam_core.fitting import fit_model
from clam_core.fitting.fit_cohort import look
from clam_core.settings import FitSettings, NetworkSettings, TrainSettings
from clam_core.training import CohortImages, ScanSource

GRID = (16, 16, 16)
GROUPS = np.array([1, 2, 0, 2, 2, 1, 0, 2, 0, 2, 2, 0, 1, 2, 0, 2])
"""5 scans of group 0, 3 of group 1, 8 of group 2: the numbers 2, 3 and 1."""


def volumes():
    """Balls of three sizes in noise."""
    rng = np.random.default_rng(0)
    distance = np.linalg.norm(np.indices(GRID) - 7.5, axis=0)
    balls = [np.where(distance < 2 + 2.5 * group, 0.0, -900.0) for group in GROUPS]
    return [(ball + rng.normal(0, 20, GRID)).astype(np.int16) for ball in balls]


@pytest.mark.parametrize("method", ["kmeans", "gmm", "graph"])
def test_soft_assignment_and_model_are_numbered_alike(monkeypatch, method):
    """The clusterer says the groups as they are, not by size."""
    assert np.bincount(GROUPS).tolist() == [5, 3, 8]
    asked = []
    monkeypatch.setattr(
        "clam_core.fitting.make_model.cluster_scans",
        lambda _, *given: asked.append(given) or GROUPS.copy(),
    )
    settings = FitSettings(
        method=method, n_clusters=3, seed=5,
        network=NetworkSettings(channels=(4, 8), n_latent=4),
        train=TrainSettings(epochs=3, batch_size=8),
    )  # fmt: skip
    scans = volumes()
    source = ScanSource(lambda row: (scans[row], None), len(scans), GRID)
    fitted = fit_model(source, settings)
    assert asked == [(method, 3, 5)]
    clusters = fitted.soft_assignment.argmax(axis=1)
    assert np.array([1, 2, 0])[GROUPS].tolist() == clusters.tolist()
    np.testing.assert_array_equal(clusters, order_by_size(clusters))
    again = look(fitted.model, CohortImages(source, fitted.scale))
    np.testing.assert_allclose(again.soft_assignment, fitted.soft_assignment, atol=1e-5)
    centers = fitted.model.head.centers.detach().numpy()
    expected = [fitted.features[group == GROUPS].mean(axis=0) for group in (2, 0, 1)]
    np.testing.assert_allclose(centers, expected, atol=1e-3)
