"""Files that say what is in a scan (masks, segmentations, labels) and are no scans themselves."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import takewhile

from clam_core.files.file_ref import FileRef
from clam_core.files.found_scan import FoundScan, SkippedFiles
from clam_core.find.layouts.path_words import is_plain
from clam_core.wording import plural

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_LABEL = frozenset(
    {"mask", "masks", "label", "labels", "labelmap", "labelmaps", "lungmask", "gtv", "gt", "seg"}
    | {"segs", "segm", "segmentation", "segmentations", "dseg", "probseg", "groundtruth"}
    | {"roi", "rois", "annotation", "annotations", "contour", "contours"}
)
_LABEL_FOLDERS = frozenset({"labelstr", "labelsts", "labelsval", "maskstr", "gtsegmentations"})
_IMAGE_WORDS = frozenset(
    {"ct", "mr", "pet", "image", "images", "img", "imgs", "imagestr", "imagests", "imagesval"}
    | {"scan", "scans", "volume", "volumes", "vol", "raw", "orig", "original", "data", "org"}
    | {"mask", "masks", "and"}
)
_SPACE = re.compile(r"_space-(?!orig|individual|scan|T1w|ct)[A-Za-z0-9]+")
_SUFFIX = re.compile(r"_[A-Za-z0-9]+$")
_ENTITIES = re.compile(r"_(?:desc|label|space|res|den|hemi)-[A-Za-z0-9]+")

CheckLabels = Callable[[Sequence[FoundScan]], str]
"""Looks into some labels; says why they cannot be masks, or nothing."""


@dataclass(frozen=True)
class Sorted:
    """Scans, and what was set aside as labels.

    Attributes:
        scans: The scans, with masks where these are beyond doubt.
        skipped: The labels.
        notes: What was seen, one sentence each.
    """

    scans: list[FoundScan]
    skipped: list[SkippedFiles]
    notes: list[str]


def set_labels_aside(scans: Sequence[FoundScan], check: CheckLabels) -> Sorted:
    """Tell labels from scans, and give them to their scans as masks where that is beyond doubt.

    A file is a label if its folder or its own name says so, and others are there that it may
    be a label of. DICOM images are never taken for labels.

    Args:
        scans: Everything that was found, with `subject` and `case` where a layout gave them.
        check: Looks into labels.

    Returns:
        Scans and labels; where everything would be a label, everything stays a scan.
    """
    marked = {id(scan): label_set(scan) for scan in scans}
    images = [scan for scan in scans if not marked[id(scan)]]
    if not images:
        return Sorted(list(scans), [], [])
    beside = _Beside(images)
    labels = [scan for scan in scans if marked[id(scan)] and beside.has_image(scan)]
    if not labels:
        return Sorted(list(scans), [], [])
    left = {id(one) for one in labels}
    kept = [scan for scan in scans if id(scan) not in left]
    sets: dict[str, list[FoundScan]] = defaultdict(list)
    for scan in labels:
        sets[label_set(scan)].append(scan)
    kept, note = _give_masks(kept, sets, check)
    used = {ref for scan in kept for ref in scan.masks}
    by_place: dict[tuple[str, ...], list[FileRef]] = defaultdict(list)
    for scan in labels:
        by_place[scan.place] += [ref for ref in scan.files if ref not in used]
    reason = "A mask or label of a scan, by its name or folder; not a scan itself."
    skipped = [SkippedFiles(tuple(refs), "label", reason) for refs in by_place.values() if refs]
    said = (
        f"{plural(len(labels), 'file')} in folders or with names of masks and labels "
        f"{'is no scan' if len(labels) == 1 else 'are no scans'}; {note}"
    )
    return Sorted(kept, skipped, [said])


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name)]


@lru_cache(maxsize=1 << 14)
def _is_label_folder(name: str) -> bool:
    words = [word for word in _words(name) if not word.isdigit()]
    joined = "".join(words)
    return joined in _LABEL_FOLDERS or (bool(words) and words[-1] in _LABEL)


def label_set(scan: FoundScan) -> str:
    """What kind of label it is by folder or name, empty for an image."""
    if scan.format in {"dicom", "none"} or not (scan.stem or scan.format == "stack"):
        return ""
    for part in reversed(scan.place):
        if _is_label_folder(part):
            return f"folder {part}"
    words = _words(scan.stem)
    while words and words[-1].isdigit():
        words.pop()
    if words and words[-1] in _LABEL:
        tail = takewhile(lambda one: one in _LABEL or is_plain(one), reversed(words))
        return "name " + "_".join(reversed([one for one in tail if not one.isdigit()]))
    return f"first {words[0]}" if words and words[0] in _LABEL else ""


class _Beside:
    """Images by folder and by key: what a label may be a label of."""

    def __init__(self, images: Sequence[FoundScan]) -> None:
        self._places = {image.place for image in images}
        self._keys = {case_key(image) for image in images}
        self._subjects = {image.subject for image in images if image.subject}

    def has_image(self, scan: FoundScan) -> bool:
        """Whether there is an image that this may be a label of."""
        kind = label_set(scan)
        if kind.startswith("folder"):
            return True  # there are images elsewhere
        if case_key(scan) in self._keys or scan.subject in self._subjects:
            return True
        return kind.startswith("name") and scan.place in self._places


def case_key(scan: FoundScan) -> tuple[str, ...]:
    """What image and label of one case share: words of the name, or the folder of both."""
    stem = _ENTITIES.sub("", scan.case or scan.stem)
    if "sub-" in stem:
        stem = _SUFFIX.sub("", stem)  # of BIDS: `_ct`, `_T1w`, `_mask`
    words = [one for one in _words(stem) if one not in _LABEL and one not in _IMAGE_WORDS]
    if any(one.isdigit() or not is_plain(one) for one in words):
        return ("name", *words)
    return folder_key(scan)


def folder_key(scan: FoundScan) -> tuple[str, ...]:
    """The folder of a case, without folders for images or for labels."""
    place = [one for one in scan.place if not _is_label_folder(one)]
    while place and place[-1].lower() in _IMAGE_WORDS:
        place.pop()
    return ("place", *place)


def _give_masks(
    scans: list[FoundScan], sets: dict[str, list[FoundScan]], check: CheckLabels
) -> tuple[list[FoundScan], str]:
    """Masks for all scans or for none: a cohort is not looked at in two ways."""
    after = "name one per scan in a scans table (column mask) to use them."
    fitting = {name: one for name in sets if (one := _pairs(scans, sets[name]))}
    for wanted in ({"lung", "lungs", "lungmask"}, {"mask", "masks"}):  # of several the plainest
        named = [one for one in fitting if wanted & set(_words(one)) and "and" not in _words(one)]
        fitting = {name: fitting[name] for name in named} if len(named) == 1 else fitting
    if not fitting:
        return scans, f"they are not used as masks, because not every scan has one mask; {after}"
    if len(fitting) > 1:
        return scans, f"they are not used as masks, because each scan has several; {after}"
    ((name, pairs),) = fitting.items()
    doubt = check(list(pairs.values()))
    if doubt:
        return scans, f"they are not used as masks: {doubt}; {after}"
    given = [
        replace(scan, masks=pairs[id(scan)].files, mask_format=pairs[id(scan)].format)
        if id(scan) in pairs
        else scan
        for scan in scans
    ]
    where = name.partition(" ")[2]
    called = f"those called {where!r}" if is_plain(where) else "they"
    return given, (
        f"{called} are taken as the masks of the scans: only what they mark is looked at. To look "
        "at the whole lungs instead, prepare the scans with the mask 'lungs' (find the lungs in "
        "every scan)."
    )


def _pairs(scans: Sequence[FoundScan], labels: Sequence[FoundScan]) -> dict[int, FoundScan]:
    """The one label of each scan; empty unless every scan has one of its own."""
    found = [scan for scan in scans if scan.status == "found"]
    usable = [one for one in labels if one.status == "found" and not _SPACE.search(one.stem)]
    for key_of in (case_key, folder_key):
        by_key: dict[tuple[str, ...], list[FoundScan]] = defaultdict(list)
        for label in usable:
            by_key[key_of(label)].append(label)
        keys = [key_of(scan) for scan in found]
        if found and len(set(keys)) == len(keys) and all(len(by_key[key]) == 1 for key in keys):
            return {id(scan): by_key[key][0] for scan, key in zip(found, keys, strict=True)}
    return {}
