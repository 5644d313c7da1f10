"""Pages of TIFF files that Pillow reads wrongly or not at all, decoded by tifffile."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from clam_core.errors import LimitError, ReadError
from clam_core.files.opened_file import OpenFile
from clam_core.read.picture_pages import (
    MAX_PAGES,
    Page,
    PicturePages,
    brightness,
    header_of_picture,
    turned,
)
from clam_core.read.tiff_axes import pages_of, slices_of
from clam_core.read.voxels import check_size
from clam_core.settings import ReadLimits

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage, TiffPageSeries

_DECODED = {
    "bool": "uint8",
    "uint8": "uint8",
    "int8": "int16",
    "uint16": "uint16",
    "int16": "int16",
    "int32": "int32",
    "uint32": "float64",
    "int64": "float64",
    "uint64": "float64",
    "float16": "float32",
    "float32": "float32",
    "float64": "float64",
}
"""Type of a page by the type in the file; the numbers stay as they are."""

_PILLOW_GRAY = frozenset({"uint8", "uint16", "int16", "int32", "float32"})
_KEPT_WHITE = (
    "The file says that low values are white, which means nothing for values of this type; they "
    "were kept as they are."
)
_GRAY, _WHITE, _RGB = 1, 0, 2


@contextlib.contextmanager
def opened_tiff(file: OpenFile) -> Iterator[TiffFile]:
    """The file as tifffile sees it; files beside it, which OME may name, are never opened."""
    import tifffile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    stream = cast(IO[bytes], file.stream)
    with tifffile.TiffFile(stream, name="picture.tif", _multifile=False) as tiff:
        yield tiff


def pages_for_tifffile(
    tiff: TiffFile, file: OpenFile, limits: ReadLimits
) -> PicturePages | tuple[str, ...]:
    """The pages of a TIFF file that Pillow reads wrongly, or what to say where Pillow may read it.

    Args:
        tiff: The opened file.
        file: The same, for its name and size.
        limits: What it may cost.

    Returns:
        Its pages, to be read while the file is open; or sentences.

    Raises:
        ReadError: If it holds several channels or series in time, or is cut off.
        LimitError: If it declares more than the limits allow.
    """
    first = tiff.pages.first
    if len(tiff.pages) > MAX_PAGES:
        raise LimitError(f"{file.name} has more than {MAX_PAGES:,} pages; split it.")
    every = tiff.series
    series = every[0]
    n_slices, notes = slices_of(tiff, file.name)
    n_pages = len(tiff.pages)
    if len(every) > 1 or (_suits_pillow(first) and n_slices == n_pages):
        if _suits_pillow(first):
            return notes
        raise ReadError(f"{file.name} has pages that differ in size or type; save them alike.")
    columns, rows = first.imagewidth, first.imagelength
    _check_kind(first, file.name)
    dtype = _DECODED[np.dtype(first.dtype).name]
    stored = (columns, rows, n_slices) if n_slices > 1 else (columns, rows)
    header = header_of_picture(stored, dtype)
    needed = int(np.prod(series.shape, dtype=object)) * np.dtype(series.dtype).itemsize
    check_size(file.name, stored, header.n_bytes_needed + needed, limits)
    _check_whole(series, file)
    orientation = int(first.tags.valueof(274, default=1))
    if orientation in {5, 6, 7, 8}:
        header = replace(header, shape=(stored[1], stored[0], *stored[2:]))
    decoded: list[np.ndarray[Any, Any]] = []

    def read_page(page: int) -> Page:
        if not decoded:
            decoded.append(pages_of(_decode(series, file.name), series.axes, n_slices))
        plane, said = _as_meant(decoded[0][page], first)
        return turned(plane.astype(dtype, copy=False), orientation).T, said

    return PicturePages(header, read_page, notes)


def _suits_pillow(page: TiffPage) -> bool:
    """Whether Pillow gives the values of a page as they are meant."""
    is_big = page.parent.is_bigtiff and page.parent.byteorder == ">"
    if page.dtype is None or page.is_volumetric or page.planarconfig == 2 or is_big:
        return False
    name = np.dtype(page.dtype).name
    if page.bitspersample not in {1, 2, 4, 8, 16, 32}:
        return False
    if page.samplesperpixel > 1 or page.photometric not in {_GRAY, _WHITE}:
        return name == "uint8" and page.bitspersample <= 8
    is_white = page.photometric == _WHITE
    return name in {"bool", "uint8"} or (name in _PILLOW_GRAY and not is_white)


def _check_kind(page: TiffPage, name: str) -> None:
    """Refuse what has no brightness that is known."""
    held = "nothing" if page.dtype is None else np.dtype(page.dtype).name
    if held not in _DECODED:
        raise ReadError(f"{name} holds values of type {held}; save it with 8, 16 or 32 bits.")
    n_samples = page.samplesperpixel
    n_alpha = len(page.extrasamples) if all(page.extrasamples) else 0
    is_gray = page.photometric in {_GRAY, _WHITE} and n_samples - n_alpha == 1 and n_alpha < 2
    is_colour = page.photometric == _RGB and n_samples - n_alpha == 3 and n_alpha < 2
    if not is_gray and not is_colour:
        raise ReadError(
            f"{name} has {n_samples} numbers per pixel of a kind that is not read; save it as gray "
            "or RGB, or one channel as its own file."
        )


def _check_whole(series: TiffPageSeries, file: OpenFile) -> None:
    """Refuse a file that ends before its pixels do, or leaves some out; tifffile fills in zeros."""
    needed = int(np.prod(series.shape, dtype=object)) * np.dtype(series.dtype).itemsize
    if series.dataoffset is not None:
        is_whole = series.dataoffset + needed <= file.size
    else:
        places = [
            (offset, count)
            for page in series.pages
            if page is not None
            for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True)
        ]
        is_whole = all(o > 0 and count > 0 and o + count <= file.size for o, count in places)
    if not is_whole:
        raise ReadError(f"{file.name} is damaged or cut off; copy or export it again.")


def _decode(series: TiffPageSeries, name: str) -> np.ndarray[Any, Any]:
    try:
        return np.asarray(series.asarray(maxworkers=1))
    except ValueError as error:
        if "imagecodecs" not in str(error):
            raise
        raise ReadError(
            f"{name} is packed in a way that is not read for pictures of its type; save it without "
            "compression, or with ZIP (deflate)."
        ) from None


def _as_meant(samples: np.ndarray[Any, Any], page: TiffPage) -> Page:
    """Brightness of a page, shape (rows, columns), from (rows, columns, samples)."""
    whole = samples.dtype.kind == "u"
    full = float(2**page.bitspersample - 1) if whole else float(np.max(samples[..., -1], initial=1))
    plane, notes = brightness(samples, full)
    if page.photometric != _WHITE:
        return plane, notes
    if not whole:
        return plane, (*notes, _KEPT_WHITE)
    return np.asarray(2**page.bitspersample - 1, dtype=plane.dtype) - plane, notes
