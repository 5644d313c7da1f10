"""Read pictures (PNG, JPEG, TIFF, BMP): one as a plane, a stack or many pages as a volume."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from clam_core.errors import ClamError, LimitError, ReadError
from clam_core.files.opened_file import Source, opened, shown_name
from clam_core.files.sniff import FileKind, require_kind
from clam_core.read.result import ImageHeader, ReadResult
from clam_core.read.voxels import check_size
from clam_core.settings import ReadLimits, Unit
from clam_core.volume import Volume

PICTURE_KINDS: tuple[FileKind, ...] = ("png", "jpeg", "tiff", "bmp")
MAX_PAGES = 10_000

PICTURE_AFFINE = np.diag([-1.0, -1.0, 1.0, 1.0])
"""Radiological view: columns grow to the patient's left, rows downwards, 1 mm each."""

STACK_AFFINE = np.diag([-1.0, -1.0, -1.0, 1.0])
"""As `PICTURE_AFFINE`, the first slice on top of the patient."""

_TYPES = {"I;16": "uint16", "I;16L": "uint16", "I;16B": "uint16", "I": "int32", "F": "float32"}
_N_BYTES = {"uint8": 1, "uint16": 2, "int32": 4, "float32": 4}
_COLOUR_LEVELS, _COLOUR_SHARE = 8, 1e-3
_HU_LOWEST, _HU_HIGHEST = -4096, 32767

_STACK = (
    "The first slice was taken as the top of the patient; if it is the bottom, the scan is "
    "upside down. Voxel sizes are unknown; 1 mm was assumed."
)
_COLOURED = "The picture is in colour; its brightness was used."
_TRANSPARENT = "The picture has transparent parts; transparency was ignored."
_TAKEN_AS_HU = "Values reach from {low:g} to {high:g}; they were taken as HU."

Array = NDArray[np.generic]


def read_picture_header(source: Source, limits: ReadLimits) -> ImageHeader:
    """Shape and memory of a picture, without unpacking it.

    Args:
        source: File on disk or in an archive.
        limits: What it may cost.

    Returns:
        What the picture declares; three axes for a TIFF with several pages.

    Raises:
        ReadError: If it is no picture, or damaged.
        LimitError: If it declares more than the limits allow.
    """
    with _opened_picture(source, limits) as (_, header):
        return header


def read_picture(source: Source, limits: ReadLimits) -> ReadResult:
    """Read one picture as a plane; a TIFF with several pages as a volume.

    A picture does not say how large it is: a pixel counts as 1 mm, and columns
    and rows as the patient's left and back, so that `display_slice` shows it as
    it is in the file. Eight and sixteen bits are kept; colour becomes brightness.

    Args:
        source: File on disk or in an archive.
        limits: What it may cost.

    Returns:
        Volume of shape (columns, rows), or (columns, rows, pages), and warnings.
        The unit is arbitrary, or HU if the values are signed and look like it.

    Raises:
        ReadError: If it is no picture, or damaged, or its pages differ.
        LimitError: If it declares more than the limits allow.
    """
    with _opened_picture(source, limits) as (image, header):
        if header.ndim == 2:
            array, notes = _unpack(image, shown_name(source))
            return _result(array, PICTURE_AFFINE, notes)
        return _read_pages(image, header, shown_name(source))


def read_picture_stack(sources: Sequence[Source], limits: ReadLimits) -> ReadResult:
    """Read pictures of equal size as the slices of one volume.

    Nothing tells which end of the patient comes first. Here the first slice is
    the top (superior), the order of most exports, and a warning says so.

    Args:
        sources: The slices in order, at least two.
        limits: What all of them together may cost.

    Returns:
        Volume of shape (columns, rows, slices), voxels of 1 mm, and warnings. The
        unit is arbitrary, or HU if the values are signed and look like it.

    Raises:
        ReadError: If a slice is no picture, is damaged, or differs in size or type.
        LimitError: If they declare more than the limits allow.
    """
    if len(sources) < 2:
        raise ReadError(f"A stack needs at least two pictures; {len(sources)} were given.")
    first = read_picture_header(sources[0], limits)
    first_name = shown_name(sources[0])
    shape = (*first.shape[:2], len(sources))
    check_size(first_name, shape, math.prod(shape) * _N_BYTES[first.dtype], limits)
    stack = np.empty(shape, dtype=first.dtype, order="F")
    notes: dict[str, None] = {}
    for number, source in enumerate(sources):
        with _opened_picture(source, limits) as (image, header):
            array, new = _unpack(image, shown_name(source))
            stacked = replace(header, shape=(*array.shape, *header.shape[2:]))
            _check_alike(stacked, first, shown_name(source), first_name)
            stack[..., number] = array
            notes |= dict.fromkeys(new)
    return _result(stack, STACK_AFFINE, (*notes, _STACK))


@contextmanager
def _opened_picture(
    source: Source, limits: ReadLimits
) -> Iterator[tuple[Image.Image, ImageHeader]]:
    """Open a picture and check its declared size."""
    formats = tuple(kind.upper() for kind in PICTURE_KINDS)
    with opened(source) as file:
        require_kind(file, PICTURE_KINDS, "a picture")
        with _decoding(file.name):
            image = Image.open(cast(IO[bytes], file.stream), formats=formats)
            header = _header(image, file.name)
            check_size(file.name, header.shape, header.n_bytes_needed, limits)
            if _lies_on_its_side(image):
                shape = (header.shape[1], header.shape[0], *header.shape[2:])
                header = replace(header, shape=shape)
        yield image, header


@contextmanager
def _decoding(name: str) -> Iterator[None]:
    """Turn whatever the library says or raises on untrusted bytes into one sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ClamError:
        raise
    except (Image.DecompressionBombError, MemoryError):
        raise LimitError(
            f"{name} declares more pixels than a picture may have; crop or shrink it."
        ) from None
    except Exception as error:
        raise ReadError(
            f"{name} is damaged or of a kind that is not read; save it again as PNG."
        ) from error


def _header(image: Image.Image, name: str) -> ImageHeader:
    n_columns, n_rows = image.size
    n_pages = _count_pages(image, name)
    shape = (n_columns, n_rows, n_pages) if n_pages > 1 else (n_columns, n_rows)
    dtype = _TYPES.get(image.mode, "uint8")
    return ImageHeader(
        shape=shape,
        spacing_mm=(1.0,) * len(shape),
        ndim=len(shape),
        dtype=dtype,
        n_bytes_needed=math.prod(shape) * _N_BYTES[dtype] + 8 * n_columns * n_rows,
    )


def _lies_on_its_side(image: Image.Image) -> bool:
    """Whether the orientation tag swaps columns and rows; a PNG is not unpacked to find one."""
    known = image.format == "JPEG" or any("exif" in str(key) for key in image.info)
    return image.format != "TIFF" and known and image.getexif().get(0x0112, 1) in {5, 6, 7, 8}


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


def _unpack(image: Image.Image, name: str) -> tuple[Array, tuple[str, ...]]:
    """Brightness of the current page, shape (columns, rows), and warnings."""
    with _decoding(name):
        upright = ImageOps.exif_transpose(image)
        if upright.mode not in {*_TYPES, "1", "L"}:
            upright = upright.convert("RGBA")
    notes: tuple[str, ...] = ()
    if upright.mode == "RGBA":
        notes = _colour_notes(np.asarray(upright))
        upright = upright.convert("RGB")
    pixels = np.asarray(upright if upright.mode in _TYPES else upright.convert("L"))
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False).T, notes


def _colour_notes(rgba: NDArray[np.uint8]) -> tuple[str, ...]:
    """Whether turning colour into brightness lost something, shape (rows, columns, 4)."""
    spread = rgba[..., :3].max(axis=-1) - rgba[..., :3].min(axis=-1)
    coloured = float((spread > _COLOUR_LEVELS).mean()) > _COLOUR_SHARE
    transparent = bool((rgba[..., 3] < 255).any())
    return (_COLOURED,) * coloured + (_TRANSPARENT,) * transparent


def _read_pages(image: Image.Image, header: ImageHeader, name: str) -> ReadResult:
    stack = np.empty(header.shape, dtype=header.dtype, order="F")
    notes: dict[str, None] = {}
    for page in range(header.shape[2]):
        with _decoding(name):
            image.seek(page)
        if _TYPES.get(image.mode, "uint8") != header.dtype:
            raise ReadError(f"{name} has pages of different types; save them alike.")
        if image.size != header.shape[:2]:
            raise ReadError(
                f"{name} has a page {page + 1} of {_size(image.size)} pixels, but a page 1 of "
                f"{_size(header.shape)}; all must be alike."
            )
        stack[..., page], new = _unpack(image, name)
        notes |= dict.fromkeys(new)
    return _result(stack, STACK_AFFINE, (*notes, _STACK))


def _check_alike(header: ImageHeader, first: ImageHeader, name: str, first_name: str) -> None:
    for one, its_name in ((first, first_name), (header, name)):
        if one.ndim != 2:
            raise ReadError(f"{its_name} has {one.shape[2]} pages; a slice must have one.")
    if header.shape != first.shape:
        raise ReadError(
            f"{name} has {_size(header.shape)} pixels, but {first_name} has "
            f"{_size(first.shape)}; slices of one scan must have equal sizes."
        )
    if header.dtype != first.dtype:
        raise ReadError(
            f"{name} holds {header.dtype}, but {first_name} holds {first.dtype}; slices of one "
            "scan must have the same type."
        )


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} x {shape[1]}"


def _result(array: Array, affine: NDArray[np.float64], notes: tuple[str, ...]) -> ReadResult:
    """Whole numbers become int16 where they fit; signed values that look like it become HU."""
    unit: Unit = "arbitrary"
    if array.dtype.name in {"int32", "float32"}:
        low, high = float(np.fmin.reduce(array, axis=None)), float(np.fmax.reduce(array, axis=None))
        if array.dtype.name == "int32" and low >= -32768 and high <= 32767:
            array = array.astype(np.int16)
        if _HU_LOWEST <= low <= -500 and high <= _HU_HIGHEST:
            unit, notes = "HU", (*notes, _TAKEN_AS_HU.format(low=low, high=high))
    return ReadResult(Volume(array, affine.copy(), unit), notes)
