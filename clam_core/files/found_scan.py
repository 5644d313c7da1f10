"""What discovery finds: scans, and files that are none, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from clam_core.files.file_ref import FileRef

Format = Literal["dicom", "nifti", "nrrd", "metaimage", "picture", "stack", "none"]
UNSIZED = ("picture", "stack")
"""Formats whose files do not state how large a pixel is."""


@dataclass(frozen=True)
class FoundScan:
    """One scan, found or failed.

    Attributes:
        scan_id, subject_id: Pseudonyms; empty until the scan is named.
        format: Reader that its files need; `none` where nothing could be read.
        files: Its files in order.
        masks: Files of its mask, and the reader that they need.
        status: `found` or `failed`.
        reason: Why it failed, else empty.
        modality: As DICOM names it; empty where the format does not say.
        n_axes: 2 or 3; 0 where unknown.
        notes: Sentences about what was seen while finding it.
        acquisition: Plain values that may be stored.
        private_words: Words of names in its headers, for hiding; never stored.
        patient_id: Id in its header; hashed unless `pseudonymous`.
        person: Name, birth date and sex in its header; never stored.
        institution: Name in its header; stored as a hash only.
        pseudonymous: Whether the header says that the identity was removed.
        place: Components of its folder below the root, for naming.
        stem: Name of its single file without the ending; empty for a series.
        case: Name that its layout gives it, such as the stem without a channel; or empty.
        subject: Its subject as the layout has it; empty where it does not tell.
        session: Visit, phase or the like as the layout has it.
        moment: What the session is, such as `date`; a date is not stored.
        visit: Number of the visit of its subject, from 1, where sessions are dates; else 0.
    """

    format: Format
    files: tuple[FileRef, ...]
    status: Literal["found", "failed"] = "found"
    reason: str = ""
    scan_id: str = ""
    subject_id: str = ""
    masks: tuple[FileRef, ...] = ()
    mask_format: Format = "none"
    modality: str = ""
    n_axes: int = 0
    notes: tuple[str, ...] = ()
    acquisition: dict[str, Any] = field(default_factory=dict)
    private_words: frozenset[str] = frozenset()
    patient_id: str = ""
    person: tuple[str, str, str] = ("", "", "")
    institution: str = ""
    pseudonymous: bool = False
    place: tuple[str, ...] = ()
    stem: str = ""
    case: str = ""
    subject: str = ""
    session: str = ""
    moment: str = ""
    visit: int = 0

    def failed(self, reason: str) -> FoundScan:
        """The same scan, failed."""
        return replace(self, status="failed", reason=reason)


@dataclass(frozen=True)
class SkippedFiles:
    """Files that are no scan.

    Attributes:
        files: The files, all in one folder.
        kind: What they are, in words.
        reason: Why they are not read as a scan.
    """

    files: tuple[FileRef, ...]
    kind: str
    reason: str


@dataclass(frozen=True)
class Discovery:
    """Everything that lies below a root: each file is in a scan or skipped.

    Attributes:
        scans: Scans, found or failed.
        skipped: Files that are no scan.
        notes: What was seen while looking, one sentence each.
        private_words: Names in headers of files that are no scans; never stored.
    """

    scans: tuple[FoundScan, ...]
    skipped: tuple[SkippedFiles, ...]
    notes: tuple[str, ...] = ()
    private_words: frozenset[str] = frozenset()

    def all_private_words(self) -> frozenset[str]:
        """Names in any header."""
        return self.private_words.union(*(scan.private_words for scan in self.scans))
