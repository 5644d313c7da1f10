"""Read one scan of any format; called in a reader process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from clam_core.errors import ReadError
from clam_core.files.file_ref import FileRef
from clam_core.files.found_scan import Format
from clam_core.read.dicom import read_series
from clam_core.read.metaimage import read_metaimage
from clam_core.read.nifti import read_nifti
from clam_core.read.nrrd import read_nrrd
from clam_core.read.pictures import read_picture, read_picture_stack
from clam_core.read.result import ReadResult
from clam_core.read.values import NOT_HU
from clam_core.settings import ReadLimits, Unit

_SINGLE: dict[str, Callable[[FileRef, ReadLimits], ReadResult]] = {
    "nifti": read_nifti,
    "nrrd": read_nrrd,
    "metaimage": read_metaimage,
    "picture": read_picture,
}
_MOST_FILES = {"metaimage": 2}
"""A header names its second file itself, which is checked when it is opened."""
_SEVERAL: dict[str, Callable[[Sequence[FileRef], ReadLimits], ReadResult]] = {
    "dicom": read_series,
    "stack": read_picture_stack,
}


def read_scan(
    fmt: Format, refs: Sequence[FileRef], limits: ReadLimits, unit: Unit = "HU"
) -> ReadResult:
    """Read one scan in its own geometry.

    Args:
        fmt: As discovery has found it.
        refs: Its files in order.
        limits: What it may cost.
        unit: The study's unit; formats that do not know their own are taken
            to be in it.

    Returns:
        The volume (RAS+, mm) and warnings; whether values look like HU is left to
        preprocessing, which knows the unit and judges their distribution.

    Raises:
        ReadError: If a file has gone, or cannot be read.
    """
    gone = [ref.name for ref in refs if not ref.path.is_file()]
    if gone:
        raise ReadError(f"{gone[0]} is no longer where it was found; put it back, or start afresh.")
    if fmt in _SEVERAL:
        result = _SEVERAL[fmt](refs, limits)
    elif fmt in _SINGLE and len(refs) <= _MOST_FILES.get(fmt, 1):
        result = _SINGLE[fmt](refs[0], limits)
    else:
        raise ReadError(f"There is no reader for {len(refs)} files of format {fmt!r}.")
    said = tuple(words for words in result.warnings if not words.endswith(NOT_HU))
    result = replace(result, warnings=said)
    if unit == "arbitrary" and result.volume.unit == "HU":
        return replace(result, volume=replace(result.volume, unit="arbitrary"))
    return result
