"""Small cohorts of bright balls in dark boxes, for the tests of training."""

import numpy as np

from clam_core.models.autoencoder import seeded_autoencoder
from clam_core.settings import NetworkSettings, ScaleSettings, TrainSettings
from clam_core.training import CohortImages, ScanSource, fit_input_scale

GRID = (16, 16, 16)
NETWORK = NetworkSettings(channels=(4, 8), n_latent=6)
QUICK = TrainSettings(epochs=4, batch_size=5, learning_rate=2e-3, noise_sd=0.3)


def volumes(n_scans=12, grid=GRID, seed=0):
    """Lung of -850 HU with a ball of 0 HU, high in even scans and low in odd ones."""
    rng = np.random.default_rng(seed)
    axes = np.meshgrid(*[np.arange(n) for n in grid], indexing="ij")
    found = []
    for row in range(n_scans):
        center = [n * (0.3 if row % 2 else 0.7) + rng.normal(0, 0.5) for n in grid]
        near = sum((a - c) ** 2 for a, c in zip(axes, center, strict=True)) < (min(grid) / 5) ** 2
        hu = np.where(near, 0, -850) + rng.normal(0, 40, grid)
        found.append(hu.round().astype(np.int16))
    return found


def masks(n_scans=12, grid=GRID, seed=0):
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n_scans):
        mask = np.zeros(grid, bool)
        mask[tuple(slice(rng.integers(1, 4), n - rng.integers(1, 4)) for n in grid)] = True
        found.append(mask)
    return found


def source(scans, given=None, **values):
    reader = lambda row: (scans[row], None if given is None else given[row])  # noqa: E731
    return ScanSource(reader, len(scans), scans[0].shape, **values)


def images(n_scans=12, grid=GRID, seed=0, **values):
    made = source(volumes(n_scans, grid, seed))
    return CohortImages(made, fit_input_scale(made, ScaleSettings()), **values)


def network(grid=GRID, seed=0):
    return seeded_autoencoder(grid, NETWORK, seed)


def state_of(model):
    return {name: value.clone() for name, value in model.state_dict().items()}
