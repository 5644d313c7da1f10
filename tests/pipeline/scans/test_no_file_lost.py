"""Every file below the root is in a scan or named with a reason, also where it is left out."""

import pytest

from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.study import Study
from tests.pipeline.scans.test_create import dicom, nifti, table


def parts(tmp_path, root, scans_table=None):
    """Paths of all files, those of scans, and of each skipped file its reason."""
    create(tmp_path / "study", root, scans_table, CreateOptions(n_workers=1, ids="names"))
    study = Study(tmp_path / "study")
    skipped = study.skipped().set_index("source")["reason"].to_dict()
    files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    used = set(study.sources()["path"])
    assert not used & skipped.keys()
    return files, used, skipped


@pytest.fixture
def series(tmp_path):
    refs = dicom(tmp_path / "in" / "p1", 6)
    return tmp_path / "in", [ref.path for ref in refs]


def test_a_copy_of_a_slice_is_named(tmp_path, series):
    root, paths = series
    (root / "p1" / "copy.dcm").write_bytes(paths[2].read_bytes())
    files, used, skipped = parts(tmp_path, root)
    assert used | skipped.keys() == files
    (left,) = files - used
    assert skipped[left] == "A copy of a slice that the scan holds already."


def test_the_broken_slices_of_a_series_are_files_of_the_failed_scan(tmp_path, series):
    root, paths = series
    for path in paths[1:3]:
        path.write_bytes(path.read_bytes()[:-50])
    files, used, skipped = parts(tmp_path, root)
    assert (used, skipped) == (files, {})
    row = Study(tmp_path / "study").scans().iloc[0]
    assert (row["status"], row["n_files"]) == ("failed", 6)


def test_beside_a_row_of_the_table_no_file_is_lost(tmp_path, series):
    root, _ = series
    (root / "p1" / "notes.txt").write_text("seen on Monday\n")
    (root / "p1" / "cut.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\2\0\2\0UI\xff\xff")
    nifti(root / "p2" / "a.nii.gz")
    (root / "p2" / "mask.nii.gz").write_bytes(b"no mask")
    nifti(root / "p3" / "mask.nii.gz")
    nifti(root / "p4" / "b.nii.gz")
    rows = ["S1,p,p1,", "S2,q,p2/a.nii.gz,p2/mask.nii.gz", "S3,r,gone.nii,p3/mask.nii.gz"]
    files, used, skipped = parts(tmp_path, root, table(tmp_path / "scans.csv", rows))
    assert used | skipped.keys() == files
    assert "text file" in skipped["p1/notes.txt"]
    assert "header is damaged or cut short" in skipped["p1/cut.dcm"]
    assert "text file" in skipped["p2/mask.nii.gz"]
    assert skipped["p3/mask.nii.gz"] == "The scan to which it belongs cannot be used."
    assert skipped["p4/b.nii.gz"] == "The scans table does not name it."
