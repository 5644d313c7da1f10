"""Dilation, closing and components of small 3D masks, in plain whole-array steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]

IN_PLANE = np.zeros((3, 3, 3), dtype=bool)
IN_PLANE[:, 1, 1] = IN_PLANE[1, :, 1] = True
"""Neighbours within one axial slice; labelling with it gives components per slice."""


def dilate(mask: Mask, steps: int) -> Mask:
    """Grow a mask by `steps` voxels into a shape near to a ball.

    Cross (6 neighbours) and cube (26) alternate. Nothing grows in from beyond the array.

    Args:
        mask: Shape (i, j, k).
        steps: Voxels to grow by.

    Returns:
        A new mask of the same shape.
    """
    grown = mask.copy()
    for step in range(steps):
        grown = _dilate_cube(grown) if step % 2 else _dilate_cross(grown)
    return grown


def erode(mask: Mask, steps: int) -> Mask:
    """Shrink a mask by `steps` voxels; what lies beyond the array counts as inside."""
    return ~dilate(~mask, steps)


def close(mask: Mask, steps: int) -> Mask:
    """Fill gaps narrower than two times `steps` voxels, also at the array's rim.

    Args:
        mask: Shape (i, j, k).
        steps: Radius in voxels.

    Returns:
        A new mask that contains the old one.
    """
    padded = np.pad(mask, steps)
    inner = (slice(steps, -steps or None),) * 3
    return erode(dilate(padded, steps), steps)[inner]


def fill_slices(mask: Mask) -> Mask:
    """Fill what is enclosed within an axial slice (vessels, nodules, airways)."""
    labels, _ = ndimage.label(~mask, IN_PLANE)
    open_labels = touching_sides(labels)
    keep = np.ones(int(labels.max()) + 1, dtype=bool)
    keep[open_labels] = False
    # The labels are of what is outside the mask: 0 is the mask itself.
    keep[0] = True
    filled: Mask = keep[labels]
    return filled


def touching_sides(labels: NDArray[np.integer]) -> NDArray[np.integer]:
    """Labels, without 0, that reach the left, right, front or back face of the array."""
    faces = (labels[0], labels[-1], labels[:, 0], labels[:, -1])
    labels_there = np.unique(np.concatenate([face.ravel() for face in faces]))
    return labels_there[labels_there > 0]


def bounding_box(mask: Mask, pad: int = 0) -> tuple[slice, ...]:
    """Slices that enclose a mask that is not empty, widened by `pad` within the array."""
    slices = []
    for axis in range(mask.ndim):
        others = tuple(other for other in range(mask.ndim) if other != axis)
        hit = np.flatnonzero(mask.any(axis=others))
        slices.append(slice(max(0, int(hit[0]) - pad), int(hit[-1]) + 1 + pad))
    return tuple(slices)


def _dilate_cross(mask: Mask) -> Mask:
    grown = mask.copy()
    for axis in range(3):
        low, high = _shifted(axis)
        grown[low] |= mask[high]
        grown[high] |= mask[low]
    return grown


def _dilate_cube(mask: Mask) -> Mask:
    grown = mask
    for axis in range(3):
        low, high = _shifted(axis)
        wider = grown.copy()
        wider[low] |= grown[high]
        wider[high] |= grown[low]
        grown = wider
    return grown


def _shifted(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Index of all but the last, and of all but the first voxel along an axis."""
    before = (slice(None),) * axis
    return (*before, slice(None, -1)), (*before, slice(1, None))
