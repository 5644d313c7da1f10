"""Where a map peaks in its mask: near its border, or at the hilum, where artefacts do, too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.localization.zones import lung_sides
from clam_core.settings.peaks import NEAR, PeakPlace

Mask = NDArray[np.bool_]


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
