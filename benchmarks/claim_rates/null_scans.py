"""Cohorts of phantom scans in which no group is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from benchmarks.cohorts import Cohort, on_grid
from clam_core.phantom import LesionSettings, SubjectSettings, make_scan
from clam_core.settings import PreprocessSettings

GRID, PHANTOM_GRID = (24, 24, 24), (36, 36, 36)
N_SCANS = 60

Scan = tuple[NDArray[np.int16], NDArray[np.bool_]]
"""Volume in HU and mask of the lungs, on the grid."""


def phantom_null(family: str, seed: int) -> Cohort:
    """60 phantom scans of varying anatomy without groups.

    Args:
        family: One of `FAMILIES`.
        seed: Everything random follows from it.
    """
    rng = np.random.default_rng([seed, 77])
    scans = [FAMILIES[family](seed, rng) for _ in range(N_SCANS)]
    volumes, masks = (np.stack(part) for part in zip(*scans, strict=True))
    return Cohort(family, volumes, masks, np.zeros(N_SCANS, dtype=np.int64))


def _person(rng: np.random.Generator, lesions: tuple[LesionSettings, ...] = ()) -> Scan:
    """One scan: size, brightness, vessels and texture are the person's own."""
    scale = np.clip(1 + 0.05 * rng.normal(size=3), 0.8, 1.12)
    subject = SubjectSettings(
        scale=(float(scale[0]), float(scale[1]), float(scale[2])),
        parenchyma_hu=float(np.clip(-860 + 30 * rng.normal(), -945, -605)),
        seed=int(rng.integers(2**31)),
    )
    scan = make_scan(subject, lesions, PHANTOM_GRID, noise_hu=20)
    on = on_grid(scan, PreprocessSettings(grid=GRID, mask="given", crop="mask"))
    return on[0].astype(np.int16), on[1].astype(np.bool_)


def _healthy(_: int, rng: np.random.Generator) -> Scan:
    return _person(rng)


def _continuum(seed: int, rng: np.random.Generator) -> Scan:
    """Ground glass, holes or density of an extent that varies from scan to scan."""
    if seed % 3 == 0:
        extent = float(rng.uniform(0, 0.5))
        return _person(rng, (LesionSettings(pattern="ground_glass", zone="lower", extent=extent),))
    volume, mask = _person(rng)
    if seed % 3 == 1:
        share = min(float(rng.exponential(0.06)), 0.4)
        holes = mask & (rng.uniform(size=mask.shape) < share)
        volume[holes] = rng.normal(-970, 8, int(holes.sum())).astype(np.int16)
    else:
        volume[mask] += np.int16(rng.gamma(2.0, 25.0))
    return volume, mask


def _scanners(seed: int, rng: np.random.Generator) -> Scan:
    """Healthy scans, half of them by a scanner that is noisier or has a softer kernel."""
    volume, mask = _person(rng)
    if rng.uniform() < 0.5:
        if seed % 2 == 0:
            volume = (volume + rng.normal(0, 25, volume.shape)).astype(np.int16)
        else:
            soft = gaussian_filter(volume.astype(np.float64), 0.6)
            volume = (soft + rng.normal(0, 8, volume.shape)).astype(np.int16)
    return volume, mask


FAMILIES: dict[str, Callable[[int, np.random.Generator], Scan]] = {
    "healthy": _healthy,
    "continuum": _continuum,
    "two scanners": _scanners,
}
