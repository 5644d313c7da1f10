"""Reasons to doubt that a given mask shows what is meant: all, next to nothing, or the opposite."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from clam_core.preprocess.morphology import IN_PLANE, Mask, bounding_box, touching_sides
from clam_core.volume import Volume

_NEARLY_ALL = 0.95
_FEW_VOXELS, _NEARLY_NOTHING = {2: 9, 3: 27}, 1e-5
_RIM = 0.8
_AIR_HU, _MOSTLY = -930, 0.5
_MAX_VOXELS = 2_000_000
_MANY_SLICES, _FEW_SLICES = 8, 0.02
_LARGE, _MANY_VOXELS, _FULL = 0.01, 4096, 0.98

_COARSE = 64
_LUNG_HU = -500
_FITS = 0.7
_BETTER = 1.15
_LEAST_MM = 10.0
_WAYS = (("left", "right"), ("back", "front"), ("feet", "head"))
_AXES = ("left and right", "front and back", "head and foot")

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
    if shape := _odd_shape(inside):
        return (f"The mask {shape}; {_LOOK}",)
    doubt = _of_lungs(inside, scan) if scan.unit == "HU" and scan.array.ndim == 3 else ""
    return (doubt,) if doubt else ()


def _of_lungs(inside: Mask, scan: Volume) -> str:
    """What the air of a CT says against a mask."""
    outside = _share_of_air_around(inside, scan)
    if outside > _MOSTLY:
        return (
            f"{outside:.0%} of the mask is air outside the body, so it may be inverted or "
            f"belong to another scan; {_LOOK}"
        )
    moved = _misplaced(inside, scan)
    return moved and (
        f"The mask would fit the lungs much better {moved}, so it may lie beside what it shows; "
        f"{_LOOK}"
    )


def _odd_shape(inside: Mask) -> str:
    """What no organ looks like: a large box, or a few slices only."""
    if inside.ndim == 2:
        return ""
    box = bounding_box(inside)
    sides = [part.stop - part.start for part in box]
    for n, whole in zip(sides, inside.shape, strict=True):
        if whole >= _MANY_SLICES and n <= max(1, int(_FEW_SLICES * whole)):
            return f"lies in {'one slice' if n == 1 else f'{n} slices'} of {whole} only"
    n_box = int(np.prod(sides))
    if (
        n_box > max(_LARGE * inside.size, _MANY_VOXELS)
        and np.count_nonzero(inside) >= _FULL * n_box
    ):
        return f"is a box of {' x '.join(map(str, sides))} voxels, as no organ is"
    return ""


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


def _misplaced(inside: Mask, scan: Volume) -> str:
    """How a mask of lungs would fit better; nothing if it lies well or is none of lungs.

    Overlap is measured for every shift at once, as the correlation of the mask with the air inside
    the body, on a coarse grid. Masks of anything but lungs fit that air nowhere, and say nothing.

    Args:
        inside: The mask on the scan's voxels, shape (i, j, k).
        scan: The scan in HU, RAS+.

    Returns:
        A part of a sentence, such as `moved by 12, 0 and -31 mm (...)`.
    """
    steps = tuple(max(1, -(-n // _COARSE)) for n in scan.shape)
    part = tuple(slice(None, None, step) for step in steps)
    air, mask = _air_inside(scan.array[part]), inside[part]
    if not mask.any() or not air.any():
        return ""
    now = _dice(mask & air, mask, air)
    spacing = np.array(scan.spacing_mm) * steps
    best, shift = _best_shift(mask, air)
    moved = float(np.linalg.norm(shift * spacing))
    if best >= _FITS and best >= _BETTER * now and moved >= _LEAST_MM:
        words = " and ".join(
            f"{abs(mm):.0f} mm to the {ways[int(mm > 0)]}"
            for mm, ways in zip(shift * spacing, _WAYS, strict=True)
            if abs(mm) >= 1
        )
        return f"moved by {words}"
    for axis, ends in enumerate(_AXES):
        turned, _ = _best_shift(np.flip(mask, axis), air)
        if turned >= _FITS and turned >= _BETTER * max(best, now):
            return f"with {ends} exchanged"
    return ""


def _dice(both: Mask, one: Mask, other: Mask) -> float:
    return 2 * np.count_nonzero(both) / (np.count_nonzero(one) + np.count_nonzero(other))


def _air_inside(array: NDArray[np.generic]) -> Mask:
    """Air that does not reach the sides of the scan: lungs, trachea, bowel."""
    around, n_around = ndimage.label(np.less(array, _AIR_HU), IN_PLANE)
    is_out = np.zeros(n_around + 1, dtype=bool)
    is_out[touching_sides(around)] = True
    outside = is_out[around]
    inside: Mask = np.less(array, _LUNG_HU) & ~ndimage.binary_dilation(outside, iterations=2)
    return inside


def _best_shift(mask: Mask, air: Mask) -> tuple[float, NDArray[np.int64]]:
    """Best overlap (Dice) of any shift, and the shift in voxels."""
    shape = tuple(fft.next_fast_len(2 * n - 1, real=True) for n in air.shape)
    spectrum = fft.rfftn(air.astype(np.float32), shape)
    overlap = fft.irfftn(spectrum * fft.rfftn(mask.astype(np.float32), shape).conj(), shape)
    place = np.array(np.unravel_index(int(overlap.argmax()), shape))
    shift = np.where(place > np.array(shape) // 2, place - shape, place)
    best = 2 * float(overlap.max()) / (np.count_nonzero(mask) + np.count_nonzero(air))
    return best, shift
