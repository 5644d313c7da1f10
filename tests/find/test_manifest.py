"""The scans table: columns by usual names, paths inside the folder, every row with its line."""

import pytest

from clam_core.errors import TableError
from clam_core.find.manifest import ManifestRow, read_manifest
from tests.tables.text.make import raw


def test_rows_keep_order_ids_and_lines():
    table = raw(
        {
            "scan_id": ["002", "001"],
            "subject_id": ["P1", ""],
            "path": ["a/2.nii.gz", "./b\\1.nii.gz"],
            "mask": ["m/2.nii.gz", "n/a"],
        }
    )
    assert read_manifest(table) == [
        ManifestRow("002", "P1", "a/2.nii.gz", "m/2.nii.gz", 2),
        ManifestRow("001", "001", "b/1.nii.gz", None, 3),
    ]


@pytest.mark.parametrize(
    "names",
    [
        ("Scan ID", "Patient", "File name", "Segmentation"),
        ("id", "Patienten-ID", "Pfad", "Maske"),
        ("scanId", "subjectId", "imagePath", "lung_mask"),
        ("image_id", "PID", "image", "ROI"),
    ],
)
def test_usual_names_of_columns_are_understood(names):
    cells = ["1", "P", "a.nii", "m.nii"]
    table = raw({name: [cell] for name, cell in zip(names, cells, strict=True)})
    assert read_manifest(table) == [ManifestRow("1", "P", "a.nii", "m.nii", 2)]


def test_a_better_name_wins():
    table = raw({"id": ["9"], "scan_id": ["1"], "file": ["b"], "path": ["a"], "subject": ["P"]})
    assert read_manifest(table) == [ManifestRow("1", "P", "a", None, 2)]


@pytest.mark.parametrize(
    ("scan", "path", "mask", "message"),
    [
        ("", "a.nii", "", "Line 2 has no scan_id; give it one."),
        ("x" * 81, "a.nii", "", "The scan_id in line 2 has more than 80 letters; shorten it."),
        ("s", "", "", "Line 2 has no path; say which file or folder the scan is."),
        ("s", "/etc/passwd", "", "The path in line 2 is not relative; give it from the folder"),
        ("s", "C:\\scans\\a.nii", "", "The path in line 2 is not relative"),
        ("s", "\\\\server\\a.nii", "", "The path in line 2 is not relative"),
        ("s", "http://x/a.nii", "", "The path in line 2 is not relative"),
        ("s", "~/a.nii", "", "The path in line 2 is not relative"),
        ("s", "a/../../b.nii", "", "The path in line 2 leads out of the folder of scans"),
        ("s", "a\nb.nii", "", "The path in line 2 holds a line break or tab; correct it."),
        ("s", "a.nii", "../m.nii", "The mask in line 2 leads out of the folder of scans"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(scan, path, mask, message):
    (row,) = read_manifest(raw({"scan_id": [scan], "path": [path], "mask": [mask]}))
    assert row.problem.startswith(message)
    assert row.scan_id


def test_repeated_ids_and_missing_columns_are_refused():
    table = raw({"scan_id": ["a", "b", "a"], "path": ["1", "2", "3"]})
    with pytest.raises(TableError, match=r"same scan_id in several rows: a \(lines 2, 4\). Give"):
        read_manifest(table)
    with pytest.raises(TableError, match="t.csv has no column 'path'; a scans table has scan_id"):
        read_manifest(raw({"scan_id": ["a"], "where": ["b"]}))
    with pytest.raises(TableError, match="no column 'scan_id' and no column 'path'"):
        read_manifest(raw({"x": ["a"], "y": ["b"]}))
