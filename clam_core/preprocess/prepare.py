"""From a scan as read to a volume on the study's grid: all steps in order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import ReadError, SettingsError
from clam_core.preprocess.given import place_mask
from clam_core.preprocess.grid import Box, choose_box, share_inside
from clam_core.preprocess.lungs import find_lungs
from clam_core.preprocess.morphology import Mask
from clam_core.preprocess.picture import quality_picture
from clam_core.preprocess.placing import straighten
from clam_core.preprocess.quality import Quality, describe
from clam_core.preprocess.region import Region
from clam_core.preprocess.resize import resize
from clam_core.preprocess.values import Checked, check_values
from clam_core.settings import PreprocessSettings
from clam_core.volume import Volume, to_ras

_SHEAR_DEGREES = 0.1
_ENOUGH_INSIDE = 0.99


@dataclass(frozen=True, eq=False)
class PreparedScan:
    """One scan on the study's grid.

    Attributes:
        volume: int16, RAS+ (or the nearest order of an oblique scan's own axes),
            shape = grid, with the affine of the grid.
        mask: On the same grid; None without a mask.
        quality: Columns for the table of scans, see `quality.describe`.
        warnings: One sentence for each thing that was assumed or looks wrong.
        picture: RGB, shape (rows, 384, 3), see `picture.quality_picture`.
    """

    volume: Volume
    mask: Mask | None
    quality: Quality
    warnings: tuple[str, ...]
    picture: NDArray[np.uint8]


def prepare(volume: Volume, mask: Volume | None, settings: PreprocessSettings) -> PreparedScan:
    """Check, orient, mask, crop and resize one scan.

    Args:
        volume: The scan as read, in its own geometry.
        mask: Its mask from the scans table, if any.
        settings: Grid, mask and crop.

    Returns:
        The scan on the grid with its quality columns and picture.

    Raises:
        NotAScanError: If it holds labels.
        ReadError: If its values, its shape or its mask cannot be used.
        GeometryError: If its axes are sheared beyond what a gantry can tilt.
        SettingsError: If the settings ask for a mask that this kind of scan cannot have.
    """
    _check_axes(volume, settings)
    checked = check_values(volume, settings.intensity_factor)
    scan, warnings = _upright(checked)
    try:
        region = _find_region(scan, (volume, mask), settings)
    except ReadError as error:  # values that are no HU are a likelier cause than the patient
        raise type(error)(" ".join((*checked.warnings, str(error)))) from None
    box = choose_box(scan, region, settings)
    warnings = (*checked.warnings, *warnings, *_mask_doubts(region, box, settings))
    weights = box.weights(scan.shape, settings.grid)
    voxels = resize(scan.array, weights, checked.fill, checked.limits)
    grid = Volume(
        array=np.ascontiguousarray(np.rint(voxels).astype(np.int16)),
        affine=box.affine(scan.affine, settings.grid),
        unit=volume.unit,
    )
    grid_mask = None if region is None else _resize_mask(region, box, settings.grid)
    return PreparedScan(
        volume=grid,
        mask=grid_mask,
        quality=describe(volume, checked, region),
        warnings=warnings,
        picture=quality_picture(scan, region, box, grid, grid_mask),
    )


def _check_axes(volume: Volume, settings: PreprocessSettings) -> None:
    if volume.array.size == 0 or volume.array.ndim != len(settings.grid):
        shape = "x".join(str(n) for n in volume.shape)
        raise ReadError(
            f"The scan has {volume.array.ndim} axes ({shape} voxels), but the study's grid has "
            f"{len(settings.grid)}; keep 2D and 3D scans in studies of their own."
        )
    if volume.array.ndim == 3 and min(volume.shape) < 2:
        raise ReadError(
            "The scan has a single slice; a 3D study needs two or more. Put it into a 2D study."
        )


def _upright(checked: Checked) -> tuple[Volume, tuple[str, ...]]:
    """The scan in RAS+ order with right angles; a view unless it was sheared."""
    degrees = checked.volume.shear_degrees
    if degrees <= _SHEAR_DEGREES:
        return to_ras(checked.volume), ()
    straight = straighten(checked.volume, checked.fill)
    words = (
        f"The slices are tilted by {degrees:.1f} degrees (gantry tilt); the scan was resampled to "
        "right angles."
    )
    return to_ras(straight), (words,)


def _find_region(
    scan: Volume, read: tuple[Volume, Volume | None], settings: PreprocessSettings
) -> Region | None:
    """The mask that the settings ask for."""
    original, mask = read
    mode = settings.mask
    is_ct_volume = scan.unit == "HU" and scan.array.ndim == 3
    if mode == "auto":
        mode = "given" if mask is not None else "lungs" if is_ct_volume else "none"
    if mode == "none":
        return None
    if mode == "lungs":
        if not is_ct_volume:
            raise SettingsError(
                "Lungs can be found on CT volumes in HU only; choose --mask given or --mask none."
            )
        return find_lungs(scan.array, scan.spacing_mm)
    if mask is None:
        raise ReadError(
            "The scans table gives no mask for this scan; add one, or choose --mask lungs or "
            "--mask none."
        )
    return place_mask(mask, scan, original, settings.mask_label)


def _mask_doubts(region: Region | None, box: Box, settings: PreprocessSettings) -> tuple[str, ...]:
    """What there is to say about a mask, also where the grid is too small for it."""
    if region is None:
        return ()
    share = share_inside(region, box)
    if settings.spacing_mm is None or share >= _ENOUGH_INSIDE:
        return region.warnings
    size = " x ".join(f"{n * settings.spacing_mm:.0f}" for n in settings.grid)
    return (*region.warnings, f"{1 - share:.0%} of the mask lies beyond the grid of {size} mm.")


def _resize_mask(region: Region, box: Box, grid: tuple[int, ...]) -> Mask:
    """The mask on the grid: half covered counts as inside, and a small mask never vanishes."""
    weights = box.in_voxels_of(region).weights(region.mask.shape, grid)
    cover = resize(region.mask, weights, 0.0)
    most = float(cover.max())
    if most <= 0:
        raise ReadError("The mask lies outside the grid; choose crop 'mask' or a larger spacing.")
    inside: Mask = cover >= (0.5 if most >= 0.5 else most / 2)
    return inside
