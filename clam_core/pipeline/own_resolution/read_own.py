"""Task for reader processes: one scan at its own resolution, written to a file."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clam_core.files.file_ref import FileRef
from clam_core.preprocess.quality import voxel_digest
from clam_core.preprocess.values import Checked, check_values
from clam_core.read.reading import read_scan
from clam_core.settings import ReadLimits
from clam_core.volume import Volume, to_ras

SHEAR_DEGREES = 0.1
"""Scans that are sheared by more are straightened, as they are for the grid."""
_SLAB_BYTES = 4 << 20
_STEPS = 65_534
"""Steps of the 16 bits between the lowest and the highest value of a scan with fractions."""

Scale = tuple[float, float]
"""Slope and intercept: a value is slope times what is stored, plus intercept."""


def read_own(
    scan: dict[str, Any], to: str, limits: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, NDArray[np.generic]]]:
    """Read one scan and write its voxels: int16, little-endian, x fastest, RAS+.

    Args:
        scan: format, files, unit, intensity_factor.
        to: The file; it must not be there.
        limits: Values of `ReadLimits`.

    Returns:
        shape (three numbers), affine, slope, intercept, numbers (of the slices in the original
        series, or None) and voxel_digest; no arrays.
    """
    refs = [FileRef(Path(str(path)), member) for path, member in scan["files"]]
    result = read_scan(scan["format"], refs, ReadLimits(**limits), scan["unit"])
    checked = check_values(result.volume, scan["intensity_factor"])
    stored, (slope, intercept) = _in_16_bits(result.volume, checked, scan["intensity_factor"])
    volume = _upright(replace(result.volume, array=stored), checked.fill, (slope, intercept))
    array = volume.array if volume.array.ndim == 3 else volume.array[:, :, None]
    _write(array, Path(to))
    values = {
        "shape": list(array.shape),
        "affine": volume.affine.tolist(),
        "slope": slope,
        "intercept": intercept,
        "numbers": _numbers_along_k(result.volume, volume, result.slice_numbers),
        "voxel_digest": voxel_digest(checked),
    }
    return values, {}


def _in_16_bits(read: Volume, checked: Checked, factor: float) -> tuple[NDArray[np.generic], Scale]:
    """Voxels as they are stored for the browser, and what makes values of them.

    HU are whole. Other values are spread over all 16 bits where rounding would lose some.
    """
    if read.unit == "HU":
        return checked.volume.array, (1.0, 0.0)
    whole, values = checked.volume.array, read.array
    if np.array_equal(whole, values) and factor == 1:
        return whole, (1.0, 0.0)
    finite = np.nan_to_num(values.astype(np.float32), nan=checked.quality["hu_min"])
    low, high = checked.quality["hu_min"] * factor, checked.quality["hu_max"] * factor
    slope = (high - low) / _STEPS
    intercept = (low + high) / 2
    scaled = np.rint((finite * factor - intercept) / slope)
    np.clip(scaled, -_STEPS // 2, _STEPS // 2, out=scaled)
    return scaled.astype(np.int16), (slope, intercept)


def _upright(volume: Volume, fill: float, scale: Scale) -> Volume:
    """In RAS+ order with right angles, as the grid was made."""
    if volume.shear_degrees <= SHEAR_DEGREES:
        return to_ras(volume)
    from clam_core.preprocess.placing import straighten  # SimpleITK is slow to import

    slope, intercept = scale
    beyond = float(np.clip((fill - intercept) / slope, -32768, 32767))
    return to_ras(straighten(volume, beyond))


def _numbers_along_k(
    read: Volume, shown: Volume, numbers: tuple[int | None, ...]
) -> list[int | None] | None:
    """Numbers of the original slices in the order of the third axis; None if it has none.

    A series of sagittal or coronal slices has its numbers along another axis.
    """
    if read.array.ndim != 3 or len(numbers) != shown.shape[2] or numbers.count(None) > 0:
        return None
    across = read.affine[:3, 2] / np.linalg.norm(read.affine[:3, 2])
    along = shown.affine[:3, 2] / np.linalg.norm(shown.affine[:3, 2])
    cosine = float(across @ along)
    if abs(cosine) < np.cos(np.pi / 4):
        return None
    return list(numbers if cosine > 0 else numbers[::-1])


def _write(array: NDArray[np.generic], to: Path) -> None:
    """Slab by slab: a turned scan is never held twice."""
    step = max(1, _SLAB_BYTES // max(1, 2 * array.shape[0] * array.shape[1]))
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(to, flags, 0o600), "wb") as file:
        for start in range(0, array.shape[2], step):
            slab = array[:, :, start : start + step].astype("<i2", copy=False)
            file.write(slab.tobytes(order="F"))
