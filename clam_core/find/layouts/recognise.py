"""Recognise the layout of a cohort: subjects, sessions, masks, and what is no scan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from clam_core.files.found_scan import FoundScan, SkippedFiles
from clam_core.find.layouts.bids import leave_derivatives, take_bids
from clam_core.find.layouts.decathlon import take_decathlon
from clam_core.find.layouts.labels import CheckLabels, label_set, set_labels_aside
from clam_core.find.layouts.path_words import is_plain
from clam_core.find.layouts.visit_paths import number_visits, take_visits

_TABLES = ("participants.tsv", "meta.csv", "participants.csv")
_TOLD_BY = {
    "bids": "names of BIDS (sub-..., ses-...)",
    "decathlon": "cases of image folders as in the Decathlon and nnU-Net",
    "folders": "folders of patient and visit",
    "names": "names that hold a patient and a visit, phase or modality",
    "nested": "folders whose files begin with their names",
    "files": "folders in which the files are called alike",
    "series": "folders that hold series without a patient's id",
    "counters": "names with a number of the scan behind the subject's",
}
"""What told whose a scan is, in words."""


@dataclass(frozen=True)
class Recognised:
    """A cohort after its layout was looked at.

    Attributes:
        scans: With subjects and sessions, as far as the layout tells.
        skipped: Labels and derived images.
        notes: What was derived, one sentence each.
    """

    scans: list[FoundScan]
    skipped: list[SkippedFiles]
    notes: list[str]


def recognise(
    scans: Sequence[FoundScan], file_names: Iterable[str], check: CheckLabels
) -> Recognised:
    """Look at paths and names of everything that was found.

    Args:
        scans: Found or failed, labels among them.
        file_names: Names of all files, for tables that belong to a layout.
        check: Looks into labels.

    Returns:
        Every scan is in `scans` or in `skipped`.
    """
    named = take_bids(scans)
    labels = [scan for scan in named if label_set(scan)]
    images = [scan for scan in named if not label_set(scan)]
    images, skipped, derived = leave_derivatives(images)
    told: dict[str, int] = {"bids": sum(bool(scan.subject) for scan in images)}
    free = [scan for scan in images if not scan.subject]
    cases, told["decathlon"], n_channels = take_decathlon(free)
    images = [*(scan for scan in images if scan.subject), *cases]
    images, by_visits = take_visits(images)
    told |= by_visits
    images, doubts = _without_empty_ids(number_visits(images))
    done = set_labels_aside([*images, *labels], check)
    listed = [_TOLD_BY[name] for name, n in told.items() if n]
    first = [f"Subjects and visits were read from {_and(listed)}."] if listed else []
    if any(scan.visit for scan in images):
        first.append("Dates are not stored: the visits of a subject are numbered in their order.")
    if told["decathlon"] and n_channels > 1:
        first.append(
            f"A case has up to {n_channels} channels, which are scans of one subject; to use one "
            "of them only, name its files in a scans table."
        )
    tables = [f"{name} of the data set can be imported as the clinical table."
              for name in _TABLES if name in set(file_names)]  # fmt: skip
    return Recognised(
        done.scans, [*skipped, *done.skipped], [*first, *doubts, *derived, *done.notes, *tables]
    )


def _without_empty_ids(scans: list[FoundScan]) -> tuple[list[FoundScan], list[str]]:
    """Patient ids that anonymisation has made the same for all are not believed over folders."""
    ids = {scan.patient_id for scan in scans if scan.patient_id}
    subjects = {scan.subject for scan in scans if scan.subject}
    is_empty = all(is_plain(one) and not any(digit in one for digit in "123456789") for one in ids)
    if len(ids) != 1 or len(subjects) < 2 or not is_empty:
        return scans, []
    note = (
        "All headers have the same patient id, and it is a word or zeros: subjects are those of "
        "the folders."
    )
    return [replace(one, patient_id="") if one.subject else one for one in scans], [note]


def _and(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
