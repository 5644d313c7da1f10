"""From stored pixels to values: sign, overlay bits, rescaling, padding.

Source:
    DICOM PS3.3 C.7.6.3.1 (bits stored, pixel representation), C.11.1.1.2
    (rescale slope and intercept), C.7.5.1.1.2 (pixel padding value).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clam_core.read.dicom.header import PixelFormat, Plane
from clam_core.read.dicom.series.slices import Slice
from clam_core.settings import HU_MIN

Array = NDArray[np.generic]
IntArray = NDArray[np.integer[Any]]

_TISSUE_HU = -900
"""Padding is air or less; a value above this may as well be tissue."""
_CORNER = 3
"""Pixels along each side of a corner that are padding all together; noise is not."""
_INT16 = np.iinfo(np.int16)


def stored_pixels(data: bytes | memoryview, pixels: PixelFormat) -> IntArray:
    """Pixels of one uncompressed frame as the file means them.

    Args:
        data: The bytes of the frame.
        pixels: How they are stored.

    Returns:
        Whole numbers, shape (rows, columns): the stored bits, with their sign.
    """
    order = "<" if pixels.little_endian else ">"
    kind = np.dtype(f"{order}{'i' if pixels.signed else 'u'}{pixels.bits_allocated // 8}")
    array = np.frombuffer(data, dtype=kind, count=pixels.rows * pixels.columns)
    return clean_bits(array.reshape(pixels.rows, pixels.columns), pixels)


def clean_bits(array: IntArray, pixels: PixelFormat) -> IntArray:
    """Remove what does not belong to the value from the bits beside it.

    Args:
        array: Pixels as allocated, signed if the values are.
        pixels: How many of their bits are the value.

    Returns:
        The value, sign-extended if it is signed; the same array if all its
        bits are stored ones.
    """
    if pixels.bits_stored == pixels.bits_allocated:
        return array
    shift = pixels.high_bit + 1 - pixels.bits_stored
    if not pixels.signed:
        moved = array >> shift if shift else array
        return np.bitwise_and(moved, (1 << pixels.bits_stored) - 1)
    native: IntArray = array.astype(array.dtype.newbyteorder("="))
    native <<= pixels.bits_allocated - 1 - pixels.high_bit
    native >>= pixels.bits_allocated - pixels.bits_stored
    return native


def value_type(slices: Iterable[Slice], *, is_ct: bool) -> np.dtype[np.generic]:
    """Smallest type that holds the values of all slices.

    Args:
        slices: The slices of a scan.
        is_ct: Whether values are limited to what int16 holds.

    Returns:
        int16, or float32 where values are no whole numbers or do not fit.
    """
    for pixels, slope, intercept in {
        (one.header.pixels, one.plane.slope, one.plane.intercept) for one in slices
    }:
        if not (slope.is_integer() and intercept.is_integer()):
            return np.dtype(np.float32)
        ends = [slope * end + intercept for end in stored_range(pixels)]
        if not is_ct and not _INT16.min <= min(ends) <= max(ends) <= _INT16.max:
            return np.dtype(np.float32)
    return np.dtype(np.int16)


def stored_range(pixels: PixelFormat) -> tuple[int, int]:
    """Lowest and highest value that the stored bits can hold."""
    if pixels.signed:
        return -(1 << (pixels.bits_stored - 1)), (1 << (pixels.bits_stored - 1)) - 1
    return 0, (1 << pixels.bits_stored) - 1


def fill_values(
    out: Array, stored: IntArray, plane: Plane, pixels: PixelFormat, *, is_ct: bool
) -> None:
    """Write the values of one slice into the volume.

    Args:
        out: Where they go, shape (rows, columns), int16 or float32.
        stored: Stored pixels, shape (rows, columns), whole numbers.
        plane: Slope and intercept.
        pixels: Range, padding and direction of the scale.
        is_ct: CT is in HU: padding and everything below -1024 becomes -1024. A padding
            value that tissue may have counts as padding around the field of view only.
            Other modalities have no such floor; in MONOCHROME1 they are turned
            round, so that larger is brighter.
    """
    if pixels.inverted and not is_ct:
        stored = np.subtract(sum(stored_range(pixels)), stored, dtype=np.int64)
    if out.dtype.kind == "f":
        np.multiply(stored, plane.slope, out=out, dtype=np.float64, casting="unsafe")
        np.add(out, plane.intercept, out=out, dtype=np.float64, casting="unsafe")
    else:
        _fill_whole(out, stored, plane, pixels)
    if is_ct:
        if min(plane.slope * end for end in stored_range(pixels)) + plane.intercept < HU_MIN:
            np.maximum(out, HU_MIN, out=out)
        if pixels.padding is not None:
            is_padding = _is_padding(stored, pixels)
            if is_like_tissue(pixels, plane):
                is_padding = _from_corners(is_padding)
            out[is_padding] = HU_MIN


def is_like_tissue(pixels: PixelFormat, plane: Plane) -> bool:
    """Whether the padding value of a CT, in HU, is one that tissue has as well, such as 0."""
    if pixels.padding is None:
        return False
    return any(
        plane.slope * value + plane.intercept > _TISSUE_HU for value in _padding_range(pixels)
    )


def _from_corners(is_padding: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What fills a corner of the picture and all that is joined to it: around the field of view."""
    from scipy import ndimage

    pieces, _ = ndimage.label(is_padding)
    side = slice(None, _CORNER), slice(-_CORNER, None)
    corners = [pieces[rows, columns] for rows in side for columns in side]
    filled = [int(corner.flat[0]) for corner in corners if (corner > 0).all()]
    kept: NDArray[np.bool_] = np.isin(pieces, filled)
    return kept


def _fill_whole(out: Array, stored: IntArray, plane: Plane, pixels: PixelFormat) -> None:
    slope, intercept = int(plane.slope), int(plane.intercept)
    ends = [slope * end + intercept for end in stored_range(pixels)]
    low, high = min(ends), max(ends)
    if low >= _INT16.min and high <= _INT16.max and slope == 1:
        np.add(stored, intercept, out=out, dtype=np.int16, casting="unsafe")
        return
    values = np.multiply(stored, slope, dtype=np.int64)
    values += intercept
    np.clip(values, _INT16.min, _INT16.max, out=out, casting="unsafe")


def _is_padding(stored: IntArray, pixels: PixelFormat) -> NDArray[np.bool_]:
    """Where the pixel is padding; the header may give its value with or without a sign."""
    low, high = _padding_range(pixels)
    if low == high:
        return np.equal(stored, low)
    return np.logical_and(np.greater_equal(stored, low), np.less_equal(stored, high))


def _padding_range(pixels: PixelFormat) -> tuple[int, int]:
    mask = (1 << pixels.bits_stored) - 1
    ends = [value & mask for value in pixels.padding or ()]
    if pixels.signed:
        ends = [end - (mask + 1) if end > mask >> 1 else end for end in ends]
    return min(ends), max(ends)
