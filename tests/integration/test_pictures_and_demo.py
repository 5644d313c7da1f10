"""A folder of pictures, the synthetic cohort from end to end, and the benchmark."""

import io

import numpy as np
import pytest
from PIL import Image

from benchmarks import BenchmarkOptions
from benchmarks import run as run_benchmark
from clam_core.phantom import CohortSettings
from clam_core.pipeline.demo import make_demo
from clam_core.pipeline.method.assign import assign
from clam_core.pipeline.output.destination import Destination
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.settings import PreprocessSettings
from clam_core.study import Run, Study


@pytest.fixture(scope="module")
def pictures(shared_data, tmp_path_factory):
    """30 pictures of MedNIST: 15 as PNG, 15 as JPEG."""
    found = sorted((shared_data / "mednist1200").glob("*.npz"))
    if not found:
        pytest.skip("the pictures (mednist1200) are not here")
    images = np.load(found[0])["images"][::40]
    root = tmp_path_factory.mktemp("pictures") / "in"
    root.mkdir()
    for n, image in enumerate(images):
        ending = "png" if n % 2 else "jpg"
        Image.fromarray(image).save(root / f"image_{n:03d}.{ending}")
    return root


@pytest.fixture(scope="module")
def study(pictures):
    folder = pictures.parent / "study"
    create(folder, pictures, None, CreateOptions(n_workers=1))
    preprocess(Study(folder), PreprocessSettings(grid=(64, 64)), 1)
    return Study(folder)


def test_pictures_are_a_study_in_two_dimensions(study):
    assert (study.info.spatial_dims, study.info.modality, study.info.unit) == (
        2,
        "picture",
        "arbitrary",
    )
    scans = study.scans()
    assert len(scans) == 30
    assert set(scans["status"]) == {"ready"}
    assert set(scans["warnings"]) == {""}
    assert set(scans["mask_source"]) == {"none"}


def test_pictures_are_shown_as_pillow_shows_them(study, pictures):
    """Pixel for pixel: the grid is as large as the picture, and row 0 is on top."""
    for path in sorted(pictures.iterdir()):
        volume = study.volume(path.stem)
        expected = np.asarray(Image.open(path).convert("L"))
        np.testing.assert_array_equal(volume.array[::-1, ::-1].T, expected)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "study"
    summary = make_demo(folder, CohortSettings(n_scans=10, grid=(32, 32, 32), seed=3), 2)
    return Study(folder), summary


def test_the_demo_is_ready_with_its_clinical_table(demo):
    study, summary = demo
    scans = study.scans()
    assert len(scans) == 10
    assert set(scans["status"]) == {"ready"}
    assert set(scans["mask_source"]) == {"given"}
    clinical, description = study.clinical()
    assert set(clinical.index) <= set(scans.index) | set(scans["subject_id"])
    assert len(clinical) == len(set(clinical.index)) >= 1
    assert set(description) >= {"columns"}
    assert summary.values["preprocess"]["n_ready"] == 10


def test_the_demo_has_clusters_and_maps(demo):
    study, summary = demo
    run = Run(study, "default")
    assert sum(summary.values["fit"]["sizes"]) == len(run.scans()) == 10
    assert run.maps()["done"].all()
    assert run.selection()["rows"]


def test_a_scan_of_the_cohort_is_assigned_to_its_own_cluster(demo, tmp_path):
    study, _ = demo
    table = Run(study, "default").scans()
    scan_id = str(table["confidence"].idxmax())
    path = study.folder.parent / "study-scans" / "scans" / f"{scan_id}.nii.gz"
    before = sorted(file.name for file in study.folder.rglob("*"))
    summary = assign(Run(study, "default"), [path], to=Destination(study, tmp_path))
    record = summary.values["scans"][0]
    assert record["cluster"] == table.loc[scan_id, "cluster"]
    assert scan_id in record["nearest"]
    assert not record["unlike_cohort"]
    assert "Peak in the" in summary.sentences[0]
    assert [file.name for file in tmp_path.iterdir()] == [f"{scan_id}-map.nii.gz"]
    assert sorted(file.name for file in study.folder.rglob("*")) == before


def test_what_cannot_be_assigned_is_said(demo, tmp_path):
    study, _ = demo
    folder = study.folder.parent / "study-scans" / "scans"
    (tmp_path / "a.nii").write_bytes(b"")
    done = assign(Run(study, "default"), [tmp_path / "gone", folder, tmp_path / "a.nii"], to=None)
    assert done.has_failures
    assert "nothing at 'gone'" in done.sentences[0]
    assert "holds 10 scans; name one of them" in done.sentences[1]
    assert "no scan in 'a.nii'" in done.sentences[2]


def test_the_demos_volumes_are_chests_with_lungs_in_them(demo):
    study, _ = demo
    for scan_id in study.scans().index:
        volume, mask = study.volume(scan_id), study.mask(scan_id)
        assert volume.shape == mask.shape == (32, 32, 32)
        assert volume.array[mask].mean() < volume.array[~mask].mean() - 200
        picture = Image.open(io.BytesIO(study.picture(scan_id)))
        assert min(picture.size) > 100


@pytest.mark.slow
def test_the_benchmark_of_speed_gives_its_table(shared_data, tmp_path):
    result = run_benchmark(
        "speed", BenchmarkOptions(shared_data, tmp_path, quick=True), lambda *_: None
    )
    names = [figure["what"] for figure in result.values["figures"]]
    assert any("Chest CT, zip of 99 slices" in name for name in names)
    assert any("nodules" in name.lower() for name in names)
    assert result.values["machine"]
    assert list(tmp_path.iterdir())
