"""Settings of the synthetic scans: one subject, one lesion, a cohort, the simulation study."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from clam_core.errors import SettingsError
from clam_core.settings import Settings

Pattern = Literal[
    "none", "ground_glass", "reticulation", "honeycombing", "nodules", "consolidation"
]
Zone = Literal["upper", "middle", "lower"]
Side = Literal["left", "right", "both"]
Family = Literal["chest", "ellipsoid", "crescent", "bullae"]
Scenario = Literal["presence", "size", "location", "intensity"]
Anatomy = Literal["fixed", "varying", "hard"]

FIELD_MM = (350.0, 270.0, 300.0)
"""Edges of the field of view (right-left, front-back, height) in mm; it fits a chest."""


def check_grid(grid: tuple[int, ...]) -> None:
    """Refuse a grid that is not two or three numbers between 8 and 512."""
    if len(grid) not in {2, 3} or not all(8 <= n <= 512 for n in grid):
        raise SettingsError(
            f"The grid needs 2 or 3 numbers between 8 and 512, it was {tuple(grid)}"
        )


class LesionSettings(Settings):
    """One disease pattern, placed by rule.

    Attributes:
        pattern: What it looks like.
        zone: Third of the height of the lungs.
        side: Lung or lungs.
        extent: Share of the zone's lung volume on the chosen side or sides;
            `small` is 0.15 and `large` 0.45. Nodules are scattered, and get
            a seventh of it.
    """

    pattern: Pattern
    zone: Zone = "upper"
    side: Side = "both"
    extent: Literal["small", "large"] | float = "large"

    @model_validator(mode="after")
    def _check(self) -> LesionSettings:
        if not 0 <= self.fraction <= 0.9:
            raise ValueError("the extent must be 'small', 'large' or a number from 0 to 0.9")
        return self

    @property
    def fraction(self) -> float:
        """Extent as a number."""
        if isinstance(self.extent, str):
            return {"small": 0.15, "large": 0.45}[self.extent]
        return float(self.extent)


class SubjectSettings(Settings):
    """Build and breathing of one synthetic subject.

    Attributes:
        sex: F or M; women are smaller and have breasts.
        scale: Size relative to the reference chest along right-left,
            front-back and height.
        shift_mm: Displacement of the chest in the field of view, RAS+.
        inspiration: Height of the lungs below the apex relative to the
            reference, a full breath; low values raise the diaphragm and make
            the lungs denser.
        fat_mm: Fat under the skin.
        heart: Size of the heart relative to the reference.
        parenchyma_hu: Mean of healthy lung at full inspiration.
        wobble_mm: Standard deviation of the smooth deformation that gives
            each subject its own shape.
        seed: Draws deformation, vessels and texture.
    """

    sex: Literal["F", "M"] = "M"
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    shift_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    inspiration: float = Field(default=1.0, ge=0.7, le=1.15)
    fat_mm: float = Field(default=12.0, ge=2, le=40)
    heart: float = Field(default=1.0, ge=0.7, le=1.4)
    parenchyma_hu: float = Field(default=-860.0, ge=-950, le=-600)
    wobble_mm: float = Field(default=1.5, ge=0, le=6)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _check(self) -> SubjectSettings:
        if not all(0.7 <= value <= 1.3 for value in self.scale):
            raise ValueError("each scale must lie between 0.7 and 1.3")
        return self


class CohortSettings(Settings):
    """The demo cohort: three forms of sarcoidosis of unequal frequency.

    Attributes:
        n_scans: Scans, one per subject.
        grid: Voxels along each axis; two numbers give the middle coronal slice.
        seed: Scan r depends on (seed, r) and the group layout only.
        shares: Share of minimal disease, upper-zone ground glass, and
            fibrosis with honeycombing.
        noise_hu: Standard deviation of the scanner's noise.
        table: Whether the scanner's table is in the picture.
        extent_sd: Not every subject is ill to the same degree: standard
            deviation of the logarithm of the extent within a group.
    """

    n_scans: int = Field(default=48, ge=3, le=10_000)
    grid: tuple[int, ...] = (48, 48, 48)
    seed: int = Field(default=0, ge=0)
    shares: tuple[float, float, float] = (21 / 48, 17 / 48, 10 / 48)
    noise_hu: float = Field(default=18.0, ge=0, le=300)
    table: bool = True
    extent_sd: float = Field(default=0.35, ge=0, le=1)

    @model_validator(mode="after")
    def _check(self) -> CohortSettings:
        check_grid(self.grid)
        if min(self.shares) < 0 or abs(sum(self.shares) - 1) > 1e-6:
            raise ValueError("the shares of the groups must not be negative and must add up to 1")
        return self


class SimulationSettings(Settings):
    """One cohort of the simulation study: groups differ in one property only.

    Attributes:
        scenario: `presence` (lesion or none), `size` (small or large),
            `location` (upper or lower zone), `intensity` (faint or strong).
        anatomy: `fixed`: one chest for all; `varying`: lung scale sd 5 %,
            shift sd 4 mm, brightness sd 30 HU, own vessels and texture;
            `hard`: twice that.
        contrast_hu: Added to the lung by a lesion; None is the family's own.
        noise_hu: Standard deviation of the scanner's noise.
        side: `fixed` is the right lung; `random` draws the lung per scan.
        n_per_group: Scans in each group.
        grid: Voxels along each axis; two numbers give a coronal slice.
        family: Kind of lung, texture, lesion and contrast.
        control: Whether `size`, `location` and `intensity` get a third group
            without lesion.
        distractor: Whether every scan has an equal blob in the other lung.
        radius_mm: Radius of a lesion (mean of small and large).
        size_factors: Small and large radius, relative to `radius_mm`.
        intensity_factors: Faint and strong contrast, relative to the contrast.
        jitter_mm: Standard deviation of a lesion's position along each axis.
        seed: Scan r depends on (seed, r) and these settings only.
    """

    scenario: Scenario = "presence"
    anatomy: Anatomy = "varying"
    contrast_hu: float | None = Field(default=None, ge=-900, le=1000)
    noise_hu: float = Field(default=40.0, ge=0, le=300)
    side: Literal["fixed", "random"] = "fixed"
    n_per_group: int = Field(default=30, ge=1, le=10_000)
    grid: tuple[int, ...] = (24, 24, 24)
    family: Family = "chest"
    control: bool = False
    distractor: bool = False
    radius_mm: float = Field(default=26.0, gt=0, le=60)
    size_factors: tuple[float, float] = (0.75, 1.25)
    intensity_factors: tuple[float, float] = (0.6, 1.4)
    jitter_mm: float = Field(default=5.0, ge=0, le=30)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _check(self) -> SimulationSettings:
        check_grid(self.grid)
        return self
