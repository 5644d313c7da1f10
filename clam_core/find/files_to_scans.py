"""From files to scans: series of slices, volumes, stacks of pictures, single pictures."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from clam_core.errors import ClamError
from clam_core.files.file_ref import FileRef
from clam_core.files.found_scan import FoundScan, SkippedFiles
from clam_core.files.personal_names import stem
from clam_core.find.inspect import PICTURES, FileRecord
from clam_core.read.dicom import SeriesOutcome, group_series
from clam_core.read.pairs import file_beside

MIN_STACK = 3
"""Fewer pictures in one folder are no volume."""

COPY = "A copy of a slice that the scan holds already."

Place = Callable[[FileRef], tuple[str, ...]]
_Key = TypeVar("_Key")
_Item = TypeVar("_Item")


def group_files(
    records: Sequence[FileRecord], place: Place, spatial_dims: int | None
) -> tuple[list[FoundScan], list[SkippedFiles]]:
    """Make scans of files.

    Args:
        records: What `inspect_files` found; every file ends in one scan or is skipped.
        place: Components of a file's folder below the root.
        spatial_dims: 2 or 3; None takes 3 if there is any volume, else 2.

    Returns:
        Scans, found or failed, and skipped files.
    """
    voxels = {ref for record in records for ref in _pair(record)[1:]}
    records = [record for record in records if record.ref not in voxels]
    scans, skipped = _group_dicom(records, place)
    images = [r for r in records if r.kind in {"nifti", "nrrd", "metaimage"}]
    scans += [_image_scan(r, place) for r in images if r.status != "skipped"]
    skipped += _skip(
        ((r.ref, r.reason) for r in records if r.status == "skipped"), place, kind="file"
    )
    unread = [r for r in records if r.kind == "unknown" and r.status == "failed"]
    scans += [_image_scan(r, place) for r in unread]
    pictures = [r for r in records if r.kind in PICTURES and r.status != "skipped"]
    dims = spatial_dims or _guess_dims(scans, pictures)
    if dims == 2:
        scans += [_image_scan(r, place) for r in pictures]
    else:
        alone = _stands_alone(pictures, place)
        scans += [_image_scan(r, place) for r in alone]
        slices = [r for r in pictures if r not in alone]
        stacks, single = _stack(slices, place, wanted=spatial_dims == 3)
        scans += stacks
        skipped += single
    return _fit_dims(scans, skipped, dims)


def _guess_dims(scans: Iterable[FoundScan], pictures: Sequence[FileRecord]) -> int:
    """3 where there is a volume; of pictures alone, where most have several pages."""
    n_flat = sum(len(record.shape) == 2 for record in pictures)
    n_deep = sum(len(record.shape) == 3 for record in pictures)
    return 3 if n_deep > n_flat or any(scan.n_axes == 3 for scan in scans) else 2


def _pair(record: FileRecord) -> tuple[FileRef, ...]:
    """The file, and the one beside it that holds its voxels."""
    if not record.data_file:
        return (record.ref,)
    try:
        return (record.ref, file_beside(record.ref, record.data_file))
    except ClamError:  # it has gone since: its reader will say so
        return (record.ref,)


def _stands_alone(pictures: Sequence[FileRecord], place: Place) -> list[FileRecord]:
    """Pictures of several pages, and broken ones in folders without slices of one page."""
    flat = {place(record.ref) for record in pictures if len(record.shape) == 2}
    return [
        record
        for record in pictures
        if len(record.shape) == 3
        or (record.kind == "tiff" and record.status == "failed" and place(record.ref) not in flat)
    ]


def _group_dicom(
    records: Sequence[FileRecord], place: Place
) -> tuple[list[FoundScan], list[SkippedFiles]]:
    outcomes = group_series([r.dicom for r in records if r.dicom is not None])
    kept = [o for o in outcomes if o.kind != "skipped"]
    skipped = [
        SkippedFiles(tuple(o.refs), "DICOM image", o.reason)
        for o in outcomes
        if o.kind == "skipped"
    ]
    judged = {ref for outcome in outcomes for ref in outcome.refs}
    copies = [r.ref for r in records if r.dicom is not None and r.ref not in judged]
    skipped += _skip(((ref, COPY) for ref in copies), place, kind="DICOM image")
    broken = [r for r in records if r.kind == "dicom" and r.status == "failed"]
    scans = [_series_scan(outcome, place) for outcome in kept]
    keys = {outcome.series_key for outcome in kept} - {""}
    for key, files in _by((r for r in broken if r.series_key in keys), _series_of).items():
        reason = _and_more(files[0].reason, len(files) - 1)
        own = [n for n, outcome in enumerate(kept) if outcome.series_key == key]
        for n in own:
            scans[n] = scans[n].failed(reason)
        lost = tuple(r.ref for r in files)
        scans[own[0]] = replace(scans[own[0]], files=(*scans[own[0]].files, *lost))
    stray = [r for r in broken if r.series_key not in keys]
    return _add_stray(scans, stray, place), skipped


def _series_of(record: FileRecord) -> str:
    return record.series_key


def _add_stray(
    scans: list[FoundScan], stray: Sequence[FileRecord], place: Place
) -> list[FoundScan]:
    """Broken files of unknown series: a failed scan per folder, and a word to those beside it."""
    added = []
    for folder, files in _by(stray, lambda r: place(r.ref)).items():
        reason = _and_more(files[0].reason, len(files) - 1)
        refs = tuple(r.ref for r in files)
        name = stem(refs[0].name) if len(refs) == 1 else ""
        added.append(FoundScan("dicom", refs, place=folder, stem=name).failed(reason))
        note = (
            f"{len(files)} DICOM file(s) in the same folder could not be read; if they belong to "
            "this scan, slices are missing at its end."
        )
        scans = [
            replace(scan, notes=(*scan.notes, note)) if scan.place == folder else scan
            for scan in scans
        ]
    return scans + added


def _and_more(reason: str, n_more: int) -> str:
    return f"{reason} (And {n_more} more such files.)" if n_more else reason


def _series_scan(outcome: SeriesOutcome, place: Place) -> FoundScan:
    places = [place(ref) for ref in outcome.refs]
    n_shared = sum(1 for parts in zip(*places, strict=False) if len(set(parts)) == 1)
    single = len(outcome.refs) == 1
    return FoundScan(
        "dicom",
        tuple(outcome.refs),
        status="failed" if outcome.kind == "failed" else "found",
        reason=outcome.reason,
        modality=outcome.modality,
        n_axes={"scan": 3, "image": 2}.get(outcome.kind, 0),
        notes=tuple(outcome.notes),
        acquisition=dict(outcome.acquisition),
        private_words=frozenset(outcome.private_words),
        patient_id=outcome.patient_id,
        person=outcome.person,
        institution=outcome.institution,
        pseudonymous=outcome.identity_removed,
        place=places[0][:n_shared],
        stem=stem(outcome.refs[0].name) if single else "",
    )


def _image_scan(record: FileRecord, place: Place) -> FoundScan:
    known = {"nifti", "nrrd", "metaimage"}
    fmt = record.kind if record.kind in known else "picture" if record.kind in PICTURES else "none"
    scan = FoundScan(
        fmt,  # type: ignore[arg-type]
        _pair(record),
        n_axes=len(record.shape),
        modality="picture" if fmt == "picture" else "",
        place=place(record.ref),
        stem=stem(record.ref.name),
    )
    return scan.failed(record.reason) if record.status == "failed" else scan


def _stack(
    pictures: Sequence[FileRecord], place: Place, *, wanted: bool
) -> tuple[list[FoundScan], list[SkippedFiles]]:
    """Pictures of one folder as one volume, where the user asked for volumes."""
    scans, single = [], []
    for folder, files in _by(pictures, lambda r: place(r.ref)).items():
        broken = [r for r in files if r.status == "failed"]
        if not wanted or len(files) < MIN_STACK:
            single += files
            continue
        ordered = tuple(r.ref for r in sorted(files, key=lambda r: _natural(r.ref.name)))
        scan = FoundScan("stack", ordered, n_axes=3, modality="picture", place=folder)
        scans.append(scan.failed(broken[0].reason) if broken else scan)
    reason = (
        f"A picture beside volumes; {MIN_STACK} or more in a folder of their own become a volume "
        "if the study is made with 3 dimensions."
    )
    return scans, _skip(((r.ref, reason) for r in single), place, kind="picture")


def _fit_dims(
    scans: list[FoundScan], skipped: list[SkippedFiles], dims: int
) -> tuple[list[FoundScan], list[SkippedFiles]]:
    """Set aside what has not the study's number of axes."""
    fitting = []
    for scan in scans:
        if scan.status == "failed" or scan.n_axes == dims:
            fitting.append(scan)
        elif dims == 2:
            reason = "It is a volume, and this study holds 2D scans; make a 3D study for it."
            fitting.append(scan.failed(reason))
        elif scan.format == "dicom":
            reason = "A single slice, and this study holds volumes."
            skipped = [*skipped, SkippedFiles(scan.files, "DICOM image", reason)]
        else:
            reason = "It has a single slice, and this study holds volumes."
            fitting.append(scan.failed(reason))
    return fitting, skipped


def _skip(files: Iterable[tuple[FileRef, str]], place: Place, kind: str) -> list[SkippedFiles]:
    """One entry per folder and reason."""
    grouped = _by(files, lambda item: (place(item[0]), item[1]))
    return [
        SkippedFiles(tuple(ref for ref, _ in items), kind, reason)
        for (_, reason), items in grouped.items()
    ]


def _by(items: Iterable[_Item], key: Callable[[_Item], _Key]) -> dict[_Key, list[_Item]]:
    groups: dict[_Key, list[_Item]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Sort key by which `slice2` comes before `slice10`."""
    parts = re.split(r"(\d+)", name.lower())
    return [(1, int(p), "") if p.isdigit() else (0, 0, p) for p in parts]
