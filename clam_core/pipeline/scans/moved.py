"""Scans that lie elsewhere now: moved, copied, or mounted under another name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from clam_core.errors import SettingsError, StudyError
from clam_core.files.file_ref import FileRef
from clam_core.files.likely_names import is_surely_name
from clam_core.pipeline.fingerprints import known_voxels, of_voxels
from clam_core.pipeline.scans.sources import Source, find_sources
from clam_core.study import Prepared, ScanWriter, Study
from clam_core.study.atomic import write_json
from clam_core.study.json_files.study_info import STUDY
from clam_core.wording import plural

Sources = Mapping[str, Source]


def move_scans(study: Study, folder: Path) -> str:
    """Take note of the folder in which a study's scans lie now.

    Volumes that were made of the same files stay as they are: a file counts as the same where
    its place below the folder, its size and its time of change are. Where a copy has another
    time, `preprocess` reads it again, and runs stay valid if the volumes come out the same.

    Args:
        study: The study.
        folder: Where the scans lie.

    Returns:
        What was noted, in one sentence.

    Raises:
        SettingsError: If there is no such folder, or the study would come to hold a name.
        StudyError: If it does not hold the files of this study; the study is as before.
        BusyError: If another process writes to the study.
    """
    if not folder.is_dir():
        raise SettingsError(f"There is no folder {str(folder)!r}; name the one with the scans.")
    folder = folder.resolve()  # the study is opened from other places, too
    before = Path(study.info.scans_root)
    # A folder called like a patient is stored as a code below its parent.
    found = {root: find_sources(study, root=root) for root in (folder, folder.parent)}
    here, sources = min(found.items(), key=lambda one: _n_missing(one[1]))
    n_missing, n_before = _n_missing(sources), _n_missing(find_sources(study))
    if n_missing == _n_files(sources) or n_missing > n_before:
        raise StudyError(
            f"{n_missing:,} of {plural(_n_files(sources), 'file')} of scans cannot be found below "
            f"{folder.name!r} either, so nothing was changed; name the folder that holds what "
            f"{before.name or str(before)!r} held."
        )
    if is_surely_name(here.name) and not is_surely_name(before.name):
        raise SettingsError(
            "That folder is called like a person, and the study would hold the name; give the "
            "folder another one."
        )
    with study.lock():
        prepared = _as_now(study.info.prepared, sources, before, here)
        info = study.info.model_copy(update={"scans_root": str(here), "prepared": prepared})
        write_json(study.folder / STUDY, info.model_dump())
        study.replace_info(info)
    told = f"; {n_missing:,} cannot be found" if n_missing else ""
    return f"{plural(_n_files(sources), 'file')} of scans now lie below {folder.name!r}{told}."


def named_as_before(
    study: Study, writer: ScanWriter, scans: pd.DataFrame, now: Prepared
) -> Prepared:
    """What was prepared now, under the name of what is stored where the volumes are the same.

    Copies of the scans have other times of change, and no other voxels: runs stay valid.

    Args:
        study: The study as it is.
        writer: Holds what was made now.
        scans: The scans table as it becomes.
        now: What is to be stored.
    """
    old, before = study.info.prepared, study.scans()
    if old is None or old.settings != now.settings or now.fingerprint == old.fingerprint:
        return now
    ready = [scans.index[scans["status"] == "ready"] for scans in (before, scans)]
    if list(ready[0]) != list(ready[1]) or any(
        list(before.loc[ready[0], name]) != list(scans.loc[ready[0], name])
        for name in ("mask_source", "voxel_digest")
    ):
        return now
    rows = {scan_id: row for row, scan_id in enumerate(scans.index)}
    if not all(writer.is_as_stored(rows[scan_id], scan_id) for scan_id in ready[0]):
        return now
    return as_volumes_of(now, old)


def as_volumes_of(now: Prepared, old: Prepared) -> Prepared:
    """What was prepared now, under the name of volumes that are all still there.

    Args:
        now: Its fingerprint is that of the files as they are now.
        old: What was stored before.
    """
    files = "" if now.fingerprint == old.fingerprint else now.fingerprint
    return now.model_copy(update={"fingerprint": old.fingerprint, "files": files})


def _as_now(prepared: Prepared | None, now: Sources, before: Path, here: Path) -> Prepared | None:
    """What was prepared, known by the files as they lie now if they are the same ones."""
    if prepared is None:
        return None
    as_before = {key: _elsewhere(source, here, before) for key, source in now.items()}
    if (prepared.files or prepared.fingerprint) not in known_voxels(prepared.settings, as_before):
        return prepared
    return prepared.model_copy(update={"files": of_voxels(prepared.settings, now)})


def _elsewhere(source: Source, here: Path, there: Path) -> Source:
    """A source with its paths below another folder."""

    def moved(path: Path) -> Path:
        return there / path.relative_to(here)

    def refs(those: tuple[FileRef, ...]) -> tuple[FileRef, ...]:
        return tuple(replace(ref, path=moved(ref.path)) for ref in those)

    stamps = tuple((str(moved(Path(path))), size, time) for path, size, time in source.stamps)
    return replace(source, files=refs(source.files), masks=refs(source.masks), stamps=stamps)


def _n_missing(sources: Sources) -> int:
    return len(frozenset().union(*(source.missing for source in sources.values())))


def _n_files(sources: Sources) -> int:
    return len(frozenset().union(*(source.needed(with_masks=True) for source in sources.values())))
