"""Medical Segmentation Decathlon and nnU-Net: `imagesTr/lung_000_0000.nii.gz`, `labelsTr`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from clam_core.files.found_scan import FoundScan

_FOLDERS = frozenset({"imagestr", "imagests", "imagesval"})
_CHANNEL = re.compile(r"(.+)_(\d{4})")


def take_decathlon(scans: Sequence[FoundScan]) -> tuple[list[FoundScan], int, int]:
    """Cases of image folders as subjects, and numbers of channels taken off their names.

    A channel is a number of four digits at the end of every name, from 0000 on for every case:
    `scan_0000` to `scan_0099` are a hundred scans, not one with a hundred channels.

    Returns:
        All scans, how many lie in such folders, and the most channels of one case.
    """
    inside = [scan for scan in scans if _is_inside(scan)]
    cases = _cases(inside, sure=True) if inside else _cases(list(scans), sure=False)
    most = max((len(channels) for channels in cases.values()), default=0)
    taken = []
    for scan in scans:
        split = _CHANNEL.fullmatch(scan.stem)
        case = split[1] if split and (scan.place, split[1]) in cases else ""
        if not case and _is_inside(scan):
            case = scan.stem
        name = case if most <= 1 else ""
        taken.append(replace(scan, subject=case, case=name) if case else scan)
    return taken, sum(new is not old for new, old in zip(taken, scans, strict=True)), most


def _is_inside(scan: FoundScan) -> bool:
    single = bool(scan.stem) and scan.format != "dicom"
    return single and bool(_FOLDERS & {part.lower() for part in scan.place})


def _cases(scans: list[FoundScan], *, sure: bool) -> dict[tuple[tuple[str, ...], str], set[str]]:
    """Channels of each case by folder and name; empty where the numbers are no channels."""
    splits = [(scan.place, _CHANNEL.fullmatch(scan.stem)) for scan in scans if scan.stem]
    if not splits or len(splits) < len(scans) or not all(match for _, match in splits):
        return {}
    cases: dict[tuple[tuple[str, ...], str], set[str]] = defaultdict(set)
    for place, match in splits:
        if match:
            cases[place, match[1]].add(match[2])
    wanted = {channels: {f"{n:04d}" for n in range(channels)} for channels in range(1, 10)}
    whole = all(channels == wanted.get(len(channels)) for channels in cases.values())
    alike = len({len(channels) for channels in cases.values()}) == 1
    if not whole or not alike:
        return {}
    channels = len(next(iter(cases.values())))
    # in a folder of no known name only `0000` behind every name is a channel beyond doubt
    if len(cases) < 2 or (not sure and channels > 1):
        return cases if sure and channels == 1 else {}
    return cases
