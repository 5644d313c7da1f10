"""The command line: words or JSON, exit codes, never a traceback."""

import json
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from clam_core.__main__ import app
from clam_core.read.nifti import write_nifti
from tests.study import make

runner = CliRunner()


def call(*arguments):
    return runner.invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def scans(tmp_path):
    root = tmp_path / "in"
    root.mkdir()
    for seed in range(3):
        array = np.random.default_rng(seed).normal(-700, 100, (12, 12, 12)).astype(np.int16)
        write_nifti(root / f"s{seed}.nii.gz", array, np.eye(4))
    (root / "cut9.nii.gz").write_bytes((root / "s0.nii.gz").read_bytes()[:300])
    return root


def test_a_study_in_two_commands(tmp_path, scans):
    study = tmp_path / "study"
    made = call("create", study, "--scans", scans, "--workers", 1)
    assert made.exit_code == 0, made.output
    assert "3 scans found (CT, 3 dimensions), 1 failed, 0 files skipped." in made.stdout
    done = call("preprocess", study, "--grid", "16", "--mask", "none", "--workers", 1, "--json")
    assert done.exit_code == 0, done.output
    values = json.loads(done.stdout)
    assert values["n_ready"] == 3
    where = call("files", study)
    assert str(scans / "cut9.nii.gz") in where.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["create", "{new}", "--scans", "{none}"], "There is no file or folder"),
        (["preprocess", "{none}"], "There is no study in"),
        (["preprocess", "{study}", "--grid", "many"], "The grid 'many' is not a number"),
        (["preprocess", "{study}", "--grid", "4"], "between 8 and 512"),
        (["preprocess", "{study}", "--grid", "16,16"], "The grid has 2 axes"),
        (["preprocess", "{study}", "--mask", "heart"], "(it was 'heart')"),
        (["create", "{study}", "--scans", "{scans}"], "already a study"),
        (["create", "{new}", "--scans", "{scans}", "--ids", "x"], "(it was 'x')"),
        (["files", "{none}"], "There is no study in"),
        (["create", "{new}/CON", "--scans", "{scans}"], "A study cannot be called 'CON'"),
        (["create", "{new}/.x", "--scans", "{scans}"], "A study cannot be called '.x'"),
        (["create", "{new}/..", "--scans", "{scans}"], "A study cannot be called '..'"),
        (["create", ".", "--scans", "{scans}"], "A study cannot be called '.'"),
        (["demo", ".", "--scans", "4"], "A study cannot be called '.'"),
        (["export", "{study}", "--run", "../x", "--to", "{new}"], "A run cannot be called '../x'"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(tmp_path, scans, arguments, sentence):
    study = tmp_path / "study"
    assert call("create", study, "--scans", scans, "--workers", 1).exit_code == 0
    places = {"new": tmp_path / "new", "none": tmp_path / "none", "study": study, "scans": scans}
    filled = [argument.format(**places) for argument in arguments]
    result = call(*filled)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") <= 1 + result.stderr.count("Looking into files")
    assert "Traceback" not in result.output
    as_json = call(*filled, "--json")
    assert as_json.exit_code == 2
    assert sentence in json.loads(as_json.stdout)["error"]


@pytest.mark.parametrize("name", ["../x", "..", "", "a/b", "a\\b", ".x", "/x", "CON", "lpt1"])
@pytest.mark.parametrize("step", ["fit", "localize", "select", "associate", "export", "report"])
def test_no_name_of_a_run_is_a_path(tmp_path, step, name):
    study = make.empty(tmp_path / "study").folder
    before = sorted(tmp_path.rglob("*"))
    to = {"export": ["--to", tmp_path / "out"], "report": ["--to", tmp_path / "report.html"]}
    result = call(step, study, "--run", name, *to.get(step, []))
    assert result.exit_code == 2
    assert f"A run cannot be called {name!r}" in result.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_a_fault_of_ours_is_a_sentence_too(tmp_path, scans, monkeypatch):
    def fail(*args, **kwargs):
        raise ZeroDivisionError("secret path")

    monkeypatch.setattr("clam_core.pipeline.scans.create.discover", fail)
    result = call("create", tmp_path / "study", "--scans", scans)
    assert result.exit_code == 1
    assert "fault of the software (ZeroDivisionError)" in result.stderr
    assert "secret path" not in result.output


@pytest.mark.slow
def test_a_run_of_other_volumes_is_refused_with_the_remedy(tmp_path):
    study = tmp_path / "x"
    assert call("demo", study, "--scans", 8, "--grid", 24).exit_code == 0
    assert call("localize", study).exit_code == 0
    done = call("preprocess", study, "--grid", 24, "--mask", "none")
    assert done.exit_code == 0, done.output
    for step in ("localize", "associate", "select"):
        refused = call(step, study)
        assert refused.exit_code == 2, refused.output
        assert "was fitted on other volumes" in " ".join(refused.stderr.split())
        assert "fit a new run" in " ".join(refused.stderr.split())
    assert call("preprocess", study, "--grid", 24).exit_code == 0
    assert call("localize", study).exit_code == 0


def test_help_lists_the_steps_and_loads_nothing_slow():
    code = (
        "import sys; sys.argv = ['clam_core', '--help']\n"
        "try:\n    from clam_core.__main__ import main; main()\n"
        "except SystemExit: pass\n"
        "slow = {'numpy', 'pandas', 'SimpleITK', 'zarr', 'torch', 'scipy', 'pydantic'}\n"
        "assert not slow & set(sys.modules), slow & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for step in ("create", "clinical", "preprocess", "demo", "report", "files"):
        assert step in done.stdout
