"""Step `preprocess`: every found scan is read and brought onto the study's grid."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pandas as pd

from clam_core.errors import MissingStepError, SettingsError, StudyError
from clam_core.files.file_ref import FileRef
from clam_core.files.personal_names import scrub
from clam_core.find.discover import Searcher
from clam_core.pipeline.fingerprints import known_voxels, of_voxels
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.scans.keep_ready import TWINS, carry_over
from clam_core.pipeline.scans.look_again import look_again
from clam_core.pipeline.scans.losses import refuse_failed, refuse_missing, scans_with_missing_files
from clam_core.pipeline.scans.moved import as_volumes_of, named_as_before
from clam_core.pipeline.scans.prepared_words import summary_of_prepared
from clam_core.pipeline.scans.sources import find_sources
from clam_core.pipeline.summary import Summary
from clam_core.sandbox.engine import Engine, Reply, Task
from clam_core.sandbox.workforce import Workforce
from clam_core.settings import PreprocessSettings, ReadLimits
from clam_core.study import Prepared, ScanWriter, Study
from clam_core.study.own_voxels.kept_scans import KeptScans
from clam_core.wording import plural, size_words

PRELOAD = ("clam_core.pipeline.scans.prepare_scan",)

QUALITY: dict[str, str] = {
    "original_shape": "str",
    "original_spacing_mm": "str",
    "original_orientation": "str",
    "hu_min": "float64",
    "hu_p01": "float64",
    "hu_p50": "float64",
    "hu_p99": "float64",
    "hu_max": "float64",
    "lung_litres": "float64",
    "lung_left_litres": "float64",
    "lung_right_litres": "float64",
    "mask_quality": "float64",
    "mask_source": "str",
    "voxel_digest": "str",
}
"""Columns that preprocessing adds to the scans table, and their types."""

GEOMETRY = ("affine", "source_affine", "source_shape")
"""Columns that hold a list of numbers: two 4 x 4 matrices row by row, and a shape."""


def preprocess(
    study: Study,
    settings: PreprocessSettings,
    n_workers: int = 2,
    progress: Progress = silent,
    *,
    forget_missing: bool = False,
    scheduler: str = "",
) -> Summary:
    """Read every scan that was found and store its volume, mask, picture and quality.

    Killed at any moment it leaves the study as it was, and goes on from there when
    it is started again with the same settings; the result is the same to the byte.
    A volume that is ready is never replaced by a failure unless that is asked for.

    Args:
        study: A study whose scans have been found.
        settings: The grid, the mask and the crop.
        n_workers: Reader processes.
        progress: Told how many scans are done.
        forget_missing: Give up scans whose files are missing or can no longer be prepared.
        scheduler: Of a cluster (see `Workforce`); empty: this computer.

    Returns:
        How many scans are ready, failed, given up, and worth a look.

    Raises:
        SettingsError: If the grid has not the study's number of axes.
        MissingStepError: If no scan was found.
        StudyError: If files of most scans are missing, or if a scan that is ready would
            become failed; the study is as before.
        BusyError: If another process writes to the study.
    """
    if len(settings.grid) != study.info.spatial_dims:
        raise SettingsError(
            f"The grid has {len(settings.grid)} axes, and the study's scans have "
            f"{study.info.spatial_dims}; give as many numbers."
        )
    with study.lock():
        run = _Run(study, settings, Workforce(n_workers, scheduler), forget_missing=forget_missing)
        return run.finish(progress)


class _Run:
    """One run of the step: which scans are wanted, where their files lie, what is done."""

    def __init__(
        self, study: Study, settings: PreprocessSettings, work: Workforce, *, forget_missing: bool
    ) -> None:
        self._study, self._settings, self._workforce = study, settings, work
        self._forgets = forget_missing
        self._scans = study.scans()
        self._ready = set(self._scans.index[self._scans["status"] == "ready"])
        self._limits = ReadLimits()
        self._files: pd.DataFrame | None = None
        self._sources = find_sources(study)
        self._rows = {scan_id: row for row, scan_id in enumerate(self._scans.index)}
        self._done: dict[str, dict[str, Any]] = {}

    def finish(self, progress: Progress) -> Summary:
        """Do what is not done yet, then let the results take their places."""
        fingerprint = of_voxels(self._settings, self._sources)
        prepared = self._study.info.prepared
        stored = "" if prepared is None else prepared.files or prepared.fingerprint
        if stored in known_voxels(self._settings, self._sources):
            fingerprint = stored
        is_made = stored == fingerprint and self._study.is_whole()
        n_mended = self._look_again(progress)
        if n_mended:
            fingerprint = of_voxels(self._settings, self._sources)
        elif is_made and not self._is_mended():
            return summary_of_prepared(
                self._scans, "Nothing to do: it was made with these settings before."
            )
        if not self._sources:
            raise MissingStepError("No scan of this study can be read; see the reasons it names.")
        if not self._forgets:
            root = Path(self._study.info.scans_root)
            masks = self._settings.reads_masks
            refuse_missing(self._sources, self._ready, root, with_masks=masks)
        _check_space(self._study.folder, self._settings, len(self._sources))
        with ScanWriter(self._study, self._settings.grid) as writer:
            self._recall(writer.start(fingerprint))
            if is_made:
                waiting = [one for one in self._scans.index if one in self._ready - set(self._done)]
                columns = (*QUALITY, *GEOMETRY)
                self._done |= carry_over(self._study, writer, waiting, columns)
            self._work(writer, progress)
            scans = self._table()
            if not self._forgets:
                refuse_failed(scans, self._ready & _failed(scans))
            n_ready = int((scans["status"] == "ready").sum())
            now = Prepared(settings=self._settings, fingerprint=fingerprint, n_ready=n_ready)
            if prepared is not None and is_made:  # no volume that was there has changed
                now = as_volumes_of(now, prepared)
            else:
                now = named_as_before(self._study, writer, scans, now)
            writer.commit(scans, now, self._files)
        _forget_kept(self._study, scans)
        said = f"{plural(n_mended, 'scan')} that failed before can be read now." if n_mended else ""
        return summary_of_prepared(scans, said, self._n_given_up(scans))

    def _recall(self, lines: Iterable[dict[str, Any]]) -> None:
        """Take over what was done before; a volume is not given up for an old failure."""
        for line in lines:
            scan_id = line.pop("scan_id")
            if line["status"] == "ready" or scan_id not in self._ready:
                self._done[scan_id] = line

    def _look_again(self, progress: Progress) -> int:
        """How many scans that failed when the study was made can be read now."""
        if not (self._study.sources()["role"] == "failed").any():
            return 0
        with self._readers() as pool:
            seen = look_again(self._study, Searcher(pool, self._limits, progress))
        self._scans = seen.scans
        if seen.readable:
            self._files = seen.sources
            self._sources = find_sources(self._study, stored=seen.sources)
        return len(seen.readable)

    def _is_mended(self) -> bool:
        """Whether a scan that failed can be prepared now, though its file looks as before.

        A drive that hung or a right that was missing leaves size and time as they were.
        """
        failed = [one for one in self._sources if one not in self._ready]
        if not failed:
            return False
        with self._readers() as pool:
            tasks = (task for task in self._tasks() if task.key in failed)
            lines = {task.key: self._line(task.key, reply) for task, reply in pool.map(tasks)}
        for scan_id, line in lines.items():
            self._scans.at[scan_id, "reason"] = line["reason"]
        return any(line["status"] == "ready" for line in lines.values())

    def _n_given_up(self, scans: pd.DataFrame) -> int:
        """How many failed only because they might be given up."""
        if not self._forgets:
            return 0
        missing = scans_with_missing_files(self._sources, with_masks=self._settings.reads_masks)
        return len((self._ready | missing) & _failed(scans))

    def _work(self, writer: ScanWriter, progress: Progress) -> None:
        total = len(self._sources)
        progress("Preprocessing", len(self._done), total)
        with self._readers() as pool:
            for task, reply in pool.map(self._tasks()):
                line = self._line(task.key, reply)
                writer.write(self._rows[task.key], reply.arrays, {"scan_id": task.key, **line})
                self._done[task.key] = line
                progress("Preprocessing", len(self._done), total)

    def _readers(self) -> AbstractContextManager[Engine]:
        places = [Path(self._study.info.scans_root)]
        places += [source.files[0].path for source in [*self._sources.values()][:1]]
        return self._workforce.readers(self._limits, PRELOAD, *filter(Path.exists, places))

    def _tasks(self) -> Iterator[Task]:
        for scan_id, source in self._sources.items():
            if scan_id in self._done:
                continue
            arguments = {
                "scan": {
                    "format": str(self._scans.at[scan_id, "format"]),
                    "files": _paths(source.files),
                    "mask_format": source.mask_format,
                    "masks": _paths(source.masks),
                    "unit": self._study.info.unit,
                },
                "settings": self._settings.model_dump(),
                "limits": self._limits.model_dump(),
            }
            yield Task(f"{PRELOAD[0]}:prepare_scan", arguments, source.n_bytes, key=scan_id)

    def _line(self, scan_id: str, reply: Reply) -> dict[str, Any]:
        """What becomes of the row of one scan, without names that it must not hold."""
        private = self._sources[scan_id].private
        if reply.error is not None:
            return {"status": "failed", "reason": scrub(str(reply.error), private)}
        values = reply.values
        return {
            **values,
            "status": "ready",
            "reason": "",
            "warnings": scrub(str(values["warnings"]), private),
        }

    def _table(self) -> pd.DataFrame:
        """The scans table with the new columns, whatever order the scans were done in."""
        scans = self._scans.copy()
        rows = [self._done.get(scan_id, {}) for scan_id in scans.index]
        for name in ("status", "reason"):
            scans[name] = [row.get(name, old) for row, old in zip(rows, scans[name], strict=True)]
        scans["warnings"] = pd.Series([r.get("warnings", "") for r in rows], scans.index, "str")
        for name, dtype in QUALITY.items():
            scans[name] = pd.Series([r.get(name) for r in rows], scans.index, dtype)
        for name in GEOMETRY:
            scans[name] = pd.Series([r.get(name) for r in rows], scans.index, "object")
        return _note_twins(scans)


def _forget_kept(study: Study, scans: pd.DataFrame) -> None:
    """Scans at their own resolution go with the scan that they were kept of."""
    ready = scans.loc[scans["status"] == "ready", "voxel_digest"].dropna()
    KeptScans(study.folder).forget_others(set(map(str, ready)))


def _paths(refs: Iterable[FileRef]) -> list[list[str | None]]:
    return [[str(ref.path), ref.member] for ref in refs]


def _check_space(folder: Path, settings: PreprocessSettings, n_scans: int) -> None:
    needed = n_scans * math.prod(settings.grid) * 3  # int16 volume and bool mask, uncompressed
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise StudyError(
            f"The volumes of {n_scans:,} scans need up to {size_words(needed)}, and "
            f"{size_words(free)} are free; free some space or choose a smaller grid."
        )


def _note_twins(scans: pd.DataFrame) -> pd.DataFrame:
    """Say which scans hold the same voxels under two names."""
    ready = scans[scans["status"] == "ready"]
    for _, twins in ready.groupby("voxel_digest"):
        if len(twins) < 2:
            continue
        for scan_id in twins.index:
            others = ", ".join(other for other in twins.index[:6] if other != scan_id)
            said = str(twins.loc[scan_id, "warnings"])
            text = f"{said} {TWINS.format(others)}"
            scans.loc[scan_id, "warnings"] = text.strip()
    return scans


def _failed(scans: pd.DataFrame) -> set[str]:
    return set(scans.index[scans["status"] == "failed"])
