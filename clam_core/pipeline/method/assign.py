"""Step `assign`: a new scan's cluster, how sure, where it falls, and what it resembles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clam_core.embedding import Usual, place, usual_distance, voxel_measures
from clam_core.errors import ReadError, SettingsError
from clam_core.files.personal_names import looks_private
from clam_core.fitting.fit_cohort import Looked, look
from clam_core.localization import scale_maps
from clam_core.pipeline.current import check_current
from clam_core.pipeline.method.explain import (
    Explanation,
    fitted_cohort,
    stored_settings,
)
from clam_core.pipeline.output.destination import Destination
from clam_core.pipeline.output.map_files import map_name, names_of_new, write_map
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.scans.new_scan import NewScan, read_new_scan
from clam_core.pipeline.scans.preprocess import PRELOAD
from clam_core.pipeline.summary import Summary
from clam_core.sandbox.pool import ReaderPool
from clam_core.settings import LocalizeSettings, ReadLimits
from clam_core.settings.verdicts import caution_of_size
from clam_core.study import Run, Study
from clam_core.study.stamp import fit_stamp
from clam_core.training import CohortImages, ScanSource

N_NEIGHBORS = 5
N_MEASURED = 100
"""Scans of the cohort that voxels of a new scan are compared with."""


def assign(
    study: Study,
    name: str,
    paths: Sequence[Path],
    progress: Progress = silent,
    *,
    to: Destination | None,
    mask: Path | None = None,
) -> Summary:
    """Assign new scans to the clusters of a run; the study is left as it is.

    Args:
        study: The study whose preprocessing is used.
        name: A fitted run.
        paths: A file, folder or archive per scan.
        progress: Told how many are done.
        to: Where the maps go (`<name>-map.nii.gz` on the study's grid), or None.
        mask: Mask of the scan, where there is a single one.

    Returns:
        One sentence and one record per scan: cluster, confidence, soft assignment, place
        on the map, nearest scans, why it is unlike the cohort if it is, or why it failed;
        with `to` what the map says, and its file.

    Raises:
        MissingStepError: If the run has not been fitted.
        StaleRunError: If it was fitted on other volumes.
        StudyError: If a map cannot be written, or another file stands in its place.
        SettingsError: If there is a mask and more than one scan.
    """
    if mask is not None and len(paths) != 1:
        raise SettingsError(f"A mask belongs to one scan, but {len(paths)} were given.")
    run = Run(study, name)
    check_current(study, run)
    known = KnownRun(study, run)
    names = names_of_new(paths)
    places: dict[Path, Path] = {}
    if to is not None:
        to.make()
        stems = [f"{names[path]}-map" for path in names]
        files = to.places([map_name(stem) for stem in stems])
        places = dict(zip(names, files, strict=True))
    records = []
    with ReaderPool(1, ReadLimits(), PRELOAD) as pool:
        for number, path in enumerate(paths):
            progress("Assigning scans", number, len(paths))
            scan = _read(study, path, mask, pool)
            record = known.describe(_shown(path, names[path]), scan)
            if path in places and scan.error is None:
                record |= known.write_map(places[path], scan)
            records.append(record)
    has_failures = any(record["status"] == "failed" for record in records)
    said = list(map(_sentence, records))
    caution = caution_of_size(len(run.scans()))
    if caution and len(said) > sum(record["status"] == "failed" for record in records):
        said.append(caution)
    return Summary(tuple(said), {"scans": records}, has_failures)


def _read(study: Study, path: Path, mask: Path | None, pool: ReaderPool) -> NewScan:
    """One scan, or why it cannot be read: the others are assigned all the same."""
    try:
        return read_new_scan(study, path, mask, pool)
    except ReadError as error:
        return NewScan(error=error)


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
    check_current(study, run)
    known = KnownRun(study, run)
    with ReaderPool(1, ReadLimits(), PRELOAD) as pool:
        scan = read_new_scan(study, Path(path), None if mask is None else Path(mask), pool)
    scan.check()
    record = known.describe("The scan", scan)
    made = [known.explain(scan, cluster) for cluster in range(1, known.n_clusters + 1)]
    record |= {"lines": [one.line for one in made], "affine": scan.affine.ravel().tolist()}
    arrays: dict[str, NDArray[np.generic]] = {
        "volume": scan.volume,
        "maps": np.stack([one.signed for one in made]),
    }
    if scan.mask is not None:
        arrays["mask"] = scan.mask
    return {**record, "sentence": _sentence(record)}, arrays


class KnownRun:
    """The run that new scans are compared with."""

    def __init__(self, study: Study, run: Run) -> None:
        self._run = run
        self._cohort = fitted_cohort(study.folder, run.name, fit_stamp(run))
        self._table = run.scans()
        codes = [run.array(kind).astype(np.float64) for kind in ("features", "latent")]
        # Runs of earlier versions did not store these; they are computed once for all new scans.
        distances = run.info().usual_distances or tuple(map(usual_distance, codes))
        self._usual = Usual((codes[0], codes[1]), self._measures(), distances)

    @property
    def n_clusters(self) -> int:
        """Number of clusters of the run."""
        return self._cohort.model.n_clusters

    def describe(self, name: str, scan: NewScan) -> dict[str, Any]:
        """What the run says about one scan that was read."""
        if scan.error is not None:
            return {"scan": name, "status": "failed", "reason": str(scan.error)}
        seen = look(self._cohort.model, self._images(scan), 1)
        features = seen.features.astype(np.float64)
        cohort = self._usual.codes[0]
        positions = self._table[["x", "y"]].to_numpy()
        x, y = place(features, cohort, positions, self._run.info().plane)[0]
        distance = np.linalg.norm(cohort - features[0], axis=1)
        near = np.argsort(distance, kind="stable")[:N_NEIGHBORS]
        doubts = self._usual.doubts(
            (features[0], seen.latent[0].astype(np.float64)),
            voxel_measures(scan.volume, scan.mask, is_hu=self._cohort.is_hu),
        )
        return {
            "scan": name,
            "status": "assigned",
            **_membership(seen),
            "x": float(x),
            "y": float(y),
            "nearest": [str(self._table.index[row]) for row in near],
            "distance": float(distance[near[0]]),
            "unlike_cohort": bool(doubts),
            "doubts": list(doubts),
            "warnings": scan.warnings,
        }

    def explain(self, scan: NewScan, cluster: int | None = None) -> Explanation:
        """The map of a new scan, of the kind that the run has, for a cluster from 1 or its own."""
        localized = self._run.info().localized
        kind = LocalizeSettings() if localized is None else stored_settings(localized["settings"])
        target = "own" if cluster is None else cluster
        settings = kind.model_copy(update={"target": target})
        return self._cohort.explain_new(scan.volume, scan.mask, settings)

    def write_map(self, file: Path, scan: NewScan) -> dict[str, str]:
        """Store the map of one scan on the study's grid; what it says, and its file."""
        made = self.explain(scan)
        write_map(file, scale_maps(made.signed[None])[0], scan.affine)
        return {"map": str(made.line["sentence"]), "map_file": file.name}

    def _images(self, scan: NewScan) -> CohortImages:
        source = ScanSource(lambda _: (scan.volume, scan.mask), 1, scan.volume.shape)
        return CohortImages(source, self._cohort.images.scale)

    def _measures(self) -> dict[str, NDArray[np.float64]]:
        """Measures of the cohort's voxels, or of some scans of a large cohort."""
        images = self._cohort.images
        # Evenly over the study's order, in which sites or dates may follow one another.
        rows = np.unique(np.linspace(0, len(images) - 1, N_MEASURED).astype(int))
        measured = [
            voxel_measures(*images.source.read(int(row)), is_hu=self._cohort.is_hu) for row in rows
        ]
        return {key: np.array([one[key] for one in measured]) for key in measured[0]}


def _membership(seen: Looked) -> dict[str, Any]:
    soft = seen.soft_assignment[0].astype(float)
    cluster = int(soft.argmax())
    return {
        "cluster": cluster + 1,
        "confidence": float(soft[cluster]),
        "soft_assignment": [float(q) for q in soft],
    }


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
