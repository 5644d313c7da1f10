"""Scans that failed when they were looked for, looked at again: their files may be mended now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from clam_core.errors import MissingKeyError, ReadError
from clam_core.files.file_ref import FileRef
from clam_core.files.found_scan import Discovery, FoundScan
from clam_core.files.personal_names import clean, code
from clam_core.find.discover import Searcher, inspect_all
from clam_core.find.files_to_scans import group_files
from clam_core.find.listing import files_in, place_of
from clam_core.find.scan_and_subject_ids import name_scans
from clam_core.find.stored_paths import find_ref
from clam_core.pipeline.scans.found_tables import FoundTables, StoredRef, fit_modality
from clam_core.study import Study

MENDED = "It could not be read when the study was made; its files have been mended since."
_OF_FILES = ("dicom", "stack")
"""Formats of which a scan is many files: one that was missing may lie beside them now."""


@dataclass(frozen=True)
class SecondLook:
    """What a study's tables become.

    Attributes:
        scans: The scans table; what can be read now has the status `found`, and what cannot has
            the reason of today.
        sources: Files of every scan.
        readable: Scans that failed before and can be read now.
    """

    scans: pd.DataFrame
    sources: pd.DataFrame
    readable: tuple[str, ...] = ()


def look_again(study: Study, searcher: Searcher) -> SecondLook:
    """Look into the files of scans that failed when the study was made.

    A scan is readable if its files, and for a series what else lies in their folders and belongs
    to no other scan, are now exactly one scan of the study's kind. It keeps its id, and where
    all scans have masks it needs one, too. Nothing is written.

    Args:
        study: The study, locked by the caller.
        searcher: How to look into files.
    """
    scans, sources = study.scans(), study.sources()
    before = SecondLook(scans, sources)
    try:
        key = study.key("failed scans cannot be looked at again")
    except MissingKeyError:
        return before
    places = _Places(Path(study.info.scans_root), key, sources)
    candidates = {
        one: places.candidates(one, str(scans.at[one, "format"])) for one in places.failed
    }
    wanted = sorted({ref for refs in candidates.values() for ref in refs})
    records = {record.ref: record for record in inspect_all(wanted, searcher)}
    seen: list[FoundScan] = []
    dims = study.info.spatial_dims
    for scan_id, refs in candidates.items():
        grouped, _ = group_files([records[ref] for ref in refs], places.place, dims)
        one = _the_one(grouped, places.failed[scan_id])
        if one is None:
            continue
        one = fit_modality(one, study.info.modality)
        row = scans.loc[scan_id]
        subject = _subject(one, str(row["subject_id"]), places.key, set(scans["subject_id"]))
        session = str(row["session"])
        one = replace(one, scan_id=scan_id, subject_id=subject, session=session)
        seen.append(replace(one, notes=(*one.notes, MENDED)))
    return _tables(before, seen, places) if seen else before


class _Places:
    """Where the files of failed scans lie, and how they are stored.

    Attributes:
        root: Folder to which stored paths are relative.
        key: The study's key.
        known: How each file is stored.
        failed: Files of each scan that may be looked at again; some may have gone.
    """

    def __init__(self, root: Path, key: str, sources: pd.DataFrame) -> None:
        self.root, self.key = root, key
        self.known: dict[FileRef, StoredRef] = {}
        self.failed: dict[str, set[FileRef]] = {}
        self._owner: dict[FileRef, str] = {}
        masked = set(sources.loc[sources["role"].str.startswith("mask:"), "scan_id"])
        for scan_id, role, ref in self._refs(_of_the_same_folders(sources)):
            self._owner[ref] = scan_id
            # A scan whose mask is what failed must not come in without it.
            if role == "failed" and (not masked or scan_id in masked):
                self.failed.setdefault(scan_id, set()).add(ref)

    def _refs(self, rows: pd.DataFrame) -> Iterator[tuple[str, str, FileRef]]:
        columns = (rows[name] for name in ("scan_id", "role", "path", "member"))
        for scan_id, role, path, member in zip(*columns, strict=True):
            ref = self._find((str(path), None if pd.isna(member) else str(member)))
            if ref is not None:
                yield scan_id, role, ref

    def _find(self, stored: StoredRef) -> FileRef | None:
        try:
            ref = find_ref(*stored, self.root, self.key)
        except ReadError:  # it has gone
            return None
        self.known[ref] = stored
        return ref

    def candidates(self, scan_id: str, fmt: str) -> list[FileRef]:
        """Its files that are there; of a series also those beside them that no scan has."""
        own = self.failed[scan_id]
        found = {ref for ref in own if ref.path.is_file()}
        if fmt in _OF_FILES:
            folders = {ref.path.parent for ref in own if ref.member is None}
            beside = (ref for folder in folders for ref in files_in(folder, self.root))
            found |= {ref for ref in beside if self._owner.get(ref, scan_id) == scan_id}
        return sorted(found)

    def place(self, ref: FileRef) -> tuple[str, ...]:
        """Components of a file's folder below the root."""
        return place_of(ref, self.root)


def _of_the_same_folders(sources: pd.DataFrame) -> pd.DataFrame:
    """Files in folders that hold a file of a failed scan; a study may have millions of others."""
    folders = sources["path"].str.rpartition("/")[0]
    return sources[folders.isin(folders[sources["role"] == "failed"])]


def _the_one(scans: Sequence[FoundScan], own: set[FileRef]) -> FoundScan | None:
    """What the files of one scan are now; None if they are gone, or several scans."""
    mine = [scan for scan in scans if own.intersection(scan.files)] or list(scans)
    found = [scan for scan in mine if scan.status == "found"] or mine
    return found[0] if len(found) == 1 else None


def _subject(scan: FoundScan, before: str, key: str, subjects: set[str]) -> str:
    """Whose scan it is: a header that could not be read before may tell now.

    The study may keep patients' ids or their codes; the one that it has already is taken.
    """
    if not scan.patient_id:
        return before
    spelled = code(key, scan.patient_id, prefix="sub-"), clean(scan.patient_id)
    if before in spelled:
        return before
    known = [one for one in spelled if one in subjects]
    return known[0] if known else name_scans([scan], "", key)[0][0].subject_id


def _tables(before: SecondLook, seen: Sequence[FoundScan], places: _Places) -> SecondLook:
    """The study's tables with what was seen now."""
    found = FoundTables(
        places.root, places.key, Discovery(tuple(seen), ()), hides=True, known=places.known
    )
    scans, sources = before.scans.copy(), before.sources
    for scan_id, row in found.scans(seen).iterrows():
        is_failed = row["status"] == "failed"
        for name in ("reason",) if is_failed else row.index:
            scans.at[scan_id, name] = row[name]
    readable = [scan for scan in seen if scan.status == "found"]
    ids = {scan.scan_id for scan in readable}
    stays = ~((sources["role"] == "failed") & sources["scan_id"].isin(ids))
    joined = pd.concat([sources[stays], found.sources(readable)])
    order = {scan_id: n for n, scan_id in enumerate(scans.index)}
    sources = joined.sort_values("scan_id", key=lambda one: one.map(order), kind="stable")
    return SecondLook(scans, sources.reset_index(drop=True), tuple(sorted(ids)))
