"""Profile features of a cohort: layer, readout, projection."""

import numpy as np
import pytest
import torch

from clam_core.fitting.fit_profile_features import choose_layer, make_profiles
from clam_core.models.autoencoder import seeded_autoencoder
from clam_core.settings import FitSettings, NetworkSettings, ScaleSettings
from clam_core.training import CohortImages, ScanSource, fit_input_scale

NETWORK = NetworkSettings(channels=(6, 8), n_latent=4)


def images(n_scans=10, size=16):
    rng = np.random.default_rng(0)
    volumes = rng.normal(-800, 60, (n_scans, size, size, size))
    volumes[n_scans // 2 :, 4:8, 4:8, 9:13] += 500
    whole = volumes.astype(np.int16)
    source = ScanSource(lambda row: (whole[row], None), n_scans, whole.shape[1:])
    return CohortImages(source, fit_input_scale(source, ScaleSettings()))


@pytest.mark.parametrize(("size", "expected"), [(16, 1), (24, 1), (40, 2), (48, 2), (88, 3)])
def test_the_deepest_layer_that_still_tells_places_apart(size, expected):
    network = seeded_autoencoder((size,) * 3, NetworkSettings(channels=(2, 2, 2), n_latent=2), 0)
    assert choose_layer(network, FitSettings()) == expected
    assert choose_layer(network, FitSettings(feature_layer=2)) == 2


def test_the_readout_is_the_ridge_regression_of_local_brightness():
    cohort = images()
    network = seeded_autoencoder(cohort.grid, NETWORK, 0)
    features, reference, _ = make_profiles(network, cohort, FitSettings())
    batch = cohort.batch(torch.arange(10))
    with torch.no_grad():
        deviation = (network.activations(batch, 1) - reference.activation).double().numpy()
    blocks = (batch - reference.image).double().numpy()
    blocks = blocks.reshape(10, 8, 2, 8, 2, 8, 2).mean(axis=(2, 4, 6)).ravel()
    rows = np.moveaxis(deviation, 1, -1).reshape(-1, 6)
    gram = rows.T @ rows
    steady = 1e-3 * np.trace(gram) / 6 * np.eye(6)
    expected = np.linalg.solve(gram + steady, rows.T @ blocks)
    np.testing.assert_allclose(features.readout[:, 0], expected, rtol=1e-4)


def test_features_are_centered_and_separate_the_bright_scans():
    cohort = images()
    network = seeded_autoencoder(cohort.grid, NETWORK, 0)
    features, _, values = make_profiles(network, cohort, FitSettings(n_features=3))
    assert values.shape == (10, 3)
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-6)
    assert (np.diff(values.var(axis=0)) <= 0).all()  # largest variance first
    first = values[:, 0]
    assert min(first[5:]) > max(first[:5]) or max(first[5:]) < min(first[:5])
    with torch.no_grad():
        again = features(network.activations(cohort.batch(torch.arange(10)), 1), network)
    np.testing.assert_allclose(again, values, atol=1e-4)
