"""Paths of a scans table: accents of one or two letters, whole paths, capitals."""

import shutil
import unicodedata

import pytest

from clam_core.find.manifest import read_manifest
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.study import Study
from tests.pipeline.scans.test_create import nifti
from tests.tables.text.make import raw

ONE = CreateOptions(n_workers=1)


def made(tmp_path, root, rows, head="scan_id,path,mask"):
    table = tmp_path / "t.csv"
    table.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    create(tmp_path / "study", root, table, ONE)
    return Study(tmp_path / "study").scans()


def test_the_cases_that_went_wrong(shared_cases, tmp_path):
    shutil.copytree(shared_cases / "nfd_paths" / "paths", tmp_path / "in")
    create(tmp_path / "study", tmp_path / "in", shared_cases / "nfd_paths" / "paths.csv", ONE)
    study = Study(tmp_path / "study")
    scans = study.scans()
    assert scans["status"].tolist() == ["found"] * 4 + ["failed", "found"] + ["failed"] * 3
    paths = study.sources().set_index("scan_id")["path"]
    assert unicodedata.normalize("NFC", paths["A1"]) == "Müller 1/scan 1.nii.gz"
    assert unicodedata.normalize("NFC", paths["A2"]) == "Größe_2/b.nii.gz"
    assert "on disk it is 'CASE3/C.nii.gz'" in scans.loc["A3", "notes"]
    for scan_id in ("A5", "A7", "A8"):
        assert (
            "is not relative; give it from the folder of scans on" in scans.loc[scan_id, "reason"]
        )
    assert (
        "There is nothing at 'e5' (line 10). Did you mean 'e5.nii.gz'?" in scans.loc["A9", "reason"]
    )


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accents_of_one_or_two_letters(form, tmp_path):
    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    folder = unicodedata.normalize(form, "Ångström é")
    nifti(tmp_path / "in" / folder / unicodedata.normalize(form, "año.nii.gz"), 1)
    nifti(tmp_path / "in" / "한국" / "m.nii.gz", 2)
    row = "A,Ångström é/año.nii.gz," + unicodedata.normalize("NFD", "한국/m.nii.gz")
    scans = made(tmp_path, tmp_path / "in", [unicodedata.normalize(other, row)])
    assert scans["status"].tolist() == ["found"]
    assert scans["notes"].tolist() == [""]


def test_whole_paths_below_the_folder_of_scans(tmp_path):
    root = tmp_path / "Größe" / "in"
    nifti(root / "a" / "1.nii.gz", 1)
    nifti(tmp_path / "Größe" / "secret.nii.gz", 2)
    (tmp_path / "linked").symlink_to(root)
    rows = [f"A,{root}/a/1.nii.gz,", f"B,{tmp_path}/linked/a/1.nii.gz,"]
    rows += [f"C,{unicodedata.normalize('NFD', str(root))}/a/1.nii.gz,"]
    rows += [
        f"D,{root}/../secret.nii.gz,",
        f"E,{tmp_path}/Größe/secret.nii.gz,",
        f"F,{root}-x/1.nii,",
    ]
    scans = made(tmp_path, tmp_path / "linked", rows)
    assert scans["status"].tolist() == ["found"] * 3 + ["failed"] * 3
    assert "leads out of the folder of scans" in scans.loc["D", "reason"]
    assert scans.loc[["E", "F"], "reason"].str.contains("is not relative").all()


def test_whole_paths_of_windows_in_either_case(monkeypatch):
    monkeypatch.setattr("clam_core.find.manifest._homes", lambda _: ("D:/Scans/ct",))
    paths = ["d:\\scans\\CT\\a\\1.nii", "D:/Scans/ct/b.nii", "D:\\Scans\\other\\c.nii"]
    rows = read_manifest(raw({"scan_id": ["a", "b", "c"], "path": paths}))
    assert [row.path for row in rows[:2]] == ["a/1.nii", "b.nii"]
    assert [bool(row.problem) for row in rows] == [False, False, True]


def test_capitals_where_one_file_is_left(tmp_path):
    for number, name in enumerate(("A.nii.gz", "b.nii.gz", "B.nii.gz", "sub/deep.nii.gz")):
        nifti(tmp_path / "in" / name, number)
    rows = [
        "1,a.NII.gz,",
        "2,b.nii.gz,",
        "3,B.NII.GZ,",
        "4,deep.nii.gz,",
        "5,b.nii.gz,SUB/deep.nii.gz",
    ]
    scans = made(tmp_path, tmp_path / "in", rows)
    assert scans["status"].tolist() == ["found", "found", "failed", "failed", "found"]
    assert scans.loc["1", "notes"] == "The table calls it 'a.NII.gz'; on disk it is 'A.nii.gz'."
    assert scans.loc["2", "notes"] == ""
    assert "Several are spelled alike: 'B.nii.gz' and 'b.nii.gz'" in scans.loc["3", "reason"]
    assert "Did you mean 'sub/deep.nii.gz'?" in scans.loc["4", "reason"]
    assert "on disk it is 'sub/deep.nii.gz'" in scans.loc["5", "notes"]
