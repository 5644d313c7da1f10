"""Give every scan its pseudonyms: an id that tells it apart, and its subject's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from clam_core.files.found_scan import FoundScan
from clam_core.files.likely_names import is_surely_name
from clam_core.files.personal_names import clean, code, looks_private, unique_ids

IdMode = Literal["auto", "names", "codes"]


def name_scans(
    scans: Sequence[FoundScan], root_name: str, key: str, ids: IdMode = "auto"
) -> tuple[list[FoundScan], int]:
    """Name scans that no table has named.

    Args:
        scans: In the order of their files.
        root_name: Name of the folder or archive that holds them.
        key: The study's secret key.
        ids: `names` keeps the names of files and folders and the patients' ids
            (the user knows them to be pseudonyms), `codes` replaces all of them
            by numbers and hashes, `auto` those that may be personal.

    Returns:
        The scans with scan_id and subject_id, and how many names were replaced.
    """
    candidates = _candidates(scans, root_name)
    wanted = unique_ids(candidates)
    named, n_replaced, taken = [], 0, set(wanted)
    for scan, own, one in zip(scans, candidates, wanted, strict=True):
        private = any(looks_private(name, scan.private_words) for name in own if name in one)
        if ids == "codes" or (
            ids == "auto" and (private or looks_private(one, scan.private_words))
        ):
            n_replaced += 1
            one = _number(n_replaced, taken)  # noqa: PLW2901
        named.append(replace(scan, scan_id=one, subject_id=_subject(scan, one, key, ids)))
    return named, n_replaced


def _number(n: int, taken: set[str]) -> str:
    """`scan-0001`, or the next that no file is called."""
    while (one := f"scan-{n:04d}") in taken:
        n += len(taken)
    taken.add(one)
    return one


def _subject(scan: FoundScan, scan_id: str, key: str, ids: IdMode) -> str:
    """The patient's id where it is known to be a pseudonym, else its hash."""
    if not scan.patient_id:
        return scan_id
    harmless = scan.pseudonymous and "^" not in scan.patient_id
    harmless = harmless and not is_surely_name(scan.patient_id)
    if ids == "names" or (ids == "auto" and harmless):
        return clean(scan.patient_id)
    return code(key, scan.patient_id, prefix="sub-")


def _candidates(scans: Sequence[FoundScan], root_name: str) -> list[tuple[str, str, str]]:
    """Names that each scan may take, best first.

    A file is known by its own name, then by its folder; a series of files by the
    first folder that is not shared by all (the patient's, as a rule), then by the last.
    """
    shared = _n_shared([scan.place for scan in scans])
    candidates = []
    for scan in scans:
        place = scan.place[shared:] or scan.place[:1]
        joined = "-".join((*place, scan.stem) if scan.stem else place) or root_name
        first = place[0] if place else scan.stem or root_name
        if scan.stem and scan.format != "dicom":
            candidates.append((scan.stem, first, joined))
        else:
            last = place[-1] if place else scan.stem or root_name
            candidates.append((first, last, joined))
    return candidates


def _n_shared(places: Sequence[tuple[str, ...]]) -> int:
    n = 0
    for parts in zip(*places, strict=False):
        if len(set(parts)) > 1:
            break
        n += 1
    return n
