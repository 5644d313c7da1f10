"""Discover the scans below a folder, in an archive, or named by a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from clam_core.files.file_ref import FileRef
from clam_core.files.found_scan import Discovery, FoundScan, SkippedFiles
from clam_core.find.files_to_scans import group_files
from clam_core.find.inspect import FileRecord
from clam_core.find.layouts.label_values import doubt_of_labels
from clam_core.find.layouts.recognise import recognise
from clam_core.find.listing import Listing, list_files
from clam_core.find.manifest import ManifestRow
from clam_core.find.path_index import FoundPath, PathIndex
from clam_core.read.dicom import DicomHeader
from clam_core.sandbox.engine import Engine, Reply, Task
from clam_core.settings import ReadLimits

BATCH = 64
"""Files that are looked into by one task."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Searcher:
    """How to look into files.

    Attributes:
        pool: Reads the files in sandboxed processes.
        limits: What one file may cost.
        progress: Told how many files have been looked into.
    """

    pool: Engine
    limits: ReadLimits
    progress: Progress


def discover(
    root: Path, searcher: Searcher, spatial_dims: int | None = None, *, by_layout: bool = True
) -> Discovery:
    """Find all scans below a root; every file is in a scan or skipped with a reason.

    Args:
        root: Folder, zip archive or single file.
        searcher: How to look into files.
        spatial_dims: 2 or 3; None takes 3 if there is any volume, else 2.
        by_layout: Whether paths and names are asked whose the scans are, and which files are
            labels; else every file that can be read is a scan.

    Returns:
        Scans without names (see `scan_ids`), and skipped files.

    Raises:
        ReadError, UnsafeFileError: If there is nothing there, or the root is an
            archive that is refused.
    """
    listing = list_files(root, searcher.pool)
    records = inspect_all(listing.files, searcher)
    scans, skipped = group_files(records, listing.place, spatial_dims)
    notes: list[str] = []
    if by_layout:
        check = partial(doubt_of_labels, pool=searcher.pool, limits=searcher.limits)
        seen = recognise(_sorted(scans), [ref.name for ref in listing.files], check)
        scans, skipped, notes = seen.scans, [*skipped, *seen.skipped], seen.notes
    return Discovery(
        _sorted([*scans, *listing.refused]),
        (*listing.skipped, *skipped),
        tuple(notes),
        private_words=_words(records),
    )


def discover_rows(
    root: Path, rows: Sequence[ManifestRow], searcher: Searcher, spatial_dims: int | None = None
) -> Discovery:
    """Find the scans that a table names; files that it does not name are left alone.

    Args:
        root: Folder or archive to which the table's paths are relative.
        rows: Rows of the table; one that cannot be used has a problem.
        searcher: How to look into files.
        spatial_dims: 2 or 3; None takes 3 if there is any volume, else 2.

    Returns:
        One scan per row, named, in the order of the rows.
    """
    listing = list_files(root, searcher.pool)
    index = PathIndex(listing)
    files = {row.line: index.below(row.path) for row in rows if not row.problem}
    masks = {row.line: index.below(row.mask) for row in rows if row.mask and not row.problem}
    used = sorted({ref for found in (*files.values(), *masks.values()) for ref in found.files})
    records = {record.ref: record for record in inspect_all(used, searcher)}
    group = _Grouper(records, listing, spatial_dims)
    scans = [
        group.scan(row, files.get(row.line, FoundPath()), masks.get(row.line, FoundPath()))
        for row in rows
    ]
    taken = {ref for scan in scans for ref in (*scan.files, *scan.masks)}
    aside: dict[tuple[str, str], list[FileRef]] = defaultdict(list)
    for ref in listing.files:
        if ref not in taken:
            aside[group.aside.get(ref, ("file", "The scans table does not name it."))].append(ref)
    skipped = (SkippedFiles(tuple(refs), *why) for why, refs in aside.items())
    return Discovery(
        tuple(scans), (*listing.skipped, *skipped), private_words=_words(records.values())
    )


def _words(records: Iterable[FileRecord]) -> frozenset[str]:
    """Words that name patients in the headers of files that are no scans."""
    return frozenset(word for record in records for word in record.private_words)


def inspect_all(files: Sequence[FileRef], searcher: Searcher) -> list[FileRecord]:
    """Look into all files; a file at which its reader stops is found out and failed."""
    records: dict[FileRef, FileRecord] = {}
    again: list[FileRef] = []
    tasks = (_task(batch, searcher.limits) for batch in _batches(files, BATCH))
    for task, reply in searcher.pool.map(tasks):
        if reply.error is None:
            records.update(_records(task, reply))
        else:
            again += task.key
        searcher.progress("Looking into files", len(records), len(files))
    for task, reply in searcher.pool.map(_task([ref], searcher.limits) for ref in again):
        if reply.error is None:
            records.update(_records(task, reply))
        else:
            (ref,) = task.key
            reason = f"{ref.name}: {reply.error}"
            records[ref] = FileRecord(ref, "unknown", status="failed", reason=reason)
        searcher.progress("Looking into files", len(records), len(files))
    return [records[ref] for ref in files]


def _batches(files: Sequence[FileRef], size: int) -> Iterator[list[FileRef]]:
    rest = iter(files)
    while batch := list(islice(rest, size)):
        yield batch


def _task(batch: list[FileRef], limits: ReadLimits) -> Task:
    arguments = {"files": [[str(r.path), r.member] for r in batch], "limits": limits.model_dump()}
    return Task("clam_core.find.inspect:inspect_files", arguments, n_bytes=0, key=batch)


def _records(task: Task, reply: Reply) -> dict[FileRef, FileRecord]:
    pairs = zip(task.key, reply.values["records"], strict=True)
    return {ref: _record(ref, values) for ref, values in pairs}


def _record(ref: FileRef, values: dict[str, Any]) -> FileRecord:
    dicom = DicomHeader.from_json(values["dicom"]) if values["dicom"] else None
    return FileRecord(
        ref,
        values["kind"],
        tuple(values["shape"]),
        values["status"],
        values["reason"],
        dicom,
        values["series_key"],
        tuple(values["private_words"]),
        values["data_file"],
    )


def _sorted(scans: Iterable[FoundScan]) -> tuple[FoundScan, ...]:
    return tuple(sorted(scans, key=lambda scan: (scan.place, scan.stem, scan.files[:1])))


class _Grouper:
    """Makes exactly one scan of the files of one row.

    Attributes:
        aside: Files below a row's path that are not in its scan, each with what it is and why.
    """

    def __init__(
        self, records: dict[FileRef, FileRecord], listing: Listing, spatial_dims: int | None
    ) -> None:
        self._records = records
        self._listing = listing
        self._dims = spatial_dims
        self.aside: dict[FileRef, tuple[str, str]] = {}

    def scan(self, row: ManifestRow, at: FoundPath, masks: FoundPath) -> FoundScan:
        """The scan of a row, failed if its files are not exactly one scan."""
        if row.problem or not at.files:
            nothing = f"There is nothing at {row.path!r} (line {row.line}). {at.advice}".strip()
            one = FoundScan("none", ()).failed(row.problem or nothing)
        else:
            one = self._one(at.files, self._dims)
        said = (*one.notes, *(words for words in (at.note, masks.note) if words))
        scan = replace(one, scan_id=row.scan_id, subject_id=row.subject_id, notes=said)
        if not row.mask or scan.status == "failed":
            self._set_aside(masks.files, "mask", "The scan to which it belongs cannot be used.")
            return scan
        if not masks.files:
            nothing = f"There is no mask at {row.mask!r} (line {row.line}). {masks.advice}"
            return scan.failed(nothing.strip())
        mask = self._one(masks.files, None)
        if mask.status == "failed":
            self._set_aside(masks.files, "mask", mask.reason)
            return scan.failed(f"Its mask cannot be used: {mask.reason}")
        return replace(scan, masks=mask.files, mask_format=mask.format)

    def _one(self, files: Sequence[FileRef], dims: int | None) -> FoundScan:
        records = [self._records[ref] for ref in files]
        scans, skipped = group_files(records, self._listing.place, dims)
        found = [scan for scan in scans if scan.status == "found"]
        if len(found) == 1:
            for one in scans:
                self._set_aside(one.files, "file", one.reason)
            for item in skipped:
                self._set_aside(item.files, item.kind, item.reason)
            return found[0]
        if len(found) > 1:
            reason = f"It holds {len(found)} scans; name one of them in the table."
            return FoundScan("none", tuple(files)).failed(reason)
        reasons = [scan.reason for scan in scans] + [item.reason for item in skipped]
        return FoundScan("none", tuple(files)).failed(reasons[0])

    def _set_aside(self, files: Iterable[FileRef], kind: str, reason: str) -> None:
        self.aside |= dict.fromkeys(files, (kind, reason))
