"""DICOM series that once were merged, through `create`: each volume is a scan, and says why."""

import shutil

import pytest

from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.settings import PreprocessSettings
from clam_core.study import Study
from tests.read.dicom import make

ONE = CreateOptions(n_workers=1)


def made(tmp_path, root):
    create(tmp_path / "study", root, None, ONE)
    return Study(tmp_path / "study").scans()


@pytest.mark.parametrize(
    ("case", "n_slices", "said"),
    [
        ("dicom_interleaved_phases/interleaved", 8, "series description and acquisition number"),
        ("dicom_marks_missed/enhanced_two_files", 1, "2 volumes in files of many frames"),
        ("dicom_marks_missed/two_acqtime", 16, "told apart by their acquisition time"),
        ("dicom_marks_missed/two_kernels", 16, "told apart by their kernel"),
        ("dicom_shared_uid_two_studies/shared_uid_contiguous", 8, "2 studies share its series"),
    ],
)
def test_the_cases_that_went_wrong(case, n_slices, said, shared_cases, tmp_path):
    shutil.copytree(shared_cases / case, tmp_path / "in")
    scans = made(tmp_path, tmp_path / "in")
    assert scans["status"].tolist() == ["found", "found"]
    assert scans["n_files"].tolist() == [n_slices, n_slices]
    assert scans["notes"].str.contains(said, regex=False).all()
    assert scans["notes"].nunique() == 2
    settings = PreprocessSettings(grid=(8, 8, 8), mask="none")
    preprocess(Study(tmp_path / "study"), settings, n_workers=1)
    assert Study(tmp_path / "study").scans()["status"].tolist() == ["ready", "ready"]


def test_reconstructions_and_patients_beside_each_other(tmp_path):
    kernels = {"ConvolutionKernel": make.each(["B31f", "B70f"] * 4)}
    depths = make.each([[-10.0, -20.0, 2.0 * (n // 2)] for n in range(8)])
    make.series(tmp_path / "in" / "P1", make.ramp(8), ImagePositionPatient=depths, **kernels)
    names = make.each(["Doe^Jane"] * 4 + ["Roe^Mary"] * 4)
    tags = {"SeriesInstanceUID": make.uid("other"), "PatientName": names, "PatientID": ""}
    make.series(tmp_path / "in" / "P2", make.ramp(8), **tags)
    scans = made(tmp_path, tmp_path / "in")
    assert scans["status"].tolist() == ["found", "found", "failed"]
    assert scans["kernel"].tolist()[:2] == ["B31f", "B70f"]
    assert scans["reason"].iloc[2].startswith("The series mixes patients: their names differ")
    assert scans.index.is_unique


def test_a_broken_file_without_a_series_harms_no_other_folder(tmp_path):
    make.series(tmp_path / "in" / "P1", SeriesInstanceUID=None)
    refs = make.series(tmp_path / "in" / "P2", SeriesInstanceUID=None, PatientID="P2")
    refs[1].path.write_bytes(refs[1].path.read_bytes()[:-20])
    scans = made(tmp_path, tmp_path / "in")
    assert scans.loc["P1", "status"] == "found"
    assert "failed" in scans["status"].tolist()
