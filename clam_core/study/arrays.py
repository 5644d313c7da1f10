"""Arrays of a study in Zarr v3: a chunk per scan, or for small rows per MiB, rows as in `scans`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import AlignmentError, StudyError
from clam_core.study import atomic

if TYPE_CHECKING:
    import zarr

DTYPES = {"volumes": "int16", "masks": "bool"}
CHUNK_BYTES = 1 << 20
N_OPEN = 64
"""Arrays that are kept open: their descriptions, not their values."""


class ScanArrays:
    """Named arrays whose first axis is the scan.

    Whether a row has been written is not known here (a missing chunk reads as
    zeros): the study asks the scans table before it reads one.

    Args:
        folder: The Zarr group on disk.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, name: str, n_scans: int, shape: tuple[int, ...], dtype: str) -> None:
        """Make an array of shape (n_scans, *shape), or open it if it is there already.

        Raises:
            AlignmentError: If it is there with another shape.
        """
        import zarr

        group = zarr.open_group(self._folder, mode="a")
        if name in group:
            found = self._array(name).shape
            if found != (n_scans, *shape):
                raise AlignmentError(
                    f"Array {name!r} has shape {found}, but {(n_scans, *shape)} was expected."
                )
            return
        group.create_array(name, shape=(n_scans, *shape), chunks=(1, *shape), dtype=dtype)

    def put(self, name: str, values: NDArray[np.generic]) -> None:
        """Make an array and write all of it; small rows share a chunk, so that all are read fast.

        Raises:
            StudyError: If the disk is full.
        """
        import zarr

        n_together = max(1, CHUNK_BYTES // max(1, values[:1].nbytes))
        chunks = (min(n_together, max(1, len(values))), *values.shape[1:])
        group = zarr.open_group(self._folder, mode="a")
        try:
            array = group.create_array(
                name, shape=values.shape, chunks=chunks, dtype=values.dtype, overwrite=True
            )
            array[:] = values
        except OSError as error:
            raise _full(name, error) from error

    def write(self, name: str, row: int, values: NDArray[np.generic]) -> None:
        """Write the row of one scan.

        Raises:
            AlignmentError: If the values do not fit the row.
            StudyError: If the disk is full.
        """
        array = self._array(name)
        if values.shape != array.shape[1:] or not 0 <= row < array.shape[0]:
            raise AlignmentError(
                f"Values of shape {values.shape} do not fit row {row} of {name!r}, "
                f"which has shape {array.shape}."
            )
        try:
            array[row] = values
        except OSError as error:
            raise _full(name, error) from error

    def read(self, name: str, row: int) -> NDArray[np.generic]:
        """Row of one scan, shape of the grid."""
        values: NDArray[np.generic] = np.asarray(self._array(name)[row])
        return values

    def read_all(self, name: str) -> NDArray[np.generic]:
        """All rows, shape (n_scans, *shape)."""
        values: NDArray[np.generic] = np.asarray(self._array(name)[:])
        return values

    def __contains__(self, name: str) -> bool:
        return (self._folder / name / "zarr.json").is_file()

    def _array(self, name: str) -> zarr.Array[Any]:
        path = self._folder / name
        try:
            return _opened(path, atomic.stamp(path / "zarr.json"))
        except (FileNotFoundError, ValueError) as error:
            raise StudyError(f"The array {name!r} is missing in this study.") from error


@lru_cache(maxsize=N_OPEN)
def _opened(path: Path, stamped: tuple[int, ...]) -> zarr.Array[Any]:  # noqa: ARG001
    """An array as its description on disk says; opened again only when that was replaced."""
    import zarr

    return zarr.open_array(path, mode="r+")


def _full(name: str, error: OSError) -> StudyError:
    return StudyError(
        f"The array {name!r} could not be written ({error.strerror}); free some space. "
        "What was stored before is unchanged."
    )
