"""Maps of single scans on demand, against maps made by hand, and new scans with them."""

import shutil

import nibabel
import numpy as np
import pytest
import torch

from clam_core.errors import MissingStepError, SettingsError, StudyError
from clam_core.localization import make_maps, scale_maps
from clam_core.pipeline.method.assign import assign, assign_task
from clam_core.pipeline.method.explain import explain_scan, explain_task, fitted_cohort
from clam_core.pipeline.method.fit import fit
from clam_core.pipeline.method.localize import localize
from clam_core.pipeline.output.destination import Destination
from clam_core.read.nifti import write_nifti
from clam_core.settings import LocalizeSettings
from clam_core.study import Run, Study
from clam_core.study.arrays import ScanArrays
from clam_core.study.stamp import fit_stamp
from tests.pipeline.simulated import GRID, QUICK, cohort, study_of


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    made = study_of(tmp_path_factory.mktemp("study") / "s", cohort())
    fit(made, "r", QUICK)
    localize(made, "r", LocalizeSettings())
    return made


@pytest.fixture(scope="module")
def run(study):
    return Run(study, "r")


def test_the_default_map_is_the_stored_one(study, run):
    found = explain_scan(study, run, "s03")
    np.testing.assert_allclose(
        scale_maps(found.signed[None])[0], run.activation_map("s03"), atol=1e-3
    )
    stored = run.maps().loc["s03"]
    assert found.line["sentence"] == stored["sentence"]
    assert found.line["deletion_auc"] == pytest.approx(stored["deletion_auc"], abs=1e-6)


@pytest.mark.parametrize("variant", ["integrated", "paper", "grad_cam"])
@pytest.mark.parametrize("target", [1, 2, (2, 1)])
def test_any_map_is_that_of_its_question(study, run, variant, target):
    settings = LocalizeSettings(variant=variant, target=target)
    found = explain_scan(study, run, "s05", settings)
    known = fitted_cohort(study.folder, "r", fit_stamp(run))
    image = known.images.batch(torch.tensor([5]))
    made = make_maps(known.model, image, settings, known.reference(settings))
    mask = study.mask("s05")
    expected = np.where(mask, made.raw[0], 0) if variant == "integrated" else made.raw[0]
    np.testing.assert_allclose(found.signed, expected, atol=1e-6)
    pair = target if isinstance(target, tuple) else (target, 0)
    assert (found.line["explained"], found.line["rather_than"]) == pair


def test_a_contrast_turned_round_has_the_other_sign(study, run):
    for_two = explain_scan(study, run, "s02", LocalizeSettings(target=(2, 1))).nodes
    for_one = explain_scan(study, run, "s02", LocalizeSettings(target=(1, 2))).nodes
    backdrops = fitted_cohort(study.folder, "r", fit_stamp(run))
    shift = [
        next(iter(backdrops.reference(LocalizeSettings(target=pair)).backdrop.values())).numpy()
        for pair in ((2, 1), (1, 2))
    ]
    np.testing.assert_allclose(for_two + shift[0], -(for_one + shift[1]), atol=1e-5)


def test_a_process_gets_the_same_as_json_and_arrays(study, run):
    values = LocalizeSettings(target=(1, 2)).model_dump(mode="json")
    line, arrays = explain_task(str(study.folder), "r", "s02", values)
    expected = explain_scan(study, run, "s02", LocalizeSettings(target=(1, 2)))
    np.testing.assert_array_equal(arrays["signed"], expected.signed)
    np.testing.assert_array_equal(arrays["nodes"], expected.nodes)
    assert line == expected.line


def test_what_cannot_be_explained_is_said(study, run, tmp_path):
    with pytest.raises(StudyError, match="has no scan 's99'"):
        explain_scan(study, run, "s99")
    with pytest.raises(SettingsError, match="cluster 7"):
        explain_scan(study, run, "s01", LocalizeSettings(target=7))
    with pytest.raises(MissingStepError, match="no finished run"):
        explain_scan(study, Run(study, "none"), "s01")


@pytest.fixture(scope="module")
def files(study, tmp_path_factory):
    """A scan of the cohort and its mask as files, on the study's own grid."""
    folder = tmp_path_factory.mktemp("new")
    affine = np.diag([4.0, 4.0, 4.0, 1.0])
    write_nifti(folder / "scan.nii.gz", study.volume("s04").array, affine)
    write_nifti(folder / "mask.nii.gz", study.mask("s04").astype(np.uint8), affine)
    return folder


def uncropped(study):
    """The study as if its scans had not been cropped, so that files fit as they are."""
    prepared = study.info.prepared
    settings = prepared.settings.model_copy(update={"crop": "none", "mask": "given"})
    info = study.info.model_copy(
        update={"prepared": prepared.model_copy(update={"settings": settings})}
    )
    study.replace_info(info)
    return study


def test_a_scan_with_its_mask_is_found_again(study, run, files):
    summary = assign(
        Run(uncropped(study), "r"), [files / "scan.nii.gz"], to=None, mask=files / "mask.nii.gz"
    )
    record = summary.values["scans"][0]
    assert record["nearest"][0] == "s04"
    assert record["distance"] == pytest.approx(0, abs=1e-3)
    assert record["cluster"] == run.scans().loc["s04", "cluster"]
    assert not record["unlike_cohort"]
    place = run.scans().loc["s04", ["x", "y"]].tolist()
    assert (record["x"], record["y"]) == pytest.approx(place, abs=1e-3)
    soft = run.array("soft_assignment")[4]
    assert record["soft_assignment"] == pytest.approx(soft.tolist(), abs=1e-3)
    assert record["confidence"] == max(record["soft_assignment"])
    distance = np.linalg.norm(run.array("features") - run.array("features")[4], axis=1)
    assert record["nearest"] == [f"s{row:02d}" for row in np.argsort(distance)[:5]]


def test_its_map_lies_in_the_folder_under_its_name(study, files, tmp_path):
    given = {"to": Destination(study, tmp_path / "out"), "mask": files / "mask.nii.gz"}
    summary = assign(Run(uncropped(study), "r"), [files / "scan.nii.gz"], **given)
    assert summary.values["scans"][0]["map_file"] == "scan-map.nii.gz"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["scan-map.nii.gz"]
    image = nibabel.load(tmp_path / "out" / "scan-map.nii.gz")
    np.testing.assert_allclose(image.affine, np.diag([4.0, 4, 4, 1]))
    stored = Run(study, "r").activation_map("s04")
    np.testing.assert_allclose(np.asanyarray(image.dataobj), stored, atol=2e-3)  # float16
    shutil.copy(files / "scan.nii.gz", tmp_path / "COM1.nii.gz")
    summary = assign(Run(uncropped(study), "r"), [tmp_path / "COM1.nii.gz"], **given)
    written = tmp_path / "out" / summary.values["scans"][0]["map_file"]
    assert written.name.startswith("_COM1-")
    assert written.read_bytes() == (tmp_path / "out" / "scan-map.nii.gz").read_bytes()


@pytest.mark.parametrize("kind", ["latent", "features"])
def test_a_scan_that_is_far_by_one_description_alone_is_unlike(study, files, tmp_path, kind):
    """The cohort's latent codes, or features, moved away; the new scan stays as it is."""
    moved = uncropped(Study(shutil.copytree(study.folder, tmp_path / "s")))
    stored = Run(moved, "r").array(kind)
    ScanArrays(Run(moved, "r").folder / "arrays.zarr").put(kind, stored + 100)
    record = assign(
        Run(moved, "r"), [files / "scan.nii.gz"], to=None, mask=files / "mask.nii.gz"
    ).values["scans"][0]
    assert record["unlike_cohort"]
    assert "times as far away as is usual" in record["doubts"][0]


def test_a_bad_scan_does_not_lose_the_good_one(study, files, tmp_path):
    bad = tmp_path / "bad1.nii.gz"
    bad.write_bytes(b"no scan at all")
    prepared = study.info.prepared
    free = prepared.settings.model_copy(update={"crop": "none", "mask": "none"})
    study.replace_info(
        study.info.model_copy(update={"prepared": prepared.model_copy(update={"settings": free})})
    )
    paths = [bad, files / "scan.nii.gz", tmp_path / "Jones Mary.nii.gz"]
    summary = assign(Run(study, "r"), paths, to=Destination(study, tmp_path / "out"))
    records = summary.values["scans"]
    assert [one["status"] for one in records] == ["failed", "assigned", "failed"]
    assert [one["scan"] for one in records] == ["bad1.nii.gz", "scan.nii.gz", "scan-3"]
    assert summary.sentences[0].startswith("bad1.nii.gz: There is no scan in 'bad1.nii.gz'")
    assert "cluster" in summary.sentences[1]
    assert summary.has_failures
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["scan-map.nii.gz"]


def test_a_mask_belongs_to_one_scan(study, files):
    scan = files / "scan.nii.gz"
    with pytest.raises(SettingsError, match="A mask belongs to one scan, but 2 were given"):
        assign(Run(study, "r"), [scan, scan], to=None, mask=files / "mask.nii.gz")


def test_noise_in_the_place_of_a_scan_is_called_unlike(study, files, tmp_path):
    noise = np.random.default_rng(0).normal(300, 400, GRID).astype(np.int16)
    write_nifti(tmp_path / "noise.nii.gz", noise, np.diag([4.0, 4.0, 4.0, 1.0]))
    found = assign(
        Run(uncropped(study), "r"), [tmp_path / "noise.nii.gz"], to=None, mask=files / "mask.nii.gz"
    )
    assert found.values["scans"][0]["unlike_cohort"]
    assert "do not trust the cluster" in found.sentences[0]


def test_a_process_keeps_what_a_viewer_needs(study, run, files, monkeypatch):
    import json

    path = study.folder / "study.json"
    before = path.read_text()
    path.write_text(json.dumps(uncropped(study).info.model_dump()))
    try:
        scan, mask = str(files / "scan.nii.gz"), str(files / "mask.nii.gz")
        record, arrays = assign_task(str(study.folder), "r", scan, mask)
    finally:
        path.write_text(before)
    json.dumps(record)
    np.testing.assert_array_equal(arrays["volume"], study.volume("s04").array)
    np.testing.assert_array_equal(arrays["mask"], study.mask("s04"))
    for cluster in (1, 2):
        expected = explain_scan(study, run, "s04", LocalizeSettings(target=cluster))
        np.testing.assert_allclose(arrays["maps"][cluster - 1], expected.signed, atol=1e-4)
        assert record["lines"][cluster - 1]["explained"] == cluster
