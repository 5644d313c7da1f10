"""preprocess: right geometry, nothing lost, the same bytes however often it is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nibabel
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from clam_core.errors import BusyError, MissingStepError, SettingsError, StudyError
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.read.nifti import write_nifti
from clam_core.settings import PreprocessSettings
from clam_core.study import Study
from clam_core.study.atomic import read_json, write_json
from clam_core.volume import Volume
from tests.study.test_study import tree

SETTINGS = PreprocessSettings(grid=(16, 16, 16), mask="none")


def blob(seed, shape=(24, 22, 20)):
    """Smooth HU values, all scans different."""
    rng = np.random.default_rng(seed)
    axes = np.meshgrid(*[np.linspace(0, 3, n) for n in shape], indexing="ij")
    waves = sum(np.sin(axis * rng.uniform(1, 3)) for axis in axes)
    return (-700 + 200 * waves).astype(np.int16)


def cohort(tmp_path, n=6, name="study"):
    root = tmp_path / "in"
    root.mkdir(exist_ok=True)
    for seed in range(n):
        path = root / f"s{seed}.nii.gz"
        if not path.exists():
            write_nifti(path, blob(seed), np.diag([-1.5, -1.5, 2.0, 1.0]))
    create(tmp_path / name, root, None, CreateOptions(n_workers=1))
    return Study(tmp_path / name)


def run(study, settings=SETTINGS):
    return preprocess(study, settings, 1)


def test_every_scan_is_ready_and_in_its_place(tmp_path):
    study = cohort(tmp_path)
    summary = run(study)
    assert summary.values["n_ready"] == 6
    for seed in (0, 3):
        volume = study.volume(f"s{seed}")
        assert volume.array.shape == (16, 16, 16)
        assert volume.array.dtype == np.int16
        assert volume.orientation == "RAS"
        source = Volume(blob(seed), np.diag([-1.5, -1.5, 2.0, 1.0]))
        voxels = np.array([[8, 8, 8], [3, 10, 5], [12, 4, 11]])
        places = np.c_[volume.position_mm(voxels), np.ones(3)]
        index = np.linalg.solve(source.affine, places.T)[:3]
        expected = map_coordinates(source.array.astype(float), index, order=1)
        np.testing.assert_allclose(volume.array[tuple(voxels.T)], expected, atol=12)
    picture = study.picture("s0")
    assert picture.startswith(b"\x89PNG")


def test_left_stays_left_for_every_orientation_of_the_file(tmp_path):
    """The same patient stored six ways: the grid must not tell them apart."""
    root = tmp_path / "in"
    root.mkdir()
    affine = np.diag([1.5, 1.5, 2.0, 1.0])
    array = blob(0)
    array[2:6, 3:8, 12:17] = 900  # a bright mark on the patient's left, low in front
    base = nibabel.Nifti1Image(array, affine)
    codes = ["RAS", "LPS", "PIR", "SRA", "ILA", "AIL"]
    for n, code in enumerate(codes):
        turn = nibabel.orientations.ornt_transform(
            nibabel.io_orientation(affine), nibabel.orientations.axcodes2ornt(code)
        )
        turned = base.as_reoriented(turn)
        write_nifti(root / f"o{n}.nii", np.asarray(turned.dataobj), turned.affine)
    create(tmp_path / "study", root, None, CreateOptions(n_workers=1))
    study = Study(tmp_path / "study")
    summary = run(study)
    first = study.volume("o0")
    mark = np.argwhere(first.array > 500).mean(axis=0)
    assert mark[0] < 6
    assert mark[1] < 8
    for n in range(1, 6):
        other = study.volume(f"o{n}")
        np.testing.assert_allclose(other.array, first.array, atol=1)  # rounding of sums
        np.testing.assert_allclose(other.affine, first.affine, atol=1e-5)
        assert study.scans().loc[f"o{n}", "original_orientation"] == codes[n]
    assert summary.values["n_ready"] == 6


def test_the_same_settings_again_do_nothing_and_others_do_everything(tmp_path):
    study = cohort(tmp_path)
    run(study)
    before = tree(study.folder)
    again = run(Study(study.folder))
    assert again.sentences[0].startswith("Nothing to do")
    assert tree(study.folder) == before
    run(study, PreprocessSettings(grid=(12, 12, 12), mask="none"))
    assert Study(study.folder).volume("s0").shape == (12, 12, 12)
    run(study)
    assert tree(study.folder) == before


def test_volumes_that_are_damaged_are_made_again(tmp_path):
    study = cohort(tmp_path)
    run(study)
    before = tree(study.folder)
    for content in (None, b"", b"junk"):
        path = study.folder / "arrays.zarr/volumes/c/1/0/0/0"
        path.unlink()
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(StudyError, match="'s1' .row 1.: .* run the step 'preprocess' again"):
            study.volume("s1")
        assert not run(Study(study.folder)).sentences[0].startswith("Nothing to do")
        assert tree(study.folder) == before


def test_a_file_that_changed_is_read_again(tmp_path):
    study = cohort(tmp_path)
    run(study)
    write_nifti(tmp_path / "in" / "s0.nii.gz", blob(99), np.diag([-1.5, -1.5, 2.0, 1.0]))
    before = study.volume("s0").array
    run(study)
    assert not np.array_equal(study.volume("s0").array, before)


def test_files_that_have_gone_or_broken_fail_one_by_one(tmp_path):
    study = cohort(tmp_path)
    (tmp_path / "in" / "s1.nii.gz").unlink()
    cut = tmp_path / "in" / "s2.nii.gz"
    cut.write_bytes(cut.read_bytes()[:-500])
    summary = run(study)
    assert summary.values["n_ready"] == 4
    reasons = study.scans()["reason"]
    assert "no longer where it was found" in reasons["s1"]
    assert reasons["s2"]
    with pytest.raises(MissingStepError, match="'s1' is not ready: .*no longer"):
        study.volume("s1")


def test_the_same_scan_under_two_names_is_noticed(tmp_path):
    root = tmp_path / "in"
    root.mkdir()
    for name in ("a1", "b2"):
        write_nifti(root / f"{name}.nii.gz", blob(5), np.eye(4))
    study = cohort(tmp_path, 1)
    run(study)
    warnings = study.scans()["warnings"]
    assert "same voxels as b2" in warnings["a1"]
    assert "same voxels as a1" in warnings["b2"]
    assert "same voxels" not in warnings["s0"]


def test_a_grid_of_the_wrong_number_of_axes_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="The grid has 2 axes, and the study's scans have 3"):
        run(cohort(tmp_path, 1), PreprocessSettings(grid=(16, 16)))


def test_a_second_start_is_refused_kindly(tmp_path):
    study = cohort(tmp_path, 1)
    with study.lock(), pytest.raises(BusyError, match="Another process is writing"):
        run(Study(study.folder))


def command(study: Path) -> list[str]:
    values = ["--grid", "16", "--mask", "none", "--workers", "1", "--json"]
    return [sys.executable, "-m", "clam_core", "preprocess", str(study), *values]


def kill_and_resume(tmp_path, n_kills, n_scans, seed):
    """Kill the command at random moments until it is allowed to end."""
    whole = cohort(tmp_path, n_scans, "whole")
    start = time.perf_counter()
    subprocess.run(command(whole.folder), check=True, capture_output=True)
    duration = time.perf_counter() - start
    broken = cohort(tmp_path, n_scans, "broken")
    key_id = read_json(whole.folder / "study.json")["key_id"]
    rng = np.random.default_rng(seed)
    n_resumed = 0
    for _ in range(n_kills):
        process = subprocess.Popen(
            command(broken.folder), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        time.sleep(float(rng.uniform(0.3, 1.0)) * duration)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        n_resumed += (broken.folder / "preprocess.partial" / "journal.jsonl").is_file()
        assert all(
            status in {"found", "ready"} for status in Study(broken.folder).scans()["status"]
        )
    subprocess.run(command(broken.folder), check=True, capture_output=True)
    mine = read_json(broken.folder / "study.json")
    write_json(broken.folder / "study.json", {**mine, "key_id": key_id})  # random by design
    assert tree(broken.folder) == tree(whole.folder)
    return n_resumed


def test_killed_and_resumed_the_study_is_the_same_to_the_byte(tmp_path):
    kill_and_resume(tmp_path, n_kills=3, n_scans=8, seed=1)


@pytest.mark.slow
def test_killed_twenty_times_the_study_is_the_same_to_the_byte(tmp_path):
    assert kill_and_resume(tmp_path, n_kills=20, n_scans=60, seed=2) > 0
