"""Step `create`: a folder of scans becomes a study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from clam_core.errors import ReadError
from clam_core.files.found_scan import Discovery, FoundScan
from clam_core.files.personal_names import (
    clean,
    code,
    looks_private,
    scrub,
    stem,
)
from clam_core.find.discover import Searcher, discover, discover_rows
from clam_core.find.scan_and_subject_ids import IdMode, name_scans
from clam_core.find.shared_ids import note_shared_ids
from clam_core.find.stored_paths import store_ref, stored_root
from clam_core.pipeline.clinical.open_table import read_scans_table
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.scans.found_words import nothing_found, summary_of_found, whose_scans
from clam_core.pipeline.summary import Summary
from clam_core.sandbox.workforce import Workforce
from clam_core.settings import ReadLimits, Settings, Unit
from clam_core.study import StudyInfo, check_free, create_study
from clam_core.study.keys.key_files import check_keys_folder, keep_key, new_key

ACQUISITION: dict[str, str] = {
    "manufacturer": "str",
    "model": "str",
    "kernel": "str",
    "kvp": "float64",
    "slice_thickness_mm": "float64",
    "contrast": "str",
    "site": "str",
}
"""Columns of the scans table that come from headers, and their types."""

PRELOAD = ("clam_core.find.inspect",)

MOST_NAMED = 20
"""Skipped files of one folder and reason that get a row each; more share one."""

_SPELLED = {"PT": "PET", "OT": "of no named modality", "picture": "pictures"}


class CreateOptions(Settings):
    """How scans are looked for and named.

    Attributes:
        spatial_dims: 2 or 3; None takes 3 if there is any volume.
        modality: As DICOM names it; None takes what most scans are, where a
            volume whose format does not say counts as CT.
        ids: See `scan_ids.name_scans`.
        layout: `auto` asks paths and names whose the scans are and which files are labels;
            `none` takes every file for a scan of a subject of its own.
        n_workers: Reader processes.
        scheduler: Of a cluster (see `Workforce`); empty: this computer.
    """

    spatial_dims: Literal[2, 3] | None = None
    modality: str | None = None
    ids: IdMode = "auto"
    layout: Literal["auto", "none"] = "auto"
    n_workers: int = 2
    scheduler: str = ""


def create(
    folder: Path,
    root: Path,
    table: Path | None = None,
    options: CreateOptions | None = None,
    progress: Progress = silent,
) -> Summary:
    """Find the scans below `root` and make a study of them.

    Args:
        folder: The new study.
        root: Folder, zip archive or single file that holds the scans.
        table: Scans table (CSV or XLSX) that names them; its paths are relative
            to `root`. Without it all scans below `root` are taken.
        options: How to look and to name.
        progress: Told how many files have been looked into.

    Returns:
        What was found.

    Raises:
        StudyError: If `folder` is not free, or the study's key cannot be stored.
        ReadError, TableError: If there is no scan at all, or the table is unusable.
    """
    options = options or CreateOptions()
    check_free(folder)
    root = root.absolute()
    limits = ReadLimits()
    check_keys_folder(folder)
    key = new_key()
    work = Workforce(options.n_workers, options.scheduler)
    with work.readers(limits, PRELOAD, root) as pool:
        searcher = Searcher(pool, limits, progress)
        if table is None:
            by_layout = options.layout == "auto"
            found = discover(root, searcher, options.spatial_dims, by_layout=by_layout)
        else:
            rows = read_scans_table(table, root)
            found = discover_rows(root, rows, searcher, options.spatial_dims)
    found = _share_words(found)
    hides = table is None and options.ids != "names"
    home = stored_root(root, found if hides else None)
    store = _Store(home, key, found, hides=hides)
    skipped = store.skipped(found)
    if not found.scans:
        raise ReadError(nothing_found(root, skipped, key))
    scans, n_replaced, shared = list(found.scans), 0, list[str]()
    if table is None:
        scans, n_replaced = name_scans(scans, clean(stem(root.name)), key, options.ids)
        scans, shared = note_shared_ids(scans)
    modality = options.modality or _modality(scans)
    unit: Unit = "HU" if modality == "CT" else "arbitrary"
    scans = [_fit_modality(scan, modality) for scan in scans]
    info = StudyInfo(
        spatial_dims=options.spatial_dims or _dims(scans),
        modality=modality,
        unit=unit,
        scans_root=str(home),
        key_id=keep_key(key),
        found=(*whose_scans(scans), *shared, *found.notes),
    )
    stored = store.scans(scans)
    create_study(folder, info, stored, store.sources(scans), skipped)
    return summary_of_found(info, stored, skipped, n_replaced)


def _share_words(found: Discovery) -> Discovery:
    """A file without a readable header of its own may bear the name of any of the patients."""
    words = found.all_private_words()
    scans = tuple(
        replace(scan, private_words=scan.private_words or words)
        if scan.status == "failed" or scan.format != "dicom"
        else scan
        for scan in found.scans
    )
    return replace(found, scans=scans)


def _modality(scans: Sequence[FoundScan]) -> str:
    """What most scans are; a volume whose format does not say is taken to be CT."""
    known = Counter(scan.modality or "CT" for scan in scans if scan.status == "found")
    return max(known, key=lambda name: (known[name], name == "CT"), default="CT")


def _dims(scans: Sequence[FoundScan]) -> int:
    """Axes of the scans that were found; of all, where none was."""
    kept = [scan for scan in scans if scan.status == "found"] or scans
    return 2 if all(scan.n_axes != 3 for scan in kept) and any(scan.n_axes for scan in kept) else 3


def _fit_modality(scan: FoundScan, modality: str) -> FoundScan:
    if scan.status == "failed" or not scan.modality or scan.modality == modality:
        return replace(scan, modality=scan.modality or modality)
    own, others = (_SPELLED.get(name, name) for name in (scan.modality, modality))
    return scan.failed(
        f"It is {own}, and this study holds {others}; the two are not comparable. "
        "Make a study of its own for it."
    )


class _Store:
    """Turns what was found into tables without personal data."""

    def __init__(self, root: Path, key: str, found: Discovery, *, hides: bool) -> None:
        self._root, self._key, self._hides = root, key, hides
        self._all_words = found.all_private_words()
        self._places: dict[tuple[Any, str, str], tuple[str, str | None]] = {}

    def scans(self, scans: Sequence[FoundScan]) -> pd.DataFrame:
        """The scans table as it is before preprocessing."""
        rows = [self._row(scan) for scan in scans]
        table = pd.DataFrame(rows, index=pd.Index([s.scan_id for s in scans], name="scan_id"))
        texts = [
            "subject_id",
            "session",
            "source",
            "status",
            "reason",
            "modality",
            "format",
            "notes",
        ]
        return table.astype({**dict.fromkeys(texts, "str"), **ACQUISITION, "n_files": "int64"})

    def _row(self, scan: FoundScan) -> dict[str, Any]:
        values = {name: scan.acquisition.get(name) for name in ACQUISITION}
        values["site"] = code(self._key, scan.institution, "site-", 6) if scan.institution else None
        return {
            "subject_id": scan.subject_id,
            "session": scan.session,
            "source": self._label(scan),
            "status": scan.status,
            "reason": self._harmless(scan.reason, scan),
            "modality": scan.modality,
            "format": scan.format,
            "n_files": len(scan.files),
            "notes": self._harmless(" ".join(scan.notes), scan),
            **values,
        }

    def _label(self, scan: FoundScan) -> str:
        """Where the scan lies, in words: its file, or the folder of its files."""
        if not scan.files:
            return ""
        stored = [self._stored(ref, scan) for ref in scan.files]
        full = ["/".join(filter(None, pair)).split("/") for pair in stored]
        if len(full) == 1:
            return "/".join(full[0])
        shared = []
        for parts in zip(*full, strict=False):
            if len(set(parts)) > 1:
                break
            shared.append(parts[0])
        return "/".join(shared) or "."

    def _stored(self, ref: Any, scan: FoundScan) -> tuple[str, str | None]:  # noqa: ANN401
        key = ref, scan.scan_id, scan.status
        if key not in self._places:
            words = self._words(scan) if self._hides else None
            self._places[key] = store_ref(ref, self._root, self._key, words)
        return self._places[key]

    def _words(self, scan: FoundScan) -> frozenset[str]:
        """Words that name its patient; of files without a header, those of everybody's."""
        return scan.private_words or (self._all_words if scan.status == "failed" else frozenset())

    def _harmless(self, text: str, scan: FoundScan) -> str:
        """A sentence without the names that this study must not hold."""
        if not self._hides or not text:
            return text
        words = self._words(scan)
        names = {part for ref in scan.files for part in self._parts(ref)}
        private = {n for n in names if looks_private(n, words)}
        return scrub(text, {*private, *(stem(n) for n in private), *words})

    def _parts(self, ref: Any) -> list[str]:  # noqa: ANN401
        path = list(ref.path.relative_to(self._root).parts)
        return path + (ref.member.split("/") if ref.member else [])

    def sources(self, scans: Sequence[FoundScan]) -> pd.DataFrame:
        """Every file of every scan; those that failed are kept to be pointed at."""
        rows = []
        for scan in scans:
            role = "scan" if scan.status == "found" else "failed"
            for kind, refs in ((role, scan.files), (f"mask:{scan.mask_format}", scan.masks)):
                rows += [(scan.scan_id, kind, *self._stored(ref, scan)) for ref in refs]
        return pd.DataFrame(rows, columns=["scan_id", "role", "path", "member"]).astype("str")

    def skipped(self, found: Discovery) -> pd.DataFrame:
        """Every file that is no scan; many of one folder and reason share a row."""
        rows = []
        for item in found.skipped:
            is_few = len(item.files) <= MOST_NAMED
            for files in [(ref,) for ref in item.files] if is_few else [item.files]:
                scan = FoundScan("none", files).failed(item.reason)
                reason = self._harmless(item.reason, scan)
                rows.append((self._label(scan), item.kind, len(files), reason))
        columns = ["source", "kind", "n_files", "reason"]
        table = pd.DataFrame(rows, columns=columns)
        return table.astype({"source": "str", "kind": "str", "n_files": "int64", "reason": "str"})
