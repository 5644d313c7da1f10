"""Orders in which voxels are replaced: by a map, and by a random smooth one."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Map = NDArray[np.floating]
Order = NDArray[np.int32]


def random_smooth_map(shape: tuple[int, ...], smooth_voxels: float, seed: int) -> Map:
    """White noise, smoothed, as smooth as an activation map and as blind as can be.

    Args:
        shape: Grid.
        smooth_voxels: Standard deviation of the Gaussian.
        seed: Same seed, same map.

    Returns:
        Shape (*grid).
    """
    from scipy.ndimage import gaussian_filter

    noise = np.random.default_rng(seed).normal(size=shape)
    smooth: Map = gaussian_filter(noise, smooth_voxels, mode="reflect")
    return smooth


def map_order(values: Map, seed: int, mask: NDArray[np.bool_] | None = None) -> Order:
    """Flat indices of voxels in the mask from the highest value to the lowest; ties at random.

    Args:
        values: A map, shape (*grid).
        seed: Draws the order of equal values.
        mask: Voxels that count, same shape; None takes all.
    """
    shuffled = _shuffled(values.shape, seed)
    if mask is not None:
        shuffled = shuffled[mask.ravel()[shuffled]]
    falling = np.argsort(-values.ravel()[shuffled], kind="stable")
    order: Order = shuffled[falling]
    return order


# All scans of a cohort have one grid and one seed: what follows from these is made once.
@functools.lru_cache(maxsize=1)
def _shuffled(shape: tuple[int, ...], seed: int) -> Order:
    return np.random.default_rng(seed).random(shape).ravel().argsort(kind="stable").astype(np.int32)


@functools.lru_cache(maxsize=3)
def random_order(shape: tuple[int, ...], smooth_voxels: float, tie_seed: int, seed: int) -> Order:
    """The order of a random smooth map; one for all scans of a grid."""
    return map_order(random_smooth_map(shape, smooth_voxels, seed), tie_seed)


def area_under(confidence: Tensor, fractions: NDArray[np.float64]) -> float:
    """Area under the curve by the trapezoidal rule: confidence against shares, shape (n,) each."""
    return float(np.trapezoid(confidence.double().cpu().numpy(), fractions))
