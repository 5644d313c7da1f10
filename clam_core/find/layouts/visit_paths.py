"""Folders or names of patient and visit: `PAT001/20190304/ct.nii.gz`, `10005Q_INSP_STD`."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from clam_core.files.found_scan import FoundScan
from clam_core.find.layouts.equal_names import (
    by_counters,
    by_equal_files,
    by_nested_names,
    by_series_folder,
)
from clam_core.find.layouts.path_words import date_key, is_plain, is_subject_like, moment_of
from clam_core.find.layouts.whose import Whose, has_digit, home_of

MOST_PER_SUBJECT = 12
"""Scans of one subject on average; names shared by more are those of groups."""

_NUMBER_BEHIND = re.compile(r"[_\- ]\d{2,}$")


def take_visits(scans: Sequence[FoundScan]) -> tuple[list[FoundScan], Counter[str]]:
    """Subject and session of scans of which no other layout has told.

    Returns:
        All scans, and how many were recognised by which rule: `folders` of patient and visit,
        `names` that hold a visit, and those of `equal_names`.
    """
    free = [scan for scan in scans if not scan.subject]
    n_names = _count_names(free)
    found = {id(scan): one for scan in free if (one := _by_path(scan, n_names))}
    found |= _by_outer_visit([scan for scan in free if id(scan) not in found])
    for rule in (by_nested_names, by_equal_files, by_series_folder, by_counters):
        found |= rule([scan for scan in free if id(scan) not in found])
    found = _plausible(found)
    homes: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for one in found.values():
        homes[one.subject].add(one.home)
    taken = []
    for scan in scans:
        one = found.get(id(scan))
        if one is None:
            taken.append(scan)
            continue
        parts = (*one.home, one.subject) if len(homes[one.subject]) > 1 else (one.subject,)
        text, kind = (one.moment.text, one.moment.kind) if one.moment else ("", "")
        if kind == "modality":
            text, kind = "", ""
        taken.append(replace(scan, subject="-".join(parts), session=text, moment=kind))
    return taken, Counter(one.rule for one in found.values())


def number_visits(scans: Sequence[FoundScan]) -> list[FoundScan]:
    """Number the dates of each subject in their order; other sessions keep their names."""
    dates = date_key({scan.session for scan in scans if scan.moment == "date"})
    ordered: dict[str, list[str]] = defaultdict(list)
    for scan in scans:
        if scan.moment in {"date", "study"} and scan.session not in ordered[scan.subject]:
            ordered[scan.subject].append(scan.session)
    for sessions in ordered.values():
        sessions.sort(key=lambda text: (dates.get(text, ()), text))
    return [
        replace(scan, visit=ordered[scan.subject].index(scan.session) + 1)
        if scan.moment in {"date", "study"}
        else scan
        for scan in scans
    ]


def _by_path(scan: FoundScan, n_names: Sequence[int]) -> Whose | None:
    """The outermost folder, or the file, that says when; what stands above or before is whose."""
    for depth, name in enumerate(scan.place):
        moment = moment_of(name)
        if moment is None or moment.kind == "modality":
            continue
        if moment.before:
            if is_subject_like(moment.before) and has_digit(moment.before):
                return Whose(moment.before, home_of(scan.place[:depth]), moment, "folders")
            continue
        above = [n for n, part in enumerate(scan.place[:depth]) if is_subject_like(part)]
        above = [n for n in above if has_digit(scan.place[n])] or above
        if above:  # of several the folder of which there are most: `ADNI/002_S_0413/MT1/2006-05-02`
            n = max(above, key=lambda one: (n_names[one], -one))
            return Whose(scan.place[n], home_of(scan.place[:n]), moment, "folders")
    return _by_name(scan)


def _count_names(scans: Sequence[FoundScan]) -> list[int]:
    """How many folders of different names there are at each depth."""
    deepest = max((len(scan.place) for scan in scans), default=0)
    return [len({scan.place[n] for scan in scans if len(scan.place) > n}) for n in range(deepest)]


def _by_name(scan: FoundScan) -> Whose | None:
    moment = moment_of(scan.stem) if scan.stem else None
    if moment is None or not moment.before or not has_digit(moment.before):
        return None
    if not is_subject_like(moment.before):
        return None
    if moment.kind == "modality" and _NUMBER_BEHIND.search(scan.stem):
        return None  # COVID19_CT_001: the number behind may be the subject
    return Whose(moment.before, home_of(scan.place), moment, "names")


def _by_outer_visit(scans: Sequence[FoundScan]) -> dict[int, Whose]:
    """`baseline/P01.nii.gz` and `followup/P01.nii.gz`: the visit is the outer folder."""
    found: dict[int, Whose] = {}
    sessions: dict[str, set[str]] = defaultdict(set)
    for scan in scans:
        whose = _outer(scan)
        if whose is not None and whose.moment is not None:
            found[id(scan)] = whose
            sessions[whose.subject].add(whose.moment.text.lower())
    repeated = sum(len(texts) > 1 for texts in sessions.values())
    n_sessions = len(set().union(*sessions.values()))
    # folders that share no names are groups of people, and more of them than names are people
    is_whose = len(sessions) >= max(2, n_sessions) and 2 * repeated >= len(sessions)
    return found if is_whose else {}


def _outer(scan: FoundScan) -> Whose | None:
    for depth, name in enumerate(scan.place):
        moment = moment_of(name)
        if moment is None or moment.before or moment.kind not in {"visit", "phase"}:
            continue
        below = [*scan.place[depth + 1 :], scan.stem]
        subject = next((one for one in below if one and not is_plain(one)), "")
        subject = subject or next((one for one in below if re.search(r"\d", one)), "")
        if subject and is_subject_like(subject):
            return Whose(subject, home_of(scan.place[:depth]), moment, "folders")
    return None


def _plausible(found: dict[int, Whose]) -> dict[int, Whose]:
    """Without the rules by which many scans would belong to one subject."""
    n_scans = Counter(one.rule for one in found.values())
    n_subjects = Counter(
        rule for rule, _, _ in {(o.rule, o.home, o.subject) for o in found.values()}
    )
    good = {rule for rule, n in n_scans.items() if n <= MOST_PER_SUBJECT * n_subjects[rule]}
    return {key: one for key, one in found.items() if one.rule in good}
