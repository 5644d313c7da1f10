"""A mask of the scans table: brought onto the scan, or refused in one sentence."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import ReadError
from clam_core.preprocess.mask_doubts import mask_doubts
from clam_core.preprocess.mask_values import read_mask_values
from clam_core.preprocess.placing import nearest_at
from clam_core.preprocess.region import Region
from clam_core.volume import Volume, to_ras

_SAME_VOXELS = 0.1
_ENOUGH_INSIDE = 0.9
_MAX_POINTS = 100_000


def place_mask(
    mask: Volume, scan: Volume, original: Volume, labels: Collection[int] = ()
) -> Region:
    """Bring a given mask onto a scan.

    Args:
        mask: As read, in the same patient space as the scan.
        scan: The scan, RAS+, right-angled.
        original: The scan as read, which a mask normally shares its geometry with.
        labels: Values that are inside; none lets the mask tell, see `read_mask_values`.

    Returns:
        The mask on the scan's voxels, with doubts; its quality is the share of the
        mask that lies within the scan.

    Raises:
        ReadError: If the mask is empty, has values that say nothing, lies elsewhere, or
            has the scan's position but another number of voxels or axes.
    """
    if mask.array.ndim != original.array.ndim:
        raise ReadError(
            f"The mask has {mask.array.ndim} axes and the scan {original.array.ndim}; "
            "draw the mask on the scan itself."
        )
    upright = to_ras(mask)
    meant = read_mask_values(upright.array, labels)
    region = _placed(meant.inside, upright, scan, (mask, original))
    doubts = mask_doubts(region.mask, scan)
    return replace(region, warnings=(*meant.notes, *region.warnings, *doubts))


def _placed(
    inside: NDArray[np.bool_], upright: Volume, scan: Volume, read: tuple[Volume, Volume]
) -> Region:
    """The voxels inside on the scan: the same voxels, or those at the same positions."""
    mask, original = read
    if _is_same_grid(upright, scan):
        return Region(inside, scan.shape, quality=1.0)
    # A tilted scan was straightened after reading; its mask still lies on the voxels as read.
    is_expected = mask.shape == original.shape and _is_same_place(mask, original)
    if not is_expected and _is_same_place(mask, original):
        raise ReadError(
            f"The mask has {_size(mask.shape)} voxels and the scan {_size(original.shape)}, at the "
            "same position and voxel size; they do not belong together."
        )
    return _resampled(inside, upright, scan, is_expected=is_expected)


def _resampled(
    inside: NDArray[np.bool_], mask: Volume, scan: Volume, *, is_expected: bool
) -> Region:
    """The mask on the scan's own voxels, with a warning where it was on others."""
    affine = mask.affine
    points = _some_points(inside)
    index = (np.linalg.inv(scan.affine) @ affine)[:3] @ _homogeneous(points)
    nearest = np.rint(index[: scan.array.ndim].T)
    is_within = ((nearest >= 0) & (nearest < scan.shape)).all(axis=1)
    share = float(is_within.mean())
    if share == 0:
        raise ReadError(
            "The mask lies elsewhere in space and does not overlap the scan; save it with the "
            "scan's own position and voxel size."
        )
    placed = nearest_at(inside, affine, scan.shape, scan.affine)
    if not placed.any():
        # A mask thinner than the scan's voxels can fall between their centers.
        placed[tuple(nearest[is_within].astype(int).T)] = True
    warnings = []
    if not is_expected:
        warnings.append(
            f"The mask has a grid of its own ({_grid(mask)}); it was resampled to the scan's "
            f"({_grid(scan)})."
        )
    if share < _ENOUGH_INSIDE:
        warnings.append(f"Only {share:.0%} of the mask lies within the scan.")
    return Region(placed, scan.shape, quality=round(share, 3), warnings=tuple(warnings))


def _some_points(inside: NDArray[np.bool_]) -> NDArray[np.integer]:
    """Indices of voxels of a mask, shape (n, 2 or 3): all, or every n-th of very many."""
    flat = np.flatnonzero(inside)
    flat = flat[:: max(1, flat.size // _MAX_POINTS)]
    return np.stack(np.unravel_index(flat, inside.shape), axis=-1)


def _homogeneous(points: NDArray[np.integer]) -> NDArray[np.float64]:
    """Voxel indices, shape (n, 2 or 3), as columns (4, n)."""
    columns = np.zeros((4, len(points)))
    columns[: points.shape[1]] = points.T
    columns[3] = 1
    return columns


def _is_same_grid(mask: Volume, scan: Volume) -> bool:
    return mask.shape == scan.shape and _is_same_place(mask, scan)


def _is_same_place(mask: Volume, scan: Volume) -> bool:
    """Whether equal voxel indices mean equal positions, to a tenth of a voxel, over the scan."""
    last = (*scan.shape, 0)[:3]
    corners = np.array(
        [(i, j, k) for i in (0, last[0]) for j in (0, last[1]) for k in (0, last[2])]
    )
    apart = np.abs(mask.position_mm(corners) - scan.position_mm(corners)).max()
    return bool(apart < _SAME_VOXELS * min(scan.spacing_mm))


def _grid(volume: Volume) -> str:
    return f"{_size(volume.shape)} voxels of {' x '.join(f'{s:.2g}' for s in volume.spacing_mm)} mm"


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(str(n) for n in shape)
