"""Read NRRD files that hold their own voxels; detached data are never opened."""

from __future__ import annotations

import bz2
import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import GeometryError, ReadError
from clam_core.files.opened_file import OpenFile, Source, opened
from clam_core.files.sniff import require_kind
from clam_core.read.header_checks import (
    add_field,
    check_axes,
    check_fields,
    check_unused,
    check_whole,
    detached,
    header_of,
    no_voxel_size,
    scan_of,
)
from clam_core.read.placement import UNITS_MM, check_affine, check_spacing
from clam_core.read.result import ImageHeader, ReadResult
from clam_core.read.text_header import numbers, read_lines, squeeze, whole_numbers
from clam_core.read.voxels import ByteStream, Declared, check_available
from clam_core.settings import ReadLimits

_TYPES = {
    name: dtype
    for dtype, names in {
        "i1": "signed char,int8,int8_t",
        "u1": "uchar,unsigned char,uint8,uint8_t",
        "i2": "short,short int,signed short,signed short int,int16,int16_t",
        "u2": "ushort,unsigned short,unsigned short int,uint16,uint16_t",
        "i4": "int,signed int,int32,int32_t",
        "u4": "uint,unsigned int,uint32,uint32_t",
        "i8": "longlong,long long,long long int,signed long long,signed long long int,"
        "int64,int64_t",
        "u8": "ulonglong,unsigned long long,unsigned long long int,uint64,uint64_t",
        "f4": "float",
        "f8": "double",
    }.items()
    for name in names.split(",")
}
_ENCODINGS = {"raw": "raw", "gzip": "gzip", "gz": "gzip", "bzip2": "bzip2", "bz2": "bzip2"}
_TO_RAS = {
    **dict.fromkeys(("right-anterior-superior", "ras"), (1.0, 1.0, 1.0)),
    **dict.fromkeys(("left-anterior-superior", "las"), (-1.0, 1.0, 1.0)),
    **dict.fromkeys(("left-posterior-superior", "lps"), (-1.0, -1.0, 1.0)),
}
_NOT_SPATIAL = re.compile(
    r"time|list|point|vector|covariant-vector|normal|scalar|stub|complex|quaternion|"
    r".*-color|[234]-vector|4-gradient|4-quaternion|3d-.*|2d-.*"
)
_SKIPS = ("lineskip", "byteskip")
_UNKNOWN_SPACE = (
    "The file does not name the patient's axes; they were assumed to grow left, posterior and "
    "superior, so left and right may be swapped."
)
_NO_ORIGIN = (
    "The file does not say where its first voxel lies (space origin); 0, 0, 0 mm was assumed, so a "
    "mask from another program may not meet it."
)
_NO_DIRECTIONS = "The file states voxel sizes but no directions; left and right may be swapped."

Fields = dict[str, str]


def read_nrrd_header(source: Source, limits: ReadLimits) -> ImageHeader:
    """Shape, voxel size and memory of an NRRD file, from its header alone."""
    return header_of(_declared, source, limits)


def read_nrrd(source: Source, limits: ReadLimits) -> ReadResult:
    """Read one 3D scalar NRRD file; with a single slice it becomes a 2D volume.

    Source:
        "Definition of NRRD File Format", teem.sourceforge.net/nrrd/format.html.
    """
    return scan_of(_declared, source, limits)


@contextmanager
def _declared(source: Source, limits: ReadLimits) -> Iterator[tuple[ByteStream, Declared]]:
    """Open, check the header, and stand at the first voxel."""
    with opened(source) as file:
        require_kind(file, {"nrrd"}, "an NRRD file")
        fields = _fields(file)
        encoding = _ENCODINGS.get(fields.get("encoding", "").lower())
        if encoding is None:
            raise ReadError(
                f"{file.name} stores its voxels in an encoding that is not read; save it as raw "
                "or gzip."
            )
        declared = _declare(fields, file.name)
        declared.check(limits)
        if encoding != "bzip2":
            available = file.size - file.stream.tell()
            check_available(file.name, declared.n_bytes, available, packed=encoding == "gzip")
        yield _unpacked(file, encoding), declared


def _unpacked(file: OpenFile, encoding: str) -> ByteStream:
    if encoding == "gzip":
        return gzip.GzipFile(fileobj=file.stream)
    return bz2.BZ2File(file.stream) if encoding == "bzip2" else file.stream


def _fields(file: OpenFile) -> Fields:
    """Header fields by their names in lower case without blanks."""
    lines = read_lines(file, lambda line: not line)
    fields: Fields = {}
    for line in lines[1:]:
        key, colon, value = line.partition(":")
        key = re.sub(r"\s", "", key).lower()
        if not line.startswith("#") and key == "datafile":
            raise detached(file.name, ".nrrd")
        if not colon or line.startswith("#") or value.startswith("="):
            continue
        add_field(fields, key, value, file.name)
    check_whole(file.name, "NRRD", is_whole=bool(lines) and not lines[-1])
    for key in _SKIPS:
        check_unused(file.name, key, is_used=fields.get(key, "0") != "0")
    return fields


def _declare(fields: Fields, name: str) -> Declared:
    check_fields(fields, ("type", "dimension", "sizes"), name, "NRRD ")
    (n_axes,) = whole_numbers(fields["dimension"], 1, "dimension", name)
    check_axes(n_axes, 16, name)
    sizes = whole_numbers(fields["sizes"], n_axes, "sizes", name)
    vectors = _vectors(fields, n_axes, name)
    shape, axes = squeeze(sizes, _spatial(fields, vectors, n_axes), name)
    affine, warnings = _affine(fields, vectors, axes, name)
    return Declared(name, shape, _stored_type(fields, name), affine, warnings=warnings)


def _stored_type(fields: Fields, name: str) -> np.dtype[Any]:
    code = _TYPES.get(" ".join(fields["type"].lower().split()))
    if code is None:
        raise ReadError(f"{name} has voxels of a type that is not read; save it as short or float.")
    endian = fields.get("endian", "little" if code[1] == "1" else "").lower()
    if endian not in {"little", "big"}:
        raise ReadError(f"{name} does not say its byte order ('endian: little' or 'big').")
    return np.dtype(code).newbyteorder("<" if endian == "little" else ">")


def _vectors(fields: Fields, n_axes: int, name: str) -> list[str | None] | None:
    """Text of the direction of each axis, None for `none`; None if there is no such field."""
    if "spacedirections" not in fields:
        return None
    words = re.findall(r"none|\([^()]*\)", fields["spacedirections"])
    if len(words) != n_axes:
        raise GeometryError(
            f"{name} has {n_axes} axes but {len(words)} space directions; correct its header."
        )
    return [None if word == "none" else word for word in words]


def _spatial(fields: Fields, vectors: list[str | None] | None, n_axes: int) -> tuple[bool, ...]:
    """Whether each axis lies in space: by its direction, else by its kind."""
    if vectors is not None:
        return tuple(vector is not None for vector in vectors)
    kinds = fields.get("kinds", "").lower().split()
    kinds = kinds if len(kinds) == n_axes else ["domain"] * n_axes
    return tuple(not _NOT_SPATIAL.fullmatch(kind) for kind in kinds)


def _affine(
    fields: Fields, vectors: list[str | None] | None, axes: tuple[int, ...], name: str
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Affine in mm, RAS+, with warnings."""
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    if vectors is None:
        affine[range(len(axes)), range(len(axes))] = _spacings(fields, axes, name)
        affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
        affine, warnings = check_affine(affine, len(axes), name)
        return affine, (*warnings, _NO_DIRECTIONS)
    for column, axis in enumerate(axes):
        affine[:3, column] = _point(vectors[axis] or "", "space directions", name)
    if len(axes) == 2:
        affine[:3, 2] = 0.0
    if "spaceorigin" in fields:
        affine[:3, 3] = _point(fields["spaceorigin"], "space origin", name)
    space = fields.get("space", "").lower().removesuffix("-time").removesuffix("t")
    signs = _TO_RAS.get(space, (-1.0, -1.0, 1.0))
    unknown = ((space not in _TO_RAS, _UNKNOWN_SPACE), ("spaceorigin" not in fields, _NO_ORIGIN))
    affine[:3] *= np.array(signs)[:, np.newaxis] * _unit_mm(fields)
    affine, warnings = check_affine(affine, len(axes), name)
    return affine, (*warnings, *(words for is_so, words in unknown if is_so))


def _spacings(fields: Fields, axes: tuple[int, ...], name: str) -> list[float]:
    if "spacings" not in fields:
        raise no_voxel_size(name, "spacings", "NRRD ")
    n_axes = int(fields["dimension"])
    every = numbers(fields["spacings"], n_axes, "spacings", name)
    spacing = [every[axis] for axis in axes]
    check_spacing(spacing, name)
    return spacing


def _point(text: str, field: str, name: str) -> NDArray[np.float64]:
    """Three numbers from `(x,y,z)`; in a plane the third is 0."""
    words = text.strip().strip("()").replace(",", " ")
    values = numbers(words, 2 if len(words.split()) == 2 else 3, field, name)
    return np.array([*values, 0.0][:3])


def _unit_mm(fields: Fields) -> float:
    """Millimetres in the file's unit of space; mm if it names none that we know."""
    units = re.findall(r'"([^"]*)"', fields.get("spaceunits", ""))
    return UNITS_MM.get(units[0].strip().lower(), 1.0) if units else 1.0
