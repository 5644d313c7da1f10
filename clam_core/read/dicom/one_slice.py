"""One slice of a series whose geometry is known, found by its own position and read alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import ReadError
from clam_core.files.file_ref import FileRef
from clam_core.read.dicom import tags
from clam_core.read.dicom.header import DicomHeader
from clam_core.read.dicom.pixel_data import native_frames
from clam_core.read.dicom.pixel_values import fill_values, stored_pixels
from clam_core.read.dicom.read_headers import read_headers

_MOST_LOOKS = 24
"""Headers that are read at the most: names of files in the order of their slices need about ten."""
_SAME = 0.02
"""How far from its place a slice may lie, in slices; and from its column and row, in pixels."""
_INT16 = (-32768, 32767)


def read_slice(
    refs: Sequence[FileRef], affine: NDArray[np.float64], shape: Sequence[int], index: int
) -> NDArray[np.int16] | None:
    """Read one slice of a CT series without looking at all of its files.

    Args:
        refs: The files of the series, one slice each; found soon where their order is that of
            the slices, or the reverse.
        affine: Of the series as it was read, RAS+, shape (4, 4), mm.
        shape: Of the same: columns, rows, slices.
        index: Which slice.

    Returns:
        HU, shape (columns, rows). None where the slice is not found soon, or its file is no
        uncompressed slice of this geometry.

    Raises:
        ReadError: If its file is damaged.
    """
    low, high = 0, len(refs) - 1
    is_reversed = False
    for look in range(_MOST_LOOKS):
        if low > high:
            return None
        # First as if the files were in the order of the slices, or in the reverse; then by halves.
        guess = (index, len(refs) - 1 - index)[look] if look < 2 else (low + high) // 2
        at = min(max(guess, low), high)
        header, found = _look(refs[at], affine, shape)
        if header is None:
            return None
        if found == index:
            return _values(header)
        if look == 0:
            is_reversed = abs(len(refs) - 1 - at - found) < abs(at - found)
        if (found < index) is not is_reversed:
            low = at + 1
        else:
            high = at - 1
    return None


def _look(
    ref: FileRef, affine: NDArray[np.float64], shape: Sequence[int]
) -> tuple[DicomHeader | None, int]:
    """Header of a file and the slice that it is; None where it is no slice of this geometry."""
    (header,) = read_headers([ref])
    if not isinstance(header, DicomHeader) or len(header.planes) != 1:
        return None, -1
    plane, pixels = header.planes[0], header.pixels
    if plane.position is None or (pixels.columns, pixels.rows) != tuple(shape[:2]):
        return None, -1
    if pixels.syntax not in tags.NATIVE or header.modality != "CT":
        return None, -1
    left, back, up = plane.position
    column, row, number = np.linalg.solve(affine, [-left, -back, up, 1.0])[:3]
    nearest = round(float(number))
    if max(abs(column), abs(row), abs(number - nearest)) > _SAME or not 0 <= nearest < shape[2]:
        return None, -1
    return header, nearest


def _values(header: DicomHeader) -> NDArray[np.int16]:
    plane, pixels = header.planes[0], header.pixels
    data = next(iter(native_frames(header.ref, pixels)), None)
    if data is None:
        raise ReadError("The file holds no picture.")
    out = np.empty((pixels.rows, pixels.columns), np.float32)
    fill_values(out, stored_pixels(data, pixels), plane, pixels, is_ct=True)
    return np.clip(np.rint(out), *_INT16).astype(np.int16).T
