"""Studies with results that were written down, not computed: no network, no torch."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clam_core.figures.slices import to_png
from clam_core.pipeline.clinical.associate import associate_run
from clam_core.pipeline.current import inputs_digest
from clam_core.settings import (
    AssociateSettings,
    FitSettings,
    LocalizeSettings,
    PreprocessSettings,
)
from clam_core.study import Prepared, Run, RunInfo, RunWriter, ScanWriter, StudyInfo, create_study
from clam_core.tables.column_info import ColumnInfo

GRID = (16, 14, 12)
N_READY, N_CLUSTERS = 18, 3
ZONES = [f"{side} {third}" for side in ("left", "right") for third in ("lower", "middle", "upper")]
BANDS = ["emphysema", "normal lung", "ground glass", "dense ground glass", "consolidation"]
FAILED = "A slice is missing between 12.5 and 17.5 mm; export the series again."
SKIPPED = "A localizer is no scan."


def study(folder, grid=GRID, reason=FAILED):
    """Ready scans, one that failed, skipped files."""
    info = StudyInfo(
        spatial_dims=len(grid),
        modality="CT",
        unit="HU",
        scans_root="/secret/place",
        key_id="k" * 16,
    )
    names = [f"S{n:02d}" for n in range(N_READY + 1)]
    table = pd.DataFrame(
        {"subject_id": [f"P{n:02d}" for n in range(len(names))], "status": "found", "reason": ""},
        index=pd.Index(names, name="scan_id"),
    )
    files = pd.DataFrame({"scan_id": [], "role": [], "path": [], "member": []})
    skipped = pd.DataFrame(
        {"source": ["x/Zanzibarova.dcm"], "kind": ["dicom"], "n_files": [7], "reason": [SKIPPED]}
    )
    made = create_study(folder, info, table, files, skipped)
    _preprocess(made, grid, reason)
    return made


def _preprocess(made, grid, reason):
    settings = PreprocessSettings(grid=grid)
    table = made.scans()
    table["status"] = ["ready"] * N_READY + ["failed"]
    table["reason"] = [""] * N_READY + [reason]
    table["mask_source"] = ["given"] * N_READY + ["none"]
    table["warnings"] = ["The lung mask touches the edge."] + [""] * N_READY
    table["kernel"] = ["B30f"] * 9 + ["B70f"] * 9 + [None]
    affine = np.diag([5.0, 5.0, 6.0, 1.0]) if len(grid) == 3 else np.diag([2.0, 2.0, 1.0, 1.0])
    table["affine"] = [affine.ravel().tolist()] * len(table)
    with made.lock(), ScanWriter(made, grid) as writer:
        writer.start("f")
        for row, cluster in enumerate(clusters()):
            volume = np.full(grid, -800, np.int16)
            volume[blob(cluster, grid)] = -300
            mask = np.ones(grid, bool)
            picture = np.frombuffer(to_png(np.zeros((4, 4, 3), np.uint8)), np.uint8)
            line = {"scan_id": f"S{row:02d}", "status": "ready", "mask_source": "given"}
            arrays = {"volume": volume, "mask": mask, "picture": picture}
            writer.write(row, arrays, line)
        writer.commit(table, Prepared(settings=settings, fingerprint="f" * 64, n_ready=N_READY))


def clusters(n=N_READY):
    """Clusters of 8, 6 and 4 scans, or half as many, from 1."""
    return np.repeat([1, 2, 3], {18: [8, 6, 4], 9: [4, 3, 2]}[n])


def blob(cluster, grid=GRID):
    """Where the lesion of a cluster lies."""
    start = 2 + 4 * (int(cluster) - 1)
    return tuple(slice(start, start + 3) if axis == 0 else slice(3, 7) for axis in range(len(grid)))


def run(made, name="default", *, grid=GRID, method="profiles", head="student"):
    """A fitted run without maps."""
    n = len(made.ready())
    labels = clusters(n)
    soft = np.full((n, N_CLUSTERS), 0.1, np.float32)
    soft[np.arange(n), labels - 1] = np.linspace(0.6, 0.8, n)
    centers = np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]])
    away = np.concatenate([np.arange(size) for size in np.bincount(labels)[1:]])
    places = centers[labels - 1] + np.stack([0.1 * away**2, 0 * away], axis=1)
    table = pd.DataFrame(
        {
            "cluster": labels,
            "confidence": np.linspace(0.55, 0.95, n),
            "margin": np.linspace(0.1, 0.9, n),
            "x": places[:, 0],
            "y": places[:, 1],
            "trust": 0.9,
            "silhouette": 0.7,
            "role": "fitted",
        },
        index=pd.Index(made.ready(), name="scan_id"),
    )
    found = Run(made, name)
    info = RunInfo(
        name=name,
        libraries={"numpy": "2.4.6"},
        device="cpu",
        settings=FitSettings(n_clusters=N_CLUSTERS, seed=42).model_dump(mode="json"),
        method=method,
        model={
            "grid": list(grid),
            "head": head,
            "profiles": {"layer": 2} if method == "profiles" else None,
        },
        plane="umap",
        inputs=inputs_digest(made, made.ready()),
        n_clusters=N_CLUSTERS,
    )
    with found.lock(), RunWriter(found, "fit") as writer:
        writer.start("f")
        for key, values in (("latent", places), ("features", places), ("soft_assignment", soft)):
            writer.write_array(key, values.astype(np.float32))
        writer.write_table("scans.parquet", table)
        writer.write_bytes("weights.safetensors", b"w")
        rows = [{"epoch": n, "phase": "pretrain", "reconstruction": 1 / n} for n in range(1, 6)]
        writer.log(rows)
        writer.commit(
            info, ["arrays.zarr", "scans.parquet", "weights.safetensors", "history.jsonl"]
        )
    return found


def localize(found, grid=GRID):
    """Maps on the lesions, and what was measured of them."""
    table = found.scans()
    rows = []
    with found.lock(), RunWriter(found, "localize") as writer:
        writer.start("f")
        maps = np.zeros((N_READY, *grid), np.float32)
        for row, cluster in enumerate(table["cluster"]):
            maps[(row, *blob(cluster, grid))] = 1
            rows.append(_measured(int(cluster), row))
        means = np.stack([maps[table["cluster"] == c].mean(axis=0) for c in (1, 2, 3)])
        writer.write_array("maps", maps.astype(np.float16))
        writer.write_array("cluster_maps", means)
        writer.write_array("cluster_means", means * 500 - 800)
        writer.write_table("maps.parquet", pd.DataFrame(rows, index=table.index))
        writer.write_bytes("reference.safetensors", b"r")
        localized = {
            "settings": LocalizeSettings().model_dump(mode="json"),
            "layer": 2,
            "reference": "median of all 18 scans",
            "faithfulness": {
                "n_scans": 18,
                "deletion_auc": 0.3,
                "insertion_auc": 0.8,
                "random_deletion_auc": 0.5,
                "random_insertion_auc": 0.6,
                "average_drop": 0.2,
                "increase_in_confidence": 0.1,
                "share_moved_as_it_should": 17 / 18,
            },
            "randomization": 0.25,
        }
        names = ("arrays.zarr/maps", "arrays.zarr/cluster_maps", "arrays.zarr/cluster_means")
        info = found.info().model_copy(update={"localized": localized})
        writer.commit(info, [*names, "maps.parquet", "reference.safetensors"])


def _measured(cluster, row):
    zones = {f"zones: {zone}": 0.05 for zone in ZONES} | {"zones: outside the mask": 0.1}
    zones[f"zones: {ZONES[cluster - 1]}"] = 0.65
    bands = {f"bands: {band}": 0.1 for band in BANDS} | {"bands: outside the mask": 0.5}
    tested = {"deletion_auc": 0.3, "insertion_auc": 0.8}
    tested |= {"random_deletion_auc": 0.5, "random_insertion_auc": 0.6}
    tested |= {"completeness": 0.001, "drop": 0.2, "increased": False, "raw_high": 0.1}
    tested |= {"explained": cluster, "rather_than": 0, "sentence": "Peak in the zone."}
    return {"done": True, "moved_as_it_should": row > 0, **tested, **zones, **bands}


def select(found):
    """A comparison of two numbers of clusters."""
    row = {
        "sizes": [8, 6, 4], "silhouette": 0.8, "silhouette_p": 0.03, "calinski_harabasz": 90.0,
        "davies_bouldin": 0.3, "gap": 1.0, "gap_se": 0.1, "jaccard": 0.95, "jaccard_worst": 0.9,
        "jaccard_of": [0.95, 0.95, 0.9], "seeds_ari": 1.0, "methods_ari": 0.98, "valley": 0.1,
        "valley_worst": 0.2,
    }  # fmt: skip
    two = {**row, "n_clusters": 2, "sizes": [12, 6], "silhouette": 0.5, "valley": None}
    found.write_selection(
        {
            "settings": {"k_min": 2, "k_max": 3, "n_bootstrap": 30, "n_seeds": 5,
                         "n_references": 30},
            "rows": [two, {**row, "n_clusters": 3}],
            "recommended": 3,
            "reason": "3 clusters are found again.",
            "notes": [],
        }
    )  # fmt: skip


def clinical(made, label="FVC", level="II"):
    """A table in which two columns follow the clusters and one does not."""
    random, labels = np.random.default_rng(1), clusters()
    names = [f"S{n:02d}" for n in range(N_READY)]
    stages = pd.Categorical(
        ["I" if c == 1 else level for c in labels], categories=["I", level], ordered=True
    )
    frame = pd.DataFrame(
        {
            "fvc": 4.0 - 0.6 * labels + random.normal(0, 0.2, N_READY),
            "stage": stages,
            "age": random.normal(50, 10, N_READY).round(),
            "months": random.integers(3, 60, N_READY).astype(float),
            "dead": pd.Categorical(["yes" if n % 3 else "no" for n in range(N_READY)]),
            "site": pd.Categorical(["A", "B"] * 9),
        },
        index=pd.Index(names, name="scan_id"),
    )
    columns = [
        ColumnInfo("fvc", label, "continuous", "L", "lung function"),
        ColumnInfo("stage", "Stage", "ordinal", "", "visual scores", levels=("I", level)),
        ColumnInfo("age", "Age", "continuous", "years", "demographics"),
        ColumnInfo("months", "Months", "continuous", "months", "outcomes"),
        ColumnInfo("dead", "Died", "binary", "", "outcomes", levels=("no", "yes")),
        ColumnInfo("site", "Site", "nominal", "", "acquisition", levels=("A", "B")),
    ]
    description = {"level": "scan", "columns": [one.to_json() for one in columns]}
    made.write_clinical(frame, description)


def complete(folder, *, label="FVC", level="II", reason=FAILED):
    """Everything that a report can show."""
    made = study(folder, reason=reason)
    found = run(made)
    localize(found)
    select(found)
    clinical(made, label, level)
    settings = AssociateSettings(
        adjust=("age",), survival_time="months", survival_event="dead", n_resamples=99
    )
    associate_run(made, "default", settings)
    return made
