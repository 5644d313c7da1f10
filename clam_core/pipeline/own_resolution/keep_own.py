"""Part of `preprocess`: scans are kept in the study at their own resolution."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from clam_core.errors import ClamError, StudyError
from clam_core.files.personal_names import scrub
from clam_core.pipeline.own_resolution.own_scans import READ_OWN, checked, scan_to_read
from clam_core.pipeline.progress import Progress
from clam_core.pipeline.scans.sources import Source, find_sources
from clam_core.sandbox.pool import ReaderPool, Reply, Task
from clam_core.settings import ReadLimits
from clam_core.study import Study
from clam_core.study.own_voxels.kept_scans import KeptScans, raw_bytes
from clam_core.wording import plural, size_words

STAGE = "Keeping the scans as they are"
_CHANGED = "its files have changed since it was preprocessed"
_GONE = "its files are no longer where they were found"


def to_keep(study: Study) -> dict[str, str]:
    """Digest of the voxels of each ready scan that is not kept yet, by scan id; twins once."""
    kept = KeptScans(study.folder).whole()
    found = {str(digest): str(scan_id) for scan_id, digest in _digests(study).items()}
    return {scan_id: digest for digest, scan_id in found.items() if digest not in kept}


def most_bytes(study: Study) -> int:
    """What keeping the others takes at most; CT takes about three quarters of it."""
    shapes = study.scans()["original_shape"]
    return sum(raw_bytes(str(shapes[scan_id])) for scan_id in to_keep(study))


def keep_own(study: Study, n_workers: int, progress: Progress) -> tuple[str, ...]:
    """Keep every ready scan at its own resolution; goes on where it was.

    Args:
        study: Its scans have been preprocessed; whoever calls holds its lock.
        n_workers: Reader processes.
        progress: Told how many are kept, and how much they take at most.

    Returns:
        Sentences: how many are kept and what they take, and why others are not.

    Raises:
        StudyError: If the disk has no room for them.
    """
    kept, waiting = KeptScans(study.folder), to_keep(study)
    needed, free = most_bytes(study), shutil.disk_usage(study.folder).free
    if needed > free:
        raise StudyError(
            f"Keeping {plural(len(waiting), 'scan')} at their own resolution needs up to "
            f"{size_words(needed)}, and {size_words(free)} are free; free some space. The volumes "
            "of the study are ready."
        )
    all_digests = set(map(str, _digests(study)))
    failed: dict[str, str] = {}
    stage = f"{STAGE} (up to {size_words(needed)})" if waiting else STAGE
    n_before = len(all_digests) - len(waiting)
    progress(stage, n_before, len(all_digests))
    for n_done, (scan_id, reply) in enumerate(_read(study, kept, waiting, n_workers, failed), 1):
        trouble = _keep(kept, reply, waiting[scan_id])
        if trouble:
            failed[scan_id] = trouble
        progress(stage, n_before + n_done, len(all_digests))
    return _sentences(kept, len(all_digests & kept.whole()), failed)


def _digests(study: Study) -> pd.Series[Any]:
    scans = study.scans()
    if "voxel_digest" not in scans:
        return pd.Series(dtype=object)
    return scans.loc[scans["status"] == "ready", "voxel_digest"].dropna()


def _read(
    study: Study,
    kept: KeptScans,
    waiting: dict[str, str],
    n_workers: int,
    failed: dict[str, str],
) -> Iterator[tuple[str, tuple[Path, Reply, Source]]]:
    """Read the scans in processes of their own; those without files are told in `failed`."""
    sources, limits = find_sources(study), ReadLimits()

    def tasks() -> Iterator[Task]:
        for number, scan_id in enumerate(waiting):
            source = sources.get(scan_id)
            if source is None or not source.files or set(source.files) & source.missing:
                failed[scan_id] = _GONE
                continue
            arguments = {
                "scan": scan_to_read(study, scan_id, source),
                "to": str(kept.new_file(number)),
                "limits": limits.model_dump(),
            }
            yield Task(f"{READ_OWN}:read_own", arguments, source.n_bytes, key=scan_id)

    with ReaderPool(n_workers, limits, (READ_OWN,)) as pool:
        for task, reply in pool.map(tasks()):
            yield task.key, (Path(task.arguments["to"]), reply, sources[task.key])


def _keep(kept: KeptScans, came: tuple[Path, Reply, Source], digest: str) -> str:
    """Take over what a reader wrote; why not, where it is not what was preprocessed."""
    unpacked, reply, source = came
    try:
        if reply.error is not None:
            return scrub(str(reply.error), source.private)
        try:
            values = checked(reply.values)
        except (ClamError, KeyError, TypeError, ValueError):
            return "the reader's answer is no scan"
        if values["voxel_digest"] != digest:
            return _CHANGED
        kept.keep(unpacked, values)
        return ""
    finally:
        unpacked.unlink(missing_ok=True)


def _sentences(kept: KeptScans, n_kept: int, failed: dict[str, str]) -> tuple[str, ...]:
    told = [
        f"{plural(n_kept, 'scan')} kept at their own resolution in the study, which takes "
        f"{size_words(kept.n_bytes)}."
    ]
    told += [
        f"{plural(n, 'scan')} not kept: {why}."
        for why, n in Counter(why.rstrip(".") for why in failed.values()).most_common(10)
    ]
    return tuple(told)
