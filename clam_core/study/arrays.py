"""Arrays of a study in Zarr v3: a chunk per scan, or for small rows per MiB, rows as in `scans`."""

from __future__ import annotations

from collections.abc import Callable
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

_DAMAGE = (ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError,
           TypeError, ValueError)  # fmt: skip
"""What zarr and its codecs raise on files that are not as they were written."""


IsZero = Callable[[str, int], bool]
"""From array and row: whether tables say that nothing but zeros was written there."""


def start_again(name: str) -> str:  # noqa: ARG001
    """What to do where a step's own unfinished array is damaged."""
    return "start the step again"


class ScanArrays:
    """Named arrays whose first axis is the scan.

    Values are read back as they were written, or not at all: every chunk is written, also
    one of zeros, and ends in a checksum, and a missing, cut or changed one raises. Arrays
    from before this have no checksum (a changed bit may go unnoticed) and no chunks of
    zeros: one that is missing there reads as zeros where the study's tables say that it held
    nothing else. Otherwise it is an error, too, and the sentence says how to make the array
    again.

    A row that nobody has written (a scan that failed, a map that was not made) is such an
    error as well: the study asks its tables before it reads one.

    Args:
        folder: The Zarr group on disk.
        again: From the name of an array to what makes it again, for messages.
        is_zero: What tables say of a row, for arrays from before checksums.
    """

    def __init__(
        self,
        folder: Path,
        again: Callable[[str], str] = start_again,
        is_zero: IsZero = lambda _name, _row: False,
    ) -> None:
        self._folder, self._again, self._is_zero = folder, again, is_zero

    def create(self, name: str, n_scans: int, shape: tuple[int, ...], dtype: str) -> None:
        """Make an array of shape (n_scans, *shape), or go on with one that is there already.

        One whose description is damaged is made anew, without rows.

        Raises:
            AlignmentError: If it is there with another shape.
            StudyError: If the disk is full.
        """
        try:
            present = self._array(name).shape if name in self else None
        except StudyError:
            # Its rows cannot be found without a description, so they are as good as gone.
            present = None
        if present is None:
            self._make(name, (n_scans, *shape), 1, np.dtype(dtype))
        elif present != (n_scans, *shape):
            raise AlignmentError(
                f"Array {name!r} has shape {present}, but {(n_scans, *shape)} was expected."
            )

    def put(self, name: str, values: NDArray[np.generic]) -> None:
        """Make an array and write all of it; small rows share a chunk, so that all are read fast.

        Raises:
            StudyError: If the disk is full.
        """
        # A file for each of thousands of short rows would take longer to open than to read.
        n_together = max(1, CHUNK_BYTES // max(1, values[:1].nbytes))
        self._make(name, values.shape, min(n_together, max(1, len(values))), values.dtype)
        try:
            self._array(name, to_write=True)[:] = values
        except OSError as error:
            raise _full(name, error) from error

    def write(self, name: str, row: int, values: NDArray[np.generic]) -> None:
        """Write the row of one scan.

        Raises:
            AlignmentError: If the values do not fit the row.
            StudyError: If the disk is full.
        """
        array = self._array(name, to_write=True)
        if values.shape != array.shape[1:] or not 0 <= row < array.shape[0]:
            raise AlignmentError(
                f"Values of shape {values.shape} do not fit row {row} of {name!r}, "
                f"which has shape {array.shape}."
            )
        try:
            array[row] = values
        except OSError as error:
            raise _full(name, error) from error

    def read(self, name: str, row: int, whose: str = "") -> NDArray[np.generic]:
        """Row of one scan, shape of the grid.

        Args:
            name: The array.
            row: Row of the scan.
            whose: What lies there, for messages, such as `scan 's1'`.

        Raises:
            StudyError: If it is missing or damaged.
        """
        array = self._array(name)
        try:
            values: NDArray[np.generic] = np.asarray(array[row])
        except _DAMAGE as error:
            if isinstance(error, FileNotFoundError) and self._was_left_out(name, row):
                return np.zeros(array.shape[1:], array.dtype)
            raise self._damaged(name, error, row // array.chunks[0], whose) from error
        return values

    def read_all(self, name: str) -> NDArray[np.generic]:
        """All rows, shape (n_scans, *shape).

        Raises:
            StudyError: If one of them is missing or damaged.
        """
        array = self._array(name)
        try:
            values: NDArray[np.generic] = np.asarray(array[:])
        except _DAMAGE:  # the first row that is damaged says so
            values = np.stack([self.read(name, row) for row in range(array.shape[0])])
        return values

    def holds(self, name: str, row: int) -> bool:
        """Whether a row can be read back."""
        try:
            self.read(name, row)
        except StudyError:
            return False
        return True

    def has_checksums(self, name: str) -> bool:
        """Whether the chunks of an array end in checksums.

        Raises:
            StudyError: If its description is damaged.
        """
        from clam_core.study import chunks

        return not chunks.leaves_out_zeros(self._array(name))

    def _was_left_out(self, name: str, row: int) -> bool:
        """Whether the chunk of a row was never written because all of it is zero."""
        from clam_core.study import chunks

        array = self._array(name)
        first = row // array.chunks[0] * array.chunks[0]
        rows = range(first, min(first + array.chunks[0], array.shape[0]))
        return chunks.leaves_out_zeros(array) and all(self._is_zero(name, one) for one in rows)

    def __contains__(self, name: str) -> bool:
        return (self._folder / name).is_dir()

    def _make(
        self, name: str, shape: tuple[int, ...], rows_together: int, dtype: np.dtype[Any]
    ) -> None:
        from clam_core.study import chunks

        try:
            chunks.create(self._folder / name, shape, rows_together, dtype)
        except OSError as error:
            raise _full(name, error) from error

    def _array(self, name: str, *, to_write: bool = False) -> zarr.Array[Any]:
        path = self._folder / name
        try:
            # The stamp is in the key of the cache: an array that was replaced is opened again.
            return _opened(path, atomic.stamp(path / "zarr.json"), to_write=to_write)
        except _DAMAGE as error:
            raise self._damaged(name, error) from error

    def _damaged(
        self, name: str, error: Exception, chunk: int | None = None, whose: str = ""
    ) -> StudyError:
        """The sentence on one chunk, or on the description of an array."""
        file, where = f"{name}/zarr.json", ""
        if chunk is not None:
            array = self._array(name)
            first, n_together = chunk * array.chunks[0], array.chunks[0]
            last = min(first + n_together, array.shape[0]) - 1
            rows = f"row {first}" if first == last else f"rows {first} to {last}"
            where = f" at {whose} ({rows})" if whose else f" at {rows}"
            file = "/".join((name, "c", str(chunk), *["0"] * (array.ndim - 1)))
        state = "damaged"
        if isinstance(error, FileNotFoundError):
            state = "missing"
        elif isinstance(error, OSError) and error.strerror:
            state = f"not readable ({error.strerror})"
        return StudyError(
            f"The array {name!r} cannot be used{where}: the file {file!r} is {state}; "
            f"{self._again(name)}, or put the file back from a copy of the study."
        )


@lru_cache(maxsize=N_OPEN)
def _opened(
    path: Path,
    stamped: tuple[int, ...],  # noqa: ARG001
    *,
    to_write: bool,
) -> zarr.Array[Any]:
    """An array as its description on disk says; opened again only when that was replaced."""
    from clam_core.study import chunks

    return chunks.open_to_write(path) if to_write else chunks.open_to_read(path)


def _full(name: str, error: OSError) -> StudyError:
    return StudyError(
        f"The array {name!r} could not be written ({error.strerror}); free some space. "
        "What was stored before is unchanged."
    )
