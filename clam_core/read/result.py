"""What every reader gives back: a header at little cost, or the volume with its warnings."""

from __future__ import annotations

from dataclasses import dataclass

from clam_core.volume import Volume


@dataclass(frozen=True)
class ImageHeader:
    """What a file declares about itself, known before any voxel is read.

    Attributes:
        shape: Number of voxels along each axis, as the volume would have it.
        spacing_mm: Voxel size along each of these axes, in mm.
        ndim: 2 or 3.
        dtype: Name of the type in which the file stores a voxel, e.g. `int16`.
        n_bytes_needed: Memory that reading it takes, in bytes.
        data_file: Name of the file beside it that holds the voxels; empty if it holds them.
    """

    shape: tuple[int, ...]
    spacing_mm: tuple[float, ...]
    ndim: int
    dtype: str
    n_bytes_needed: int
    data_file: str = ""


@dataclass(frozen=True)
class ReadResult:
    """A volume as stored, and what its user should know about it.

    Attributes:
        volume: Voxels and affine in the file's own geometry.
        warnings: One sentence for each thing that had to be assumed or looks wrong.
        slice_numbers: What the series calls each slice along the last axis; empty where
            slices have no numbers.
    """

    volume: Volume
    warnings: tuple[str, ...] = ()
    slice_numbers: tuple[int | None, ...] = ()
