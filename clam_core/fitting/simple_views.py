"""Simple views of a scan: what a plain look at its voxels says, without any network."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from clam_core.training import ScanSource
from clam_core.training.source import Mask, Volume16

Values = NDArray[np.float64]

ZONES = ("lower", "middle", "upper")
"""Thirds of the height of the mask, in the order of the last axis (RAS+: upwards)."""
QUANTILES = (5, 25, 50, 75, 95)
HU_RANGE = (-1000.0, 400.0)
N_BINS = 50
STEPS = (1, 2)
"""Voxels between the neighbours that the texture compares."""
MOST_VALUES = 4096
"""Values of the coarse picture of a scan; larger scans are halved until they have no more."""


def simple_views(source: ScanSource) -> dict[str, Values]:
    """Histogram, zonal density, texture and coarse picture of each scan, from one pass.

    Values are in HU or the study's unit and are not aligned: a scan that is denser
    everywhere differs from others here, though not in the profiles.

    Args:
        source: The scans.

    Returns:
        By the name of the view, shape (n_scans, n_values).
    """
    low, high = HU_RANGE if source.unit == "HU" else _range(source)
    rows: dict[str, list[Values]] = {"histogram": [], "density": [], "texture": [], "picture": []}
    for volume, mask in _scans(source):
        # As float64, as differences of int16 can overflow.
        shown = np.clip(volume.astype(np.float64), low, high)
        inside = np.ones(shown.shape, bool) if mask is None else mask
        counts, _ = np.histogram(shown[inside], N_BINS, (low, high))
        rows["histogram"].append(counts / counts.sum())
        rows["density"].append(zonal_density(shown, inside))
        rows["texture"].append(zonal_texture(shown, inside))
        rows["picture"].append(_coarse(np.where(inside, shown, shown[inside].mean())))
    return {name: np.stack(each) for name, each in rows.items()}


def zonal_density(volume: Values, inside: Mask) -> Values:
    """Quantiles of the values in each zone, shape (3 zones * 5 quantiles,), lower zone first.

    Args:
        volume: HU or the study's unit, its last axis upwards.
        inside: Voxels that count, same shape, not empty.
    """
    parts = [np.percentile(volume[part], QUANTILES) for part in _zones(inside)]
    return np.concatenate(parts)


def zonal_texture(volume: Values, inside: Mask) -> Values:
    """Mean absolute difference of neighbours, and its square, in each zone.

    Args:
        volume: HU or the study's unit, its last axis upwards.
        inside: Voxels that count, same shape, not empty.

    Returns:
        Shape (3 zones * 2 distances * 2,), as roots of the mean square and means; 0 where
        a zone is too thin for neighbours.
    """
    numbers = []
    for part in _zones(inside):
        for step in STEPS:
            pairs = np.concatenate(
                [_differences(volume, part, axis, step) for axis in range(volume.ndim)]
            )
            away = np.abs(pairs) if pairs.size else np.zeros(1)
            numbers += [away.mean(), np.sqrt(np.square(away).mean())]
    return np.array(numbers)


def _differences(volume: Values, part: Mask, axis: int, step: int) -> Values:
    """Differences of all pairs of voxels of a zone that lie `step` apart along an axis."""
    n = max(volume.shape[axis] - step, 0)
    first = tuple(slice(0, n) if a == axis else slice(None) for a in range(volume.ndim))
    second = tuple(slice(step, step + n) if a == axis else slice(None) for a in range(volume.ndim))
    both = part[first] & part[second]
    pairs: Values = (volume[second] - volume[first])[both]
    return pairs


def _zones(inside: Mask) -> list[Mask]:
    """The mask in thirds of its height; a third that is empty is the whole mask."""
    heights = np.flatnonzero(inside.any(axis=tuple(range(inside.ndim - 1))))
    edges = np.linspace(heights[0], heights[-1] + 1, len(ZONES) + 1)
    place = np.arange(inside.shape[-1]) + 0.5
    thirds = [inside & ((place > low) & (place <= high)) for low, high in itertools.pairwise(edges)]
    return [third if third.any() else inside for third in thirds]


def _coarse(image: Values) -> Values:
    """Means of blocks, at most 4,096 of them, as one row."""
    while image.size > MOST_VALUES:
        for axis in range(image.ndim):
            n = image.shape[axis] // 2 * 2
            # An axis of one voxel cannot be halved, and an odd last voxel is left out.
            if n:
                even, odd = (np.take(image, range(start, n, 2), axis) for start in (0, 1))
                image = (even + odd) / 2
    # float32, as pictures of the whole cohort are kept.
    return image.ravel().astype(np.float32)


def _scans(source: ScanSource) -> Iterator[tuple[Volume16, Mask | None]]:
    return (source.read(row) for row in range(source.n_scans))


def _range(source: ScanSource) -> tuple[float, float]:
    """Smallest and largest value of the cohort inside its masks."""
    lows, highs = [], []
    for volume, mask in _scans(source):
        seen = volume if mask is None else volume[mask]
        lows.append(float(seen.min()))
        highs.append(float(seen.max()))
    low, high = min(lows), max(highs)
    return low, high if high > low else low + 1
