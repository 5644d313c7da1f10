"""The Brain Imaging Data Structure (BIDS): `sub-01/ses-02/ct/sub-01_ses-02_ct.nii.gz`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from clam_core.files.file_ref import FileRef
from clam_core.files.found_scan import FoundScan, SkippedFiles
from clam_core.wording import plural

_SUBJECT = re.compile(r"(?<![A-Za-z0-9])(sub-[A-Za-z0-9+]+)(?![A-Za-z0-9])")
_SESSION = re.compile(r"(?<![A-Za-z0-9])(ses-[A-Za-z0-9+]+)(?![A-Za-z0-9])")
_NOT_RAW = frozenset({"derivatives", "sourcedata"})
_SUFFIX = re.compile(r"_([A-Za-z0-9]+)$")
_MODALITIES = {
    **dict.fromkeys(["ct"], "CT"),
    **dict.fromkeys(["pet"], "PT"),
    **dict.fromkeys(
        ["T1w", "T2w", "PDw", "FLAIR", "T2starw", "inplaneT1", "inplaneT2", "T1map", "T2map"], "MR"
    ),
    **dict.fromkeys(["bold", "dwi", "sbref", "epi", "asl", "UNIT1", "MP2RAGE", "angio"], "MR"),
}


def take_bids(scans: Sequence[FoundScan]) -> list[FoundScan]:
    """Subject, session and modality of files that are named as BIDS names them."""
    return [_take(scan) for scan in scans]


def _take(scan: FoundScan) -> FoundScan:
    names = [scan.stem, *reversed(scan.place)]
    subject = next((found[1] for name in names if (found := _SUBJECT.search(name))), "")
    if not subject:
        return scan
    session = next((found[1] for name in names if (found := _SESSION.search(name))), "")
    suffix = _SUFFIX.search(scan.stem)
    modality = scan.modality or (_MODALITIES.get(suffix[1], "") if suffix else "")
    moment = "visit" if session else ""
    return replace(scan, subject=subject, session=session, moment=moment, modality=modality)


def leave_derivatives(
    scans: Sequence[FoundScan],
) -> tuple[list[FoundScan], list[SkippedFiles], list[str]]:
    """Set aside what was calculated from the scans of a dataset, or what they were made from.

    Only where the scans themselves are there, too: a folder of derivatives that is opened by
    itself is taken as it is.

    Returns:
        The scans, skipped files, and sentences.
    """
    inner = {id(scan) for scan in scans if _NOT_RAW & {part.lower() for part in scan.place}}
    raw = [scan for scan in scans if id(scan) not in inner and scan.subject.startswith("sub-")]
    if not inner or not raw:
        return list(scans), [], []
    left = [scan for scan in scans if id(scan) in inner]
    reason = "It lies in 'derivatives' or 'sourcedata', beside the scans of the dataset themselves."
    note = (
        f"{plural(len(left), 'image')} in 'derivatives' or 'sourcedata' of the dataset "
        f"{'is' if len(left) == 1 else 'are'} left out; open such a folder by itself to use it."
    )
    by_place: dict[tuple[str, ...], list[FileRef]] = defaultdict(list)
    for scan in left:
        by_place[scan.place] += scan.files
    skipped = [SkippedFiles(tuple(refs), "derived image", reason) for refs in by_place.values()]
    return [scan for scan in scans if id(scan) not in inner], skipped, [note]
