"""The quality picture: three cuts through the mask, and what the network will see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.preprocess.grid import Box
from clam_core.preprocess.memory_order import sample
from clam_core.preprocess.morphology import Mask
from clam_core.preprocess.region import Region
from clam_core.preprocess.resize import axis_weights, resize
from clam_core.volume import Volume, display_slice

MASK_COLOR, BOX_COLOR = (230, 159, 0), (86, 180, 233)
"""Orange and sky blue, which readers with any colour vision tell apart (Okabe and Ito)."""

_LUNG_WINDOW_HU = (-1350.0, 150.0)
_PANEL, _GAP = 190, 4

Picture = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Shown:
    """One plane to draw, along the axes of its array.

    Attributes:
        plane: Voxels, shape (a, b).
        mask: Mask over the same field of view, any shape, or None.
        size_mm: Physical size of the field of view.
        box: Lower and upper corner of the crop as shares of the field of view.
    """

    plane: NDArray[np.generic]
    mask: Mask | None
    size_mm: tuple[float, float]
    box: tuple[tuple[float, float], tuple[float, float]] | None = None


def quality_picture(
    scan: Volume, region: Region | None, box: Box, grid: Volume, grid_mask: Mask | None
) -> Picture:
    """Draw a scan with its mask and crop.

    Top left axial, top right sagittal, bottom left coronal, each where
    the mask is largest, at one scale in mm; bottom right the middle axial slice of
    the grid. Radiological view, lung window for HU, no text. A 2D scan is one panel.

    Args:
        scan: RAS+, right-angled.
        region: Its mask.
        box: What becomes the grid.
        grid: The result.
        grid_mask: The mask on the grid.

    Returns:
        RGB, shape (rows, 384, 3), at most 384 rows. The mask has an orange
        outline and the crop a sky-blue one.
    """
    window = _window(scan)
    lengths = [n * mm for n, mm in zip(scan.shape, scan.spacing_mm, strict=True)]
    side = 2 * _PANEL + _GAP
    if scan.array.ndim == 2:
        return _draw(_cut(scan, region, box, None), window, side / max(lengths), (side, side))
    scale = _PANEL / max(lengths)
    frame = (_PANEL, _PANEL)
    axial, coronal, sagittal = (
        _draw(_cut(scan, region, box, axis), window, scale, frame) for axis in (2, 1, 0)
    )
    middle = grid.shape[2] // 2
    cut = None if grid_mask is None else grid_mask[:, :, middle]
    sizes = [n * mm for n, mm in zip(grid.shape[:2], grid.spacing_mm, strict=False)]
    seen = Shown(grid.array[:, :, middle], cut, (sizes[0], sizes[1]))
    network = _draw(seen, window, _PANEL / max(sizes), frame)
    picture = np.zeros((side, side, 3), dtype=np.uint8)
    picture[:_PANEL, :_PANEL], picture[:_PANEL, -_PANEL:] = axial, sagittal
    picture[-_PANEL:, :_PANEL], picture[-_PANEL:, -_PANEL:] = coronal, network
    return picture


def _cut(scan: Volume, region: Region | None, box: Box, axis: int | None) -> Shown:
    """The plane across an axis with the most mask; None for a 2D scan."""
    kept = [a for a in range(scan.array.ndim) if a != axis]
    plane, mask = scan.array, None if region is None else region.mask
    if axis is not None:
        share = 0.5 if mask is None else _fullest(mask, axis)
        plane = np.moveaxis(plane, axis, 0)[int(share * scan.shape[axis])]
        mask = None if mask is None else np.moveaxis(mask, axis, 0)[int(share * mask.shape[axis])]
    low = tuple((box.low[a] + 0.5) / scan.shape[a] for a in kept)
    high = tuple(x + box.size[a] / scan.shape[a] for x, a in zip(low, kept, strict=True))
    sizes = tuple(scan.shape[a] * scan.spacing_mm[a] for a in kept)
    return Shown(plane, mask, (sizes[0], sizes[1]), ((low[0], low[1]), (high[0], high[1])))


def _fullest(mask: Mask, axis: int) -> float:
    """The slice with the most mask across an axis, as a share of the field of view."""
    others = tuple(other for other in range(mask.ndim) if other != axis)
    profile = mask.sum(axis=others)
    return float((profile.argmax() + 0.5) / profile.size)


def _window(scan: Volume) -> tuple[float, float]:
    """Lung window for HU; the middle 98 % of values for arbitrary units, on the picture alone."""
    if scan.unit == "HU":
        return _LUNG_WINDOW_HU
    low, high = np.percentile(sample(scan.array).astype(np.float64), [1, 99])
    return float(low), float(max(high, low + 1))


def _draw(
    shown: Shown, window: tuple[float, float], scale: float, frame: tuple[int, int]
) -> Picture:
    """One panel: grey values, outlines, in the middle of a black frame."""
    limits = zip(shown.size_mm, frame, strict=True)
    pixels = tuple(min(most, max(1, round(mm * scale))) for mm, most in limits)
    grey = (_fitted(shown.plane, pixels) - window[0]) / (window[1] - window[0])
    panel = np.repeat((255 * grey.clip(0, 1)).astype(np.uint8)[..., None], 3, axis=2)
    if shown.box is not None:
        panel[_rectangle(shown.box, pixels)] = BOX_COLOR
    if shown.mask is not None:
        panel[_outline(_fitted(shown.mask, pixels) >= 0.5)] = MASK_COLOR
    framed = np.zeros((frame[1], frame[0], 3), dtype=np.uint8)
    top, left = (frame[1] - pixels[1]) // 2, (frame[0] - pixels[0]) // 2
    rows = np.stack([display_slice(panel[..., c]) for c in range(3)], axis=-1)
    framed[top : top + pixels[1], left : left + pixels[0]] = rows
    return framed


def _fitted(plane: NDArray[np.generic], pixels: tuple[int, ...]) -> NDArray[np.float32]:
    weights = [axis_weights(n, m, -0.5, n) for n, m in zip(plane.shape, pixels, strict=True)]
    return resize(plane, weights, 0.0)


def _outline(mask: Mask) -> Mask:
    """Pixels of a mask with a neighbour outside it."""
    padded = np.pad(mask, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    edge: Mask = mask & ~inner
    return edge


def _rectangle(
    box: tuple[tuple[float, float], tuple[float, float]], pixels: tuple[int, ...]
) -> Mask:
    """One-pixel frame of a box; sides beyond the panel are not drawn."""
    drawn = np.zeros(pixels, dtype=bool)
    low, high = (
        tuple(round(share * n) - end for share, n in zip(corner, pixels, strict=True))
        for corner, end in ((box[0], 0), (box[1], 1))
    )
    within = tuple(slice(max(0, a), max(0, b + 1)) for a, b in zip(low, high, strict=True))
    for axis in (0, 1):
        for place in (low[axis], high[axis]):
            if 0 <= place < pixels[axis]:
                line = (place, within[1]) if axis == 0 else (within[0], place)
                drawn[line] = True
    return drawn
