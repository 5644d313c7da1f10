"""Dense disease along the chest wall: found by the shape of the lung's outer border."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.preprocess.morphology import Mask

Border = NDArray[np.float64]


def fill_rim(lung: Mask, side: int, max_length: int, max_depth: int) -> Mask:
    """Fill dents of the border towards the chest wall, which is convex in a healthy lung.

    The outermost voxels are joined by straight lines, within the axial slice and
    up and down; what lies inside such a line is filled. This is done towards the
    side and towards the back. The heart, the mediastinum and the diaphragm dent
    the lung in health, so that the other borders are left.

    Args:
        lung: One lung, shape (i, j, k), RAS+.
        side: 1 for the right lung, which has the chest wall where i grows; -1 for the left.
        max_length: Longest dent, in voxels.
        max_depth: Deepest dent, in voxels; where it is deeper, nothing is filled.

    Returns:
        A mask that contains `lung`.
    """
    # The left lung is mirrored, so that the chest wall lies at the high end for both.
    outwards = lung[::side]
    lateral = _fill(outwards, _border(outwards), max_length, max_depth)[::side]
    # j grows to the front in RAS+: turned round, the back lies at the high end.
    backwards = lateral.swapaxes(0, 1)[::-1]
    border = _border(backwards)
    # Per slice only what lies far back; further forward the border is that of the mediastinum.
    far_back = np.where(border >= border.max(axis=0) - max_depth, border, -np.inf)
    return _fill(backwards, far_back, max_length, max_depth)[::-1].swapaxes(0, 1)


def _border(lung: Mask) -> Border:
    """Outermost voxel along the first axis, -inf where there is no lung."""
    n_i = lung.shape[0]
    last = n_i - 1 - np.argmax(lung[::-1], axis=0)
    return np.where(lung.any(axis=0), last, -np.inf)


def _fill(lung: Mask, border: Border, max_length: int, max_depth: int) -> Mask:
    """Fill from the border to its hull, where there is a border and the dent is not too deep."""
    hull = np.maximum(_hull(border, max_length), _hull(border.T, max_length).T)
    depth = np.where(np.isfinite(border), hull, 0) - np.where(np.isfinite(border), border, 0)
    # + 1e-6, as weighted sums of whole numbers may come out just below a whole number.
    reach = np.where(depth <= max_depth, np.floor(hull + 1e-6), border)
    i = np.arange(lung.shape[0])[:, None, None]
    filled: Mask = lung | (np.isfinite(border) & (i > border) & (i <= reach))
    return filled


def _hull(border: Border, max_length: int) -> Border:
    """Highest straight line over each place that joins two places of the first axis."""
    hull = border.copy()
    for gap in range(2, min(max_length, border.shape[0] - 1) + 1):
        for step in range(1, gap):
            line = border[:-gap] * (1 - step / gap) + border[gap:] * (step / gap)
            place = hull[step : step + line.shape[0]]
            np.maximum(place, line, out=place)
    return hull
