"""Step `assign`: a new scan's cluster, how sure, where it falls, and what it resembles."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import ReadError, SettingsError
from clam_core.files.personal_names import looks_private
from clam_core.pipeline.brought.needs_network import require_placing
from clam_core.pipeline.current import check_current
from clam_core.pipeline.method.cohort_work import files_of_run, on_one_thread
from clam_core.pipeline.method.known_run import KnownRun
from clam_core.pipeline.output.destination import Destination
from clam_core.pipeline.output.map_files import map_name, names_of_new, write_map
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.scans.new_scan import NewScan, read_new_scan
from clam_core.pipeline.scans.preprocess import PRELOAD
from clam_core.pipeline.summary import Summary
from clam_core.sandbox.engine import Engine, Task
from clam_core.sandbox.pool import ReaderPool
from clam_core.sandbox.workforce import Workforce
from clam_core.settings import ReadLimits
from clam_core.settings.verdicts import caution_of_size
from clam_core.study import Run, Study
from clam_core.study.stamp import fit_stamp

ALONE = Workforce()
Arrays = dict[str, NDArray[np.generic]]
_HERE = "clam_core.pipeline.method.assign"


def assign(
    run: Run,
    paths: Sequence[Path],
    progress: Progress = silent,
    *,
    to: Destination | None,
    mask: Path | None = None,
    workforce: Workforce = ALONE,
) -> Summary:
    """Assign new scans to the clusters of a run; the study is left as it is.

    Args:
        run: A fitted run; the preprocessing of its study is used.
        paths: A file, folder or archive per scan.
        progress: Told how many are done.
        to: Where the maps go (`<name>-map.nii.gz` on the study's grid), or None.
        mask: Mask of the scan, where there is a single one.
        workforce: Who reads and computes, on one thread each; the default is this process,
            with a reader.

    Returns:
        One sentence and one record per scan: cluster, confidence, soft assignment, place
        on the map, nearest scans, why it is unlike the cohort if it is, or why it failed;
        with `to` what the map says, and its file.

    Raises:
        MissingStepError: If the run has not been fitted.
        NoNetworkError: If it groups numbers of a table.
        StaleRunError: If it was fitted on other volumes.
        StudyError: If a map cannot be written, or another file stands in its place.
        SettingsError: If there is a mask and more than one scan.
        ClamError: If a worker dies.
    """
    if mask is not None and len(paths) != 1:
        raise SettingsError(f"A mask belongs to one scan, but {len(paths)} were given.")
    require_placing(run)
    check_current(run.study, run)
    names = names_of_new(paths)
    places: dict[Path, Path] = {}
    if to is not None:
        to.make()
        stems = [f"{names[path]}-map" for path in names]
        files = to.places([map_name(stem) for stem in stems])
        places = dict(zip(names, files, strict=True))
    found: dict[int, dict[str, Any]] = {}
    with on_one_thread():
        asked = _Asked(run, paths, mask, with_maps=to is not None)
        for number, record, arrays in asked.answers(workforce):
            progress("Assigning scans", len(found), len(paths))
            path = paths[number]
            found[number] = {"scan": _shown(path, names[path]), **record}
            if "map" in arrays:
                file = places[path]
                affine = arrays["affine"].astype(np.float64)
                write_map(file, arrays["map"].astype(np.float32), affine)
                found[number]["map_file"] = file.name
    records = [found[number] for number in range(len(paths))]
    n_failed = sum(record["status"] == "failed" for record in records)
    said = list(map(_sentence, records))
    caution = caution_of_size(len(run.scans()))
    if caution and len(said) > n_failed:
        said.append(caution)
    return Summary(tuple(said), {"scans": records}, n_failed > 0)


class _Asked:
    """Scans whose cluster is asked for."""

    def __init__(
        self, run: Run, paths: Sequence[Path], mask: Path | None, *, with_maps: bool
    ) -> None:
        self._run, self._paths, self._mask = run, paths, mask
        self._with_maps = with_maps

    def answers(self, workforce: Workforce) -> Iterator[tuple[int, dict[str, Any], Arrays]]:
        """Number of each scan with its record and arrays, as they are ready."""
        is_alone = not workforce.scheduler and min(workforce.n_workers, len(self._paths)) <= 1
        return self._here() if is_alone else self._elsewhere(workforce)

    def _here(self) -> Iterator[tuple[int, dict[str, Any], Arrays]]:
        known = KnownRun(self._run.study, self._run)
        with ReaderPool(1, ReadLimits(), PRELOAD) as pool:
            for number, path in enumerate(self._paths):
                yield number, *_answer(known, self._read(path, pool), with_map=self._with_maps)

    def _read(self, path: Path, pool: Engine) -> NewScan:
        return _read(self._run.study, path, self._mask, pool)

    def _elsewhere(self, workforce: Workforce) -> Iterator[tuple[int, dict[str, Any], Arrays]]:
        study, run = self._run.study, self._run
        seen = files_of_run(study, run)
        always = {
            "where": [str(study.folder.resolve()), run.name, fit_stamp(run)],
            "mask": None if self._mask is None else str(self._mask.absolute()),
            "with_map": self._with_maps,
        }
        tasks = (
            Task(f"{_HERE}:assign_one", {**always, "path": str(path.absolute())}, key=number)
            for number, path in enumerate(self._paths)
        )
        n_tasks = len(self._paths)
        with workforce.computers(n_tasks, (_HERE,), *seen) as engine:
            for task, reply in engine.map(tasks):
                yield task.key, *reply.unwrap()


def _read(study: Study, path: Path, mask: Path | None, pool: Engine) -> NewScan:
    """One scan, or why it cannot be read: the others are assigned all the same."""
    try:
        return read_new_scan(study, path, mask, pool)
    except ReadError as error:
        return NewScan(error=error)


def _answer(known: KnownRun, scan: NewScan, *, with_map: bool) -> tuple[dict[str, Any], Arrays]:
    """What the run says of one scan, and its map where it is wanted."""
    record = known.describe(scan)
    if not with_map or scan.error is not None:
        return record, {}
    record["map"], made = known.map_of(scan)
    return record, {"map": made, "affine": scan.affine}


def assign_one(
    where: list[str], path: str, mask: str | None, *, with_map: bool
) -> tuple[dict[str, Any], Arrays]:
    """Assign one scan of many, in a process that keeps the run and its reader for the next.

    Args:
        where: Folder of the study, name of the run, and its stamp.
        path: A file, folder or archive with the scan.
        mask: Its mask, or None.
        with_map: Whether its map is wanted.

    Returns:
        Its record, and the arrays `map` and `affine` where a map was made.
    """
    known, pool = _kept(*where)
    asked = None if mask is None else Path(mask)
    scan = _read(Study(Path(where[0])), Path(path), asked, pool)
    return _answer(known, scan, with_map=with_map)


@functools.lru_cache(maxsize=1)
def _kept(folder: str, name: str, stamp: str) -> tuple[KnownRun, ReaderPool]:  # noqa: ARG001
    study = Study(Path(folder))
    return KnownRun(study, Run(study, name)), ReaderPool(1, ReadLimits(), PRELOAD)


def _shown(path: Path, name: str) -> str:
    """What a scan is called in the result: its file, unless that may be a person's name."""
    return name if looks_private(path.name) else path.name


def assign_task(
    folder: str, name: str, path: str, mask: str | None
) -> tuple[dict[str, Any], dict[str, NDArray[np.generic]]]:
    """Assign one scan and keep what is needed to look at it, for a process that speaks JSON.

    Args:
        folder: Of the study.
        name: Of the run.
        path: A file, folder or archive with the scan.
        mask: Its mask, or None.

    Returns:
        The record of `assign`, with the lines of the maps for each cluster, and the
        arrays `volume`, `mask` (absent without one) and `maps`, shape (n_clusters, *grid).

    Raises:
        ReadError: If there is no scan, or it cannot be read.
    """
    study = Study(Path(folder))
    run = Run(study, name)
    require_placing(run)
    check_current(study, run)
    known = KnownRun(study, run)
    with ReaderPool(1, ReadLimits(), PRELOAD) as pool:
        scan = read_new_scan(study, Path(path), None if mask is None else Path(mask), pool)
    scan.check()
    record = {"scan": "The scan", **known.describe(scan)}
    made = [known.explain(scan, cluster) for cluster in range(1, known.n_clusters + 1)]
    record |= {"lines": [one.line for one in made], "affine": scan.affine.ravel().tolist()}
    arrays: dict[str, NDArray[np.generic]] = {
        "volume": scan.volume,
        "maps": np.stack([one.signed for one in made]),
    }
    if scan.mask is not None:
        arrays["mask"] = scan.mask
    return {**record, "sentence": _sentence(record)}, arrays


def _sentence(record: dict[str, Any]) -> str:
    if record["status"] == "failed":
        return f"{record['scan']}: {record['reason']}"
    near = ", ".join(record["nearest"][:3])
    said = (
        f"{record['scan']}: cluster {record['cluster']} (confidence {record['confidence']:.2f}); "
        f"most like {near}."
    )
    if record["unlike_cohort"]:
        said += (
            f" It is unlike the cohort ({'; '.join(record['doubts'])}): do not trust the cluster."
        )
    return " ".join(part for part in (said, record.get("map", ""), record["warnings"]) if part)
