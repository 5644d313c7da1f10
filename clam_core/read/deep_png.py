"""PNG pictures of 16 bits with colour or transparency, of which Pillow keeps the upper 8 only."""

from __future__ import annotations

import io
import struct
import tempfile
import zlib
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clam_core.errors import ReadError
from clam_core.files.file_ref import FileRef
from clam_core.files.opened_file import OpenFile, Source
from clam_core.read.pages_by_pillow import exif_orientation
from clam_core.read.picture_pages import (
    Page,
    PicturePages,
    brightness,
    decoding,
    header_of_picture,
    turned,
)
from clam_core.read.voxels import check_size
from clam_core.settings import ReadLimits

Samples = NDArray[np.uint16]

_COLOUR_TYPES = {2: 3, 4: 2, 6: 4}
"""Samples of a pixel by the colour type of the header: RGB, gray and alpha, RGBA."""


def is_deep_png(head: bytes) -> bool:
    """Whether the first bytes of a PNG say that it has 16 bits and several samples per pixel."""
    return (
        len(head) > 25 and head[12:16] == b"IHDR" and head[24] == 16 and head[25] in _COLOUR_TYPES
    )


def open_deep_png(source: Source, file: OpenFile, head: bytes, limits: ReadLimits) -> PicturePages:
    """Open such a picture.

    Args:
        source: The file on disk or in an archive.
        file: The same, open at its start.
        head: Its first bytes.
        limits: What it may cost.

    Returns:
        Its one page.
    """
    n_columns, n_rows = struct.unpack_from(">II", head, 16)
    n_samples = _COLOUR_TYPES[head[25]]
    stored = (n_columns, n_rows)
    check_size(file.name, stored, 2 * n_columns * n_rows * (n_samples + 8), limits)
    orientation = exif_orientation(Image.open(cast(IO[bytes], file.stream), formats=("PNG",)))
    shape = stored[::-1] if orientation in {5, 6, 7, 8} else stored

    def read_page(_: int) -> Page:
        with decoding(file.name):
            ref = source if isinstance(source, FileRef) else FileRef(source)
            decode = _decode_gray_alpha if n_samples == 2 else _decode_colours
            samples = decode(ref.read_bytes())
        if samples.dtype != np.uint16 or samples.shape != (n_rows, n_columns, n_samples):
            raise ReadError(f"{file.name} is damaged: it is not as large as its header says.")
        plane, notes = brightness(samples, 65_535)
        return turned(plane, orientation).T, notes

    return PicturePages(header_of_picture(shape, "uint16"), read_page)


def _decode_gray_alpha(content: bytes) -> Samples:
    """Gray and transparency of 16 bits, which no library here decodes whole.

    Each pixel has four bytes, as many as RGBA of 8 bits, and PNG packs bytes: with a header
    that says RGBA the same bytes come out, highest first.

    Source:
        W3C PNG specification, 7.2 (scanlines), 9.2 (filters work on bytes of a whole pixel).
    """
    head = content[12:24] + bytes([8, 6]) + content[26:29]
    changed = b"".join([content[:12], head, zlib.crc32(head).to_bytes(4, "big"), content[33:]])
    with Image.open(io.BytesIO(changed), formats=("PNG",)) as image:
        pixels = np.ascontiguousarray(image)
    return pixels.view(">u2").astype(np.uint16)


def _decode_colours(content: bytes) -> Samples:
    """RGB and RGBA of 16 bits, by ITK."""
    import SimpleITK

    warned = SimpleITK.ProcessObject.GetGlobalWarningDisplay()
    SimpleITK.ProcessObject.GlobalWarningDisplayOff()
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "picture.png"  # a name of ours: ITK cannot open every other
            path.write_bytes(content)
            image = SimpleITK.ReadImage(str(path), imageIO="PNGImageIO")
    finally:
        SimpleITK.ProcessObject.SetGlobalWarningDisplay(warned)
    array: Samples = SimpleITK.GetArrayFromImage(image)
    return array
