"""KnownRun: what a fitted run says about scans that it has never seen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from clam_core.embedding import Usual, place, usual_distance, voxel_measures
from clam_core.fitting.fit_cohort import Looked, look
from clam_core.localization import scale_maps
from clam_core.pipeline.brought.needs_network import maps_of_run
from clam_core.pipeline.map_settings import stored_settings
from clam_core.pipeline.method.explain import Explanation, fitted_cohort
from clam_core.pipeline.scans.new_scan import NewScan
from clam_core.settings import LocalizeSettings
from clam_core.study import Run, Study
from clam_core.study.stamp import fit_stamp
from clam_core.training import CohortImages, ScanSource

N_NEIGHBORS = 5
N_MEASURED = 100
"""Scans of the cohort that voxels of a new scan are compared with."""


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

    def describe(self, scan: NewScan) -> dict[str, Any]:
        """What the run says about one scan that was read."""
        if scan.error is not None:
            return {"status": "failed", "reason": str(scan.error)}
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
        kind = maps_of_run(self._run, kind)
        target = "own" if cluster is None else cluster
        settings = kind.model_copy(update={"target": target})
        return self._cohort.explain_new(scan.volume, scan.mask, settings)

    def map_of(self, scan: NewScan) -> tuple[str, NDArray[np.floating]]:
        """What the map of a new scan says, and the map, scaled to [0, 1]."""
        made = self.explain(scan)
        return str(made.line["sentence"]), scale_maps(made.signed[None])[0]

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
