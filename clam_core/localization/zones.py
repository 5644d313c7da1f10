"""Lung zones of a mask: right and left, upper, middle and lower third; where a map peaks in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.settings.peaks import NEAR, PeakPlace

Mask = NDArray[np.bool_]
Labels = NDArray[np.uint8]

THIRDS = ("lower", "middle", "upper")
SIDES = ("left", "right")

# A connected piece with this share on one side of the plane belongs there as a whole.
_ONE_SIDE = 0.85
# Pieces below this share of the mask stay where the plane puts them.
_SMALL_PIECE = 0.02
# The plane is sought within this share of the width around the middle.
_MIDDLE_BAND = 0.2
# Two lungs only if the mask at the plane is at most this share of the smaller peak beside it.
_WAIST = 0.7


def lung_zones(mask: Mask) -> tuple[Labels, tuple[str, ...]]:
    """Divide a lung mask into zones.

    Thirds are thirds of the mask's own extent along its last axis (upwards in RAS+).
    Sides come from the connected lungs: index i grows to the patient's right, so the
    lung with the lower i is the left one. Lungs that touch are cut where the mask is
    thinnest near the middle. A mask without such a waist, like that of a nodule or of
    one lung, has no sides: its zones are the thirds alone.

    Args:
        mask: Shape (i, j, k), or (i, k) for a coronal slice, RAS+.

    Returns:
        Zone of each voxel, 0 outside the mask, and the names of zones 1, 2, ...
    """
    labels = np.zeros(mask.shape, dtype=np.uint8)
    if not mask.any():
        return labels, ()
    heights = np.flatnonzero(mask.any(axis=tuple(range(mask.ndim - 1))))
    position = np.arange(mask.shape[-1]) - heights[0]
    third = np.clip(3 * position // (heights[-1] - heights[0] + 1), 0, 2)
    sides = lung_sides(mask)
    if sides is None:
        labels[mask] = (np.broadcast_to(third, mask.shape)[mask] + 1).astype(np.uint8)
        return labels, THIRDS
    labels[mask] = (3 * sides + third + 1).astype(np.uint8)[mask]
    return labels, tuple(f"{side} {name}" for side in SIDES for name in THIRDS)


def lung_sides(mask: Mask) -> Labels | None:
    """0 for the left lung and 1 for the right one, or None where the mask has not two."""
    from scipy import ndimage

    plane = _dividing_plane(mask)
    if plane is None:
        return None
    is_right = np.arange(mask.shape[0]) >= plane
    sides = np.empty(mask.shape, dtype=np.uint8)
    sides[...] = is_right.reshape(-1, *[1] * (mask.ndim - 1))
    pieces, n_pieces = ndimage.label(mask)
    on_right = np.bincount(pieces[mask & (sides == 1)], minlength=n_pieces + 1)
    sizes = np.bincount(pieces[mask], minlength=n_pieces + 1)
    for number in range(1, n_pieces + 1):
        share = on_right[number] / sizes[number]
        if max(share, 1 - share) >= _ONE_SIDE and sizes[number] >= _SMALL_PIECE * mask.sum():
            # A lung that bulges across the plane stays one lung; lungs that touch are cut by it.
            sides[pieces == number] = share > 0.5
    return sides


def _dividing_plane(mask: Mask) -> int | None:
    """Index of the first plane of the right lung: where the mask is thinnest near its middle."""
    profile = mask.sum(axis=tuple(range(1, mask.ndim)))
    filled = np.flatnonzero(profile)
    first, last = int(filled[0]), int(filled[-1])
    middle, reach = (first + last) / 2, _MIDDLE_BAND * (last - first + 1)
    near = np.flatnonzero(np.abs(np.arange(profile.size) - middle) <= max(reach, 1))
    thinnest = profile[near].min()
    planes = near[profile[near] == thinnest]
    plane = int(planes[np.argmin(np.abs(planes - middle))])
    peaks = profile[first:plane], profile[plane + 1 : last + 1]
    if not all(part.size for part in peaks):
        return None
    return plane if thinnest <= _WAIST * min(int(part.max()) for part in peaks) else None


def peak_place(activation_map: NDArray[np.floating], mask: Mask | None) -> PeakPlace | None:
    """Where a map peaks.

    Args:
        activation_map: Shape (i, j, k) or (i, k), RAS+; only what is positive counts.
        mask: Same shape, or None.

    Returns:
        None without a mask, or for an empty map.
    """
    from scipy import ndimage

    if mask is None or not mask.any() or not (activation_map > 0).any():
        return None
    # Padded: what lies at the edge of the grid lies at the border of the mask, too.
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[(slice(1, -1),) * mask.ndim]
    hilum = hilum_of(mask)
    peak = np.unravel_index(int(np.nanargmax(activation_map)), mask.shape)
    return PeakPlace(
        peak_depth=float(depth[peak]),
        peak_at_hilum=bool(hilum[peak]),
        border_share=float((depth[mask] <= NEAR).mean()),
        hilum_share=float(hilum[mask].mean()),
    )


def hilum_of(mask: Mask) -> Mask:
    """The inner quarter of each lung, in the middle third of its height and of its depth.

    Args:
        mask: Shape (i, j, k), RAS+.

    Returns:
        Same shape; empty where the mask has not two lungs, or two axes only.
    """
    found = np.zeros(mask.shape, dtype=bool)
    sides = lung_sides(mask) if mask.ndim == 3 else None
    if sides is None:
        return found
    for side in (0, 1):
        places = np.argwhere(mask & (sides == side))
        if not len(places):
            continue
        low, extent = places.min(axis=0), np.ptp(places, axis=0) + 1
        # From 0 to 1 across the box of the lung; i grows to the right, so that the inner side of
        # the left lung has the highest i.
        part = (places - low + 0.5) / extent
        inner = part[:, 0] > 0.75 if side == 0 else part[:, 0] < 0.25
        middle = (np.abs(part[:, 1:] - 0.5) < 1 / 6).all(axis=1)
        found[tuple(places[inner & middle].T)] = True
    return found
