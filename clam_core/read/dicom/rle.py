"""RLE frames that GDCM refuses: it cannot decode some pictures of a few hundred pixels.

Source:
    DICOM PS3.5 annex G: one PackBits segment for each byte of a pixel, highest first.
"""

from __future__ import annotations

import struct

import numpy as np

from clam_core.errors import ReadError
from clam_core.read.dicom.header import PixelFormat
from clam_core.read.dicom.pixel_data import CUT_SHORT

HEADER_BYTES = 64
_DAMAGED = "Its compressed pixel data cannot be decoded; it is damaged. Copy it again."


def segments(stream: bytes, pixels: PixelFormat) -> list[bytes]:
    """The segments of a frame.

    Args:
        stream: The frame.
        pixels: How its pixels are stored.

    Returns:
        As many as a pixel has bytes.

    Raises:
        ReadError: If there are more or fewer, or they are not in order.
    """
    if len(stream) < HEADER_BYTES:
        raise ReadError(CUT_SHORT)
    count, *offsets = struct.unpack_from("<16L", stream)
    used = offsets[: pixels.bits_allocated // 8]
    if count != len(used) or used != sorted(used) or used[0] < HEADER_BYTES:
        raise ReadError(_DAMAGED)
    if used[-1] >= len(stream):
        raise ReadError(CUT_SHORT)
    ends = [*used[1:], len(stream)]
    return [stream[start:end] for start, end in zip(used, ends, strict=True)]


def decode_small(stream: bytes, pixels: PixelFormat) -> bytes:
    """Pixels of a frame, lowest byte first; slow, so for small frames.

    Args:
        stream: The frame.
        pixels: How its pixels are stored.

    Returns:
        As many bytes as the frame has without compression.

    Raises:
        ReadError: If the frame is cut short or damaged.
    """
    n_pixels = pixels.rows * pixels.columns
    planes = [_unpack(segment, n_pixels) for segment in segments(stream, pixels)]
    together = np.stack([np.frombuffer(plane, np.uint8) for plane in planes[::-1]], axis=-1)
    return together.tobytes()


def _unpack(segment: bytes, n_pixels: int) -> bytes:
    """Undo PackBits: a count below 128 copies, one above repeats."""
    out = bytearray()
    pos = 0
    while len(out) < n_pixels:
        if pos + 1 >= len(segment):
            raise ReadError(CUT_SHORT)
        count = segment[pos]
        if count < 128:
            out += segment[pos + 1 : pos + 2 + count]
            pos += 2 + count
        else:
            out += segment[pos + 1 : pos + 2] * (257 - count if count > 128 else 0)
            pos += 2 if count > 128 else 1
    if pos > len(segment):
        raise ReadError(CUT_SHORT)
    return bytes(out[:n_pixels])
