"""Frozen, validated settings: what a step may be told, and within which bounds."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from clam_core.errors import SettingsError

MaskMode = Literal["auto", "lungs", "given", "none"]
CropMode = Literal["auto", "mask", "center", "none"]
Unit = Literal["HU", "arbitrary"]

HU_MIN, HU_MAX = -1024, 3071
"""The range that a 12-bit CT scanner stores; voxels beyond it are metal or faults."""


def _plain(message: str) -> str:
    """Pydantic's words without its own prefix."""
    return message.removeprefix("Value error, ")


class Settings(BaseModel):
    """Base of all settings: immutable, no unknown names, one sentence on a bad value."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, **values: Any) -> None:  # noqa: ANN401
        try:
            super().__init__(**values)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or type(self).__name__
            message = f"Setting {where!r} cannot be used: {_plain(first['msg'])}."
            if first["loc"]:
                message = f"{message[:-1]} (it was {first['input']!r})."
            raise SettingsError(message) from None


class ReadLimits(Settings):
    """What one untrusted file may cost before its reader is stopped.

    Time grows with the size of the file, so that a small file with a lying
    header is stopped within seconds and a large scan is not.
    """

    memory_bytes: int = Field(default=4 << 30, ge=64 << 20)
    base_seconds: float = Field(default=8.0, gt=0)
    bytes_per_second: float = Field(default=8e6, gt=0)
    max_voxels: int = Field(default=1_500_000_000, gt=0)

    def seconds_for(self, n_bytes: int) -> float:
        """Time allowed for a file of `n_bytes` bytes, in seconds."""
        return self.base_seconds + n_bytes / self.bytes_per_second


class ArchiveLimits(Settings):
    """What a zip archive may hold before it is refused whole."""

    max_members: int = Field(default=100_000, gt=0)
    max_total_bytes: int = Field(default=64 << 30, gt=0)
    max_ratio: float = Field(default=200.0, gt=1)


class TableLimits(Settings):
    """What a clinical or scans table may hold before it is refused.

    Attributes:
        max_bytes: Size of the file.
        max_unpacked_bytes: Size of a workbook or a Parquet file once unpacked.
        max_ratio: Growth of a workbook when unpacked.
        max_rows: Rows below the header.
        max_columns: Columns.
        max_cells: Rows times columns.
        max_cell_letters: Letters in one cell; Excel's own limit.
        max_letters: Letters in all cells together.
    """

    max_bytes: int = Field(default=64 << 20, gt=0)
    max_unpacked_bytes: int = Field(default=200_000_000, gt=0)
    max_ratio: float = Field(default=200.0, gt=1)
    max_rows: int = Field(default=100_000, gt=0)
    max_columns: int = Field(default=1000, gt=0)
    max_cells: int = Field(default=5_000_000, gt=0)
    max_cell_letters: int = Field(default=32_767, gt=0)
    max_letters: int = Field(default=64 << 20, gt=0)


class PreprocessSettings(Settings):
    """How a scan in its own geometry becomes a volume on the study's grid.

    Attributes:
        grid: Voxels along each axis of the grid, 2 or 3 numbers.
        spacing_mm: Voxel size of the grid in mm. None scales the cropped box
            to the grid, so that the voxel size differs between scans.
        mask: `lungs` segments them, `given` uses the mask of the scans table,
            `none` uses no mask; `auto` is `given` where the scan has one,
            else `lungs` for CT volumes and `none` for everything else.
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
    crop: CropMode = "auto"
    margin_mm: float = Field(default=5.0, ge=0, le=100)
    intensity_factor: float = Field(default=1.0, gt=0, le=1e9)

    @model_validator(mode="after")
    def _check(self) -> PreprocessSettings:
        if len(self.grid) not in {2, 3} or not all(8 <= n <= 512 for n in self.grid):
            raise ValueError("the grid needs 2 or 3 numbers between 8 and 512")
        if self.crop == "mask" and self.mask == "none":
            raise ValueError("crop 'mask' needs a mask; choose mask 'lungs' or 'given'")
        return self
