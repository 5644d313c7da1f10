"""What every format with a header asks alike, with the same sentence where the answer is no."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager

from clam_core.errors import GeometryError, ReadError, UnsafeFileError
from clam_core.files.opened_file import Source
from clam_core.read.result import ImageHeader, ReadResult
from clam_core.read.voxels import ByteStream, Declared, finish, read_array
from clam_core.settings import ReadLimits

Opening = Callable[[Source, ReadLimits], AbstractContextManager[tuple[ByteStream, Declared]]]
"""Opens a file, checks its header, and stands at its first voxel."""


def header_of(opening: Opening, source: Source, limits: ReadLimits) -> ImageHeader:
    """Shape, voxel size and memory of a file, from its header alone.

    Args:
        opening: How files of its format are opened.
        source: File on disk or in an archive.
        limits: What it may cost.

    Returns:
        What the header declares.

    Raises:
        ReadError: If it is no file of this format, or a kind that is not read.
        UnsafeFileError: If its voxels lie in another file.
        GeometryError: If the voxels cannot be placed in space.
        LimitError: If it declares more than the limits allow.
    """
    with opening(source, limits) as (_, declared):
        return declared.header()


def scan_of(opening: Opening, source: Source, limits: ReadLimits) -> ReadResult:
    """Read a file that holds one 3D scalar volume; with a single slice it becomes a 2D volume.

    Args:
        opening: How files of its format are opened.
        source: File on disk or in an archive.
        limits: What it may cost.

    Returns:
        The volume and warnings. The unit is HU; for a mask or MR the caller
        replaces it.

    Raises:
        ReadError: If it is no file of this format, a kind that is not read, cut off or damaged.
        UnsafeFileError: If its voxels lie in another file.
        GeometryError: If the voxels cannot be placed in space.
        LimitError: If it declares more than the limits allow.
    """
    with opening(source, limits) as (stream, declared):
        return finish(read_array(stream, declared), declared)


def check_whole(name: str, kind: str, *, is_whole: bool) -> None:
    """Refuse a file that ends before its header does."""
    if not is_whole:
        raise ReadError(f"{name} ends within its {kind} header; copy or export it again.")


def check_fields(fields: Collection[str], needed: Sequence[str], name: str, kind: str) -> None:
    """Refuse a header that lacks one of the fields that say what the voxels are."""
    for key in needed:
        if key not in fields:
            raise ReadError(f"{name} has no '{key}' in its {kind}header; export it again.")


def add_field(fields: dict[str, str], key: str, value: str, name: str) -> None:
    """Take a field of a header; refuse one that stands there twice."""
    if key in fields:
        raise ReadError(f"{name} has a header field twice; export it again.")
    fields[key] = value.strip()


def check_unused(name: str, field: str, *, is_used: bool) -> None:
    """Refuse a header that says, by a field that is not read, where the voxels begin."""
    if is_used:
        raise ReadError(f"{name} uses '{field}', which is not read; save it again.")


def detached(name: str, ending: str) -> UnsafeFileError:
    """The error of a header whose voxels lie elsewhere."""
    return UnsafeFileError(
        f"{name} keeps its voxels in another file, which is never opened; save it as one {ending} "
        "file."
    )


def check_axes(n_axes: int, most: int, name: str) -> None:
    """Refuse fewer than two axes, or more than a format has."""
    if not 2 <= n_axes <= most:
        raise ReadError(f"{name} has {n_axes} axes; need one 3D volume.")


def check_single(n_times: int, name: str) -> None:
    """Refuse a series of volumes in time."""
    if n_times > 1:
        raise ReadError(
            f"{name} has {n_times} time points; need one 3D volume. Save one of them as its own "
            "file."
        )


def check_scalar(n_channels: int, name: str) -> None:
    """Refuse colors and vectors."""
    if n_channels != 1:
        raise ReadError(f"{name} has {n_channels} numbers per voxel; need one 3D scalar volume.")


def no_voxel_size(name: str, field: str, kind: str) -> GeometryError:
    """The error of a header without a voxel size."""
    return GeometryError(f"{name} states no voxel size; add '{field}' to its {kind}header.")
