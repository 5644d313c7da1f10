"""Studies of many scans for the benchmark of the app, written without reading or fitting any."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch.nn import functional

from clam_core.figures.slices import to_png
from clam_core.settings import FitSettings, LocalizeSettings, PreprocessSettings
from clam_core.study import (
    Prepared,
    Run,
    RunInfo,
    RunWriter,
    ScanWriter,
    Study,
    StudyInfo,
    create_study,
)
from clam_core.tables.import_table import import_clinical
from clam_core.tables.read_table import read_table

GRID = (88, 88, 88)
N_CLUSTERS = 3
RUN = "default"
N_PICTURES = 200
"""Scans with a picture for quality control: more than the first page of them shows."""
ZONES = tuple(
    f"{side} {part}" for side in ("left", "right") for part in ("upper", "middle", "lower")
)
BANDS = ("emphysema", "normal lung", "ground glass", "dense ground glass", "consolidation")
_TESTED = {
    "explained": 1,
    "rather_than": 0,
    "completeness": 0.001,
    "raw_low": 0.0,
    "raw_high": 1.0,
    "deletion_auc": 0.3,
    "insertion_auc": 0.8,
    "random_deletion_auc": 0.5,
    "random_insertion_auc": 0.6,
    "drop": 0.2,
    "increased": False,
    "moved_as_it_should": True,
    "sentence": "Peak in the right upper zone.",
}


@dataclass(frozen=True)
class Shown:
    """What the browser needs to know of a study.

    Attributes:
        name: Its folder.
        n_scans: Scans on the map of the cohort.
        scan_ids: Scans that have voxels and a map; they lie apart on the map of the cohort.
        places: Where, x and y of each.
    """

    name: str
    n_scans: int
    scan_ids: tuple[str, ...]
    places: tuple[tuple[float, float], ...]


def make_study(root: Path, name: str, n_scans: int, n_real: int = 12) -> Shown:
    """Write a study with a fitted run, maps and a clinical table.

    Args:
        root: Folder of studies.
        name: Of the study.
        n_scans: Scans on the map of the cohort.
        n_real: How many of them have voxels and maps, 88 cubed; the others are zero, without
            a mask.
    """
    scans = _scans(n_scans, n_real)
    study = create_study(
        root / name,
        StudyInfo(spatial_dims=3, modality="CT", unit="HU", scans_root=str(root), key_id="0" * 16),
        scans.assign(status="found").drop(columns=["affine", "mask_source"]),
        pd.DataFrame({"scan_id": pd.Series(dtype=str), "role": "", "path": "", "member": ""}),
        pd.DataFrame({"source": pd.Series(dtype=str), "kind": "", "n_files": 0, "reason": ""}),
    )
    table = _table(scans.index, n_real)
    _write_volumes(study, scans, n_real)
    _write_run(study, table)
    _write_maps(Run(study, RUN), table, n_real)
    _write_clinical(study, table)
    places = table.iloc[:n_real][["x", "y"]].to_numpy().tolist()
    ids = tuple(str(scan_id) for scan_id in table.index[:n_real])
    return Shown(name, n_scans, ids, tuple((float(x), float(y)) for x, y in places))


def give_run(study: Study) -> Shown:
    """Give a study that was preprocessed a fitted run with maps, whatever its scans show.

    Args:
        study: Its grid is 88 cubed, and all of its scans are ready.
    """
    table = _table(study.scans().index, len(study.scans()))
    _write_run(study, table)
    _write_maps(Run(study, RUN), table, len(table))
    places = table[["x", "y"]].to_numpy().tolist()
    ids = tuple(str(scan_id) for scan_id in table.index)
    return Shown(study.name, len(table), ids, tuple((float(x), float(y)) for x, y in places))


def _scans(n_scans: int, n_real: int) -> pd.DataFrame:
    ids = pd.Index([f"SCAN-{n:05d}" for n in range(n_scans)], name="scan_id")
    affine = np.diag([3.0, 3.0, 3.0, 1.0]).ravel().tolist()
    texts = {"status": "ready", "reason": "", "modality": "CT", "format": "nifti", "notes": ""}
    texts |= {"warnings": "", "source": "drawn"}
    columns = {"subject_id": ids.to_numpy(), **texts, "n_files": 1, "mask_quality": 1.0}
    return pd.DataFrame(columns, index=ids).assign(
        mask_source=np.where(np.arange(n_scans) < n_real, "given", "none"),
        affine=pd.Series([affine] * n_scans, ids),
    )


def _table(ids: pd.Index[str], n_real: int) -> pd.DataFrame:
    """Clusters and places; the scans with voxels stand in a row of their own."""
    rng = np.random.default_rng(0)
    cluster = rng.integers(1, N_CLUSTERS + 1, len(ids))
    x = 6.0 * cluster + rng.normal(0, 1.5, len(ids))
    y = rng.normal(0, 3, len(ids))
    x[:n_real], y[:n_real] = np.linspace(-2, 26, n_real), 16.0
    confidence = rng.uniform(0.5, 1, len(ids))
    return pd.DataFrame(
        {
            "cluster": cluster,
            "confidence": confidence,
            "margin": 2 * confidence - 1,
            "x": x,
            "y": y,
            "trust": rng.uniform(0.4, 1, len(ids)),
            "silhouette": 0.5,
            "role": "fitted",
        },
        index=ids,
    )


def _smooth(seed: int) -> NDArray[np.float32]:
    """Drawn structures of eight voxels, mean 0 and sd 1."""
    coarse = torch.randn(1, 1, 11, 11, 11, generator=torch.Generator().manual_seed(seed))
    fine = functional.interpolate(coarse, size=GRID, mode="trilinear")
    values: NDArray[np.float32] = np.asarray(fine[0, 0], dtype=np.float32)
    return values


def _lungs() -> NDArray[np.bool_]:
    axes = np.meshgrid(*[np.linspace(-1, 1, n) for n in GRID], indexing="ij")
    sides = [((axes[0] - x) / 0.4) ** 2 + axes[1] ** 2 + axes[2] ** 2 < 0.8 for x in (-0.5, 0.5)]
    inside: NDArray[np.bool_] = sides[0] | sides[1]
    return inside


def _write_volumes(study: Study, scans: pd.DataFrame, n_real: int) -> None:
    mask = _lungs()
    settings = PreprocessSettings(grid=GRID, mask="given")
    with study.lock(), ScanWriter(study, GRID) as writer:
        writer.start("drawn")
        for row, scan_id in enumerate(scans.index):
            arrays: dict[str, NDArray[np.generic]] = {"volume": np.zeros(GRID, np.int16)}
            if row < n_real:
                tissue = np.where(mask, -850, 40) + 60 * _smooth(row)
                arrays = {"volume": tissue.astype(np.int16), "mask": mask}
            if row < N_PICTURES:
                grey = np.clip(100 + 50 * _smooth(row)[44], 0, 255).astype(np.uint8)
                arrays["picture"] = np.frombuffer(to_png(np.stack([grey] * 3, axis=2)), np.uint8)
            writer.write(row, arrays, {"scan_id": scan_id})
        writer.commit(scans, Prepared(settings=settings, fingerprint="drawn", n_ready=len(scans)))


def _write_run(study: Study, table: pd.DataFrame) -> None:
    rng = np.random.default_rng(1)
    run, n_scans = Run(study, RUN), len(table)
    rows = table["cluster"].to_numpy() - 1
    features = rng.normal(0, 1, (n_scans, 8)).astype(np.float32)
    features[:, 0] += 5 * rows
    features[table["y"].to_numpy() == 16.0, 1] = 40  # those with voxels are alike
    soft = np.full((n_scans, N_CLUSTERS), 0.05, np.float32)
    soft[np.arange(n_scans), rows] = 0.9
    info = RunInfo(
        name=RUN,
        libraries={},
        device="cpu",
        settings=FitSettings(n_clusters=N_CLUSTERS).model_dump(mode="json"),
        method="profiles",
        model={"grid": GRID, "head": "student", "profiles": {"layer": 2}},
        plane="umap",
        inputs="drawn",
        n_clusters=N_CLUSTERS,
    )
    with run.lock(), RunWriter(run, "fit") as writer:
        writer.start("drawn")
        for name, values in (
            ("latent", features),
            ("features", features),
            ("soft_assignment", soft),
        ):
            writer.write_array(name, values)
        writer.write_table("scans.parquet", table)
        writer.write_bytes("weights.safetensors", b"none")
        writer.log([{"epoch": 1, "phase": "pretrain", "reconstruction": 1.0}])
        writer.commit(
            info, ["arrays.zarr", "scans.parquet", "weights.safetensors", "history.jsonl"]
        )


def _write_maps(run: Run, table: pd.DataFrame, n_real: int) -> None:
    zones = {f"zones: {zone}": 0.15 for zone in ZONES} | {"zones: outside the mask": 0.1}
    bands = {f"bands: {band}": 0.18 for band in BANDS} | {"bands: outside the mask": 0.1}
    lines = pd.DataFrame({**_TESTED, **zones, **bands}, index=table.index)
    lines = lines.assign(done=np.arange(len(table)) < n_real)
    lines["peak"] = pd.Series([[30, 40, 50]] * len(table), table.index)
    lines["explained"] = table["cluster"]
    lines["confidence"] = table["confidence"]
    means = np.stack([np.maximum(_smooth(row), 0) for row in range(N_CLUSTERS)])
    with run.lock(), RunWriter(run, "localize") as writer:
        writer.start("drawn")
        writer.create("maps", len(table), GRID, "float16")
        for row in range(n_real):
            strength = np.maximum(_smooth(100 + row), 0) * _lungs()
            writer.write_row("maps", row, (strength / strength.max()).astype(np.float16))
        writer.write_array("cluster_maps", means)
        writer.write_array("cluster_means", 60 * means - 850)
        writer.write_table("maps.parquet", lines)
        writer.write_bytes("reference.safetensors", b"none")
        localized = {
            "settings": LocalizeSettings().model_dump(mode="json"),
            "layer": 2,
            "reference": "median of all scans",
            "faithfulness": {"n_scans": n_real, "share_moved_as_it_should": 1.0},
            "randomization": 0.25,
        }
        info = run.info().model_copy(update={"localized": localized})
        names = ["arrays.zarr/maps", "arrays.zarr/cluster_maps", "arrays.zarr/cluster_means"]
        writer.commit(info, [*names, "maps.parquet", "reference.safetensors"])


def _write_clinical(study: Study, table: pd.DataFrame) -> None:
    """Age, sex and lung function, the latter following the cluster."""
    rng = np.random.default_rng(2)
    fvc = 90 - 5 * table["cluster"] + rng.normal(0, 12, len(table))
    clinical = pd.DataFrame(
        {
            "age": rng.integers(25, 80, len(table)),
            "sex": rng.choice(["F", "M"], len(table)),
            "fvc_pred": fvc.round(1),
            "scadding_stage": rng.integers(0, 5, len(table)),
        },
        index=table.index,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clinical.csv"
        clinical.to_csv(path)
        done = import_clinical(read_table(path), study.scans(), None, str)
    study.write_clinical(done.frame, done.description())
