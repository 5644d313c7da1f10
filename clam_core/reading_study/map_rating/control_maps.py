"""Control maps: as large and as strong as the real one, but pointing elsewhere.

A reader must not tell a control by its looks. So every control has exactly the values of the real
map, laid where another map (of another cluster, of another scan) or smooth noise is strongest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]


def control_map(real: Floats, other: Floats, inside: NDArray[np.bool_] | None) -> Floats:
    """The values of the real map, placed in the order of another one.

    Args:
        real: Map in [0, 1], shape of the grid.
        other: Map that the control imitates, same shape.
        inside: Where a map may lie; None is everywhere.

    Returns:
        Same shape, same values inside; 0 outside.
    """
    where = np.ones(real.shape, bool) if inside is None else inside
    # Where the other map is zero, what lies nearer to it comes first.
    near = ndimage.gaussian_filter(other.astype(np.float64), max(2.0, min(real.shape) / 12))
    order = np.lexsort((near[where], other[where]))
    placed = np.zeros_like(real)
    values = np.empty(len(order), real.dtype)
    values[order] = np.sort(real[where])
    placed[where] = values
    return placed


def smooth_noise(real: Floats, inside: NDArray[np.bool_] | None, seed: int) -> Floats:
    """Noise as smooth as a map, for `control_map`.

    Args:
        real: The map that it is a control of, shape of the grid.
        inside: Where a map may lie; None is everywhere.
        seed: Same seed, same noise.

    Returns:
        Values of any size, same shape.
    """
    noise = np.random.default_rng(seed).standard_normal(real.shape)
    smooth = ndimage.gaussian_filter(noise, smoothness(real, inside))
    return np.asarray(smooth - smooth.min(), np.float32)


def smoothness(real: Floats, inside: NDArray[np.bool_] | None) -> float:
    """Width (sigma, voxels) of the noise whose neighbours differ as those of the map do.

    For smoothed white noise the variance of steps is the variance divided by 2 sigma^2.
    """
    where = np.ones(real.shape, bool) if inside is None else inside
    values = real[where]
    steps = [np.diff(real, axis=axis)[_both(where, axis)] for axis in range(real.ndim)]
    moved = float(np.mean(np.concatenate([step.ravel() for step in steps]) ** 2))
    spread = float(values.var())
    if moved <= 0 or spread <= 0:
        return 2.0
    return float(np.clip(np.sqrt(spread / (2 * moved)), 1.0, min(real.shape) / 6))


def _both(where: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    """Steps whose two ends lie inside."""
    n = where.shape[axis]
    return np.take(where, range(1, n), axis) & np.take(where, range(n - 1), axis)


def pointed_apart(real: Floats, control: Floats) -> float:
    """How little two maps of equal sum have in common, from 0 (the same) to 1 (nowhere)."""
    total = float(real.sum())
    return 0.0 if total <= 0 else 1 - float(np.minimum(real, control).sum()) / total
