"""`check`: a damaged file of a study is named with its remedy, whatever became of it."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from clam_core.__main__ import app
from clam_core.pipeline.clinical.associate import associate_run
from clam_core.pipeline.clinical.import_clinical import import_table
from clam_core.pipeline.method.fit import fit
from clam_core.pipeline.method.localize import localize
from clam_core.pipeline.method.select import select
from clam_core.pipeline.scans.check_study import check
from clam_core.settings import AssociateSettings, LocalizeSettings, SelectSettings
from clam_core.study import Run, Study, write_names
from tests.pipeline.simulated import QUICK, cohort, study_of

runner = CliRunner()
UNCHECKED = {".lock", "history.jsonl", "arrays.zarr/zarr.json"}
"""No values: locks, the log of the training, and what zarr says of a group."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    home = tmp_path_factory.mktemp("whole")
    study = study_of(home / "s", cohort(n_per_group=6), failed=1)
    for number in range(12):
        path = study.folder / f"pictures/{number:06d}.png"
        Image.fromarray(np.full((8, 8), 9 * number, np.uint8)).save(path)
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"scan_id": study.scans().index, "fvc": rng.normal(3, 1, 13)})
    table.to_csv(home / "t.csv", index=False)
    import_table(study, home / "t.csv")
    fit(study, "r", QUICK)
    localize(study, "r", LocalizeSettings(variant="paper"))
    select(
        study,
        "r",
        SelectSettings(k_max=3, n_bootstrap=5, n_seeds=2, methods=("kmeans",), n_references=20),
    )
    associate_run(study, "r", AssociateSettings(n_resamples=99))
    write_names(Run(study, "r"), {1: "dense"})
    return study


def files_of(study):
    """One file of each kind, with the first and the last of a kind that is repeated."""
    kinds = {}
    for path in sorted(study.folder.rglob("*")):
        name = str(path.relative_to(study.folder))
        if path.is_file() and not any(name.endswith(one) for one in UNCHECKED):
            kinds.setdefault(path.parent, []).append(name)
    return [name for names in kinds.values() for name in ([names[0]] if len(names) > 3 and
            names[0].endswith(".png") else names)]  # fmt: skip


def removed(path):
    path.unlink()


def halved(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def emptied(path):
    path.write_bytes(b"")


def flipped(path, place=0.5):
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] ^= 4
    path.write_bytes(content)


def read_back(path):
    """What a file says, whatever its bytes: a flipped blank, or the name of a seal, is no harm."""
    if path.suffix == ".json":
        values = json.loads(path.read_text()).items()
        return [(k, v) for k, v in values if not re.fullmatch("[0-9a-f]{64}", str(v))]
    if path.suffix == ".parquet":
        return pd.read_parquet(path).to_json()
    if path.suffix == ".png":
        return np.asarray(Image.open(path)).tobytes()
    return path.read_bytes()


def test_a_whole_study_is_said_to_be_whole(whole):
    done = runner.invoke(app, ["check", str(whole.folder)])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("The study 's' is whole: ")
    assert check(whole).values["notes"] == []


@pytest.mark.parametrize("damage", [removed, halved, emptied, flipped])
def test_every_damaged_file_is_found(whole, tmp_path, damage):
    copy = tmp_path / "s"
    shutil.copytree(whole.folder, copy)
    silent = []
    for name in files_of(whole):
        damage(copy / name)
        done = runner.invoke(app, ["check", str(copy)])
        words = done.output
        assert "fault of the software" not in words, (name, words)
        if done.exit_code != 2:
            silent.append(name)
        else:
            assert "again" in words or "copy" in words or "step '" in words, (name, words)
        (copy / name).parent.mkdir(exist_ok=True)
        shutil.copy(whole.folder / name, copy / name)
    alone = {"runs/r/selection.json", "runs/r/names.json"}
    assert set(silent) == (alone if damage is removed else set())  # as if they had not been made
    assert runner.invoke(app, ["check", str(copy)]).exit_code == 0


@pytest.mark.slow
def test_no_flipped_bit_goes_unnoticed(whole, tmp_path):
    """One bit at many places of each file: found, or without any effect on what is read."""
    copy = tmp_path / "s"
    shutil.copytree(whole.folder, copy)
    silent = []
    for name in files_of(whole):
        for place in np.linspace(0, 0.999, 25):
            flipped(copy / name, place)
            done = runner.invoke(app, ["check", str(copy)])
            assert "fault of the software" not in done.output, (name, done.output)
            if done.exit_code != 2 and read_back(copy / name) != read_back(whole.folder / name):
                silent.append((name, float(place)))
            shutil.copy(whole.folder / name, copy / name)
    assert silent == []


def test_several_faults_are_all_said(whole, tmp_path):
    study = Study(shutil.copytree(whole.folder, tmp_path / "s"))
    shutil.rmtree(study.folder / "arrays.zarr/volumes/c/3")
    (study.folder / "pictures/000004.png").unlink()
    flipped(study.folder / "runs/r/weights.safetensors")
    faults = check(study).values["faults"]
    assert len(faults) == 3
    assert faults[0].startswith("Scan 's03', volume: ") and "'preprocess' again" in faults[0]
    assert faults[1].startswith("Scan 's04', picture: ")
    assert faults[2].startswith("Run 'r', weights: ") and "fit it again" in faults[2]


def test_a_run_of_other_volumes_is_a_note(whole, tmp_path):
    from tests.pipeline.test_current import preprocessed_again

    study = Study(shutil.copytree(whole.folder, tmp_path / "s"))
    preprocessed_again(study)
    assert any("was fitted on other volumes" in note for note in check(study).values["notes"])
