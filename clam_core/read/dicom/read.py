"""Read the slices of one DICOM series into a volume."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import GeometryError, LimitError, NotAScanError, ReadError
from clam_core.files.file_ref import FileRef
from clam_core.read.dicom import tags
from clam_core.read.dicom.header import DicomHeader, HeaderProblem
from clam_core.read.dicom.pixel_data import code_streams, native_frames
from clam_core.read.dicom.pixel_values import IntArray, fill_values, stored_pixels, value_type
from clam_core.read.dicom.privacy import about
from clam_core.read.dicom.read_headers import read_headers
from clam_core.read.dicom.series.judge import sort_series
from clam_core.read.dicom.series.outcome import SeriesOutcome
from clam_core.read.dicom.series.slices import Slice, Stack
from clam_core.read.result import ReadResult
from clam_core.settings import ReadLimits
from clam_core.volume import Volume

_FILE_FAULTS = (OSError, EOFError, KeyError, ValueError, zlib.error, zipfile.BadZipFile)


def read_series(refs: Sequence[FileRef], limits: ReadLimits) -> ReadResult:
    """Read the files of one scan.

    Args:
        refs: Its files in any order, on disk or in an archive: the `refs` of one
            outcome of `group_series`.
        limits: What it may cost.

    Returns:
        The volume, shape (columns, rows, slices), with slices in order along
        their normal, or the picture, shape (columns, rows); and what its user
        should know. CT is in HU, int16 unless its rescale slope is no whole
        number. The array is laid out slice by slice (column-major).

    Raises:
        ReadError: If a file is damaged, or the files are not one scan.
        GeometryError: If slices are missing, overlap, or do not say where they lie.
        LimitError: If the volume would be larger than allowed.
        NotAScanError: If the files hold something else.
    """
    outcome, stack = _only_scan(_headers(refs))
    is_ct = outcome.unit == "HU"
    dtype = value_type(stack, is_ct=is_ct)
    _check_size(stack, dtype, limits)
    pixels = stack[0].header.pixels
    array = np.empty((len(stack), pixels.rows, pixels.columns), dtype)
    for slices in _by_file(stack):
        header = slices[0][1].header
        try:
            _fill_from(header, slices, array, is_ct=is_ct)
        except (ReadError, *_FILE_FAULTS) as error:
            raise _named(header, error) from None
    turned = array.T if outcome.kind == "scan" else array[0].T
    volume = Volume(turned, np.array(outcome.affine), outcome.unit)
    return ReadResult(volume, outcome.notes, _slice_numbers(stack))


def _slice_numbers(stack: Stack) -> tuple[int | None, ...]:
    """Number of each slice in its series, or of its frame in a file that holds several."""
    return tuple(
        one.frame + 1 if len(one.header.planes) > 1 else one.header.instance_number for one in stack
    )


def _headers(refs: Sequence[FileRef]) -> list[DicomHeader]:
    headers = read_headers(refs)
    for problem in headers:
        if isinstance(problem, HeaderProblem):
            failed = problem.kind == "failed"
            raise (ReadError if failed else NotAScanError)(problem.reason)
    return [header for header in headers if isinstance(header, DicomHeader)]


def _only_scan(headers: Sequence[DicomHeader]) -> tuple[SeriesOutcome, Stack]:
    """The one scan that the files make."""
    if not headers:
        raise ReadError("There is no file to read.")
    results = sort_series(headers)
    for outcome, _ in results:
        if outcome.kind == "failed":
            raise (GeometryError if outcome.geometric else ReadError)(outcome.reason)
    scans = [result for result in results if result[0].kind in {"scan", "image"}]
    if len(scans) != 1:
        raise ReadError(f"The files hold {len(scans)} scans, not one; choose one of them.")
    return scans[0]


def _check_size(stack: Stack, dtype: np.dtype[np.generic], limits: ReadLimits) -> None:
    pixels = stack[0].header.pixels
    n_voxels = pixels.rows * pixels.columns * len(stack)
    if n_voxels > limits.max_voxels or n_voxels * dtype.itemsize > limits.memory_bytes // 2:
        raise LimitError(
            f"The scan has {pixels.columns} x {pixels.rows} x {len(stack)} voxels, which is more "
            "than one scan may have; crop or resample it."
        )


def _by_file(stack: Stack) -> list[list[tuple[int, Slice]]]:
    """Slices of each file, with their place in the volume."""
    files: dict[FileRef, list[tuple[int, Slice]]] = defaultdict(list)
    for place, one in enumerate(stack):
        files[one.header.ref].append((place, one))
    return list(files.values())


def _fill_from(
    header: DicomHeader,
    slices: list[tuple[int, Slice]],
    array: NDArray[np.generic],
    *,
    is_ct: bool,
) -> None:
    """Write the frames of one file to their places in the volume."""
    places = {one.frame: (place, one.plane) for place, one in slices}
    for number, stored in enumerate(_frames(header, places.keys())):
        if stored is not None:
            place, plane = places[number]
            fill_values(array[place], stored, plane, header.pixels, is_ct=is_ct)


def _frames(header: DicomHeader, wanted: Collection[int]) -> Iterator[IntArray | None]:
    """Stored pixels of each wanted frame in the order of the file; None for the others."""
    pixels = header.pixels
    if pixels.syntax in tags.NATIVE:
        for number, data in enumerate(native_frames(header.ref, pixels)):
            yield stored_pixels(data, pixels) if number in wanted else None
        return
    from clam_core.read.dicom.compressed import decode_frame  # SimpleITK is slow to import

    with tempfile.TemporaryDirectory() as folder:
        for number, stream in enumerate(code_streams(header.ref, pixels)):
            yield decode_frame(stream, pixels, Path(folder)) if number in wanted else None


def _named(header: DicomHeader, error: Exception) -> ReadError:
    """The error with the name of the file, as far as that names nobody."""
    kind = type(error) if isinstance(error, ReadError) else ReadError
    sentence = str(error) if isinstance(error, ReadError) else "It cannot be read; copy it again."
    return kind(about(header.ref, header.private_words, sentence))
