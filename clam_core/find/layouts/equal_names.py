"""Subjects where no name says when a scan was made: names that are alike tell whose it is."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from clam_core.files.found_scan import FoundScan
from clam_core.find.layouts.path_words import is_plain, is_subject_like
from clam_core.find.layouts.whose import Whose, has_digit, home_of

MOST_COUNTED = 4
"""Scans per subject on average where only a number behind the name tells them apart."""

_PLAIN_FILE = re.compile(r"([^\W\d_][^\d]*)\d{0,2}")
"""`ct`, `chest_ct2`: not `001` or `CT_001`, which may count subjects."""
_COUNTED = re.compile(r"(.*\d)(?:[_\- ](\d)|[_\- ]?([a-d]))", re.IGNORECASE)


def by_nested_names(scans: Sequence[FoundScan]) -> dict[int, Whose]:
    """`P01/P01_a.nii.gz`: a folder's name with which the names of all in it begin."""
    found = {}
    for scan in scans:
        for depth, name in enumerate(scan.place):
            inside = [one for one in (*scan.place[depth + 1 :], scan.stem) if one]
            nested = [one for one in inside if re.match(rf"{re.escape(name)}[_\- .]", one)]
            # `site1/site1_001`: a group may name its files, but hardly their folders, too
            is_own = is_subject_like(name) or len(nested) > 1
            if has_digit(name) and inside and len(nested) == len(inside) and is_own:
                found[id(scan)] = Whose(name, home_of(scan.place[:depth]), None, "nested")
                break
    return found


def by_equal_files(scans: Sequence[FoundScan]) -> dict[int, Whose]:
    """`P01/ct1.nii.gz`, `P01/ct2.nii.gz`, `P02/ct1.nii.gz`: the same plain names in each folder."""
    places: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for scan in scans:
        if name := _plain_name(scan):
            places[name].add(scan.place)
    found = {}
    for scan in scans:
        if len(places.get(_plain_name(scan), ())) < 2:
            continue
        depths = [n for n, part in enumerate(scan.place) if has_digit(part)]
        if depths and is_subject_like(scan.place[depths[-1]]):
            n = depths[-1]
            found[id(scan)] = Whose(scan.place[n], home_of(scan.place[:n]), None, "files")
    return found


def _plain_name(scan: FoundScan) -> str:
    match = None if scan.format == "dicom" else _PLAIN_FILE.fullmatch(scan.stem)
    return match[1].lower() if match and is_plain(scan.stem) else ""


def by_series_folder(scans: Sequence[FoundScan]) -> dict[int, Whose]:
    """DICOM series without a patient's id that lie beside each other in a folder with a number."""
    found = {}
    for scan in scans:
        if scan.format != "dicom" or scan.patient_id or scan.stem or len(scan.place) < 2:
            continue
        folder = scan.place[-2]
        if has_digit(folder) and is_subject_like(folder):
            found[id(scan)] = Whose(folder, home_of(scan.place[:-2]), None, "series")
    return found


def by_counters(scans: Sequence[FoundScan]) -> dict[int, Whose]:
    """`P001_1`, `P001_2`, or `P001a`, `P001b`: a counter from 1 on behind each subject."""
    splits = {id(scan): _COUNTED.fullmatch(scan.stem) for scan in scans if scan.stem}
    counters: dict[tuple[tuple[str, ...], str], list[str]] = defaultdict(list)
    for scan in scans:
        if match := splits.get(id(scan)):
            counters[scan.place, match[1]].append((match[2] or match[3]).lower())
    n_split = sum(len(each) for each in counters.values())
    is_whole = n_split == len(scans) and len(counters) >= 3
    if not is_whole or not len(counters) < n_split <= MOST_COUNTED * len(counters):
        return {}
    if not all(_counts(sorted(each)) for each in counters.values()):
        return {}
    return {
        id(scan): Whose(match[1], home_of(scan.place), None, "counters")
        for scan in scans
        if (match := splits[id(scan)]) and is_subject_like(match[1])
    }


def _counts(each: list[str]) -> bool:
    """Whether these are the first numbers or letters, from 0, 1 or a on."""
    return any("".join(each) == text[: len(each)] for text in ("0123456789", "123456789", "abcd"))
