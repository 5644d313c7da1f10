"""Reasons to doubt that a given mask shows what is meant: all, next to nothing, or the opposite."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from clam_core.preprocess.morphology import IN_PLANE, Mask, touching_sides
from clam_core.volume import Volume

_NEARLY_ALL = 0.95
_FEW_VOXELS, _NEARLY_NOTHING = {2: 9, 3: 27}, 1e-5
_RIM = 0.8
_AIR_HU, _MOSTLY = -930, 0.5
_MAX_VOXELS = 2_000_000

_LOOK = "look at the picture, and give another mask if it is wrong."


def mask_doubts(inside: Mask, scan: Volume) -> tuple[str, ...]:
    """Say why a mask may not be what was meant.

    Args:
        inside: The mask on the scan's voxels, shape (i, j, k) or (i, j), not empty.
        scan: The scan, RAS+.

    Returns:
        At most one sentence.
    """
    n_inside = int(np.count_nonzero(inside))
    share = n_inside / inside.size
    if share > _NEARLY_ALL:
        covered = "all" if n_inside == inside.size else f"{np.floor(1000 * share) / 10:g} %"
        return (f"The mask covers {covered} of the scan, as if it were none; {_LOOK}",)
    if n_inside < _FEW_VOXELS[inside.ndim] or share < _NEARLY_NOTHING:
        return (f"The mask holds only {n_inside:,} of {inside.size:,} voxels; {_LOOK}",)
    if _rim_share(inside) > _RIM:
        return (
            f"The mask covers the rim of the scan and leaves out its middle, so it may be "
            f"inverted (inside and outside exchanged); {_LOOK}",
        )
    if scan.unit == "HU" and scan.array.ndim == 3:
        outside = _share_of_air_around(inside, scan)
        if outside > _MOSTLY:
            return (
                f"{outside:.0%} of the mask is air outside the body, so it may be inverted or "
                f"belong to another scan; {_LOOK}",
            )
    return ()


def _rim_share(inside: Mask) -> float:
    """Share of the outermost voxels that are inside; the ends along k are no rim of a body."""
    faces = (inside[0], inside[-1], inside[:, 0], inside[:, -1])
    return sum(int(np.count_nonzero(face)) for face in faces) / sum(face.size for face in faces)


def _share_of_air_around(inside: Mask, scan: Volume) -> float:
    """Share of a mask that is air reaching the sides of the scan: around the body, no lung."""
    step = int(np.ceil((scan.array.size / _MAX_VOXELS) ** 0.5))
    some = (slice(None, None, step), slice(None, None, step))  # slices stay whole
    mask = inside[some]
    n_inside = np.count_nonzero(mask)
    if not n_inside:
        return 0.0
    pieces, n_pieces = ndimage.label(np.less(scan.array[some], _AIR_HU), IN_PLANE)
    is_around = np.zeros(n_pieces + 1, dtype=bool)
    is_around[touching_sides(pieces)] = True
    return float(np.count_nonzero(mask & is_around[pieces]) / n_inside)
