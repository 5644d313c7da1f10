"""preprocess again: what is ready stays to the byte unless somebody gives it up."""

import hashlib
import json
import os
import shutil
import zipfile

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from clam_core.__main__ import app
from clam_core.errors import StudyError
from clam_core.pipeline.method.fit import fit
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.losses import refuse_failed, refuse_missing
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.pipeline.scans.sources import find_sources
from clam_core.read.nifti import write_nifti
from clam_core.settings import PreprocessSettings
from clam_core.study import Study
from tests.pipeline.scans.test_preprocess import blob
from tests.pipeline.simulated import QUICK

SAME = PreprocessSettings(grid=(8, 8, 8), mask="none")
OTHER = PreprocessSettings(grid=(10, 10, 10), mask="none")
AFFINE = np.diag([-1.5, -1.5, 2.0, 1.0])
N_SCANS = 6
VOXELS = ("arrays.zarr/", "pictures/")


def write_scans(root, n=N_SCANS):
    root.mkdir()
    for seed in range(n):
        write_nifti(root / f"s{seed}.nii.gz", blob(seed, (12, 11, 10)), AFFINE)


def found(folder, root, table=None, **options):
    create(folder, root, table, CreateOptions(n_workers=1, **options))
    return Study(folder)


def run(study, settings=SAME, **options):
    return preprocess(Study(study.folder), settings, 1, **options)


def digests(study):
    """Digest of every file of the study, chunks of volumes included, but for what is staged."""
    files = {
        str(path.relative_to(study.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(study.folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }
    return {name: value for name, value in files.items() if not name.startswith("preprocess.")}


def spoil(path, content=b"no scan"):
    """Other bytes under the same name, of the same size and time of change: a failing drive."""
    before = path.stat()
    path.write_bytes(content.ljust(before.st_size, b"\0")[: before.st_size])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A study with volumes, its scans in `in`, and copies of both."""
    home = tmp_path_factory.mktemp("made")
    write_scans(home / "in")
    run(found(home / "study", home / "in"))
    for name in ("in", "study"):
        shutil.copytree(home / name, home / f"{name}.copy")
    return home


@pytest.fixture
def ready(made):
    """The study; both folders are put back after the test, times of change included."""
    yield Study(made / "study")
    for name in ("in", "study"):
        shutil.rmtree(made / name, ignore_errors=True)
        shutil.copytree(made / f"{name}.copy", made / name)


@pytest.fixture
def scans(made):
    return made / "in"


def put_back(scans):
    shutil.rmtree(scans, ignore_errors=True)
    shutil.copytree(scans.with_name("in.copy"), scans)


@pytest.mark.parametrize("settings", [SAME, OTHER])
@pytest.mark.parametrize("is_emptied", [False, True])
def test_without_its_scans_nothing_is_replaced(ready, scans, settings, is_emptied):
    before = digests(ready)
    shutil.rmtree(scans)
    if is_emptied:
        scans.mkdir()
    with pytest.raises(StudyError) as refused:
        run(ready, settings)
    assert str(refused.value) == (
        "6 of 6 files of scans cannot be found below 'in', so no volume was changed; connect the "
        "drive or folder again, name the folder in which they lie now (--scans FOLDER), or give up "
        "those 6 scans with --forget-missing."
    )
    assert digests(ready) == before
    assert not list(ready.folder.glob("*.partial"))  # refused before any work
    put_back(scans)
    assert run(ready).sentences[0].startswith("Nothing to do")
    assert digests(ready) == before


def test_one_file_of_a_ready_scan_is_enough_to_refuse(ready, scans):
    before = digests(ready)
    (scans / "s3.nii.gz").unlink()
    with pytest.raises(StudyError, match="^1 of 6 files of scans .* or give up that scan with"):
        run(ready, OTHER)
    assert digests(ready) == before


def test_what_is_ready_is_fitted_with_nothing_mounted(ready, scans):
    shutil.rmtree(scans)
    settings = QUICK.model_copy(update={"method": "kmeans", "n_clusters": 2})
    fit(Study(ready.folder), "away", settings)
    assert (ready.folder / "runs" / "away" / "run.json").is_file()


def test_the_first_time_a_few_missing_files_fail_and_most_are_refused(tmp_path):
    write_scans(tmp_path / "in", 4)
    study = found(tmp_path / "study", tmp_path / "in")
    for seed in range(3):
        (tmp_path / "in" / f"s{seed}.nii.gz").rename(tmp_path / f"s{seed}.nii.gz")
    with pytest.raises(StudyError, match="^3 of 4 files of scans cannot be found"):
        run(study)
    assert set(study.scans()["status"]) == {"found"}
    (tmp_path / "s0.nii.gz").rename(tmp_path / "in" / "s0.nii.gz")  # half of them are enough
    summary = run(study)
    assert (summary.values["n_ready"], summary.values["n_given_up"]) == (2, 0)
    assert "no longer where it was found" in study.scans().loc["s1", "reason"]
    (tmp_path / "in" / "s0.nii.gz").unlink()
    (tmp_path / "in" / "s3.nii.gz").unlink()
    summary = run(study, forget_missing=True)
    assert (summary.values["n_ready"], summary.values["n_given_up"]) == (0, 4)
    assert run(study).sentences[0].startswith("Nothing to do")  # given up is given up


@pytest.mark.parametrize("settings", [SAME, OTHER])
def test_garbage_in_place_of_a_scan_is_not_committed(ready, scans, settings):
    before = digests(ready)
    (scans / "s2.nii.gz").write_bytes(b"no scan")
    with pytest.raises(StudyError) as refused:
        run(ready, settings)
    said = str(refused.value)
    assert said.startswith(
        "1 scan with a volume could not be prepared again, so the volumes are as before; repeat "
        "the command when that is repaired, or give up that scan with --forget-missing. "
        "The commonest reason: "
    )
    assert said.endswith(json.loads(_journal(ready)[-1])["reason"])
    assert digests(ready) == before
    assert _n_read(ready, settings) == 1  # what was staged stays
    put_back(scans)
    run(ready)
    assert digests(ready) == before


def _journal(study):
    lines = (study.folder / "preprocess.partial" / "journal.jsonl").read_text().splitlines()
    return sorted(lines, key=lambda line: json.loads(line)["status"] == "failed")


def _n_read(study, settings):
    """How many scans a repeated and again refused command reads."""
    told = []
    with pytest.raises(StudyError):
        preprocess(Study(study.folder), settings, 1, lambda *told_now: told.append(told_now))
    return told[0][2] - told[0][1]


def test_a_failure_of_the_drive_is_tried_again_and_ends_with_the_same_bytes(ready, scans):
    run(ready, OTHER)
    expected = digests(ready)
    run(ready)
    before = digests(ready)
    contents = {name: (scans / name).read_bytes() for name in ("s1.nii.gz", "s4.nii.gz")}
    for name in contents:
        spoil(scans / name)
    with pytest.raises(StudyError, match="^2 scans with a volume .* give up those 2 scans"):
        run(ready, OTHER)
    assert digests(ready) == before
    for name, content in contents.items():
        spoil(scans / name, content)
    told = []
    preprocess(Study(ready.folder), OTHER, 1, lambda *told_now: told.append(told_now))
    assert told[0] == ("Preprocessing", 4, 6)
    assert digests(ready) == expected


def test_scans_that_failed_at_first_are_tried_again_by_the_same_command(ready, scans, tmp_path):
    """As after a drive that hung: size and time of the files are as they were."""
    expected = digests(ready)
    contents = {name: (scans / name).read_bytes() for name in ("s1.nii.gz", "s4.nii.gz")}
    study = found(tmp_path / "again", scans)
    for name in contents:
        spoil(scans / name)
    assert run(study).values["n_ready"] == 4
    assert run(study).sentences[0].startswith("Nothing to do")
    spoil(scans / "s1.nii.gz", contents["s1.nii.gz"])
    run_of_four = digests(study)
    assert run(study).values["n_ready"] == 5
    for name, content in contents.items():
        spoil(scans / name, content)
    assert run(study).values["n_ready"] == 6
    again = digests(study)
    assert again != run_of_four
    assert {name: again[name] for name in expected if name.startswith(VOXELS)} == {
        name: digest for name, digest in expected.items() if name.startswith(VOXELS)
    }
    table, other = study.scans(), ready.scans()
    pd.testing.assert_frame_equal(table, other)
    assert run(study).sentences[0].startswith("Nothing to do")


def test_what_is_carried_over_is_whole(tmp_path):
    """Masks, too; and twins are noted once, also when one of them is tried again."""
    root, rows = tmp_path / "in", ["scan_id,path,mask"]
    write_scans(root, 4)
    write_nifti(root / "s4.nii.gz", blob(0, (12, 11, 10)), AFFINE)  # the same as s0
    for number in range(5):
        mask = np.zeros((12, 11, 10), np.uint8)
        mask[2:9, 2:9, 2 : 5 + number] = 1
        write_nifti(root / f"mask{number}.nii.gz", mask, AFFINE)
        rows.append(f"s{number},s{number}.nii.gz,mask{number}.nii.gz")
    (tmp_path / "t.csv").write_text("\n".join(rows))
    settings = PreprocessSettings(grid=(8, 8, 8), mask="given", crop="none")
    at_once = found(tmp_path / "once", root, tmp_path / "t.csv")
    run(at_once, settings)
    later = found(tmp_path / "later", root, tmp_path / "t.csv")
    content = (root / "s3.nii.gz").read_bytes()
    spoil(root / "s3.nii.gz")
    assert run(later, settings).values["n_ready"] == 4
    spoil(root / "s3.nii.gz", content)
    assert run(later, settings).values["n_ready"] == 5
    pd.testing.assert_frame_equal(later.scans(), at_once.scans())
    assert later.scans().loc["s0", "warnings"].count("same voxels as s4") == 1
    assert {n: d for n, d in digests(later).items() if n.startswith(VOXELS)} == {
        n: d for n, d in digests(at_once).items() if n.startswith(VOXELS)
    }


def test_masks_that_do_not_come_with_scans_lose_nothing(ready):
    before = digests(ready)
    settings = PreprocessSettings(grid=(8, 8, 8), mask="given")
    with pytest.raises(StudyError, match="^6 scans with a volume could not be prepared again"):
        run(ready, settings)
    assert digests(ready) == before


def test_scans_are_given_up_when_that_is_asked_for(ready, scans):
    before = digests(ready)
    (scans / "s0.nii.gz").unlink()
    (scans / "s5.nii.gz").write_bytes(b"no scan")
    summary = run(ready, forget_missing=True)
    assert summary.sentences[0].startswith("4 scans ready, 2 failed")
    assert summary.sentences[1] == "2 scans given up, as --forget-missing asks."
    assert (summary.values["n_ready"], summary.values["n_given_up"]) == (4, 2)
    assert set(ready.scans().query("status == 'failed'").index) == {"s0", "s5"}
    again = run(ready)
    assert again.sentences[0].startswith("Nothing to do")
    put_back(scans)
    run(ready)
    assert digests(ready) == before


def test_given_up_is_only_said_of_what_was_given_up(ready):
    summary = run(ready, OTHER, forget_missing=True)
    assert (summary.values["n_ready"], summary.values["n_given_up"]) == (6, 0)
    assert not any("given up" in sentence for sentence in summary.sentences)


def test_a_scan_that_failed_before_does_not_stop_the_others(ready, scans):
    """Given up once, it is not asked for again under other settings."""
    (scans / "s0.nii.gz").unlink()
    (scans / "s5.nii.gz").write_bytes(b"no scan")
    run(ready, forget_missing=True)
    assert run(ready, OTHER).values["n_ready"] == 4


def test_masks_are_missed_only_where_they_are_read(tmp_path):
    root = tmp_path / "in"
    write_scans(root, 2)
    inside = np.zeros((12, 11, 10), np.int16)
    inside[2:9, 2:9, 2:8] = 1
    rows = ["scan_id,path,mask"]
    for seed in range(2):
        write_nifti(root / f"m{seed}.nii.gz", inside, AFFINE)
        rows.append(f"s{seed},s{seed}.nii.gz,m{seed}.nii.gz")
    (tmp_path / "table.csv").write_text("\n".join(rows))
    study = found(tmp_path / "study", root, tmp_path / "table.csv")
    assert run(study, PreprocessSettings(grid=(8, 8, 8))).values["n_ready"] == 2
    (root / "m1.nii.gz").unlink()
    with pytest.raises(StudyError, match="^1 of 4 files of scans .* give up that scan"):
        run(study, PreprocessSettings(grid=(10, 10, 10)))
    assert run(study, OTHER).values["n_ready"] == 2


def test_names_that_are_stored_as_codes_are_missed_too_and_not_told(tmp_path):
    root = tmp_path / "in"
    (root / "Smith John").mkdir(parents=True)
    for seed, name in enumerate(("Brown Anna", "Jones Mary")):
        path = root / "Smith John" / f"{name}.nii.gz"
        write_nifti(path, blob(seed, (12, 11, 10)), AFFINE)
    study = found(tmp_path / "study", root)
    assert not study.sources()["path"].str.contains("Brown|Jones|Smith").any()
    assert not any(source.missing for source in find_sources(study).values())
    run(study)
    (root / "Smith John" / "Jones Mary.nii.gz").unlink()
    with pytest.raises(StudyError, match="^1 of 2 files of scans"):
        run(study)
    shutil.rmtree(root / "Smith John")
    with pytest.raises(StudyError, match="^2 of 2 files of scans") as refused:
        run(study)
    assert "Smith" not in str(refused.value)
    assert "Jones" not in str(refused.value)


def test_an_archive_that_has_gone_takes_all_its_scans(tmp_path):
    write_scans(tmp_path / "in", 2)
    archive = tmp_path / "away" / "scans.zip"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as target:
        for path in (tmp_path / "in").iterdir():
            target.write(path, path.name)
    study = found(tmp_path / "study", archive)
    run(study)
    before = digests(study)
    archive.unlink()
    with pytest.raises(StudyError, match="^2 of 2 files of scans cannot be found below 'away'"):
        run(study)
    assert digests(study) == before


def test_a_member_that_is_stored_as_a_code_can_be_missing_in_its_archive(tmp_path):
    write_scans(tmp_path / "in", 2)
    names = ("Brown Anna.nii.gz", "Jones Mary.nii.gz")
    archive = tmp_path / "scans.zip"
    for kept in (names, names[:1]):
        with zipfile.ZipFile(archive, "w") as target:
            for seed, name in enumerate(kept):
                target.write(tmp_path / "in" / f"s{seed}.nii.gz", name)
        if kept == names:
            study = found(tmp_path / "study", archive)
    missing = [source.missing for source in find_sources(study).values()]
    assert sorted(len(files) for files in missing) == [0, 1]


def test_nothing_is_refused_where_nothing_is_lost(ready):
    sources = find_sources(ready)
    refuse_missing(sources, set(sources), ready.folder, with_masks=True)
    refuse_failed(ready.scans(), set())


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize("step", ["preprocess", "run"])
def test_both_commands_refuse_and_give_up(ready, scans, step, monkeypatch):
    monkeypatch.setattr("clam_core.pipeline.everything.find_groups", lambda *_: [])
    before = digests(ready)
    (scans / "s1.nii.gz").unlink()
    where = ["--scans", scans] if step == "run" else []
    given = [step, ready.folder, *where, "--grid", 8, "--mask", "none", "--workers", 1]
    refused = call(*given)
    assert refused.exit_code == 2
    assert "Error: 1 of 6 files of scans cannot be found below 'in'" in refused.stderr
    assert digests(ready) == before
    done = call(*given, "--forget-missing")
    assert done.exit_code == 0, done.output
    assert "1 scan given up, as --forget-missing asks." in done.stdout
