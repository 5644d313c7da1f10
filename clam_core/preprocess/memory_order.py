"""How an array lies in memory: turning and mirroring a scan costs nothing until it is read."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_SLAB_BYTES = 1 << 22


def as_stored(
    array: NDArray[np.generic],
) -> tuple[NDArray[np.generic], tuple[int, ...], tuple[bool, ...]]:
    """View an array in the order of its memory, the contiguous axis last.

    Args:
        array: Any strides, e.g. a transposed and mirrored view.

    Returns:
        The view, its axes as axes of `array`, and for each axis of `array`
        whether it is mirrored in the view.
    """
    is_flipped = tuple(stride < 0 for stride in array.strides)
    upright = array[tuple(slice(None, None, -1 if flip else 1) for flip in is_flipped)]
    axes = tuple(sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis])))
    return upright.transpose(axes), axes, is_flipped


def slabs(array: NDArray[np.generic]) -> Iterator[slice]:
    """Cut an array along its first axis into parts of a few megabytes.

    Args:
        array: At least one axis, not empty.

    Yields:
        Slices of the first axis that together cover it once.
    """
    step = max(1, _SLAB_BYTES // max(1, array[0].nbytes))
    for start in range(0, array.shape[0], step):
        yield slice(start, start + step)


def sample(array: NDArray[np.generic], n_voxels: int = 200_000) -> NDArray[np.generic]:
    """Every n-th voxel, at most about `n_voxels`, the same for every view of the same memory.

    Args:
        array: Any shape.
        n_voxels: About how many.

    Returns:
        One axis. The step shares no factor with the length of a row or a slice,
        so that no column is preferred.
    """
    stored = as_stored(array)[0]
    flat = stored.reshape(-1) if stored.flags.c_contiguous else stored.ravel()
    step = max(1, flat.size // n_voxels)
    lengths = np.cumprod(stored.shape[::-1])[:-1] if step > 1 else np.array([1])
    while any(np.gcd(step, int(length)) > 1 for length in lengths):
        step += 1
    return flat[::step]
