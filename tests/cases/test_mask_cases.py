"""Masks whose values once were taken without a word, through `create` and `preprocess`."""

import shutil

import nibabel
import numpy as np
import pytest
from typer.testing import CliRunner

from clam_core.__main__ import app
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.settings import PreprocessSettings
from clam_core.study import Study

ONE = CreateOptions(n_workers=1)


def prepared(tmp_path, root, table, labels=()):
    folder = tmp_path / "study"
    create(folder, root, table, ONE)
    preprocess(Study(folder), PreprocessSettings(grid=(16, 16, 16), mask_label=labels), 1)
    return Study(folder)


@pytest.mark.parametrize(
    ("case", "labels", "status", "said"),
    [
        ("mask_prob", (), "ready", "fractions from 0.02 to 0.95, as a map of probabilities"),
        ("mask_multilabel", (), "failed", "The mask holds 2 labels (1, 13). Name the one"),
        ("mask_multilabel", (13,), "ready", ""),
        ("mask_multilabel", (7,), "failed", "none of the labels that are wanted (7)"),
        ("mask_inverted", (), "ready", "so it may be inverted"),
    ],
)
def test_the_cases_that_went_wrong(case, labels, status, said, shared_cases, tmp_path):
    home = shared_cases / "mask_values_silent"
    shutil.copytree(home / case, tmp_path / "in")
    study = prepared(tmp_path, tmp_path / "in", home / f"{case}.csv", labels)
    row = study.scans().loc["A1"]
    assert row["status"] == status
    assert said in row["reason"] + row["warnings"]
    if status == "ready":
        mask = np.asanyarray(nibabel.load(tmp_path / "in" / "m.nii.gz").dataobj)
        inside = mask == labels[0] if labels else mask >= 0.5
        spans = [np.ptp(np.flatnonzero(inside.any(axis=tuple({0, 1, 2} - {n})))) for n in range(3)]
        box = study.volume("A1")
        lengths = np.array(box.spacing_mm) * box.array.shape
        expected = (np.array(spans) + 1) * (0.8, 0.8, 2.5) + 2 * 5.0
        np.testing.assert_allclose(lengths, expected, atol=0.01)


def test_a_choice_on_the_command_line(shared_cases, tmp_path):
    home = shared_cases / "mask_values_silent"
    shutil.copytree(home / "mask_multilabel", tmp_path / "in")
    study = str(tmp_path / "study")
    given = ["--scans", str(tmp_path / "in"), "--scans-table", str(home / "mask_multilabel.csv")]
    assert CliRunner().invoke(app, ["create", study, *given, "--workers", "1"]).exit_code == 0
    how = ["preprocess", study, "--grid", "8", "--workers", "1"]
    said = CliRunner().invoke(app, how)
    assert said.exit_code == 0
    assert "1 scan failed: The mask holds 2 labels (1, 13)." in said.output
    said = CliRunner().invoke(app, [*how, "--mask-label", "13"])
    assert (said.exit_code, Study(tmp_path / "study").scans()["status"].iloc[0]) == (0, "ready")
    said = CliRunner().invoke(app, [*how, "--mask-label", "left"])
    assert said.exit_code == 2
    assert "are not whole numbers" in said.output
