"""Layouts of folders, through `create` and `clinical`: ids, subjects and tables meet."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from clam_core.__main__ import make_app
from clam_core.errors import NearMissError
from clam_core.pipeline.clinical.import_clinical import import_table
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.read.nifti import write_nifti
from clam_core.settings import AssociateSettings
from clam_core.statistics.compare_clusters import associate
from clam_core.study import Study
from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.import_table import ClinicalOptions
from tests.pipeline.scans.test_create import AFFINE, dicom, nifti
from tests.read.dicom import make

ONE = CreateOptions(n_workers=1)
NEAR = ClinicalOptions(apply_near_misses=True)


def made(tmp_path, root, options=ONE):
    said = create(tmp_path / "study", root, None, options)
    return Study(tmp_path / "study"), said.sentences


def label(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    array = np.zeros((12, 13, 9), np.uint8)
    for n, value in enumerate(values):
        array[3 : 8, 3 : 8, n * 2 : n * 2 + 2] = value  # fmt: skip
    write_nifti(path, array, AFFINE)


def test_bids_has_subjects_and_its_table_fits(shared_cases, tmp_path):
    root = shared_cases / "subjects_of_bids_and_folders" / "bids"
    study, said = made(tmp_path, root)
    scans = study.scans()
    assert scans["subject_id"].tolist() == [f"sub-0{n}" for n in (1, 2, 3, 4) for _ in "ab"]
    assert scans["session"].tolist() == ["ses-01", "ses-02"] * 4
    assert "8 scans of 4 subjects, up to 2 of one" in said[1]
    assert "BIDS" in said[2] and said[1:] == study.info.found
    done = import_table(study, root / "participants.tsv")
    assert done.values["n_matched"] == 8 and done.values["level"] == "subject"
    assert study.clinical()[0]["age"].tolist() == [41, 42, 43, 44]


@pytest.mark.parametrize("spell", ["{n:02d}", "{n}", "SUB-{n:02d}", "sub_{n:02d}"])
def test_other_spellings_of_subjects_are_told_and_taken_when_asked(spell, shared_cases, tmp_path):
    study, _ = made(tmp_path, shared_cases / "subjects_of_bids_and_folders" / "bids")
    ids = [spell.format(n=n) for n in (1, 2, 3, 4)]
    pd.DataFrame({"patient": ids, "age": [41, 42, 43, 44]}).to_csv(
        tmp_path / "t.csv", sep=";", index=False
    )
    with pytest.raises(NearMissError, match="4 ids are spelled .*--accept-near-misses"):
        import_table(study, tmp_path / "t.csv")
    assert study.clinical() is None
    done = import_table(study, tmp_path / "t.csv", NEAR)
    assert done.values["n_matched"] == 8
    assert study.clinical()[0]["age"].to_dict() == {f"sub-0{n}": 40 + n for n in (1, 2, 3, 4)}


def test_two_spellings_of_one_subject_are_never_taken(shared_cases, tmp_path):
    study, _ = made(tmp_path, shared_cases / "subjects_of_bids_and_folders" / "bids")
    (tmp_path / "t.csv").write_text("id,age\n1,41\n01,99\n2,42\n3,43\n4,44\n")
    done = import_table(study, tmp_path / "t.csv", NEAR)
    assert done.values["n_matched"] == 6
    assert "sub-01" not in study.clinical()[0].index


def test_folders_of_patient_and_date(shared_cases, tmp_path):
    study, said = made(tmp_path, shared_cases / "subjects_of_bids_and_folders" / "dates")
    scans = study.scans()
    assert scans["subject_id"].to_dict() == {
        f"PAT00{n}_visit-{v}": f"PAT00{n}" for n in (0, 1, 2) for v in (1, 2)
    }
    assert scans["session"].tolist() == ["visit-1", "visit-2"] * 3
    assert any("Dates are not stored" in sentence for sentence in said)
    stored = b"".join(path.read_bytes() for path in study.folder.rglob("*") if path.is_file())
    assert b"20190304" not in stored and b"20200611" not in stored


def test_a_study_can_be_made_without_asking_the_layout(shared_cases, tmp_path):
    options = CreateOptions(n_workers=1, layout="none", ids="names")
    study, _ = made(tmp_path, shared_cases / "msd_ids_lost" / "msd", options)
    assert len(study.scans()) == 6
    assert study.scans()["subject_id"].nunique() == 6
    assert study.info.found == ()


def test_decathlon_keeps_its_ids_and_labels_are_masks(shared_cases, tmp_path):
    study, said = made(tmp_path, shared_cases / "msd_ids_lost" / "msd")
    scans = study.scans()
    assert scans.index.tolist() == ["lung_000", "lung_001", "lung_002"]
    assert scans["subject_id"].tolist() == scans.index.tolist()
    masks = study.sources().query("role.str.startswith('mask')")
    assert masks.set_index("scan_id")["path"].to_dict() == {
        f"lung_00{n}": f"labelsTr/lung_00{n}.nii.gz" for n in (0, 1, 2)
    }
    assert "only what they mark is looked at" in " ".join(said)
    (tmp_path / "t.csv").write_text(
        "case,v\n" + "".join(f"lung_00{n}_0000,{n}\n" for n in range(3))
    )
    done = import_table(study, tmp_path / "t.csv", NEAR)
    assert done.values["n_matched"] == 3
    assert "number of the channel" in " ".join(done.sentences)


def test_labels_with_several_values_are_named_and_not_used(tmp_path):
    for n in (1, 2, 3):
        nifti(tmp_path / "in" / "imagesTr" / f"lung_00{n}_0000.nii.gz", n)
        label(tmp_path / "in" / "labelsTr" / f"lung_00{n}.nii.gz", (1, 2) if n == 2 else (1,))
    study, said = made(tmp_path, tmp_path / "in")
    assert study.scans().index.tolist() == ["lung_001", "lung_002", "lung_003"]
    assert not study.sources()["role"].str.startswith("mask").any()
    assert "they are not used as masks: they hold several labels (1, 2)" in " ".join(said)
    assert study.skipped()["kind"].tolist() == ["label"] * 3


def test_probabilities_are_no_labels(tmp_path):
    for n in (1, 2):
        nifti(tmp_path / "in" / f"P{n}" / "ct.nii.gz", n)
        path = tmp_path / "in" / f"P{n}" / "lung_mask.nii.gz"
        write_nifti(path, np.full((12, 13, 9), 0.25, np.float32), AFFINE)
    study, said = made(tmp_path, tmp_path / "in")
    assert study.scans()["subject_id"].tolist() == ["P1", "P2"]
    assert "their values are no labels" in " ".join(said)


def test_what_was_derived_is_said_on_the_command_line(shared_cases, tmp_path):
    root = shared_cases / "subjects_of_bids_and_folders" / "dates"
    command = ["create", str(tmp_path / "study"), "--scans", str(root), "--workers", "1", "--json"]
    done = CliRunner().invoke(make_app(), command)
    assert done.exit_code == 0, done.output
    sentences = json.loads(done.stdout)["sentences"]
    assert "6 scans of 3 subjects, up to 2 of one" in " ".join(sentences)
    assert "folders of patient and visit" in " ".join(sentences)


def test_in_a_zip_archive_too(shared_cases, tmp_path):
    root = shared_cases / "subjects_of_bids_and_folders" / "dates"
    packed = shutil.make_archive(str(tmp_path / "cohort"), "zip", root)
    study, _ = made(tmp_path, tmp_path / packed)
    assert sorted(set(study.scans()["subject_id"])) == ["PAT000", "PAT001", "PAT002"]


@pytest.mark.parametrize("removed", [True, False])
def test_a_tree_of_patients_studies_and_series(removed, tmp_path):
    tree = [
        ("100002", "01-02-1999-NLST-LSS-63991"),
        ("100002", "01-02-2000-NLST-LSS-83991"),
        ("100004", "01-02-1999-NLST-LSS-34379"),
    ]
    for patient, visit in tree:
        tags = {"PatientID": patient, "StudyInstanceUID": make.uid(patient + visit)}
        tags |= {"SeriesInstanceUID": make.uid(visit + patient)}
        if removed:
            tags["PatientIdentityRemoved"] = "YES"
        dicom(tmp_path / "NLST" / patient / visit / "2.000000-0OPAGELSPLUSD-72", **tags)
    study, said = made(tmp_path, tmp_path / "NLST")
    scans = study.scans()
    assert scans["subject_id"].value_counts().tolist() == [2, 1]
    assert "3 scans of 2 subjects" in " ".join(said)
    assert not scans["session"].str.contains("1999|2000").any()
    if removed:
        assert scans.index.tolist() == ["100002_visit-1", "100002_visit-2", "100004_visit-1"]
        assert set(scans["subject_id"]) == {"100002", "100004"}
    (tmp_path / "t.csv").write_text("pid,age\n100002,61\n100004,70\n")
    done = import_table(study, tmp_path / "t.csv")
    assert done.values["n_matched"] == 3


def test_repeated_scans_are_not_counted_as_independent(shared_cases, tmp_path):
    root = shared_cases / "subjects_of_bids_and_folders" / "bids"
    study, _ = made(tmp_path, root)
    import_table(study, root / "participants.tsv")
    frame, description = study.clinical()
    subjects = study.scans()[["subject_id"]]
    clusters = subjects.assign(cluster=[1, 1, 1, 1, 2, 2, 2, 2], confidence=0.9, q_1=0.5, q_2=0.5)
    infos = [ColumnInfo.from_json(one) for one in description["columns"]]
    found = associate(clusters, frame, infos, AssociateSettings(n_resamples=99))
    assert found.rows.set_index("variable").loc["age", "n"] == 4
