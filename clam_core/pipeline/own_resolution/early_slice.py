"""The slice that is looked at, read alone while the whole scan is still being read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.files.file_ref import FileRef
from clam_core.volume import Volume, dominant_axes, to_ras

_MOST_SHEAR = 0.1
"""Degrees: scans that are sheared by more are straightened as a whole."""


def geometry_of(row: pd.Series[Any]) -> dict[str, Any] | None:
    """What a scan looks like before it has been read again: only of CT series of whole slices.

    Args:
        row: Of the study's table of scans.

    Returns:
        shape, affine (both RAS+), slope, intercept, numbers, as the reader will say them.
    """
    volume = _as_read(row)
    if volume is None:
        return None
    shown = to_ras(volume)
    return {
        "shape": list(shown.shape),
        "affine": shown.affine.tolist(),
        "slope": 1.0,
        "intercept": 0.0,
        "numbers": None,
    }


def early_task(row: pd.Series[Any], files: list[list[str | None]], index: int) -> dict[str, Any]:
    """What the reader is told to read slice `index` of a scan that has a `geometry_of`."""
    return {
        "files": files,
        "affine": [float(n) for n in row["source_affine"]],
        "shape": [int(n) for n in row["source_shape"]],
        "index": int(index),
    }


def read_early(
    files: list[list[str | None]], affine: list[float], shape: list[int], index: int
) -> tuple[dict[str, Any], dict[str, NDArray[np.generic]]]:
    """Read one slice of a series (a task for a reader process).

    Args:
        files: Path and member of each file, in the study's order.
        affine: Of the series as it was read, 16 numbers.
        shape: Of the same.
        index: Which slice, along the third axis in RAS+.

    Returns:
        is_found; where it is, the array `slice`, int16, shape (i, j) in RAS+.
    """
    # Imported here: the app itself asks for geometries only.
    from clam_core.read.dicom.one_slice import read_slice

    matrix = np.array(affine).reshape(4, 4)
    own = shape[2] - 1 - index if matrix[2, 2] < 0 else index
    refs = [FileRef(Path(str(path)), member) for path, member in files]
    values = read_slice(refs, matrix, shape, own)
    if values is None:
        return {"is_found": False}, {}
    upright = to_ras(Volume(values[:, :, None], matrix, "HU")).array[:, :, 0]
    return {"is_found": True}, {"slice": np.ascontiguousarray(upright)}


def _as_read(row: pd.Series[Any]) -> Volume | None:
    """The scan as it was read, without voxels."""
    affine, shape = row.get("source_affine"), row.get("source_shape")
    if row.get("format") != "dicom" or affine is None or shape is None:
        return None
    if len(affine) != 16 or len(shape) != 3 or int(row["n_files"]) != int(shape[2]):
        return None
    matrix = np.array(affine, dtype=np.float64).reshape(4, 4)
    if not np.isfinite(matrix).all() or dominant_axes(matrix) != (0, 1, 2):
        return None
    # One number stands for all voxels: nothing is held.
    empty = np.broadcast_to(np.int16(0), tuple(int(n) for n in shape))
    volume = Volume(empty, matrix, "HU")
    return volume if volume.shear_degrees <= _MOST_SHEAR else None
