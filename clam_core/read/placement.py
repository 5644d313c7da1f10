"""Check what a header says about the place and size of its voxels."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clam_core.errors import GeometryError

SPACING_RANGE_MM = (2e-3, 1e3)
POSITION_RANGE_MM = 1e6
WARN_SHEAR_DEGREES, MAX_SHEAR_DEGREES = 0.1, 5.0

UNITS_MM = {"m": 1e3, "cm": 10.0, "mm": 1.0, "um": 1e-3, "µm": 1e-3, "micron": 1e-3}
"""Millimetres in one unit of length."""


def check_spacing(spacing: ArrayLike, name: str) -> None:
    """Refuse a voxel size that is missing, negative or beyond any scanner.

    Args:
        spacing: Size along each axis, mm.
        name: File name for the message.

    Raises:
        GeometryError: If one of them is NaN or outside 0.002 to 1000 mm.
    """
    sizes = np.asarray(spacing, dtype=np.float64)
    low, high = SPACING_RANGE_MM
    if not ((sizes >= low) & (sizes <= high)).all():
        values = " x ".join(f"{size:.6g}" for size in sizes)
        raise GeometryError(
            f"{name} states a voxel size of {values} mm; every size must lie between "
            f"{low:g} and {high:g} mm. Correct the header, or export the scan again."
        )


def check_affine(
    affine: NDArray[np.float64], n_axes: int, name: str
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Refuse an affine that cannot be, and give a 2D scan a normal.

    Args:
        affine: Voxel index to position, shape (4, 4), mm, RAS+.
        n_axes: 2 or 3. For 2 the third column is replaced by the unit normal of
            the plane if it is not usable.
        name: File name for the message.

    Returns:
        The affine, shape (4, 4), and warnings.

    Raises:
        GeometryError: If numbers are missing or absurd, or axes are parallel or
            more than 5 degrees off a right angle.
    """
    affine = np.array(affine, dtype=np.float64) + 0.0  # no -0
    if not np.isfinite(affine).all() or np.abs(affine[:3]).max() > POSITION_RANGE_MM:
        raise GeometryError(
            f"{name} gives no usable position (numbers are missing or beyond "
            f"{POSITION_RANGE_MM:g} mm); correct the header, or export the scan again."
        )
    lengths = np.sqrt((affine[:3, :n_axes] ** 2).sum(axis=0))
    check_spacing(lengths, name)
    if n_axes == 2:
        affine[:3, 2] = _normal(affine)
    shear = _shear_degrees(affine)
    if shear > MAX_SHEAR_DEGREES:
        raise GeometryError(
            f"{name} has voxel axes that are {shear:.1f} degrees off a right angle (at most "
            f"{MAX_SHEAR_DEGREES:g} can be read); resample the scan to a straight grid first."
        )
    if shear > WARN_SHEAR_DEGREES:
        return affine, (f"The voxel axes are {shear:.2g} degrees off a right angle.",)
    return affine, ()


def _normal(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Third column for a plane: as it is if it points out of the plane, else the unit normal."""
    cross = np.cross(affine[:3, 0], affine[:3, 1])
    size = np.linalg.norm(cross)
    third: NDArray[np.float64] = affine[:3, 2]
    length = np.linalg.norm(third)
    low, high = SPACING_RANGE_MM
    if size == 0:  # parallel axes; their shear refuses them, whatever the normal
        third = np.roll(affine[:3, 0], 1)
    elif not (low <= length <= high and abs(third @ cross) > 0.5 * length * size):
        third = cross / size
    return third


def _shear_degrees(affine: NDArray[np.float64]) -> float:
    columns = affine[:3, :3].T.tolist()
    lengths = [math.hypot(*column) for column in columns]
    cosines = [
        abs(sum(a * b for a, b in zip(columns[i], columns[j], strict=True)))
        / (lengths[i] * lengths[j])
        for i, j in ((0, 1), (0, 2), (1, 2))
    ]
    return math.degrees(math.asin(min(max(cosines), 1.0)))
