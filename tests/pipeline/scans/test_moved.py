"""Scans that lie elsewhere now: noted, and nothing is read or fitted again without need."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from clam_core.__main__ import app
from clam_core.errors import SettingsError, StudyError
from clam_core.pipeline.current import check_current
from clam_core.pipeline.method.fit import fit
from clam_core.pipeline.scans.moved import move_scans
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.read.nifti import write_nifti
from clam_core.study import Run, Study
from tests.pipeline.scans.test_losses import AFFINE, OTHER, SAME, digests, found, write_scans
from tests.pipeline.scans.test_preprocess import blob
from tests.pipeline.simulated import QUICK


@pytest.fixture
def made(tmp_path):
    """A study with a run, and the folder of its scans."""
    write_scans(tmp_path / "in")
    study = found(tmp_path / "study", tmp_path / "in")
    preprocess(study, SAME, 1)
    fit(study, "r", QUICK)
    return Study(study.folder), tmp_path / "in"


def again(study, settings=SAME):
    return preprocess(Study(study.folder), settings, 1).sentences[0]


def is_current(study):
    opened = Study(study.folder)
    try:
        check_current(opened, Run(opened, "r"))
    except StudyError:
        return False
    return True


def test_a_folder_that_was_moved_is_not_read_again(made, tmp_path):
    study, scans = made
    before = digests(study)
    scans.rename(tmp_path / "archive")
    assert move_scans(study, tmp_path / "archive") == "6 files of scans now lie below 'archive'."
    assert again(study).startswith("Nothing to do")
    after = digests(study)
    assert {name for name in after if after[name] != before[name]} == {"study.json"}
    assert is_current(study)
    (tmp_path / "archive").rename(scans)  # and back
    move_scans(Study(study.folder), scans)
    assert again(study).startswith("Nothing to do")


def test_a_place_relative_to_where_one_stands_is_found_from_elsewhere(made, tmp_path, monkeypatch):
    study, scans = made
    scans.rename(tmp_path / "archive")
    monkeypatch.chdir(tmp_path)
    move_scans(study, Path("archive"))
    monkeypatch.chdir("/")
    assert again(study).startswith("Nothing to do")
    assert Path(Study(study.folder).info.scans_root) == (tmp_path / "archive").resolve()


def test_a_copy_with_other_times_is_read_again_and_its_runs_stay(made, tmp_path):
    study, scans = made
    copy = tmp_path / "copy"
    shutil.copytree(scans, copy)
    for file in copy.iterdir():
        os.utime(file, (1, 1))
    shutil.rmtree(scans)
    move_scans(study, copy)
    assert again(study).startswith("6 scans ready")
    assert is_current(study)
    assert again(study).startswith("Nothing to do")


def test_a_copy_with_other_voxels_makes_its_runs_old(made, tmp_path):
    study, scans = made
    copy = tmp_path / "copy"
    shutil.copytree(scans, copy)
    write_nifti(copy / "s3.nii.gz", blob(99, (12, 11, 10)), AFFINE)
    move_scans(study, copy)
    assert again(study).startswith("6 scans ready")
    assert not is_current(study)


def test_another_grid_is_another_volume_wherever_the_scans_lie(made, tmp_path):
    study, scans = made
    scans.rename(tmp_path / "archive")
    move_scans(study, tmp_path / "archive")
    assert again(study, OTHER).startswith("6 scans ready")
    assert not is_current(study)


def test_a_folder_of_something_else_changes_nothing(made, tmp_path):
    study, scans = made
    before = digests(study)
    (tmp_path / "other").mkdir()
    with pytest.raises(StudyError, match="6 of 6 files of scans cannot be found below 'other' eit"):
        move_scans(study, tmp_path / "other")
    shutil.copytree(scans, tmp_path / "part")
    (tmp_path / "part" / "s1.nii.gz").unlink()
    with pytest.raises(StudyError, match="1 of 6 files .* below 'part' either"):
        move_scans(study, tmp_path / "part")
    with pytest.raises(SettingsError, match="There is no folder"):
        move_scans(study, tmp_path / "none")
    assert digests(study) == before


def test_a_folder_called_like_a_patient_is_found_by_its_parent(tmp_path):
    (tmp_path / "disk").mkdir()
    write_scans(tmp_path / "disk" / "Jones Mary")
    study = found(tmp_path / "study", tmp_path / "disk" / "Jones Mary")
    preprocess(study, SAME, 1)
    (tmp_path / "disk").rename(tmp_path / "newdisk")
    move_scans(Study(study.folder), tmp_path / "newdisk" / "Jones Mary")
    assert again(study).startswith("Nothing to do")
    assert "Jones" not in (study.folder / "study.json").read_text()


def test_no_name_enters_by_the_folder_that_scans_were_moved_to(made, tmp_path):
    study, scans = made
    before = digests(study)
    scans.rename(tmp_path / "Jones Mary")
    with pytest.raises(SettingsError, match="called like a person") as refused:
        move_scans(study, tmp_path / "Jones Mary")
    assert "Jones" not in str(refused.value)
    assert digests(study) == before


def test_the_command_says_where_they_lie_now(made, tmp_path):
    study, scans = made
    scans.rename(tmp_path / "archive")
    grid = ["preprocess", str(study.folder), "--grid", "8", "--mask", "none"]
    refused = CliRunner().invoke(app, grid)
    assert refused.exit_code == 2
    assert "(--scans FOLDER)" in refused.output
    done = CliRunner().invoke(app, [*grid, "--scans", str(tmp_path / "archive"), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout.splitlines()[-1])["n_ready"] == 6
    assert np.isfinite(Study(study.folder).volume("s1").affine).all()
