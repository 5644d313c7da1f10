"""Read pictures (PNG, JPEG, TIFF, BMP): one as a plane, a stack or many pages as a volume."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import ReadError
from clam_core.files.opened_file import OpenFile, Source, opened, shown_name
from clam_core.files.sniff import FileKind, require_kind, sniff
from clam_core.read.deep_png import is_deep_png, open_deep_png
from clam_core.read.pages_by_pillow import open_with_pillow
from clam_core.read.picture_pages import N_BYTES, Page, PicturePages, decoding
from clam_core.read.result import ImageHeader, ReadResult
from clam_core.read.voxels import check_size
from clam_core.settings import ReadLimits, Unit
from clam_core.volume import Volume

PICTURE_KINDS: tuple[FileKind, ...] = ("png", "jpeg", "tiff", "bmp")

PICTURE_AFFINE = np.diag([-1.0, -1.0, 1.0, 1.0])
"""Radiological view: columns grow to the patient's left, rows downwards, 1 mm each."""

STACK_AFFINE = np.diag([-1.0, -1.0, -1.0, 1.0])
"""As `PICTURE_AFFINE`, the first slice on top of the patient."""

_HU_LOWEST, _HU_HIGHEST = -4096, 32767

_STACK = (
    "The first slice was taken as the top of the patient; if it is the bottom, the scan is "
    "upside down. Voxel sizes are unknown; 1 mm was assumed."
)
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
    with _opened_picture(source, limits) as pages:
        return pages.header


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
    with _opened_picture(source, limits) as pages:
        if pages.header.ndim == 2:
            array, notes = _read_page(pages, 0, shown_name(source))
            return _result(array, PICTURE_AFFINE, (*notes, *pages.notes))
        return _read_pages(pages, shown_name(source))


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
    check_size(first_name, shape, math.prod(shape) * N_BYTES[first.dtype], limits)
    stack = np.empty(shape, dtype=first.dtype, order="F")
    notes: dict[str, None] = {}
    for number, source in enumerate(sources):
        with _opened_picture(source, limits) as pages:
            array, new = _read_page(pages, 0, shown_name(source))
            stacked = replace(pages.header, shape=(*array.shape, *pages.header.shape[2:]))
            _check_alike(stacked, first, shown_name(source), first_name)
            stack[..., number] = array
            notes |= dict.fromkeys(new)
    return _result(stack, STACK_AFFINE, (*notes, _STACK))


@contextmanager
def _opened_picture(source: Source, limits: ReadLimits) -> Iterator[PicturePages]:
    """Open a picture with whoever decodes it as it is meant, and check its declared size."""
    with opened(source) as file:
        head = require_kind(file, PICTURE_KINDS, "a picture")
        with ExitStack() as stack:
            with decoding(file.name):
                pages = _decoder(source, file, head, stack, limits)
            yield pages


def _decoder(
    source: Source, file: OpenFile, head: bytes, stack: ExitStack, limits: ReadLimits
) -> PicturePages:
    """The pages of a picture by the library that gives its values as they are meant."""
    notes: tuple[str, ...] = ()
    if sniff(head, file.size) == "tiff":
        from clam_core.read.pages_by_tifffile import opened_tiff, pages_for_tifffile

        found = pages_for_tifffile(stack.enter_context(opened_tiff(file)), file, limits)
        if isinstance(found, PicturePages):
            return found
        notes = found
    elif is_deep_png(head):
        return open_deep_png(source, file, head, limits)
    file.stream.seek(0)
    return replace(open_with_pillow(file, limits), notes=notes)


def _read_page(pages: PicturePages, page: int, name: str) -> Page:
    with decoding(name):
        return pages.read_page(page)


def _read_pages(pages: PicturePages, name: str) -> ReadResult:
    stack = np.empty(pages.header.shape, dtype=pages.header.dtype, order="F")
    notes: dict[str, None] = {}
    for page in range(pages.header.shape[2]):
        stack[..., page], new = _read_page(pages, page, name)
        notes |= dict.fromkeys(new)
    return _result(stack, STACK_AFFINE, (*notes, *pages.notes, _STACK))


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
    if array.dtype.name in {"int16", "int32", "float32", "float64"}:
        low, high = float(np.fmin.reduce(array, axis=None)), float(np.fmax.reduce(array, axis=None))
        if array.dtype.name == "int32" and low >= -32768 and high <= 32767:
            array = array.astype(np.int16)
        if _HU_LOWEST <= low <= -500 and high <= _HU_HIGHEST:
            unit, notes = "HU", (*notes, _TAKEN_AS_HU.format(low=low, high=high))
    return ReadResult(Volume(array, affine.copy(), unit), notes)
