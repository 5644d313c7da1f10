"""Step `create`: a folder of scans becomes a study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from clam_core.errors import ReadError
from clam_core.files.found_scan import Discovery, FoundScan
from clam_core.files.personal_names import clean, stem
from clam_core.find.discover import Searcher, discover, discover_rows
from clam_core.find.scan_and_subject_ids import IdMode, name_scans
from clam_core.find.shared_ids import note_shared_ids
from clam_core.find.stored_paths import stored_root
from clam_core.pipeline.clinical.open_table import read_scans_table
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.scans.found_tables import FoundTables, fit_modality
from clam_core.pipeline.scans.found_words import nothing_found, summary_of_found, whose_scans
from clam_core.pipeline.summary import Summary
from clam_core.sandbox.workforce import Workforce
from clam_core.settings import ReadLimits, Settings, Unit
from clam_core.study import StudyInfo, check_free, create_study
from clam_core.study.keys.key_files import check_keys_folder, keep_key, new_key

PRELOAD = ("clam_core.find.inspect",)


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
    store = FoundTables(home, key, found, hides=hides)
    skipped = store.skipped(found)
    if not found.scans:
        raise ReadError(nothing_found(root, skipped, key))
    scans, n_replaced, shared = list(found.scans), 0, list[str]()
    if table is None:
        scans, n_replaced = name_scans(scans, clean(stem(root.name)), key, options.ids)
        scans, shared = note_shared_ids(scans)
    modality = options.modality or _modality(scans)
    unit: Unit = "HU" if modality == "CT" else "arbitrary"
    scans = [fit_modality(scan, modality) for scan in scans]
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
