"""Read MetaImage files: .mha, and .mhd with its voxels in one file beside it; no others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import ReadError
from clam_core.files.opened_file import OpenFile, Source, opened
from clam_core.files.sniff import require_kind
from clam_core.read.header_checks import (
    add_field,
    check_axes,
    check_fields,
    check_scalar,
    check_single,
    check_unused,
    check_whole,
    header_of,
    no_voxel_size,
    scan_of,
)
from clam_core.read.pairs import file_beside
from clam_core.read.placement import UNITS_MM, check_affine, check_spacing
from clam_core.read.result import ImageHeader, ReadResult
from clam_core.read.text_header import numbers, read_lines, squeeze, whole_numbers
from clam_core.read.voxels import (
    ByteStream,
    Declared,
    ZlibStream,
    check_available,
    too_long,
)
from clam_core.settings import ReadLimits

_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_LAST = re.compile(r"\s*ElementDataFile\s*[=:]", re.IGNORECASE)
_LPS = np.array([-1.0, -1.0, 1.0])
_NO_RESCALE = (
    "The header holds a scale of intensities (ElementToIntensityFunction); like other programs "
    "this one does not apply it."
)
_NO_DIRECTIONS = "The file states no directions; left and right may be swapped."

Fields = dict[str, str]


def read_metaimage_header(source: Source, limits: ReadLimits) -> ImageHeader:
    """Shape, voxel size and memory of a MetaImage file, from its header alone."""
    return header_of(_declared, source, limits)


def read_metaimage(source: Source, limits: ReadLimits) -> ReadResult:
    """Read one 3D scalar MetaImage file; with a single slice it becomes a 2D volume.

    Source:
        MetaIO documentation (itk.org/Wiki/MetaIO); as in ITK the positions are
        LPS+, and CenterOfRotation and AnatomicalOrientation change nothing.
    """
    return scan_of(_declared, source, limits)


@contextmanager
def _declared(source: Source, limits: ReadLimits) -> Iterator[tuple[ByteStream, Declared]]:
    """Open, check the header, and stand at the first voxel."""
    with ExitStack() as stack:
        file = stack.enter_context(opened(source))
        require_kind(file, {"metaimage"}, "a MetaImage file")
        fields = _fields(file)
        data_file = fields["ElementDataFile"]
        beside = None if data_file.lower() == "local" else file_beside(source, data_file)
        _refuse(fields, file.name, is_pair=beside is not None)
        declared = _declare(fields, file.name)
        declared.check(limits)
        if beside is None:
            yield _voxels(file, fields, declared.n_bytes), declared
            return
        data = stack.enter_context(opened(beside))
        is_packed = _is_true(fields, "CompressedData", "False")
        if fields.get("HeaderSize", "0") == "-1":  # the voxels are what the file ends with
            data.stream.seek(max(0, data.size - declared.n_bytes))
        elif not is_packed and data.size > declared.n_bytes:
            raise too_long(file.name, declared.n_bytes)
        yield _voxels(data, fields, declared.n_bytes), replace(declared, data_file=data_file)


def _fields(file: OpenFile) -> Fields:
    lines = read_lines(file, lambda line: _LAST.match(line) is not None)
    fields: Fields = {}
    for line in lines:
        key, _, value = line.partition("=") if "=" in line else line.partition(":")
        add_field(fields, key.strip(), value, file.name)
    is_whole = bool(lines) and _LAST.match(lines[-1]) is not None
    check_whole(file.name, "MetaImage", is_whole=is_whole)
    return {**fields, "ElementDataFile": value.strip()}


def _refuse(fields: Fields, name: str, *, is_pair: bool) -> None:
    """Refuse the kinds of MetaImage that hold no single block of binary numbers."""
    check_fields(fields, ("NDims", "DimSize", "ElementType"), name, "")
    if not _is_true(fields, "BinaryData", "True"):
        raise ReadError(f"{name} stores its voxels as text, which is not read; save it as binary.")
    check_unused(name, "HeaderSize", is_used=fields.get("HeaderSize", "0") not in {"0", "-1"})
    if is_pair and fields.get("HeaderSize") == "-1" and _is_true(fields, "CompressedData", "False"):
        check_unused(name, "HeaderSize", is_used=True)
    (channels,) = whole_numbers(
        fields.get("ElementNumberOfChannels", "1"), 1, "ElementNumberOfChannels", name
    )
    check_scalar(channels, name)


def _declare(fields: Fields, name: str) -> Declared:
    (n_axes,) = whole_numbers(fields["NDims"], 1, "NDims", name)
    check_axes(n_axes, 10, name)
    sizes = whole_numbers(fields["DimSize"], n_axes, "DimSize", name)
    spatial = tuple(axis < 3 for axis in range(n_axes))
    check_single(max(sizes[3:4], default=1), name)
    shape, axes = squeeze(sizes, spatial, name)
    affine, warnings = _affine(fields, n_axes, axes, name)
    if _rescaled(fields):
        warnings = (*warnings, _NO_RESCALE)
    return Declared(name, shape, _stored_type(fields, name), affine, warnings=warnings)


def _stored_type(fields: Fields, name: str) -> np.dtype[Any]:
    code = _TYPES.get(fields["ElementType"].upper())
    if code is None:
        raise ReadError(
            f"{name} has voxels of a type that is not read; save it as MET_SHORT or MET_FLOAT."
        )
    keys = ("BinaryDataByteOrderMSB", "ElementByteOrderMSB")
    big = any(_is_true(fields, key, "False") for key in keys)
    return np.dtype(code).newbyteorder(">" if big else "<")


def _affine(
    fields: Fields, n_axes: int, axes: tuple[int, ...], name: str
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Affine in mm, RAS+, with warnings."""
    spacing = _first(fields, ("ElementSpacing", "ElementSize"), n_axes, name)
    if spacing is None:
        raise no_voxel_size(name, "ElementSpacing", "")
    unit = UNITS_MM.get(fields.get("DistanceUnits", "mm").lower(), 1.0)
    check_spacing(spacing[list(axes)] * unit, name)
    origin = _first(fields, ("Offset", "Position", "Origin"), n_axes, name)
    matrix = _first(fields, ("TransformMatrix", "Rotation", "Orientation"), n_axes**2, name)
    size = min(n_axes, 3)
    affine = np.eye(4)
    if matrix is not None:
        affine[:size, :size] = matrix.reshape(n_axes, n_axes).T[:size, :size]
    if origin is not None:
        affine[:size, 3] = origin[:size]
    # What is too large becomes infinite, and is refused below.
    with np.errstate(over="ignore", invalid="ignore"):
        affine[:3, :size] *= spacing[:size]
        affine[:3] *= _LPS[:, np.newaxis] * unit
    affine, warnings = check_affine(affine, len(axes), name)
    return affine, warnings if matrix is not None else (*warnings, _NO_DIRECTIONS)


def _first(
    fields: Fields, keys: tuple[str, ...], count: int, name: str
) -> NDArray[np.float64] | None:
    """Numbers of the first of several names of a field, None if there is none of them."""
    for key in keys:
        if key in fields:
            return np.array(numbers(fields[key], count, key, name))
    return None


def _voxels(file: OpenFile, fields: Fields, n_bytes: int) -> ByteStream:
    """The stream of unpacked voxels, whose declared size the file can hold."""
    available = file.size - file.stream.tell()
    packed = _is_true(fields, "CompressedData", "False")
    if packed and "CompressedDataSize" in fields:
        (size,) = whole_numbers(fields["CompressedDataSize"], 1, "CompressedDataSize", file.name)
        if not 0 < size <= available:
            raise ReadError(
                f"{file.name} is cut off: it declares {size:,} compressed bytes and has "
                f"{available:,}; copy or export it again."
            )
        available = size
    check_available(file.name, n_bytes, available, packed=packed)
    return ZlibStream(file.stream, available) if packed else file.stream


def _is_true(fields: Fields, key: str, default: str) -> bool:
    return fields.get(key, default).strip().lower()[:1] in {"t", "y", "1"}


def _rescaled(fields: Fields) -> bool:
    slope = fields.get("ElementToIntensityFunctionSlope", "1")
    offset = fields.get("ElementToIntensityFunctionOffset", "0")
    return slope.strip("0.") not in {"1", ""} or offset.strip("0.") != ""
