"""The table of layouts in the README: each row is made as real files and opened by `create`."""

import re

import pytest

from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.study import Study
from tests.documents import text_of
from tests.pipeline.scans.test_create import dicom, nifti
from tests.read.dicom import make

TABLE = re.search(
    r"\| layout \| scan id \| subject \|\n\| --- .*\n((?:\|.*\n)+)", text_of("README.md")
)
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TABLE[1].splitlines()]

FOLDERS = {
    "BIDS": {
        "sub-01/ses-01/ct/sub-01_ses-01_ct": ("sub-01_ses-01_ct", "sub-01"),
        "sub-01/ses-02/ct/sub-01_ses-02_ct": ("sub-01_ses-02_ct", "sub-01"),
        "sub-02/ses-01/ct/sub-02_ses-01_ct": ("sub-02_ses-01_ct", "sub-02"),
    },
    "Decathlon, nnU-Net": {
        "imagesTr/lung_003_0000": ("lung_003", "lung_003"),
        "imagesTr/lung_004_0000": ("lung_004", "lung_004"),
    },
    "patient and date": {
        "P01/20190304/ct": ("P01_visit-1", "P01"),
        "P01/20200611/ct": ("P01_visit-2", "P01"),
        "P02/20190304/ct": ("P02_visit-1", "P02"),
    },
    "in the name": {
        "10005Q_INSP_STD": ("10005Q_INSP_STD", "10005Q"),
        "10005Q_EXP_STD": ("10005Q_EXP_STD", "10005Q"),
        "10006Q_INSP_STD": ("10006Q_INSP_STD", "10006Q"),
    },
    "counted": {
        "P01/ct1": ("P01", "P01"),
        "P02/ct1": ("P02", "P02"),
    },
    "equal names": {
        "s0001/ct": ("s0001", "s0001"),
        "s0002/ct": ("s0002", "s0002"),
    },
}
EXAMPLES = {
    "BIDS": ["BIDS"],
    "Decathlon, nnU-Net": ["Decathlon, nnU-Net"],
    "patient and date": ["patient and date"],
    "`10005Q_INSP_STD`, `P01/ct1`, `s0001/ct`": ["in the name", "counted", "equal names"],
}


def made(tmp_path, paths):
    for seed, path in enumerate(paths):
        nifti(tmp_path / "in" / f"{path}.nii.gz", seed)
    create(tmp_path / "study", tmp_path / "in", None, CreateOptions(n_workers=1))
    return Study(tmp_path / "study")


def test_every_row_of_the_table_is_opened_here():
    names = [row[0] for row in ROWS]
    shown = [one for one in names if not one.startswith(("TCIA", "masks"))]
    assert len(shown) == len(EXAMPLES)
    for name, key in zip(shown, EXAMPLES, strict=True):
        assert name.startswith(key)
        for example in re.findall(r"`([^`]+)`", name):
            files = [path for one in EXAMPLES[key] for path in FOLDERS[one]]
            assert example in files
    assert names[-2:] == ["TCIA patient/study/series", "masks, labels, derivatives"]


@pytest.mark.parametrize("layout", FOLDERS)
def test_what_becomes_of_ids_and_subjects(layout, tmp_path):
    scans = made(tmp_path, FOLDERS[layout]).scans()
    assert scans["subject_id"].to_dict() == dict(FOLDERS[layout].values())


def test_a_tree_of_tcia(tmp_path):
    for patient, visit in (
        ("LIDC-1", "01-01-2000-30178"),
        ("LIDC-1", "01-01-2001-1"),
        ("LIDC-2", "01-01-2000-2"),
    ):
        tags = {"PatientID": patient, "StudyInstanceUID": make.uid(patient + visit)}
        tags |= {"SeriesInstanceUID": make.uid(visit + patient), "PatientIdentityRemoved": "YES"}
        dicom(tmp_path / "in" / patient / visit / "300-03192", **tags)
    create(tmp_path / "study", tmp_path / "in", None, CreateOptions(n_workers=1))
    scans = Study(tmp_path / "study").scans()
    assert scans["subject_id"].to_dict() == {
        "LIDC-1_visit-1": "LIDC-1", "LIDC-1_visit-2": "LIDC-1", "LIDC-2_visit-1": "LIDC-2",
    }  # fmt: skip


def test_masks_labels_and_derivatives_are_no_scans(tmp_path):
    paths = ["sub-01/ct/sub-01_ct", "sub-02/ct/sub-02_ct", "derivatives/sub-01/ct/sub-01_ct"]
    study = made(tmp_path, paths)
    assert study.scans().index.tolist() == ["sub-01_ct", "sub-02_ct"]
    assert study.skipped()["kind"].tolist() == ["derived image"]
