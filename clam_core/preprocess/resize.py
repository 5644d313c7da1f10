"""Resize a box of a scan to a grid: one small weight matrix per axis, applied as products."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clam_core.preprocess.memory_order import as_stored

_SLAB_VOXELS = 1 << 20

Matrix = NDArray[np.float32]


def axis_weights(n_in: int, n_out: int, low: float, size: float) -> Matrix:
    """Weights that resize one axis of a box with an antialiased triangle filter.

    The filter's half width is one grid voxel when shrinking and one scan voxel
    when enlarging (which is linear interpolation). Weights of a row sum to 1;
    near the rim of the scan, the voxels that are there share them. A grid voxel
    whose center lies beyond the scan gets a row of zeros: it is filled, and no
    value between scan and fill is invented.

    Args:
        n_in: Voxels of the scan along the axis.
        n_out: Voxels of the grid along the axis.
        low: Lower edge of the box in voxel indices of the scan; voxel i
            reaches from i - 0.5 to i + 0.5.
        size: Length of the box, in voxels of the scan.

    Returns:
        Weights, shape (n_out, n_in).

    Source:
        The filter of Pillow's `Image.resize(..., Resampling.BILINEAR, box=...)`.
    """
    scale = size / n_out
    centers = low + (np.arange(n_out) + 0.5) * scale
    distance = np.abs(np.arange(n_in) - centers[:, None]) / max(1.0, scale)
    weights = np.maximum(0.0, 1.0 - distance)
    inside = (centers >= -0.5) & (centers <= n_in - 0.5)
    weights[~inside] = 0
    # Never 0: a center within the scan is at most half a voxel from that of a voxel.
    weights[inside] /= weights[inside].sum(axis=1, keepdims=True)
    return weights.astype(np.float32)


def resize(
    array: NDArray[np.generic],
    weights: Sequence[Matrix],
    fill: float,
    limits: tuple[float, float] | None = None,
) -> NDArray[np.float32]:
    """Apply one weight matrix per axis.

    The scan is read once, in slabs, in the order in which it lies in memory:
    no copy of it in floating point is ever made.

    Args:
        array: Voxels of any real type, shape (i, j, k) or (i, j).
        weights: One matrix per axis, from `axis_weights`.
        fill: Value of grid voxels beyond the scan.
        limits: Voxels are clamped to this range before they are weighted.

    Returns:
        Voxels on the grid, shape = rows of the matrices.
    """
    if array.ndim == 2:
        one = np.ones((1, 1), dtype=np.float32)
        return resize(array[:, :, None], [*weights, one], fill, limits)[:, :, 0]
    used = [_used_columns(matrix) for matrix in weights]
    trimmed = [matrix[:, columns] for matrix, columns in zip(weights, used, strict=True)]
    stored, axes, is_flipped = as_stored(array[tuple(used)])
    ordered = [trimmed[a][:, ::-1] if is_flipped[a] else trimmed[a] for a in axes]
    # Matrices follow the memory's order and direction; argsort undoes the order.
    result = _multiply(stored, ordered, limits).transpose(np.argsort(axes))
    for axis, matrix in enumerate(weights):
        beyond = ~matrix.any(axis=1)
        result[(slice(None),) * axis + (beyond,)] = fill
    return result


def _multiply(
    stored: NDArray[np.generic], weights: Sequence[Matrix], limits: tuple[float, float] | None
) -> NDArray[np.float32]:
    """Product along all three axes; the last axis of `stored` is the contiguous one."""
    n_slabs, n_rows, n_columns = stored.shape
    slow, middle, fast = weights
    planes = np.empty((n_slabs, middle.shape[0], fast.shape[0]), dtype=np.float32)
    step = max(1, _SLAB_VOXELS // max(1, n_rows * n_columns))
    to_columns = np.ascontiguousarray(fast.T)
    for start in range(0, n_slabs, step):
        slab = stored[start : start + step].astype(np.float32)
        if limits is not None:
            np.clip(slab, *limits, out=slab)
        planes[start : start + step] = middle @ (slab @ to_columns)
    n_each = planes.shape[1] * planes.shape[2]
    product: NDArray[np.float32] = np.ascontiguousarray(slow) @ planes.reshape(n_slabs, n_each)
    return product.reshape(slow.shape[0], *planes.shape[1:])


def _used_columns(matrix: Matrix) -> slice:
    """Range of scan voxels that have any weight."""
    used = np.flatnonzero(matrix.any(axis=0))
    return slice(int(used[0]), int(used[-1]) + 1) if used.size else slice(0, 0)
