"""Sample a volume at the voxels of another: any two geometries in the same patient space."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from clam_core.errors import GeometryError
from clam_core.volume import Volume

MAX_SHEAR_DEGREES = 45.0


def nearest_at(
    mask: NDArray[np.bool_],
    affine: NDArray[np.float64],
    target_shape: tuple[int, ...],
    target_affine: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Bring a mask into another geometry by its nearest voxel; False beyond it.

    Args:
        mask: Shape (i, j, k) or (i, j).
        affine: Its geometry, shape (4, 4), mm, RAS+.
        target_shape: Shape of the result, as many axes as `mask`.
        target_affine: Geometry of the result, shape (4, 4), mm, RAS+.

    Returns:
        The mask at the target's voxels.
    """
    matrix = np.linalg.inv(affine) @ target_affine
    placed: NDArray[np.bool_] = _sample(mask.astype(np.uint8), matrix, target_shape, 0) > 0
    return placed


def straighten(volume: Volume, fill: float) -> Volume:
    """Resample a sheared scan (gantry tilt) to a right-angled grid that holds all of it.

    The plane whose two axes are nearest to a right angle is kept, so that tilted
    axial slices are only shifted within their planes, never mixed.

    Args:
        volume: Whole numbers, shape (i, j, k) or (i, j).
        fill: Value of voxels that the scan does not cover.

    Returns:
        A volume of int16 with right angles and nearly the same voxel size.

    Raises:
        GeometryError: If the shear is above 45 degrees, which no scanner makes.
    """
    if volume.shear_degrees > MAX_SHEAR_DEGREES:
        raise GeometryError(
            f"The voxel axes are {volume.shear_degrees:.0f} degrees away from right angles; up to "
            f"{MAX_SHEAR_DEGREES:.0f} (a tilted gantry) can be straightened. Check the affine."
        )
    axes = _right_angled(volume.affine[:3, :3])
    last = [(0, n - 1) for n in (*volume.shape, 1)[:3]]
    corners = np.stack(np.meshgrid(*last, indexing="ij"), axis=-1).reshape(-1, 3)
    reached = corners @ (np.linalg.inv(axes) @ volume.affine[:3, :3]).T
    # Rounding errors must not add a row of voxels at either end.
    low = np.floor(reached.min(axis=0) + 1e-4)
    shape = (np.ceil(reached.max(axis=0) - 1e-4) - low + 1).astype(int)
    affine = np.eye(4)
    affine[:3, :3] = axes
    affine[:3, 3] = volume.affine[:3, 3] + axes @ low
    matrix = np.linalg.inv(volume.affine) @ affine
    straight = _sample(volume.array, matrix, tuple(shape[: volume.array.ndim].tolist()), fill)
    np.rint(straight, out=straight)
    return replace(volume, array=straight.astype(np.int16), affine=affine)


def _right_angled(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Right-angled voxel axes next to sheared ones; slice distances are kept."""
    units = columns / np.linalg.norm(columns, axis=0)
    pairs = [(0, 1, 2), (0, 2, 1), (1, 2, 0)]
    a, b, c = min(pairs, key=lambda pair: abs(float(units[:, pair[0]] @ units[:, pair[1]])))
    across = units[:, b] - (units[:, a] @ units[:, b]) * units[:, a]
    across /= np.linalg.norm(across)
    normal = np.cross(units[:, a], across)
    directions = {a: units[:, a], b: across, c: normal}
    axes = np.empty((3, 3))
    for column, direction in directions.items():
        # Projected, not the length of the sheared edge: slices stay as far apart as they are.
        axes[:, column] = direction * (direction @ columns[:, column])
    return axes


def _sample(
    array: NDArray[np.generic],
    matrix: NDArray[np.float64],
    shape: tuple[int, ...],
    fill: float,
) -> NDArray[Any]:
    """Values at `matrix` times each target index: linear, or nearest for uint8 masks."""
    if array.ndim == 2:
        return _sample(array[:, :, None], matrix, (*shape, 1), fill)[:, :, 0]
    is_mask = array.dtype == np.uint8
    # Arrays of SimpleITK are (k, j, i); with spacing 1 and origin 0 its points are our indices.
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(array.T))
    transform = SimpleITK.AffineTransform(matrix[:3, :3].ravel().tolist(), matrix[:3, 3].tolist())
    sampled = SimpleITK.Resample(
        image,
        list(shape),
        transform,
        SimpleITK.sitkNearestNeighbor if is_mask else SimpleITK.sitkLinear,
        [0.0] * 3,
        [1.0] * 3,
        np.eye(3).ravel().tolist(),
        float(fill),
        SimpleITK.sitkUInt8 if is_mask else SimpleITK.sitkFloat32,
    )
    values: NDArray[Any] = SimpleITK.GetArrayFromImage(sampled).T
    return values
