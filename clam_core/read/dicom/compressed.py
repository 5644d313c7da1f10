"""Decode compressed frames with GDCM, one at a time.

GDCM gets a file that is written here and holds nothing but the code stream and the
numbers that describe it. So it never parses a header that came from outside (it
crashes on some), it cannot apply a rescaling of its own, a frame of a multi-frame
file is read like a single slice, and no name of a patient reaches the temporary folder.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK

from clam_core.errors import ReadError
from clam_core.read.dicom import rle, tags
from clam_core.read.dicom.header import PixelFormat
from clam_core.read.dicom.pixel_data import CUT_SHORT
from clam_core.read.dicom.pixel_values import IntArray, clean_bits, stored_pixels

SMALL_PIXELS = 4096

_CT_CLASS = "1.2.840.10008.5.1.4.1.1.2"
_INSTANCE = "2.25.1"
_DAMAGED = "Its compressed pixel data cannot be decoded; it is damaged. Copy it again."
_END_OF_IMAGE = b"\xff\xd9"


def decode_frame(stream: bytes, pixels: PixelFormat, folder: Path) -> IntArray:
    """Stored pixels of one compressed frame.

    Args:
        stream: Its code stream.
        pixels: What the header says of it.
        folder: Where a temporary file may be written.

    Returns:
        Whole numbers, shape (rows, columns): the stored bits, with their sign.

    Raises:
        ReadError: If the stream is cut short, damaged, or of another size than
            the header says.
    """
    _check_stream(stream, pixels)
    if pixels.syntax == tags.RLE and pixels.rows * pixels.columns < SMALL_PIXELS:
        little = replace(pixels, little_endian=True)
        return stored_pixels(rle.decode_small(stream, pixels), little)
    path = folder / "frame.dcm"
    path.write_bytes(_file_of(stream, pixels))
    warned = SimpleITK.ProcessObject.GetGlobalWarningDisplay()
    SimpleITK.ProcessObject.GlobalWarningDisplayOff()
    try:
        array = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path), imageIO="GDCMImageIO"))
    except RuntimeError:
        raise ReadError(_DAMAGED) from None
    finally:
        SimpleITK.ProcessObject.SetGlobalWarningDisplay(warned)
        path.unlink()
    if array.shape not in {(pixels.rows, pixels.columns), (1, pixels.rows, pixels.columns)}:
        raise ReadError(_DAMAGED)
    kind = np.dtype(f"{'i' if pixels.signed else 'u'}{pixels.bits_allocated // 8}")
    frame: IntArray = array.reshape(pixels.rows, pixels.columns)
    return clean_bits(frame.astype(kind, copy=False), pixels)


def _check_stream(stream: bytes, pixels: PixelFormat) -> None:
    """Refuse a code stream that ends early, or whose own size is not that of the header."""
    if pixels.syntax == tags.RLE:
        rle.segments(stream, pixels)
        return
    if _END_OF_IMAGE not in stream[-64:]:
        raise ReadError(CUT_SHORT)
    size = _size_2000(stream) if pixels.syntax in tags.JPEG_2000 else _size_jpeg(stream)
    if size != (pixels.rows, pixels.columns):
        raise ReadError(
            f"Its compressed picture has {size[0]} rows x {size[1]} columns, its header says "
            f"{pixels.rows} x {pixels.columns}; export the series again."
        )


def _size_jpeg(stream: bytes) -> tuple[int, int]:
    """Rows and columns in the frame header of JPEG and JPEG-LS (ITU-T T.81 B.2.2, T.87 C.2.2)."""
    pos = 2
    while pos + 9 <= len(stream) and stream[pos] == 0xFF:
        marker = stream[pos + 1]
        if marker == 0xFF:
            pos += 1
            continue
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}):
            rows, columns = struct.unpack_from(">HH", stream, pos + 5)
            return rows, columns
        pos += 2 + int.from_bytes(stream[pos + 2 : pos + 4], "big")
    raise ReadError(_DAMAGED)


def _size_2000(stream: bytes) -> tuple[int, int]:
    """Rows and columns in the SIZ marker of JPEG 2000 (ISO/IEC 15444-1 A.5.1)."""
    start = stream.find(b"\xff\x4f\xff\x51")
    if start < 0 or len(stream) < start + 24:
        raise ReadError(_DAMAGED)
    right, bottom, left, top = struct.unpack_from(">4L", stream, start + 8)
    return bottom - top, right - left


def _file_of(stream: bytes, pixels: PixelFormat) -> bytes:
    """A DICOM file with this one frame."""
    meta = b"".join(
        [
            _text(0x00020002, b"UI", _CT_CLASS),
            _text(0x00020003, b"UI", _INSTANCE),
            _text(0x00020010, b"UI", pixels.syntax),
        ]
    )
    padded = stream + b"\0" * (len(stream) % 2)
    body = [
        _text(0x00080016, b"UI", _CT_CLASS),
        _text(0x00080018, b"UI", _INSTANCE),
        _text(0x00080060, b"CS", "CT"),
        _short(0x00280002, 1),
        _text(0x00280004, b"CS", "MONOCHROME2"),
        _short(0x00280010, pixels.rows),
        _short(0x00280011, pixels.columns),
        _short(0x00280100, pixels.bits_allocated),
        _short(0x00280101, pixels.bits_stored),
        _short(0x00280102, pixels.high_bit),
        _short(0x00280103, int(pixels.signed)),
        _text(0x00281052, b"DS", "0"),
        _text(0x00281053, b"DS", "1"),
        struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF),
        struct.pack("<HHL", 0xFFFE, 0xE000, 0),
        struct.pack("<HHL", 0xFFFE, 0xE000, len(padded)),
        padded,
        struct.pack("<HHL", 0xFFFE, 0xE0DD, 0),
    ]
    length = struct.pack("<HH2sHL", 0x0002, 0x0000, b"UL", 4, len(meta))
    return b"".join([b"\0" * 128, b"DICM", length, meta, *body])


def _text(tag: int, vr: bytes, value: str) -> bytes:
    data = value.encode("ascii")
    data += (b"\0" if vr == b"UI" else b" ") * (len(data) % 2)
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(data)) + data


def _short(tag: int, value: int) -> bytes:
    return struct.pack("<HH2sHH", tag >> 16, tag & 0xFFFF, b"US", 2, value)
