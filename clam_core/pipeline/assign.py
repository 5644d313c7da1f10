"""Step `assign`: a new scan's cluster, how sure, where it falls, and what it resembles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from clam_core.embedding import place
from clam_core.errors import MissingStepError, ReadError
from clam_core.fitting.fit import Looked, look
from clam_core.io.discover import Searcher, discover
from clam_core.io.discovered import FoundScan
from clam_core.io.nifti import write_nifti
from clam_core.io.sandbox import ReaderPool, Reply, Task
from clam_core.localization import make_maps, map_shares
from clam_core.pipeline.explain import stored_settings
from clam_core.pipeline.preprocess import PRELOAD
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.summary import Summary
from clam_core.pipeline.weights import load_model, load_reference
from clam_core.settings import LocalizeSettings, PreprocessSettings, ReadLimits
from clam_core.study import Run, Study
from clam_core.training import CohortImages, ScanSource

N_NEIGHBORS = 5
UNLIKE_QUANTILE, UNLIKE_FACTOR = 0.99, 2.0
"""A scan is unlike the cohort if its nearest scan is twice as far as for 99 % of the cohort."""


def assign(
    study: Study, name: str, paths: Sequence[Path], progress: Progress = silent, *, to: Path | None
) -> Summary:
    """Assign new scans to the clusters of a run; the study is left as it is.

    Args:
        study: The study whose preprocessing is used.
        name: A fitted run.
        paths: A file, folder or archive per scan.
        progress: Told how many are done.
        to: Folder for the maps (NIfTI on the study's grid), or None.

    Returns:
        One sentence and one record per scan: cluster, confidence, soft assignment, place
        on the map, nearest scans, whether it is unlike the cohort, or why it failed.

    Raises:
        MissingStepError: If the run has not been fitted.
        ReadError: If a path holds no scan or several.
    """
    prepared = study.info.prepared
    if prepared is None:
        raise MissingStepError("The study has no volumes yet; run the step 'preprocess' first.")
    known = _Known(Run(study, name))
    sentences, records = [], []
    with ReaderPool(1, ReadLimits(), PRELOAD) as pool:
        for number, path in enumerate(paths):
            progress("Assigning scans", number, len(paths))
            found = _one_scan(path, pool, study.info.spatial_dims)
            reply = pool.run(_task(found, prepared.settings, study.info.unit))
            record = known.describe(path.name, reply)
            if to is not None and reply.error is None:
                record["map"] = known.write_map(to, path, reply)
            records.append(record)
            sentences.append(_sentence(record))
    return Summary(tuple(sentences), {"scans": records})


class _Known:
    """The run that new scans are compared with."""

    def __init__(self, run: Run) -> None:
        self.table = run.scans()
        self.model, self.scale = load_model(run)
        self.features = run.array("features").astype(np.float64)
        self.plane = run.info().plane
        self._run = run
        distances = _distances(self.features, self.features)
        np.fill_diagonal(distances, np.inf)
        usual = float(np.quantile(distances.min(axis=1), UNLIKE_QUANTILE))
        self._farthest = UNLIKE_FACTOR * usual

    def describe(self, name: str, reply: Reply) -> dict[str, Any]:
        """What the run says about one scan that was read."""
        if reply.error is not None:
            return {"scan": name, "status": "failed", "reason": str(reply.error)}
        seen = look(self.model, self._images(reply), 1)
        position = place(
            seen.features.astype(np.float64),
            self.features,
            self.table[["x", "y"]].to_numpy(),
            self.plane,
        )[0]
        distance = _distances(seen.features.astype(np.float64), self.features)[0]
        near = np.argsort(distance, kind="stable")[:N_NEIGHBORS]
        return {
            "scan": name,
            "status": "assigned",
            **_membership(seen),
            "x": float(position[0]),
            "y": float(position[1]),
            "nearest": [str(self.table.index[row]) for row in near],
            "distance": float(distance[near[0]]),
            "unlike_cohort": bool(distance[near[0]] > self._farthest),
            "warnings": str(reply.values["warnings"]),
        }

    def write_map(self, to: Path, path: Path, reply: Reply) -> str:
        """Store the map of one scan on the study's grid; says where the map lies."""
        images = self._images(reply).batch(torch.tensor([0]))
        volume, mask = _arrays(reply)
        made = make_maps(self.model, images, self._kind(), load_reference(self._run))
        if mask is not None and made.variant == "integrated":
            made = made.within(mask[None])
        to.mkdir(parents=True, exist_ok=True)
        file = to / f"{path.name.split('.')[0]}-map.nii.gz"
        write_nifti(file, made.scaled[0], np.reshape(reply.values["affine"], (4, 4)))
        return map_shares(made.raw[0], mask, volume).sentence

    def _kind(self) -> LocalizeSettings:
        """The kind of map that the run has, for each scan's own cluster."""
        localized = self._run.info().localized
        values = {} if localized is None else localized["settings"]
        return stored_settings({**values, "target": "own"})

    def _images(self, reply: Reply) -> CohortImages:
        arrays = _arrays(reply)
        source = ScanSource(lambda _: arrays, 1, arrays[0].shape)
        return CohortImages(source, self.scale)


def _arrays(reply: Reply) -> tuple[NDArray[np.int16], NDArray[np.bool_] | None]:
    """Volume and mask of a scan that was read."""
    mask = reply.arrays.get("mask")
    return reply.arrays["volume"].astype(np.int16), None if mask is None else mask.astype(bool)


def _membership(seen: Looked) -> dict[str, Any]:
    soft = seen.soft_assignment[0].astype(float)
    cluster = int(soft.argmax())
    return {
        "cluster": cluster + 1,
        "confidence": float(soft[cluster]),
        "soft_assignment": [float(q) for q in soft],
    }


def _distances(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.spatial.distance import cdist

    found: NDArray[np.float64] = cdist(first, second)
    return found


def _one_scan(path: Path, pool: ReaderPool, spatial_dims: int) -> FoundScan:
    """The one scan at a path."""
    if not path.exists():
        raise ReadError(f"There is nothing at {path.name!r}; check the path.")
    found = discover(path.absolute(), Searcher(pool, ReadLimits(), silent), spatial_dims)
    usable = [scan for scan in found.scans if scan.status == "found"]
    if len(usable) > 1:
        raise ReadError(f"{path.name!r} holds {len(usable)} scans; name one of them.")
    if not usable:
        reasons = [scan.reason for scan in found.scans] + [item.reason for item in found.skipped]
        why = reasons[0] if reasons else "It is empty."
        raise ReadError(f"There is no scan in {path.name!r}: {why}")
    return usable[0]


def _task(scan: FoundScan, settings: PreprocessSettings, unit: str) -> Task:
    files = [[str(ref.path), ref.member] for ref in scan.files]
    arguments = {
        "scan": {
            "format": scan.format,
            "files": files,
            "mask_format": "",
            "masks": [],
            "unit": unit,
        },
        "settings": settings.model_dump(),
        "limits": ReadLimits().model_dump(),
    }
    n_bytes = sum({ref.path: ref.path.stat().st_size for ref in scan.files}.values())
    return Task(f"{PRELOAD[0]}:prepare_scan", arguments, n_bytes)


def _sentence(record: dict[str, Any]) -> str:
    if record["status"] == "failed":
        return f"{record['scan']}: {record['reason']}"
    near = ", ".join(record["nearest"][:3])
    said = (
        f"{record['scan']}: cluster {record['cluster']} (confidence {record['confidence']:.2f}); "
        f"most like {near}."
    )
    if record["unlike_cohort"]:
        said += " It is unlike every scan of the cohort: do not trust the cluster."
    return " ".join(part for part in (said, record.get("map", ""), record["warnings"]) if part)
