"""A scan that failed in the middle of a study moves no result to another scan."""

import nibabel
import numpy as np
import pandas as pd
import pytest

from clam_core.errors import MissingStepError
from clam_core.pipeline.current import inputs_digest
from clam_core.pipeline.output.export import clusters_table, export
from clam_core.settings import PreprocessSettings
from clam_core.study import Prepared, Run, RunInfo, RunWriter, ScanWriter
from tests.study import make

READY = ("s0", "s2", "s3", "s5")
MASKED = ("s2", "s5")
ROWS = {scan_id: int(scan_id[1]) for scan_id in READY}
SOFT = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.25, 0.5, 0.25], [0.8, 0.15, 0.05]])


def map_of(row):
    """Another value in every voxel, and in every scan."""
    values = np.linspace(0, 1, np.prod(make.GRID)).reshape(make.GRID)
    return np.roll(values, row, axis=2).astype(np.float16)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Six scans, of which the second and the fifth failed; two have a mask."""
    made = make.empty(tmp_path_factory.mktemp("study") / "s", 6)
    scans = made.scans().assign(status="failed", mask_source="none")
    scans.loc[list(READY), "status"] = "ready"
    scans.loc[list(MASKED), "mask_source"] = "given"
    scans["affine"] = [np.eye(4).ravel().tolist()] * 6
    scans["source_affine"] = scans["affine"]
    scans["source_shape"] = [list(make.GRID)] * 6
    with made.lock(), ScanWriter(made, make.GRID) as writer:
        writer.start("f")
        for scan_id, row in ROWS.items():
            given = {"mask": make.volume(row) > 0} if scan_id in MASKED else {}
            line = {**make.lines(row), "mask_source": scans.loc[scan_id, "mask_source"]}
            writer.write(row, {**make.arrays(row), **given}, line)
        settings = PreprocessSettings(grid=make.GRID)
        writer.commit(scans, Prepared(settings=settings, fingerprint="f", n_ready=4))
    write_run(made)
    return made


def write_run(study):
    run = Run(study, "r")
    info = RunInfo(
        name="r", libraries={}, device="cpu", settings={}, method="kmeans", model={},
        plane="pca", inputs=inputs_digest(study, READY), n_clusters=3,
    )  # fmt: skip
    index = pd.Index(READY, name="scan_id", dtype="str")
    table = pd.DataFrame(
        {"cluster": SOFT.argmax(axis=1) + 1, "confidence": SOFT.max(axis=1),
         "x": [10.0, 12, 13, 15], "y": [20.0, 22, 23, 25]}, index=index,
    )  # fmt: skip
    with run.lock(), RunWriter(run, "fit") as writer:
        writer.start("f")
        writer.write_array("latent", np.array([[r, 10.0 * r] for r in ROWS.values()], np.float32))
        writer.write_array("soft_assignment", SOFT.astype(np.float32))
        writer.write_table("scans.parquet", table)
        writer.commit(info, ["arrays.zarr", "scans.parquet"])
    with run.lock(), RunWriter(run, "localize") as writer:
        writer.start("f")
        writer.create("maps", 4, make.GRID, "float16")
        for place, row in enumerate(ROWS.values()):
            writer.write_row("maps", place, map_of(row))
        writer.write_table("maps.parquet", pd.DataFrame({"done": True}, index))
        writer.commit(run.info(), ["arrays.zarr/maps", "maps.parquet"])


def test_the_row_of_a_table_is_that_of_its_scan(study):
    table = clusters_table(Run(study, "r")).set_index("scan_id")
    assert table["subject_id"].to_dict() == {"s0": "p0", "s2": "p2", "s3": "p3", "s5": "p5"}
    assert table["cluster"].to_dict() == {"s0": 1, "s2": 3, "s3": 2, "s5": 1}
    assert table.loc["s2", ["confidence", "x", "y"]].tolist() == [0.6, 12, 22]
    np.testing.assert_allclose(table[["q_1", "q_2", "q_3"]], SOFT, atol=1e-7)


def test_the_row_of_exported_codes_is_that_of_its_scan(study, tmp_path):
    export(study, "r", "latent", tmp_path)
    codes = pd.read_csv(tmp_path / "latent.csv", index_col="scan_id")
    assert codes["latent_1"].to_dict() == {"s0": 0, "s2": 2, "s3": 3, "s5": 5}
    assert codes["latent_2"].to_dict() == {"s0": 0, "s2": 20, "s3": 30, "s5": 50}


def test_a_row_of_maps_is_that_of_its_scan(study, tmp_path):
    export(study, "r", "maps", tmp_path)
    for scan_id, row in ROWS.items():
        stored = Run(study, "r").activation_map(scan_id)
        np.testing.assert_array_equal(stored, map_of(row).astype(np.float32))
        image = nibabel.load(tmp_path / f"{scan_id}.nii.gz")
        np.testing.assert_allclose(np.asanyarray(image.dataobj), stored, atol=1e-6)
    assert len(list(tmp_path.glob("*.nii.gz"))) == 4


def test_a_row_of_volumes_and_masks_is_that_of_its_scan(study):
    assert study.ready() == list(READY)
    asked = ["s5", "s0", "s2"]
    read = study.reader(asked)
    for place, scan_id in enumerate(asked):
        volume, mask = read(place)
        assert np.unique(volume).tolist() == [int(scan_id[1]) + 1]
        assert (mask is not None) == (scan_id in MASKED)
        assert np.unique(study.volume(scan_id).array).tolist() == [int(scan_id[1]) + 1]
    with pytest.raises(MissingStepError, match="'s1' is not ready"):
        study.reader(["s0", "s1"])
