"""Volume: an array of voxels with the affine that places it in the patient."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clam_core.errors import AlignmentError, GeometryError
from clam_core.settings import Unit

_LETTERS = np.array([["L", "R"], ["P", "A"], ["I", "S"]])
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Volume:
    """A scan or a mask in its own geometry.

    Attributes:
        array: Voxels, shape (i, j, k), or (i, j) for a 2D scan. CT is in HU.
        affine: Voxel index (i, j, k, 1) to patient position in mm, shape
            (4, 4); patient axes are RAS+ (right, anterior, superior), as in
            NIfTI. A 2D scan has k = 0 and keeps the third column as its normal.
        unit: `HU`, or `arbitrary` where the modality has no scale of its own.
    """

    array: NDArray[np.generic]
    affine: NDArray[np.float64]
    unit: Unit = "HU"

    def __post_init__(self) -> None:
        if self.array.ndim not in {2, 3}:
            raise AlignmentError(
                f"A volume has two or three axes, this one has {self.array.ndim} "
                f"(shape {self.array.shape})."
            )
        if self.affine.shape != (4, 4) or not np.isfinite(self.affine).all():
            raise GeometryError("The affine is not a 4 x 4 matrix of finite numbers.")
        if abs(np.linalg.det(self.affine[:3, :3])) < 1e-9:
            raise GeometryError("The voxel size is zero along at least one axis.")

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of voxels along each axis."""
        return self.array.shape

    @property
    def spacing_mm(self) -> tuple[float, ...]:
        """Voxel size along each axis of the array, in mm."""
        lengths = np.linalg.norm(self.affine[:3, :3], axis=0)
        return tuple(float(length) for length in lengths[: self.array.ndim])

    @property
    def orientation(self) -> str:
        """Direction in which each axis grows, one letter each: `RAS`, `LPS`, ..."""
        return orientation_of(self.affine, self.array.ndim)

    @property
    def shear_degrees(self) -> float:
        """Largest deviation from a right angle between two voxel axes, in degrees."""
        unit = self.affine[:3, :3] / np.linalg.norm(self.affine[:3, :3], axis=0)
        cosines = np.abs(unit.T @ unit)[np.triu_indices(3, 1)]
        return float(np.degrees(np.arcsin(np.clip(cosines.max(), 0, 1))))

    def position_mm(self, index: ArrayLike) -> NDArray[np.float64]:
        """Patient position (RAS+, mm) of voxel indices, shape (..., 2 or 3)."""
        points = np.asarray(index, dtype=np.float64)
        if points.shape[-1] == 2:
            points = np.concatenate([points, np.zeros((*points.shape[:-1], 1))], axis=-1)
        result: NDArray[np.float64] = points @ self.affine[:3, :3].T + self.affine[:3, 3]
        return result


def orientation_of(affine: NDArray[np.float64], n_axes: int = 3) -> str:
    """Direction in which each voxel axis grows, one letter each.

    Args:
        affine: Voxel index to position in mm, shape (4, 4), RAS+.
        n_axes: 2 or 3.
    """
    axes = dominant_axes(affine)
    signs = [int(affine[axis, column] > 0) for column, axis in enumerate(axes)]
    letters = [str(_LETTERS[axis, sign]) for axis, sign in zip(axes, signs, strict=True)]
    return "".join(letters[:n_axes])


def dominant_axes(affine: NDArray[np.float64]) -> tuple[int, int, int]:
    """Patient axis (0 right, 1 anterior, 2 superior) nearest to each voxel axis.

    Args:
        affine: Voxel index to position in mm, shape (4, 4).

    Returns:
        A permutation of (0, 1, 2): the assignment with the largest sum of
        absolute direction cosines, so that oblique scans get three different axes.
    """
    cosines = np.abs(affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0))
    orders = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    return max(orders, key=lambda axes: sum(cosines[axes[c], c] for c in range(3)))


def to_ras(volume: Volume) -> Volume:
    """Permute and flip the axes so that i grows right, j anterior, k superior.

    No voxel is interpolated: an oblique scan stays oblique, with the nearest
    axes in order. A 2D scan keeps its plane: its two axes are ordered so that
    they follow the patient axes R, A, S, and each grows along its axis.

    Args:
        volume: Any orientation, shape (i, j, k) or (i, j).

    Returns:
        The same voxels (a view where possible) with the affine to match.
    """
    ndim = volume.array.ndim
    axes = dominant_axes(volume.affine)
    order = sorted(range(ndim), key=lambda column: axes[column])
    array = volume.array.transpose(order)
    affine = volume.affine.copy()
    affine[:, :ndim] = volume.affine[:, order]
    for column, old in enumerate(order):
        if affine[axes[old], column] < 0:
            array = np.flip(array, axis=column)
            affine[:3, 3] += affine[:3, column] * (array.shape[column] - 1)
            affine[:3, column] *= -1
    return replace(volume, array=array, affine=affine)


def affine_from_lps(
    spacing_mm: ArrayLike, origin_mm: ArrayLike, direction: ArrayLike
) -> NDArray[np.float64]:
    """Affine in RAS+ from the parts that DICOM, ITK and NRRD state in LPS+.

    Args:
        spacing_mm: Voxel size, shape (3,), mm.
        origin_mm: Position of the first voxel, shape (3,), mm, LPS+.
        direction: One column of cosines per voxel axis, shape (3, 3), LPS+.

    Returns:
        Voxel index to position, shape (4, 4), mm, RAS+.

    Source:
        DICOM PS3.3 C.7.6.2.1.1 (patient axes grow left, posterior, superior).
    """
    affine = np.eye(4)
    affine[:3, :3] = np.asarray(direction, dtype=np.float64).reshape(3, 3) * np.asarray(spacing_mm)
    affine[:3, 3] = np.asarray(origin_mm, dtype=np.float64)
    result: NDArray[np.float64] = _LPS_TO_RAS @ affine
    return result


def display_slice(array: NDArray[np.generic], axis: int = 2, index: int = 0) -> NDArray[np.generic]:
    """One slice of a RAS+ array as rows and columns in radiological view.

    Axial slices are seen from the feet (anterior up, patient's right on the
    left of the picture), coronal slices from the front, sagittal slices from
    the left side of the patient (anterior on the left of the picture).

    Args:
        array: RAS+ voxels, shape (i, j, k), or (i, j) for a 2D scan.
        axis: Axis that is cut: 0 sagittal, 1 coronal, 2 axial. Ignored in 2D.
        index: Voxel along that axis.

    Returns:
        A view, shape (rows, columns), first row on top.
    """
    plane = array if array.ndim == 2 else np.take(array, index, axis=axis)
    view: NDArray[np.generic] = plane[::-1, ::-1].T
    return view
