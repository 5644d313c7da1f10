"""Look into files, in a reader process: what each is, and what its header says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from clam_core.errors import ClamError, NotAScanError
from clam_core.files.archive import list_archive
from clam_core.files.file_ref import FileRef
from clam_core.files.opened_file import shown_name
from clam_core.files.sniff import DESCRIPTIONS, FileKind, identify
from clam_core.read.dicom import DicomHeader, HeaderProblem, read_headers
from clam_core.read.metaimage import read_metaimage_header
from clam_core.read.nifti import read_nifti_header
from clam_core.read.nrrd import read_nrrd_header
from clam_core.read.pictures import read_picture_header
from clam_core.settings import ArchiveLimits, ReadLimits

PICTURES = frozenset({"png", "jpeg", "tiff", "bmp"})
_VOLUME_ENDINGS = (".nii", ".nii.gz", ".nrrd", ".mha", ".mhd", ".dcm")
_HEADERS = {
    "nifti": read_nifti_header,
    "nrrd": read_nrrd_header,
    "metaimage": read_metaimage_header,
    **dict.fromkeys(PICTURES, read_picture_header),
}


@dataclass(frozen=True)
class FileRecord:
    """What is known of one file without reading its voxels.

    Attributes:
        ref: The file.
        kind: What it is, by its content.
        shape: Voxels along each axis; empty for DICOM and for what is no image.
        status: `image`, `failed` (meant to be one, but broken) or `skipped`.
        reason: Why it failed or was skipped.
        dicom: Header of a DICOM image.
        series_key: Series of a broken DICOM file, where its header got so far.
        private_words: Words that name the patient in such a header; not for storing.
        data_file: Name of the file beside it that holds its voxels; empty if it holds them.
    """

    ref: FileRef
    kind: FileKind
    shape: tuple[int, ...] = ()
    status: Literal["image", "failed", "skipped"] = "image"
    reason: str = ""
    dicom: DicomHeader | None = None
    series_key: str = ""
    private_words: tuple[str, ...] = ()
    data_file: str = ""


def inspect_archive(path: str, limits: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Check a zip archive and list its files (a task for a reader process)."""
    members = list_archive(Path(path), ArchiveLimits(**limits))
    return {"members": [name for name, _ in members]}, {}


def inspect_files(
    files: list[list[str | None]], limits: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Look into files (a task for a reader process).

    Args:
        files: Path and member of each.
        limits: Values of `ReadLimits`.

    Returns:
        `records`: one object per file, to be read by `to_record`.
    """
    refs = [FileRef(Path(str(path)), member) for path, member in files]
    allowed = ReadLimits(**limits)
    records = [_inspect(ref, allowed) for ref in refs]
    headers = iter(
        read_headers([r.ref for r in records if r.kind == "dicom" and r.status == "image"])
    )
    return {
        "records": [
            _dump(_with_header(r, next(headers)))
            if r.kind == "dicom" and r.status == "image"
            else _dump(r)
            for r in records
        ]
    }, {}


def _inspect(ref: FileRef, limits: ReadLimits) -> FileRecord:
    try:
        kind = identify(ref)
    except ClamError as error:
        return FileRecord(ref, "unknown", status="failed", reason=str(error))
    if kind == "dicom":
        return FileRecord(ref, kind)
    if kind not in _HEADERS:
        return FileRecord(ref, kind, status="skipped", reason=f"It is {DESCRIPTIONS[kind]}.")
    if kind in PICTURES and ref.name.lower().endswith(_VOLUME_ENDINGS):
        return _renamed(ref, kind)
    return _with_shape(ref, kind, limits)


def _renamed(ref: FileRef, kind: FileKind) -> FileRecord:
    """A picture whose name ends as that of a volume does."""
    reason = (
        f"{shown_name(ref)} is {DESCRIPTIONS[kind]}, whatever its name says; give it the "
        "ending of its true type, or export the scan again."
    )
    return FileRecord(ref, "unknown", status="failed", reason=reason)


def _with_shape(ref: FileRef, kind: FileKind, limits: ReadLimits) -> FileRecord:
    try:
        header = _HEADERS[kind](ref, limits)
    except NotAScanError as error:
        return FileRecord(ref, kind, status="skipped", reason=str(error))
    except ClamError as error:
        return FileRecord(ref, kind, status="failed", reason=str(error))
    return FileRecord(ref, kind, shape=header.shape, data_file=header.data_file)


def _with_header(record: FileRecord, header: DicomHeader | HeaderProblem) -> FileRecord:
    if isinstance(header, HeaderProblem):
        return FileRecord(
            record.ref,
            "dicom",
            status=header.kind,
            reason=header.reason,
            series_key=header.series_key,
            private_words=header.private_words,
        )
    return FileRecord(record.ref, "dicom", dicom=header)


def _dump(record: FileRecord) -> dict[str, Any]:
    return {
        "kind": record.kind,
        "shape": list(record.shape),
        "status": record.status,
        "reason": record.reason,
        "dicom": record.dicom.to_json() if record.dicom else None,
        "series_key": record.series_key,
        "private_words": list(record.private_words),
        "data_file": record.data_file,
    }
