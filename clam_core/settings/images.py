"""From a scan to an image on the grid, and to an input of the network."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from clam_core.settings.base import Settings

MaskMode = Literal["auto", "lungs", "given", "none"]
CropMode = Literal["auto", "mask", "center", "none"]


class PreprocessSettings(Settings):
    """How a scan in its own geometry becomes a volume on the study's grid.

    Attributes:
        grid: Voxels along each axis of the grid, 2 or 3 numbers.
        spacing_mm: Voxel size of the grid in mm. None scales the cropped box
            to the grid, so that the voxel size differs between scans.
        mask: `lungs` segments them, `given` uses the mask of the scans table,
            `none` uses no mask; `auto` is `given` where the scan has one,
            else `lungs` for CT volumes and `none` for everything else.
        mask_label: Values of given masks that are inside; none lets each mask tell,
            which one with several labels cannot.
        crop: `mask` crops to the mask with a margin (with `spacing_mm`:
            centers on it), `center` keeps the middle, `none` keeps the field
            of view; `auto` is `mask` where there is one, else `none`.
        margin_mm: Margin around the mask in mm.
        intensity_factor: Voxels in arbitrary units are multiplied by it before
            they are stored as whole numbers; the same for every scan. HU are not.
    """

    grid: tuple[int, ...] = (88, 88, 88)
    spacing_mm: float | None = Field(default=None, gt=0, le=50)
    mask: MaskMode = "auto"
    mask_label: tuple[int, ...] = ()
    crop: CropMode = "auto"
    margin_mm: float = Field(default=5.0, ge=0, le=100)
    intensity_factor: float = Field(default=1.0, gt=0, le=1e9)

    @property
    def reads_masks(self) -> bool:
        """Whether masks that came with the scans are read."""
        return self.mask in {"auto", "given"}

    @model_validator(mode="after")
    def _check(self) -> PreprocessSettings:
        if len(self.grid) not in {2, 3} or not all(8 <= n <= 512 for n in self.grid):
            raise ValueError("the grid needs 2 or 3 numbers between 8 and 512")
        if self.crop == "mask" and self.mask == "none":
            raise ValueError("crop 'mask' needs a mask; choose mask 'lungs' or 'given'")
        return self


class ScaleSettings(Settings):
    """How a volume on the grid becomes an input of the network.

    Attributes:
        window: Lowest and highest value that is told apart, in HU (or the
            unit of the study); None takes [-1000, 400] for HU and the 0.5th
            and 99.5th percentile of the fitted cohort otherwise.
        background: What fills the voxels outside the mask: the cohort's mean
            inside the masks, air (the window's low end), nothing, or a value `apart`,
            as far below the window as it is wide, by which the mask is known.
        align_brightness: Shift each scan to a common brightness: with a mask, its
            own median inside the mask becomes 0, which then also fills the
            background; without, its median difference from the cohort's median
            image becomes zero. None does so where there are masks.
        trim_rim: Take off the layers of a mask whose voxels mix with what lies
            outside; how many follows from the cohort.
    """

    window: tuple[float, float] | None = None
    background: Literal["mean", "air", "keep", "apart"] = "mean"
    align_brightness: bool | None = None
    trim_rim: bool = True

    @model_validator(mode="after")
    def _check(self) -> ScaleSettings:
        if self.window is not None and self.window[0] >= self.window[1]:
            raise ValueError("the window needs a low and a higher value")
        return self
