"""A study of simulated lungs that has been preprocessed, without files of scans behind it."""

import numpy as np
import pandas as pd

from benchmarks.cohorts import simulated
from clam_core.phantom import SimulationSettings
from clam_core.settings import (
    FitSettings,
    NetworkSettings,
    PreprocessSettings,
    TrainSettings,
)
from clam_core.study import Prepared, ScanWriter, StudyInfo, create_study

GRID = (16, 16, 16)
QUICK = FitSettings(
    network=NetworkSettings(channels=(4, 8), n_latent=4),
    train=TrainSettings(epochs=3, batch_size=8),
    plane="pca",
)


def cohort(n_per_group=8, seed=0, **values):
    given = {"scenario": "size", "family": "ellipsoid", "anatomy": "fixed", "grid": (24, 24, 24)}
    settings = SimulationSettings(n_per_group=n_per_group, seed=seed, **{**given, **values})
    return simulated(settings, GRID)


def study_of(folder, found, *, failed=1):
    """A study of a cohort; the last `failed` rows are scans that could not be read."""
    n_scans = len(found.volumes) + failed
    ids = pd.Index([f"s{row:02d}" for row in range(n_scans)], name="scan_id", dtype="str")
    status = ["ready"] * len(found.volumes) + ["failed"] * failed
    table = pd.DataFrame({"subject_id": ids, "status": "found", "reason": ""}, index=ids)
    table = table.astype({"subject_id": "str", "status": "str", "reason": "str"})
    files = pd.DataFrame({"scan_id": [], "role": [], "path": [], "member": []})
    skipped = pd.DataFrame({"source": [], "kind": [], "n_files": [], "reason": []})
    info = StudyInfo(spatial_dims=3, modality="CT", unit="HU", scans_root=".", key_id="k")
    study = create_study(folder, info, table, files, skipped)
    with study.lock(), ScanWriter(study, GRID) as writer:
        writer.start("f")
        for row, volume in enumerate(found.volumes):
            arrays = {"volume": volume, "picture": np.frombuffer(b"png", np.uint8)}
            if found.masks is not None:
                arrays["mask"] = found.masks[row]
            writer.write(row, arrays, {"scan_id": f"s{row:02d}"})
        done = table.assign(status=status, mask_source="none" if found.masks is None else "lungs")
        done["affine"] = [np.diag([4.0, 4.0, 4.0, 1.0]).ravel().tolist()] * n_scans
        done["source_affine"] = [np.diag([2.0, 4.0, 4.0, 1.0]).ravel().tolist()] * n_scans
        done["source_shape"] = [[32, 16, 16]] * n_scans
        settings = PreprocessSettings(grid=GRID)
        writer.commit(done, Prepared(settings=settings, fingerprint="f", n_ready=n_scans - failed))
    return study
