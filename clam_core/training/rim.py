"""The rim of a mask: voxels that mix with what lies outside, and drown what lies inside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.training.source import Mask, ScanSource

MAX_RIM = 3
SMALLEST_SHARE = 0.5
TOLERANCE_SD = 0.5
SHARED = 0.25
"""Share of the cohort that must have a voxel inside its mask, for the voxel to be looked at."""
LEAST_KEPT = 0.8
"""Share of all masks that must be left; less means masks that lie at different places."""


@dataclass(frozen=True, eq=False)
class Rim:
    """What of the masks is not looked at.

    Attributes:
        n_layers: Layers that are taken off every mask, 0 to 3.
        shared: Voxels that are inside what is left of at least a quarter of the masks, shape
            (*grid); None without masks, or where masks lie at different places.
    """

    n_layers: int
    shared: Mask | None


def peel(mask: Mask, n_voxels: int) -> Mask:
    """A mask without its outermost voxels; one that would vanish keeps the last layer it had.

    Args:
        mask: On the grid.
        n_voxels: Layers to take off, through faces.

    Returns:
        A mask of the same shape.
    """
    from scipy.ndimage import binary_erosion

    for _ in range(n_voxels):
        smaller: Mask = binary_erosion(mask)
        if not smaller.any():
            return mask
        mask = smaller
    return mask


def choose_rim(source: ScanSource, window: tuple[float, float]) -> Rim:
    """What of the masks belongs to their rim, or to few scans only, from one pass over the cohort.

    A layer belongs to the rim where its mean, in the median scan, leaves that of what lies
    more than one layer deeper by over half the standard deviation there. At most three layers,
    and at least half of the median mask stays.

    Where few scans have lung there is nothing to compare a scan with. Where the two lungs
    touch in a few scans, the thin wall between them lies deep inside their joint mask: on a
    coarse grid a bright line that made those scans a group of their own.

    Args:
        source: The scans.
        window: Values are clipped to it.

    Returns:
        Layers of the rim (0 where there are no masks), and the voxels that enough scans share.
    """
    rows = []
    counts = np.zeros((MAX_RIM + 1, *source.grid), dtype=np.int32)
    for row in range(source.n_scans):
        volume, mask = source.read(row)
        if mask is not None:
            shells = _shells(mask)
            counts += shells[: MAX_RIM + 1]
            rows.append(_layers(np.clip(volume.astype(np.float32), *window), shells))
    if not rows:
        return Rim(0, None)
    layers = _rim_layers(rows)
    inside = counts[layers]
    shared = inside >= SHARED * len(rows)
    return Rim(layers, shared if inside[shared].sum() >= LEAST_KEPT * inside.sum() else None)


def _rim_layers(rows: list[list[tuple[float, float, float]]]) -> int:
    """How many layers the median scan has too many."""
    offset, spread, share = (
        np.nanmedian(part, axis=0) for part in np.moveaxis(np.array(rows), 2, 0)
    )
    for depth in range(MAX_RIM):
        is_rim = abs(offset[depth]) > TOLERANCE_SD * spread[depth]
        if not is_rim or not share[depth] >= SMALLEST_SHARE:
            return depth
    return MAX_RIM


def _shells(mask: Mask) -> list[Mask]:
    """The mask without 0, 1, ... outermost layers."""
    shells = [mask]
    for _ in range(MAX_RIM + 1):
        shells.append(peel(shells[-1], 1))
    return shells


def _layers(image: NDArray[np.float32], shells: list[Mask]) -> list[tuple[float, float, float]]:
    """Of each layer: mean against the depth, sd of the depth, share that is left below it."""
    layers: list[tuple[float, float, float]] = []
    n_voxels = np.count_nonzero(shells[0])
    for depth in range(MAX_RIM):
        layer = image[shells[depth] & ~shells[depth + 1]]
        # `peel` never empties a mask: a layer of a thin mask may be empty, the depth never is.
        deep = image[shells[depth + 2]]
        share = np.count_nonzero(shells[depth + 1]) / n_voxels
        mean = float(layer.mean() - deep.mean()) if layer.size else 0.0
        layers.append((mean, float(deep.std()), float(share)))
    return layers
