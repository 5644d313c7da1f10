"""A fitted study without a fit: known clusters, and a clinical table that goes with them."""

import numpy as np
import pandas as pd

from benchmarks.associations import synthetic
from clam_core.pipeline.current import inputs_digest
from clam_core.settings import PreprocessSettings
from clam_core.study import Prepared, Run, RunInfo, RunWriter, ScanWriter, StudyInfo, create_study

GRID = (8, 8, 8)
SIZES = (24, 20, 16)


def study_of(folder, sizes=SIZES, *, clinical=True, run=True, **columns):
    """A study whose clusters are the groups of the synthetic clinical table."""
    frame, infos = synthetic(0, sizes)
    n_scans = sum(sizes)
    ids = pd.Index([f"S{row:04d}" for row in range(n_scans)], name="scan_id", dtype="str")
    table = pd.DataFrame(
        {"subject_id": [f"P{row:04d}" for row in range(n_scans)], "status": "found", "reason": ""},
        index=ids,
    ).astype({"subject_id": "str", "status": "str", "reason": "str"})
    table = table.assign(**columns)
    files = pd.DataFrame({"scan_id": [], "role": [], "path": [], "member": []})
    skipped = pd.DataFrame({"source": [], "kind": [], "n_files": [], "reason": []})
    info = StudyInfo(spatial_dims=3, modality="CT", unit="HU", scans_root=".", key_id="k")
    study = create_study(folder, info, table, files, skipped)
    _fill(study, n_scans)
    if clinical:
        write_clinical(study, frame, infos)
    if run:
        write_run(study, np.repeat(np.arange(len(sizes)), sizes))
    return study


def write_clinical(study, frame, infos):
    columns = [info.to_json() for info in infos]
    description = {
        "level": str(frame.index.name).removesuffix("_id"),
        "columns": columns,
        "n_matched": len(frame),
        "n_scans": len(study.scans()),
        "notices": [],
        "id_column": str(frame.index.name),
        "hashed": False,
    }
    study.write_clinical(frame, description)


def _fill(study, n_scans):
    with study.lock(), ScanWriter(study, GRID) as writer:
        writer.start("f")
        for row in range(n_scans):
            arrays = {"volume": np.full(GRID, row, np.int16), "picture": np.zeros(3, np.uint8)}
            writer.write(row, arrays, {"scan_id": f"S{row:04d}"})
        done = study.scans().assign(status="ready", mask_source="none")
        done["affine"] = [np.eye(4).ravel().tolist()] * n_scans
        settings = PreprocessSettings(grid=GRID)
        writer.commit(done, Prepared(settings=settings, fingerprint="f", n_ready=n_scans))


def write_run(study, groups, name="default"):
    """Groups (from 0) as clusters, well apart in the features."""
    rng = np.random.default_rng(0)
    n, k = len(groups), int(groups.max()) + 1
    features = np.eye(k)[groups] * 8 + rng.normal(size=(n, k))
    soft = np.eye(k)[groups] * 0.7 + rng.dirichlet(np.ones(k), n) * 0.3
    run = Run(study, name)
    table = pd.DataFrame(
        {
            "cluster": groups + 1, "confidence": soft.max(axis=1), "margin": 0.5,
            "x": features[:, 0], "y": features[:, 1], "trust": 1.0, "silhouette": 0.5,
            "role": "fitted",
        },
        index=study.scans().index,
    )  # fmt: skip
    info = RunInfo(
        name=name, libraries={}, device="cpu", settings={}, method="kmeans", model={},
        plane="pca", inputs=inputs_digest(study, study.ready()), n_clusters=k,
    )  # fmt: skip
    with run.lock(), RunWriter(run, "fit") as writer:
        writer.start("f")
        for array, values in (("latent", features), ("features", features),
                              ("soft_assignment", soft)):  # fmt: skip
            writer.write_array(array, values.astype(np.float32))
        writer.write_table("scans.parquet", table)
        writer.write_bytes("weights.safetensors", b"")
        writer.log([])
        writer.commit(info, ["arrays.zarr", "scans.parquet", "weights.safetensors",
                             "history.jsonl"])  # fmt: skip
    return run
