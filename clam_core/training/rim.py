"""The rim of a mask: voxels that mix with what lies outside, and drown what lies inside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.training.source import Mask, ScanSource

MAX_RIM = 3
SMALLEST_SHARE = 0.5
TOLERANCE_SD = 0.5


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


def choose_rim(source: ScanSource, window: tuple[float, float]) -> int:
    """How many layers of the masks belong to their rim, from one pass over the cohort.

    A layer does where its mean, in the median scan, leaves that of what lies more than
    one layer deeper by over half the standard deviation there. At most three layers,
    and at least half of the median mask stays.

    Args:
        source: The scans.
        window: Values are clipped to it.

    Returns:
        0 to 3; 0 where there are no masks.
    """
    rows = []
    for row in range(source.n_scans):
        volume, mask = source.read(row)
        if mask is not None:
            rows.append(_layers(np.clip(volume.astype(np.float32), *window), mask))
    if not rows:
        return 0
    offset, spread, share = (
        np.nanmedian(part, axis=0) for part in np.moveaxis(np.array(rows), 2, 0)
    )
    for depth in range(MAX_RIM):
        is_rim = abs(offset[depth]) > TOLERANCE_SD * spread[depth]
        if not is_rim or not share[depth] >= SMALLEST_SHARE:
            return depth
    return MAX_RIM


def _layers(image: NDArray[np.float32], mask: Mask) -> list[tuple[float, float, float]]:
    """Of each layer: mean against the depth, sd of the depth, share that is left below it."""
    layers: list[tuple[float, float, float]] = []
    shells = [mask]
    for _ in range(MAX_RIM + 1):
        shells.append(peel(shells[-1], 1))
    n_voxels = np.count_nonzero(mask)
    for depth in range(MAX_RIM):
        layer = image[shells[depth] & ~shells[depth + 1]]
        # `peel` never empties a mask: a layer of a thin mask may be empty, the depth never is.
        deep = image[shells[depth + 2]]
        share = np.count_nonzero(shells[depth + 1]) / n_voxels
        mean = float(layer.mean() - deep.mean()) if layer.size else 0.0
        layers.append((mean, float(deep.std()), float(share)))
    return layers
