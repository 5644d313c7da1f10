"""Read and write NIfTI files (1 and 2, plain or gzip)."""

from __future__ import annotations

import gzip
import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import nibabel as nib
import numpy as np
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from clam_core.errors import GeometryError, ReadError
from clam_core.files.opened_file import Source, opened
from clam_core.files.sniff import require_kind
from clam_core.read.header_checks import check_scalar, check_single, header_of, scan_of
from clam_core.read.placement import check_affine, check_spacing
from clam_core.read.result import ImageHeader, ReadResult
from clam_core.read.voxels import (
    ByteStream,
    Declared,
    check_available,
    read_start,
    skip,
)
from clam_core.settings import ReadLimits
from clam_core.volume import orientation_of

_LENGTH_UNITS_MM = {1: 1e3, 2: 1.0, 3: 1e-3}
_MAX_OFFSET = 1 << 24
_WRITTEN_AS = {"bool": "uint8", "float16": "float32", "float64": "float32", "int64": "int32"}

_NO_ORIENTATION = (
    "The file does not say how the patient lies (sform and qform codes are 0); "
    "left and right were assumed as in ANALYZE files and may be swapped."
)

_NO_SLOPE = (
    "The header states a slope of 0 with an intercept of {inter:g}; as the format says, neither "
    "was applied."
)
_TINY = 1e-9
_EQUAL = 1e-3  # of the largest entry: two affines that turn a scan alike

Header = Any  # nibabel gives its headers no types
_HEADERS: dict[int, Header] = {348: nib.Nifti1Header, 540: nib.Nifti2Header}
_IMAGE: Any = nib.Nifti1Image


def read_nifti_header(source: Source, limits: ReadLimits) -> ImageHeader:
    """Shape, voxel size and memory of a NIfTI file, from its header alone."""
    return header_of(_declared, source, limits)


def read_nifti(source: Source, limits: ReadLimits) -> ReadResult:
    """Read one 3D scalar NIfTI file; with a single slice it becomes a 2D volume.

    The affine is the sform if the file has one, else the qform, else the voxel
    size alone, with a warning. NaN and infinite voxels are left as they are.

    Source:
        NIfTI-1 and NIfTI-2 data format definitions (nifti1.h, nifti2.h).
    """
    return scan_of(_declared, source, limits)


def write_nifti(path: Path, array: NDArray[np.generic], affine: NDArray[np.float64]) -> None:
    """Write a volume as NIfTI-1; the same array gives the same bytes.

    Args:
        path: File to write; packed with gzip if its name ends in `.gz`. The
            caller moves it to its place.
        array: Voxels, shape (i, j, k) or (i, j). bool is written as uint8, float16
            and float64 as float32, int64 as int32.
        affine: Voxel index to position, shape (4, 4), mm, RAS+.
    """
    with path.open("wb") as stream:
        write_nifti_to(stream, array, affine, packed=path.name.endswith(".gz"))


def write_nifti_to(
    stream: BinaryIO, array: NDArray[np.generic], affine: NDArray[np.float64], *, packed: bool
) -> None:
    """Write a volume as NIfTI-1 to a file that is open for writing; see `write_nifti`.

    Args:
        stream: The file.
        array: Voxels, shape (i, j, k) or (i, j).
        affine: Voxel index to position, shape (4, 4), mm, RAS+.
        packed: Whether to pack it with gzip.
    """
    solid = array[..., np.newaxis] if array.ndim == 2 else array
    solid = solid.astype(_WRITTEN_AS.get(array.dtype.name, array.dtype), copy=False)
    image = _IMAGE(solid, affine)
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    image.header.set_xyzt_units("mm")
    if not packed:
        image.to_stream(stream)
        return
    # Without name and time in gzip's header the same array gives the same bytes.
    with gzip.GzipFile("", "wb", compresslevel=1, fileobj=stream, mtime=0) as zipped:
        image.to_stream(zipped)


@contextmanager
def _declared(source: Source, limits: ReadLimits) -> Iterator[tuple[ByteStream, Declared]]:
    """Open, check the header, and stand at the first voxel."""
    with opened(source) as file:
        head = require_kind(file, {"nifti"}, "a NIfTI file")
        packed = head[:2] == b"\x1f\x8b"
        stream = gzip.GzipFile(fileobj=file.stream) if packed else file.stream
        header = _parse(read_start(stream, max(_HEADERS), file.name), file.name)
        offset = _offset(header, file.name)
        declared = _declare(header, file.name)
        declared.check(limits)
        available = file.size if packed else file.size - offset
        check_available(file.name, declared.n_bytes, available, packed=packed)
        stream.seek(0)
        skip(stream, offset, file.name)
        yield stream, declared


def _parse(block: bytes, name: str) -> Header:
    """The header structure, in the version and byte order that its own length tells."""
    for order in "<>":
        length = struct.unpack_from(order + "i", block)[0] if len(block) >= 4 else 0
        kind = _HEADERS.get(length)
        if kind is not None and len(block) >= length:
            return kind(block[:length], endianness=order, check=False)
    raise ReadError(f"{name} ends within its NIfTI header; copy or export it again.")


def _offset(header: Header, name: str) -> int:
    """Where the voxels begin; as nifti1.h says, a smaller number means right after the header."""
    offset = float(header["vox_offset"])
    if not abs(offset) <= _MAX_OFFSET:
        raise ReadError(f"{name} puts its first voxel at byte {offset:g}; its header is damaged.")
    return max(int(offset), int(header.single_vox_offset))


def _declare(header: Header, name: str) -> Declared:
    shape = _shape([int(n) for n in header["dim"]], name)
    stored = _stored_type(header, name)
    affine, warnings = _affine(header, len(shape), name)
    try:
        slope, inter = header.get_slope_inter()
    except HeaderDataError:
        raise ReadError(
            f"{name} has an intercept (scl_inter) that is no number; correct its header."
        ) from None
    unused = float(header["scl_inter"])
    if slope is None and header["scl_slope"] == 0 and np.isfinite(unused) and unused != 0:
        warnings = (*warnings, _NO_SLOPE.format(inter=unused))
    slope, inter = (1.0, 0.0) if slope is None else (slope, inter or 0.0)
    return Declared(name, shape, stored, affine, slope, inter, warnings)


def _shape(dim: list[int], name: str) -> tuple[int, ...]:
    n_axes, sizes = dim[0], dim[1:]
    if not 2 <= n_axes <= 7 or min(sizes[:n_axes]) < 1:
        raise ReadError(
            f"{name} declares {n_axes} axes of sizes {sizes}; need one 3D volume with at least "
            "one voxel along each axis."
        )
    sizes = [*sizes[:n_axes], 1][: max(n_axes, 3)]
    check_single(max(sizes[3:4], default=1), name)
    check_scalar(max(sizes[4:], default=1), name)
    return tuple(sizes[:3]) if sizes[2] > 1 else tuple(sizes[:2])


def _stored_type(header: Header, name: str) -> np.dtype[Any]:
    code = int(header["datatype"])
    try:
        stored: np.dtype[Any] = header.get_data_dtype()
    except (HeaderDataError, KeyError):
        stored = np.dtype("V1")
    if stored.kind in "iuf" and stored.itemsize <= 8:
        return stored
    kinds = {128: "RGB colours", 2304: "RGBA colours", 32: "complex numbers"}
    held = kinds.get(code, "complex numbers" if stored.kind == "c" else f"voxels of type {code}")
    raise ReadError(f"{name} holds {held}; need one 3D scalar volume of whole or floating numbers.")


def _affine(header: Header, n_axes: int, name: str) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Affine in mm with warnings: sform, else qform, else the voxel size alone."""
    unit = _LENGTH_UNITS_MM.get(int(header["xyzt_units"]) & 7, 1.0)
    spacing = np.array(header["pixdim"][1:4], dtype=np.float64) * unit
    if not header["sform_code"]:  # all else is made of the voxel size
        check_spacing(spacing[:n_axes], name)
    if n_axes == 2 and not spacing[2] > 0:
        header["pixdim"][3] = 1.0
    if header["pixdim"][0] not in {-1, 1}:
        header["pixdim"][0] = 1.0
    try:
        affine = np.array(header.get_best_affine(), dtype=np.float64)
    except (HeaderDataError, ValueError):
        raise GeometryError(
            f"{name} gives a rotation (qform) that is none; correct its header, or export the "
            "scan again."
        ) from None
    affine[:3] *= unit
    affine, warnings = check_affine(affine, n_axes, name)
    if not header["sform_code"] and not header["qform_code"]:
        return affine, (*warnings, _NO_ORIENTATION)
    two = (*_two_voxel_sizes(affine, spacing[:n_axes]), *_two_orientations(header, affine, n_axes))
    return affine, (*warnings, *two)


def _two_voxel_sizes(affine: NDArray[np.float64], spacing: NDArray[np.float64]) -> tuple[str, ...]:
    """A sentence where the voxel size that the header states is not that of its affine."""
    lengths = [math.hypot(*column) for column in affine[:3, : len(spacing)].T.tolist()]
    pairs = zip(spacing.tolist(), lengths, strict=True)
    if all(abs(stated / length - 1) <= 0.01 for stated, length in pairs):
        return ()
    stated, used = (" x ".join(f"{s:.4g}" for s in v) for v in (spacing, lengths))
    return (f"Two voxel sizes are stated: pixdim {stated} mm, affine {used} mm (used).",)


def _other_form(header: Header) -> NDArray[np.float64] | None:
    """The qform where a sform is there, too, and both are forms at all."""
    if not header["sform_code"] or not header["qform_code"]:
        return None
    if not np.isfinite(np.asarray(header["pixdim"][1:4], dtype=np.float64)).all():
        return None
    try:
        other = np.array(header.get_qform(), dtype=np.float64)
    except (HeaderDataError, ValueError):
        return None
    whole = np.isfinite(other).all() and abs(np.linalg.det(other[:3, :3])) >= _TINY
    return other if whole else None


def _two_orientations(header: Header, affine: NDArray[np.float64], n_axes: int) -> tuple[str, ...]:
    """A sentence where the qform turns or mirrors the scan against the sform, which is used."""
    other = _other_form(header)
    turns = affine[:3, :3]
    # Nearly always the two are the same, which is seen fastest.
    if other is None or np.abs(other[:3, :3] - turns).max() < _EQUAL * np.abs(turns).max():
        return ()
    if n_axes == 2:  # a plane has no third axis to disagree about
        other[:3, 2] = affine[:3, 2]
    taken, left = orientation_of(affine, n_axes), orientation_of(other, n_axes)
    if taken == left:
        return ()
    # Equal letters but for R and L say that left and right are exchanged, and nothing else.
    mirrored = taken.replace("R", "L") == left.replace("R", "L")
    what = "left and right" if mirrored else "the directions of its axes"
    return (
        f"The header contradicts itself about {what}: by its sform the voxels run {taken}, by its "
        f"qform {left}. The sform was taken; check the side of a known finding.",
    )
