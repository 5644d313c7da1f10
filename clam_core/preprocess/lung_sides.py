"""Left and right lung: told apart, closed and filled one by one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from clam_core.preprocess.lung_air import TISSUE_HU
from clam_core.preprocess.lung_rim import fill_rim
from clam_core.preprocess.morphology import (
    Mask,
    bounding_box,
    close,
    dilate,
    erode,
    fill_slices,
)

LEFT, RIGHT = 1, 2
_OUTWARDS = {LEFT: -1, RIGHT: 1}

_REACH_MM = (10.0, 80.0, 30.0)
"""Radius of the closing; length and depth of a dent towards the chest wall."""

_BONE_HU, _BONE_SHARE = 200.0, 0.05

_MIN_PIECE_SHARE = 0.01
_MAX_EROSION = 4
_BOTH_SIDES, _SEED_SHARE, _MIDDLE_BAND = 0.15, 0.1, 0.15

Labels = NDArray[np.uint8]
Hu = NDArray[np.float32]


def split_sides(air: Mask, hu: Hu) -> Labels:
    """Tell left from right lung, also where they touch.

    Pieces that lie on one side of the middle belong to that side. A piece on
    both sides is eroded until it falls apart, and its voxels follow the nearest
    remainder; if it never does, it is cut where it is thinnest near the middle.
    Pieces below 1 % of all, such as remains of the airways, are dropped.

    Args:
        air: Lung air without the large airways, shape (i, j, k), RAS+, not empty.
        hu: Chest CT, same shape, HU; tells the middle of the body.

    Returns:
        1 left, 2 right, 0 elsewhere; same shape.
    """
    labels, _ = ndimage.label(air)
    middle = _middle_of_body(hu[:, :, np.flatnonzero(air.any(axis=(0, 1)))])
    sides = np.zeros(air.shape, dtype=np.uint8)
    n_all = np.count_nonzero(air)
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        piece = labels[box] == number
        if np.count_nonzero(piece) < _MIN_PIECE_SHARE * n_all:
            continue
        profile = piece.sum(axis=(1, 2))
        position = np.arange(box[0].start, box[0].stop)
        low = profile[position < middle].sum() / profile.sum()
        if min(low, 1 - low) > _BOTH_SIDES:
            sides[box][piece] = _split_piece(piece, middle - box[0].start)[piece]
        else:
            sides[box][piece] = LEFT if low > 0.5 else RIGHT
    return sides


def close_sides(sides: Labels, hu: Hu, outside: Mask, voxel_mm: float) -> Labels:
    """Close and fill each lung, so that dense disease at its rim counts as lung.

    Args:
        sides: From `split_sides`.
        hu: Chest CT, same shape, HU.
        outside: Where no lung can be, same shape.
        voxel_mm: Edge of a voxel.

    Returns:
        1 left, 2 right, 0 elsewhere; same shape.
    """
    steps, length, depth = (max(1, round(mm / voxel_mm)) for mm in _REACH_MM)
    closed = sides.copy()
    for side in (LEFT, RIGHT):
        lung = sides == side
        if not lung.any():
            continue
        box = bounding_box(lung, pad=1)
        whole = close(lung[box], steps)
        dents = fill_rim(whole, _OUTWARDS[side], length, depth) & ~whole
        whole = fill_slices(whole | _without_bone(dents, hu[box])) & ~outside[box]
        part = closed[box]
        # `part` is a view of `closed`; what both lungs would fill stays with the first.
        part[whole & (part == 0)] = side
    return closed


def _without_bone(dents: Mask, hu: Hu) -> Mask:
    """Dents that hold disease; those with ribs in them are chest wall."""
    labels, n_labels = ndimage.label(dents)
    n_all = np.bincount(labels.ravel(), minlength=n_labels + 1)
    n_bone = np.bincount(labels[hu > _BONE_HU], minlength=n_labels + 1)
    keep = n_bone <= _BONE_SHARE * n_all
    keep[0] = False
    kept: Mask = keep[labels]
    return kept


def _middle_of_body(hu: Hu) -> float:
    """Middle between the left and right skin, the median over axial slices."""
    tissue: Mask = np.asarray((hu > TISSUE_HU).any(axis=1))
    tissue = tissue[:, np.flatnonzero(tissue.any(axis=0))]
    first, last = tissue.argmax(axis=0), len(tissue) - 1 - tissue[::-1].argmax(axis=0)
    return float(np.median(first + last) / 2) if first.size else (len(hu) - 1) / 2


def _split_piece(piece: Mask, middle: float) -> Labels:
    """Split one piece that holds both lungs; `middle` is in its own voxels."""
    for steps in range(1, _MAX_EROSION + 1):
        # Padded: erosion takes what lies beyond the array for inside, and the box cuts tightly.
        seeds = _seeds(erode(np.pad(piece, 1), steps)[1:-1, 1:-1, 1:-1], middle)
        if seeds is not None:
            return _grow(seeds, piece, middle)
    return _cut(piece, middle)


def _seeds(core: Mask, middle: float) -> Labels | None:
    """The largest remainder left and right of the middle, if both are large."""
    labels, n_labels = ndimage.label(core)
    sizes = np.bincount(labels.ravel(), minlength=n_labels + 1)[1:]
    if n_labels < 2:
        return None
    centers = np.array([_center(labels == n) for n in (np.argsort(-sizes)[:2] + 1)])
    first, second = np.sort(sizes)[::-1][:2]
    if second < _SEED_SHARE * first or (centers.min() >= middle) or (centers.max() <= middle):
        return None
    seeds = np.zeros(core.shape, dtype=np.uint8)
    for number, center in zip(np.argsort(-sizes)[:2] + 1, centers, strict=True):
        seeds[labels == number] = LEFT if center < middle else RIGHT
    return seeds


def _center(mask: Mask) -> float:
    """Mean position of a mask along its first axis."""
    profile = mask.sum(axis=(1, 2))
    return float((profile * np.arange(profile.size)).sum() / profile.sum())


def _grow(seeds: Labels, piece: Mask, middle: float) -> Labels:
    """Let both seeds grow into the piece at equal pace; what they never reach goes by side."""
    for _ in range(2 * _MAX_EROSION + 4):
        for side in (LEFT, RIGHT):
            new = dilate(seeds == side, 1) & piece & (seeds == 0)
            seeds[new] = side
    rest = piece & (seeds == 0)
    by_side = np.where(np.arange(piece.shape[0]) < middle, LEFT, RIGHT).astype(np.uint8)
    return np.where(rest, by_side[:, None, None], seeds)


def _cut(piece: Mask, middle: float) -> Labels:
    """Cut at the sagittal plane with the least lung near the middle."""
    profile = piece.sum(axis=(1, 2))
    n_i = profile.size
    near = np.abs(np.arange(n_i) - middle) <= max(1.0, _MIDDLE_BAND * n_i)
    plane = int(np.argmin(np.where(near, profile, profile.max() + 1)))
    by_side = np.where(np.arange(n_i) < plane, LEFT, RIGHT).astype(np.uint8)
    return np.broadcast_to(by_side[:, None, None], piece.shape)
