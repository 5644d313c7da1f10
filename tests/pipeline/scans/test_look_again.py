"""Scans that failed when the study was made come in when their files are mended."""

import shutil

import nibabel
import numpy as np
import pytest

from clam_core.pipeline.current import why_stale
from clam_core.pipeline.method.fit import fit
from clam_core.pipeline.scans.look_again import MENDED
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.read.nifti import write_nifti
from clam_core.study import Run, Study
from clam_core.study.keys.key_files import key_file
from tests.pipeline.scans.test_losses import AFFINE, SAME, digests, found, run, write_scans
from tests.pipeline.scans.test_preprocess import blob
from tests.pipeline.simulated import QUICK
from tests.read.dicom import make


def cut(path):
    path.write_bytes(path.read_bytes()[:300])


def mend(path, seed=9, shape=(12, 11, 10)):
    write_nifti(path, blob(seed, shape), AFFINE)


@pytest.fixture
def broken(tmp_path):
    """A prepared study of four scans and a damaged one in the middle of the table."""
    root = tmp_path / "in"
    write_scans(root, 5)
    cut(root / "s2.nii.gz")
    study = found(tmp_path / "study", root)
    run(study)
    assert study.scans()["status"].tolist() == ["ready", "ready", "failed", "ready", "ready"]
    return study, root


def test_a_mended_scan_comes_in_and_nothing_else_changes(broken):
    study, root = broken
    fit(Study(study.folder), "r", QUICK)
    study = Study(study.folder)
    before = digests(study)
    volumes = {one: study.volume(one).array for one in study.ready()}
    mend(root / "s2.nii.gz")
    said = run(study).sentences
    assert said[:2] == (
        "1 scan that failed before can be read now.",
        "5 scans ready, 0 failed, 0 with a warning.",
    )
    after = Study(study.folder)
    assert after.scans()["status"].tolist() == ["ready"] * 5
    assert after.scans().at["s2", "notes"] == MENDED
    assert after.sources()["scan_id"].tolist() == ["s0", "s1", "s2", "s3", "s4"]
    assert set(after.sources()["role"]) == {"scan"}
    for scan_id, volume in volumes.items():
        assert np.array_equal(after.volume(scan_id).array, volume)
    assert np.ptp(after.volume("s2").array) > 0
    # The volumes that were there are the same, so that what was fitted on them holds.
    assert why_stale(after, Run(after, "r")) == ""
    changed = {name for name, value in digests(after).items() if before.get(name) != value}
    assert not [name for name in changed if name.startswith("runs/")]
    assert run(study).sentences[0].startswith("Nothing to do")
    assert digests(after) == digests(study)


def test_other_settings_read_the_mended_scan_like_all_others(broken, tmp_path):
    study, root = broken
    mend(root / "s2.nii.gz")
    preprocess(Study(study.folder), SAME.model_copy(update={"grid": (9, 9, 9)}), 1)
    whole = found(tmp_path / "whole", root)
    preprocess(whole, SAME.model_copy(update={"grid": (9, 9, 9)}), 1)
    again = Study(study.folder)
    for scan_id in whole.ready():
        assert np.array_equal(again.volume(scan_id).array, whole.volume(scan_id).array)


def test_what_is_still_damaged_is_told_with_the_reason_of_today(broken):
    study, root = broken
    before = digests(study)
    (root / "s2.nii.gz").write_bytes(b"")
    said = run(study).sentences
    assert said[0].startswith("Nothing to do")
    assert "s2.nii.gz is an empty file" in said[-1]
    (root / "s2.nii.gz").unlink()
    assert run(study).sentences[0].startswith("Nothing to do")
    assert digests(study) == before


def test_a_study_whose_scans_all_failed_is_prepared_once_they_are_mended(tmp_path):
    root = tmp_path / "in"
    write_scans(root, 2)
    for name in ("s0", "s1"):
        cut(root / f"{name}.nii.gz")
    study = found(tmp_path / "study", root)
    mend(root / "s1.nii.gz")
    assert run(study).values["n_ready"] == 1
    assert Study(study.folder).ready() == ["s1"]


@pytest.mark.parametrize("kind", ["flat", "two dimensions"])
def test_what_is_of_another_kind_stays_out(broken, kind):
    study, root = broken
    shape = (12, 11, 1) if kind == "flat" else (12, 11)
    image = nibabel.Nifti1Image(np.zeros(shape, np.int16), AFFINE)
    nibabel.save(image, root / "s2.nii.gz")
    assert run(study).values["n_failed"] == 1


def test_a_scan_does_not_come_in_without_its_mask(tmp_path):
    root = tmp_path / "in"
    write_scans(root, 3)
    for n in range(3):
        mask = (blob(n, (12, 11, 10)) > -700).astype(np.int16)
        write_nifti(root / f"m{n}.nii.gz", mask, AFFINE)
    cut(root / "m1.nii.gz")
    table = tmp_path / "scans.csv"
    rows = [f"s{n},s{n}.nii.gz,m{n}.nii.gz" for n in range(3)]
    table.write_text("\n".join(["scan_id,path,mask", *rows]))
    given = SAME.model_copy(update={"mask": "given"})
    study = found(tmp_path / "study", root, table)
    preprocess(study, given, 1)
    assert study.scans().at["s1", "status"] == "failed"
    assert run(study, given).values["n_failed"] == 1


# Series


def patient(root, folder, number, **tags):
    return make.series(
        root / folder, make.ramp(), PatientID="4711", PatientName="Meier^Anna",
        SeriesInstanceUID=make.uid("series", number), StudyInstanceUID=make.uid("study", number),
        **tags,
    )  # fmt: skip


def test_a_slice_that_was_missing_is_put_back_and_the_patient_is_the_same(tmp_path):
    root = tmp_path / "in"
    patient(root, "a", 1)
    refs = patient(root, "b", 2)
    aside = tmp_path / "aside.dcm"
    middle = refs[len(refs) // 2].path
    shutil.move(middle, aside)
    study = found(tmp_path / "study", root)
    run(study)
    assert study.scans()["status"].tolist() == ["ready", "failed"]
    shutil.move(aside, middle)
    assert run(study).values["n_ready"] == 2
    after = Study(study.folder)
    assert after.scans()["subject_id"].nunique() == 1
    assert after.scans().at["b", "n_files"] == len(refs)
    assert len(after.sources()) == 2 * len(refs)
    assert run(study).sentences[0].startswith("Nothing to do")


def test_a_header_that_could_not_be_read_tells_the_patient_now(tmp_path):
    root = tmp_path / "in"
    patient(root, "a", 1)
    refs = patient(root, "b", 2)
    kept = [ref.path.read_bytes() for ref in refs]
    for ref in refs:
        ref.path.write_bytes(ref.path.read_bytes()[:200])
    study = found(tmp_path / "study", root)
    run(study)
    failed = study.scans().query("status == 'failed'")
    assert len(failed) == 1
    assert failed["subject_id"].iloc[0] not in set(study.scans()["subject_id"].drop(failed.index))
    for ref, content in zip(refs, kept, strict=True):
        ref.path.write_bytes(content)
    assert run(study).values["n_ready"] == 2
    assert Study(study.folder).scans()["subject_id"].nunique() == 1


def test_a_folder_that_holds_two_scans_now_stays_out(tmp_path):
    root = tmp_path / "in"
    patient(root, "a", 1)
    refs = patient(root, "b", 2)
    refs[2].path.unlink()
    study = found(tmp_path / "study", root)
    run(study)
    for ref in refs:
        ref.path.unlink(missing_ok=True)
    for number in (3, 4):
        for ref in patient(root, "b", number):
            ref.path.rename(root / "b" / f"{number}_{ref.name}")
    assert run(study).values["n_failed"] == 1
    for path in (root / "b").glob("3_*"):
        path.unlink()
    assert run(study).values["n_failed"] == 0


# Names


def test_names_of_patients_stay_hidden_and_their_files_are_found(tmp_path):
    root = tmp_path / "in"
    write_scans(root, 3)
    private = root / "Smith_John.nii.gz"
    (root / "s1.nii.gz").rename(private)
    cut(private)
    study = found(tmp_path / "study", root)
    run(study)
    mend(private)
    assert run(study).values["n_ready"] == 3
    stored = b"".join(p.read_bytes() for p in study.folder.rglob("*") if p.is_file())
    assert b"mith" not in stored
    assert Study(study.folder).scans()["status"].eq("ready").all()


def test_the_reason_of_today_holds_no_name(tmp_path):
    root = tmp_path / "in"
    write_scans(root, 3)
    private = root / "Smith_John.nii.gz"
    (root / "s1.nii.gz").rename(private)
    cut(private)
    study = found(tmp_path / "study", root)
    run(study)
    private.write_bytes(b"")
    said = " ".join(run(study).sentences)
    assert "is an empty file" in said
    assert "mith" not in said


def test_without_the_key_nothing_is_looked_at(broken):
    study, root = broken
    mend(root / "s2.nii.gz")
    path = key_file(study.info.key_id)
    path.rename(path.with_suffix(".away"))
    try:
        assert run(study).values["n_failed"] == 1
    finally:
        path.with_suffix(".away").rename(path)
    assert run(study).values["n_failed"] == 0
