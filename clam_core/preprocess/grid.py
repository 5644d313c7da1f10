"""The box of a scan that becomes the study's grid."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import SettingsError
from clam_core.preprocess.region import Region
from clam_core.preprocess.resize import Matrix, axis_weights
from clam_core.settings import PreprocessSettings
from clam_core.volume import Volume


@dataclass(frozen=True)
class Box:
    """A box along the axes of a scan, in its voxel indices; it may reach beyond the scan.

    Attributes:
        low: Lower edge along each axis; voxel i reaches from i - 0.5 to i + 0.5.
        size: Length along each axis, in voxels of the scan.
    """

    low: tuple[float, ...]
    size: tuple[float, ...]

    def weights(self, shape: tuple[int, ...], grid: tuple[int, ...]) -> list[Matrix]:
        """One matrix per axis that resizes an array of `shape` in this box to `grid`."""
        parts = zip(shape, grid, self.low, self.size, strict=True)
        return [axis_weights(*part) for part in parts]

    def in_voxels_of(self, region: Region) -> Box:
        """The same box in the voxels of a region over the same field of view."""
        low = zip(self.low, region.factors, strict=True)
        size = zip(self.size, region.factors, strict=True)
        # Edges scale from the outer edge of the first voxel, which has index -0.5 in both.
        return Box(tuple((x + 0.5) / f - 0.5 for x, f in low), tuple(x / f for x, f in size))

    def affine(self, scan: NDArray[np.float64], grid: tuple[int, ...]) -> NDArray[np.float64]:
        """Geometry of the grid, shape (4, 4), from that of the scan: centers map to centers."""
        step = np.eye(4)
        for axis, n in enumerate(grid):
            scale = self.size[axis] / n
            step[axis, axis] = scale
            step[axis, 3] = self.low[axis] + scale / 2
        result: NDArray[np.float64] = scan @ step
        return result


def choose_box(scan: Volume, region: Region | None, settings: PreprocessSettings) -> Box:
    """Choose what part of a scan becomes the grid.

    Without `spacing_mm`: the mask's bounding box with its margin (`mask`), the
    largest box of the grid's proportions in the middle (`center`), or the whole
    field of view (`none`). With it the box is grid x spacing_mm, around the
    middle of the mask's bounding box (`mask`) or of the field of view.

    Args:
        scan: RAS+, right-angled.
        region: Its mask, if there is one.
        settings: grid, spacing_mm, crop, margin_mm.

    Returns:
        The box.

    Raises:
        SettingsError: If the crop is `mask` and there is none.
    """
    crop = settings.crop
    if crop == "auto":
        crop = "none" if region is None else "mask"
    if crop == "mask" and region is None:
        raise SettingsError(
            "Crop 'mask' was chosen, but this scan has no mask; give one in the scans table, or "
            "choose crop 'center' or 'none'."
        )
    low, high = (-0.5,) * len(scan.shape), tuple(n - 0.5 for n in scan.shape)
    if crop == "mask" and region is not None:
        low, high = region.edges()
    covered = tuple(b - a for a, b in zip(low, high, strict=True))
    size = _size(covered, scan.spacing_mm, settings.model_copy(update={"crop": crop}))
    middle = tuple((a + b) / 2 for a, b in zip(low, high, strict=True))
    return Box(tuple(m - n / 2 for m, n in zip(middle, size, strict=True)), size)


def _size(
    covered: tuple[float, ...], spacing_mm: tuple[float, ...], settings: PreprocessSettings
) -> tuple[float, ...]:
    """Length of the box in voxels, from that of the mask or of the field of view."""
    along = list(zip(covered, spacing_mm, settings.grid, strict=True))
    if settings.spacing_mm is not None:
        return tuple(g * settings.spacing_mm / mm for _, mm, g in along)
    if settings.crop == "mask":
        return tuple(n + 2 * settings.margin_mm / mm for n, mm, _ in along)
    if settings.crop == "center":
        # The axis with the least field of view per grid voxel limits the box.
        step_mm = min(n * mm / g for n, mm, g in along)
        return tuple(g * step_mm / mm for _, mm, g in along)
    return covered


def share_inside(region: Region, box: Box) -> float:
    """Share of a mask's voxels whose centers lie in a box.

    Args:
        region: The mask.
        box: In voxel indices of the scan.

    Returns:
        A number from 0 to 1.
    """
    own = box.in_voxels_of(region)
    inside = tuple(
        # Voxel i has its center at i, so the first inside is the one at or above the edge.
        slice(max(0, math.ceil(low)), max(0, math.ceil(low + size)))
        for low, size in zip(own.low, own.size, strict=True)
    )
    return float(np.count_nonzero(region.mask[inside]) / np.count_nonzero(region.mask))
