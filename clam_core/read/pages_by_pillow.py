"""Pages of pictures that Pillow decodes as they are meant: all but a few kinds."""

from __future__ import annotations

from dataclasses import replace
from typing import IO, cast

import numpy as np
from PIL import Image, ImageOps

from clam_core.errors import LimitError, ReadError
from clam_core.files.opened_file import OpenFile
from clam_core.read.picture_pages import (
    MAX_PAGES,
    Page,
    PicturePages,
    colour_notes,
    decoding,
    header_of_picture,
)
from clam_core.read.result import ImageHeader
from clam_core.read.voxels import check_size
from clam_core.settings import ReadLimits

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP")
_TYPES = {"I;16": "uint16", "I;16L": "uint16", "I;16B": "uint16", "I": "int32", "F": "float32"}


def open_with_pillow(file: OpenFile, limits: ReadLimits) -> PicturePages:
    """Open a picture and check its declared size.

    Args:
        file: An open picture, at its start.
        limits: What it may cost.

    Returns:
        Its pages, to be read while the file is open.

    Raises:
        ReadError: If it is damaged.
        LimitError: If it declares more than the limits allow.
    """
    image = Image.open(cast(IO[bytes], file.stream), formats=_FORMATS)
    header = _header(image, file.name)
    check_size(file.name, header.shape, header.n_bytes_needed, limits)
    if _lies_on_its_side(image):
        header = replace(header, shape=(header.shape[1], header.shape[0], *header.shape[2:]))
    return PicturePages(header, lambda page: _read_page(image, header, page, file.name))


def exif_orientation(image: Image.Image) -> int:
    """The orientation tag; a PNG is not unpacked to find one."""
    known = image.format == "JPEG" or any("exif" in str(key) for key in image.info)
    return int(image.getexif().get(0x0112, 1)) if known else 1


def _header(image: Image.Image, name: str) -> ImageHeader:
    n_columns, n_rows = image.size
    n_pages = _count_pages(image, name)
    shape = (n_columns, n_rows, n_pages) if n_pages > 1 else (n_columns, n_rows)
    return header_of_picture(shape, _TYPES.get(image.mode, "uint8"))


def _lies_on_its_side(image: Image.Image) -> bool:
    """Whether the orientation tag swaps columns and rows, where Pillow does not do so itself."""
    return image.format != "TIFF" and exif_orientation(image) in {5, 6, 7, 8}


def _count_pages(image: Image.Image, name: str) -> int:
    """Pages of a TIFF, 1 for all others; stops at too many, for they may form a ring."""
    if image.format != "TIFF":
        return 1
    count = 0
    while count <= MAX_PAGES:
        try:
            image.seek(count)
        except EOFError:
            break
        count += 1
    image.seek(0)
    if count > MAX_PAGES:
        raise LimitError(f"{name} has more than {MAX_PAGES:,} pages; split it.")
    return count


def _read_page(image: Image.Image, header: ImageHeader, page: int, name: str) -> Page:
    if header.ndim == 3:
        with decoding(name):
            image.seek(page)
        if _TYPES.get(image.mode, "uint8") != header.dtype:
            raise ReadError(f"{name} has pages of different types; save them alike.")
        if image.size != header.shape[:2]:
            raise ReadError(
                f"{name} has a page {page + 1} of {_size(image.size)} pixels, but a page 1 of "
                f"{_size(header.shape)}; all must be alike."
            )
    return _unpack(image, name)


def _unpack(image: Image.Image, name: str) -> Page:
    """Brightness of the current page, shape (columns, rows), and sentences."""
    with decoding(name):
        upright = ImageOps.exif_transpose(image)
        if upright.mode not in {*_TYPES, "1", "L"}:
            upright = upright.convert("RGBA")
    notes: tuple[str, ...] = ()
    if upright.mode == "RGBA":
        notes = colour_notes(np.asarray(upright))
        upright = upright.convert("RGB")
    pixels = np.asarray(upright if upright.mode in _TYPES else upright.convert("L"))
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False).T, notes


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} x {shape[1]}"
