"""Place slices in space: their order, the affine, and what is wrong with their positions.

Source:
    DICOM PS3.3 C.7.6.2.1.1: the center of the pixel in column i and row j lies at
    ImagePositionPatient + i * (first three cosines of ImageOrientationPatient) *
    (distance between columns, the second value of PixelSpacing) + j * (last three
    cosines) * (distance between rows, the first value of PixelSpacing).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clam_core.errors import GeometryError
from clam_core.volume import affine_from_lps

SPACING_RANGE_MM = (2e-3, 1e3)
SAME_POSITION_MM = 1e-3
SILENT_JITTER_MM, SILENT_JITTER = 0.01, 0.01
MAX_JITTER = 0.1
MAX_SHIFT_PIXELS = 0.5
MIN_TILT_DEGREES = 0.05

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Placement:
    """Slices in order, and where they are.

    Attributes:
        order: Index of the slice that comes first, second, ... along the normal.
        affine: Voxel index (column, row, slice) to RAS+ position in mm, shape (4, 4).
        notes: What had to be tolerated, one sentence each.
    """

    order: tuple[int, ...]
    affine: Array
    notes: tuple[str, ...] = ()


def slice_normal(orientation: ArrayLike) -> Array:
    """Direction in which slices are stacked: row direction x column direction.

    Args:
        orientation: Direction of a row and of a column, LPS+, shape (6,).

    Returns:
        Unit vector, LPS+, shape (3,).

    Raises:
        GeometryError: If the two are no perpendicular unit vectors.
    """
    row, column = np.asarray(orientation, dtype=np.float64).reshape(2, 3)
    lengths = np.array([np.linalg.norm(row), np.linalg.norm(column)])
    if np.abs(lengths - 1).max() > 0.01 or abs(float(row @ column)) > 0.01:
        raise GeometryError(
            "ImageOrientationPatient should be two perpendicular directions of length 1, but is "
            "not; correct the header, or export the series again."
        )
    normal = np.cross(row, column)
    result: Array = normal / np.linalg.norm(normal)
    return result


def place_slices(
    positions: ArrayLike,
    orientation: ArrayLike,
    pixel_spacing: tuple[float, float],
    thickness_mm: float | None = None,
) -> Placement:
    """Sort slices along their normal and make the affine of the volume.

    Args:
        positions: ImagePositionPatient of each slice, LPS+, mm, shape (n, 3).
        orientation: ImageOrientationPatient, LPS+, shape (6,).
        pixel_spacing: Distance between rows and between columns, mm.
        thickness_mm: Voxel size across a single slice.

    Returns:
        Order and affine. The third axis follows the real positions, so that a
        tilted gantry gives a sheared affine.

    Raises:
        GeometryError: If slices are missing, overlap, are shifted against each
            other, or their orientation or pixel size means nothing.
    """
    _check_spacing(pixel_spacing)
    points = np.asarray(positions, dtype=np.float64).reshape(-1, 3)
    normal = slice_normal(orientation)
    depth = points @ normal
    order = np.argsort(depth, kind="stable")
    points, depth = points[order], depth[order]
    if len(points) == 1:
        step, notes = normal * _usable(thickness_mm), []
    else:
        notes = _check_even(depth)
        step = (points[-1] - points[0]) / (len(points) - 1)
        notes += _check_straight(points, step, normal, min(pixel_spacing))
        notes += _describe_tilt(step, normal)
    row, column = np.asarray(orientation, dtype=np.float64).reshape(2, 3)
    row, column = row / np.linalg.norm(row), column / np.linalg.norm(column)
    axes = np.stack([row * pixel_spacing[1], column * pixel_spacing[0], step], axis=1)
    affine = affine_from_lps((1.0, 1.0, 1.0), points[0], axes)
    return Placement(tuple(order.tolist()), affine, tuple(notes))


def flat_affine(pixel_spacing: tuple[float, float]) -> Array:
    """Affine of a picture that does not say where it lies, such as a chest radiograph.

    Args:
        pixel_spacing: Distance between rows and between columns, mm.

    Returns:
        RAS+ affine, shape (4, 4): seen from the front, rows run to the
        patient's left and columns to the feet.

    Raises:
        GeometryError: If the pixel size means nothing.
    """
    _check_spacing(pixel_spacing)
    return place_slices([[0.0, 0.0, 0.0]], [1, 0, 0, 0, 0, -1], pixel_spacing).affine


def _check_spacing(pixel_spacing: tuple[float, float]) -> None:
    low, high = SPACING_RANGE_MM
    if not all(low <= size <= high for size in pixel_spacing):
        raise GeometryError(
            f"PixelSpacing is {pixel_spacing[0]:g} x {pixel_spacing[1]:g} mm; both must lie "
            f"between {low:g} and {high:g} mm. Correct the header, or export the series again."
        )


def _usable(thickness_mm: float | None) -> float:
    low, high = SPACING_RANGE_MM
    return thickness_mm if thickness_mm is not None and low <= thickness_mm <= high else 1.0


def _check_even(depth: Array) -> list[str]:
    """Notes on small unevenness of sorted positions; large unevenness is refused."""
    steps = np.diff(depth)
    mean = float(depth[-1] - depth[0]) / len(steps)
    if not SPACING_RANGE_MM[0] <= mean <= SPACING_RANGE_MM[1]:
        raise GeometryError(
            f"The slices are {mean:g} mm apart; this must lie between {SPACING_RANGE_MM[0]:g} "
            f"and {SPACING_RANGE_MM[1]:g} mm. Export the series again."
        )
    off = float(np.abs(depth - (depth[0] + mean * np.arange(len(depth)))).max())
    if off > MAX_JITTER * mean:
        raise GeometryError(_describe_gap(steps))
    if off <= max(SILENT_JITTER_MM, SILENT_JITTER * mean):
        return []
    return [
        f"Slice positions are uneven by up to {_mm(off)}; the mean distance of {_mm(mean)} is used."
    ]


def _describe_gap(steps: Array) -> str:
    """The sentence on the worst of the places where the distance is not the usual one."""
    usual = float(np.median(steps))
    wrong = np.flatnonzero(np.abs(steps - usual) > MAX_JITTER * usual)
    if len(wrong) == 0:
        return (
            f"The distance between slices changes from {_mm(steps.min())} to {_mm(steps.max())}; "
            "a volume needs even distances. Export the series again."
        )
    first = int(wrong[0])
    step, where = float(steps[first]), f"slice {first + 1} and {first + 2}"
    n_more = len(wrong) - 1
    more = f" (and at {n_more} more place{'s' if n_more > 1 else ''})" if n_more else ""
    if step < usual:
        return (
            f"Overlap: {where} are {_mm(step)} apart instead of {_mm(usual)}{more}; "
            "export the series again, with even distances."
        )
    n_missing = round(step / usual) - 1
    exact = abs(step / usual - (n_missing + 1)) <= MAX_JITTER
    missing = "the distance is uneven"
    if n_missing >= 1 and exact:
        missing = f"{n_missing} slice{'s are' if n_missing > 1 else ' is'} missing"
    return (
        f"Gap between {where}: {_mm(step)} instead of {_mm(usual)}; {missing}{more}. "
        "Export the whole series again."
    )


def _check_straight(points: Array, step: Array, normal: Array, pixel: float) -> list[str]:
    """Notes on slices that are shifted sideways against their neighbours; refused if large."""
    off = points - (points[0] + np.arange(len(points))[:, None] * step)
    sideways = np.linalg.norm(off - np.outer(off @ normal, normal), axis=1)
    worst = float(sideways.max())
    if worst > MAX_SHIFT_PIXELS * pixel:
        raise GeometryError(
            f"Slice {int(sideways.argmax()) + 1} is shifted sideways by {_mm(worst)} against the "
            "line through the others; export the series again."
        )
    if worst > 0.1 * pixel:
        return [f"Slices are shifted sideways by up to {_mm(worst)}; this was left as it is."]
    return []


def _describe_tilt(step: Array, normal: Array) -> list[str]:
    cosine = float(step @ normal) / float(np.linalg.norm(step))
    degrees = float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    if degrees <= MIN_TILT_DEGREES:
        return []
    return [
        f"The slices are tilted by {degrees:.1f} degrees against the direction in which they are "
        "stacked (gantry tilt); the volume is placed with this shear."
    ]


def _mm(length: float) -> str:
    text = f"{length:.3f}".rstrip("0")
    return f"{text}0 mm" if text.endswith(".") else f"{text} mm"
