"""Give every scan its pseudonyms: an id that tells it apart, and its subject's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from clam_core.files.found_scan import FoundScan
from clam_core.files.likely_names import is_surely_name
from clam_core.files.personal_names import clean, code, looks_private, unique_ids
from clam_core.find.layouts.path_words import moment_of

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
    candidates = _candidates(scans, root_name, hides_dates=ids != "names")
    wanted = unique_ids(candidates)
    named, n_replaced, taken = [], 0, set(wanted)
    for scan, own, one in zip(scans, candidates, wanted, strict=True):
        private = any(looks_private(name, scan.private_words) for name in own if name in one)
        if ids == "codes" or (
            ids == "auto" and (private or looks_private(one, scan.private_words))
        ):
            n_replaced += 1
            one = _number(n_replaced, taken)  # noqa: PLW2901
        subject, session = _subject(scan, one, key, ids), _session(scan, ids)
        named.append(replace(scan, scan_id=one, subject_id=subject, session=session))
    return named, n_replaced


def _number(n: int, taken: set[str]) -> str:
    """`scan-0001`, or the next that no file is called."""
    while (one := f"scan-{n:04d}") in taken:
        n += len(taken)
    taken.add(one)
    return one


def _subject(scan: FoundScan, scan_id: str, key: str, ids: IdMode) -> str:
    """The patient's id where it is known to be a pseudonym, else its hash.

    Where no header has one, it is the subject of the scan's layout, if there is any.
    """
    if scan.patient_id:
        harmless = scan.pseudonymous and "^" not in scan.patient_id
        harmless = harmless and not is_surely_name(scan.patient_id)
        whose = scan.patient_id
    elif scan.subject:
        harmless = not looks_private(scan.subject, scan.private_words)
        whose = scan.subject
    else:
        return scan_id
    if ids == "names" or (ids == "auto" and harmless):
        return clean(whose)
    return code(key, whose, prefix="sub-")


def _session(scan: FoundScan, ids: IdMode) -> str:
    """The session as it may be stored: a number instead of a date, nothing that may be a name."""
    if ids == "names":
        return clean(scan.session)
    if scan.visit:
        return f"visit-{scan.visit}"
    known = moment_of(scan.session)  # our own words of visits and phases name nobody
    is_harmless = known is not None and not known.before and known.kind in {"visit", "phase"}
    is_harmless = is_harmless or not looks_private(scan.session, scan.private_words)
    return clean(scan.session) if is_harmless else ""


def _candidates(
    scans: Sequence[FoundScan], root_name: str, *, hides_dates: bool
) -> list[tuple[str, str, str]]:
    """Names that each scan may take, best first.

    A file is known by its own name, then by its folder; a series of files by the
    first folder that is not shared by all (the patient's, as a rule), then by the last.
    A scan whose layout tells subject and visit is known by these.
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
    own = [_own_name(scan, hides_dates=hides_dates) for scan in scans]
    often = Counter(own)
    return [
        (_with_rest(scan, name) if often[name] > 1 else name, names[1], names[2]) if name else names
        for scan, name, names in zip(scans, own, candidates, strict=True)
    ]


def _own_name(scan: FoundScan, *, hides_dates: bool) -> str:
    """What the layout calls a scan; empty where the name of its file or folder says it all."""
    if scan.case or not scan.session:
        return scan.case
    if scan.visit and hides_dates:
        return f"{scan.subject}_visit-{scan.visit}"
    return "" if scan.subject in scan.stem else f"{scan.subject}_{scan.session}"


def _with_rest(scan: FoundScan, name: str) -> str:
    """Several scans of one visit are told apart by their files, or by their last folders."""
    rest = scan.stem or (scan.place[-1] if scan.place else "")
    return f"{name}_{rest}" if rest and not looks_private(rest, scan.private_words) else name


def _n_shared(places: Sequence[tuple[str, ...]]) -> int:
    n = 0
    for parts in zip(*places, strict=False):
        if len(set(parts)) > 1:
            break
        n += 1
    return n
