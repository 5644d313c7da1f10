"""The maps that readers rate: each scan's own, and a control that looks like a map as well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.pipeline.current import check_current
from clam_core.pipeline.progress import Progress, silent
from clam_core.reading_study.map_rating.control_maps import (
    control_map,
    pointed_apart,
    smooth_noise,
)
from clam_core.reading_study.protocol import RatedMaps
from clam_core.settings import LocalizeSettings
from clam_core.settings.on_disk import read_stored
from clam_core.study import Run, Study

Floats = NDArray[np.float32]
_ENOUGH_APART, _N_TRIES = 0.5, 12


def mappable(run: Run, scans: Sequence[str]) -> list[str]:
    """Those scans whose stored map points somewhere.

    Args:
        run: A fitted run with maps.
        scans: Ids.

    Raises:
        MissingStepError: If the run has no maps.
    """
    table = run.maps()
    known = [scan_id for scan_id in scans if scan_id in table.index and table.loc[scan_id, "done"]]
    return [scan_id for scan_id in known if run.activation_map(scan_id).any()]


def make_rated_maps(
    study: Study, rated: RatedMaps, seed: int, progress: Progress = silent
) -> tuple[Floats, Floats]:
    """Own and control maps of all rated scans.

    Args:
        study: The study.
        rated: Which scans, and the kind of control of each.
        seed: Same seed, same controls.
        progress: Told how many are made.

    Returns:
        Two arrays of shape (n_rated, grid), values in [0, 1].

    Raises:
        StaleRunError: If the run was fitted on other volumes.
    """
    run = Run(study, rated.run)
    check_current(study, run)
    own, controls = [], []
    for place, (scan_id, kind) in enumerate(zip(rated.scans, rated.controls, strict=True)):
        progress("Making control maps", place, len(rated.scans))
        real = run.activation_map(scan_id)
        inside = study.mask(scan_id)
        rng = np.random.default_rng([seed, place])
        others = _others(study, run, rated, scan_id, kind, rng)
        best, most = None, -1.0
        for other in others:
            made = control_map(real, other, inside)
            apart = pointed_apart(real, made)
            if apart > most:
                best, most = made, apart
            if most >= _ENOUGH_APART:
                break
        if best is None:
            best = control_map(real, smooth_noise(real, inside, int(rng.integers(2**31))), inside)
        own.append(real)
        controls.append(best)
    return np.stack(own), np.stack(controls)


def _others(
    study: Study, run: Run, rated: RatedMaps, scan_id: str, kind: str, rng: np.random.Generator
) -> list[Floats]:
    """Maps that a control may imitate, the first that points elsewhere is taken."""
    if kind == "shuffled":
        real, inside = run.activation_map(scan_id), study.mask(scan_id)
        seeds = rng.integers(2**31, size=_N_TRIES)
        return [smooth_noise(real, inside, int(one)) for one in seeds]
    if kind == "other_cluster":
        return _of_other_clusters(study, run, scan_id)
    return _of_other_scans(study, run, rated, scan_id, rng)


def _of_other_scans(
    study: Study, run: Run, rated: RatedMaps, scan_id: str, rng: np.random.Generator
) -> list[Floats]:
    """Maps of other subjects, those of other clusters first."""
    subjects: pd.Series[str] = study.scans()["subject_id"]
    clusters = run.scans()["cluster"]
    rest = [one for one in rated.scans if subjects[one] != subjects[scan_id]]
    drawn = rng.permutation(rest).tolist()
    drawn.sort(key=lambda one: clusters[one] == clusters[scan_id])
    return [run.activation_map(one) for one in drawn[:_N_TRIES]]


def _of_other_clusters(study: Study, run: Run, scan_id: str) -> list[Floats]:
    """What speaks for another cluster in the same scan."""
    from clam_core.pipeline.method.explain import explain_scan

    stored = run.info().localized
    if stored is None:
        return []
    base = read_stored(LocalizeSettings, stored["settings"], f"'run.json' of the run {run.name!r}")
    own = int(run.scans()["cluster"][scan_id])
    found = []
    for cluster in range(1, run.info().n_clusters + 1):
        if cluster == own:
            continue
        settings = base.model_copy(update={"target": cluster})
        made = explain_scan(study, run, scan_id, settings).signed.clip(min=0)
        if made.any():
            found.append(made.astype(np.float32))
    return found
