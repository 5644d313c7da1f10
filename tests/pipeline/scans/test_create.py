"""create: every file ends in a scan or is named with the reason why not."""

import zipfile

import numpy as np
import pytest
from PIL import Image

from clam_core.errors import ReadError, StudyError, UnsafeFileError
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.read.nifti import write_nifti
from clam_core.study import Study
from tests.read.dicom import make

AFFINE = np.diag([-1.0, -1.0, 2.0, 1.0])
ONE = CreateOptions(n_workers=1)


def ct(seed=0, shape=(12, 13, 9)):
    return np.random.default_rng(seed).normal(-600, 200, shape).astype(np.int16)


def nifti(path, seed=0, **kwargs):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_nifti(path, ct(seed, **kwargs), AFFINE)
    return path


def dicom(folder, n=4, **tags):
    folder.mkdir(parents=True)
    return make.series(folder, make.ramp(n), **tags)


def found(tmp_path, root, table=None, options=ONE):
    create(tmp_path / "study", root, table, options)
    return Study(tmp_path / "study")


@pytest.fixture
def mixed(tmp_path):
    """A folder as researchers have them: many formats, and things that are no scan."""
    root = tmp_path / "in"
    nifti(root / "P1" / "ct1.nii.gz", 1)
    nifti(root / "P2" / "ct2.nii.gz", 2)
    dicom(root / "P3" / "series")
    (root / "P2" / "notes.txt").write_text("seen on Monday\n")
    (root / "P2" / "empty.nii").write_bytes(b"")
    (root / ".DS_Store").write_bytes(b"x")
    broken = root / "P4" / "cut4.nii.gz"
    nifti(broken, 4)
    broken.write_bytes(broken.read_bytes()[:200])
    return root


def test_a_mixed_folder_loses_nothing(tmp_path, mixed):
    study = found(tmp_path, mixed)
    scans = study.scans()
    status = scans["status"].to_dict()
    assert status == {
        "P3": "found",
        "ct1": "found",
        "ct2": "found",
        "cut4": "failed",
        "empty": "failed",
    }
    assert "empty" in scans.loc["empty", "reason"]
    n_files = sum(1 for path in mixed.rglob("*") if path.is_file())
    assert scans["n_files"].sum() + study.skipped()["n_files"].sum() == n_files
    reasons = " ".join(study.skipped()["reason"])
    assert "text file" in reasons
    assert "Hidden or system file" in reasons
    assert study.info.modality == "CT"
    assert study.info.spatial_dims == 3


def test_links_are_followed_inside_the_folder_only(tmp_path):
    root = tmp_path / "in"
    nifti(root / "a1.nii.gz")
    outside = nifti(tmp_path / "b2.nii.gz", 2)
    (root / "b2.nii.gz").symlink_to(outside)
    (root / "c3.nii.gz").symlink_to(root / "a1.nii.gz")
    (root / "d").symlink_to(tmp_path)
    study = found(tmp_path, root)
    assert sorted(study.scans().index) == ["a1", "c3"]
    assert set(study.skipped()["reason"].str[:27]) == {
        "A link that leads outside t",
        "A link to a folder; links t",
    }


def test_archives_in_a_folder_are_patients(tmp_path):
    root = tmp_path / "in"
    root.mkdir()
    for name in ("P1", "P2"):
        make.zipped(dicom(tmp_path / name, SeriesInstanceUID=make.uid(name)), root / f"{name}.zip")
    (root / "P3.zip").write_bytes((root / "P1.zip").read_bytes()[:300])
    scans = found(tmp_path, root).scans()
    assert scans["status"].to_dict() == {"P1": "found", "P2": "found", "P3": "failed"}
    assert "damaged or encrypted" in scans.loc["P3", "reason"]


def test_an_unsafe_archive_as_the_root_is_refused(tmp_path):
    root = tmp_path / "a.zip"
    with zipfile.ZipFile(root, "w") as archive:
        archive.writestr("../a.dcm", "x")
    with pytest.raises(UnsafeFileError, match="points outside"):
        found(tmp_path, root)
    assert not (tmp_path / "study").exists()


def test_nothing_there_and_nothing_useful_are_sentences(tmp_path):
    with pytest.raises(ReadError, match="no file or folder 'nowhere'"):
        found(tmp_path, tmp_path / "nowhere")
    (tmp_path / "in").mkdir()
    with pytest.raises(ReadError, match="it holds no file"):
        found(tmp_path, tmp_path / "in")
    (tmp_path / "in" / "letter.txt").write_text("dear colleague")
    with pytest.raises(ReadError, match="1 file looked into, none of them a scan. It is a text"):
        found(tmp_path, tmp_path / "in")


def test_a_study_is_never_overwritten(tmp_path):
    nifti(tmp_path / "in" / "a1.nii.gz")
    found(tmp_path, tmp_path / "in")
    with pytest.raises(StudyError, match="already a study"):
        found(tmp_path, tmp_path / "in")


def test_a_truncated_slice_fails_its_series_by_name(tmp_path):
    refs = dicom(tmp_path / "in" / "P1", 5)
    bad = refs[2].path
    bad.write_bytes(bad.read_bytes()[:-100])
    dicom(tmp_path / "in" / "P2", SeriesInstanceUID=make.uid("other"))
    scans = found(tmp_path, tmp_path / "in").scans()
    assert scans["status"].to_dict() == {"P1": "failed", "P2": "found"}
    assert bad.name in scans.loc["P1", "reason"]


def test_an_unreadable_file_beside_a_series_is_a_row_and_a_note(tmp_path):
    dicom(tmp_path / "in" / "P1")
    (tmp_path / "in" / "P1" / "junk9.dcm").write_bytes(bytes(128) + b"DICM" + b"\xff" * 300)
    scans = found(tmp_path, tmp_path / "in").scans()
    assert sorted(scans["status"]) == ["failed", "found"]
    ready = scans[scans["status"] == "found"].iloc[0]
    assert "1 DICOM file(s) in the same folder could not be read" in ready["notes"]


def test_a_gap_fails_and_says_where(tmp_path):
    refs = dicom(tmp_path / "in" / "P1", 6)
    refs[3].path.unlink()
    scans = found(tmp_path, tmp_path / "in").scans()
    assert scans["status"].tolist() == ["failed"]
    assert "Gap between slice 3 and 4: 4.0 mm" in scans["reason"].iloc[0]


def test_two_series_of_one_patient_are_two_scans_of_one_subject(tmp_path):
    for name in ("thin", "soft"):
        dicom(
            tmp_path / "in" / "P1" / f"{name}1",
            SeriesInstanceUID=make.uid(name),
            PatientID="P1",
            PatientIdentityRemoved="YES",
        )
    scans = found(tmp_path, tmp_path / "in").scans()
    assert sorted(scans.index) == ["soft1", "thin1"]
    assert set(scans["subject_id"]) == {"P1"}


def test_another_modality_fails(tmp_path):
    for name in ("P1", "P2"):
        dicom(tmp_path / "in" / name, SeriesInstanceUID=make.uid(name))
    mr = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.4", "Modality": "MR"}
    dicom(tmp_path / "in" / "P3", SeriesInstanceUID=make.uid(3), **mr)
    scans = found(tmp_path, tmp_path / "in").scans()
    assert scans.loc["P3", "status"] == "failed"
    assert "It is MR, and this study holds CT" in scans.loc["P3", "reason"]


def pictures(folder, n=4):
    folder.mkdir(parents=True)
    for r in range(n):
        pixels = np.random.default_rng(r).integers(0, 255, (20, 24), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"p{r}.png")


def test_pictures_are_2d_scans_or_one_stack(tmp_path):
    pictures(tmp_path / "in" / "a1", 12)
    study = found(tmp_path, tmp_path / "in")
    assert study.info.spatial_dims == 2
    assert study.info.modality == "picture"
    assert study.info.unit == "arbitrary"
    assert len(study.scans()) == 12
    three = CreateOptions(n_workers=1, spatial_dims=3)
    create(tmp_path / "stack", tmp_path / "in", None, three)
    stack = Study(tmp_path / "stack")
    assert stack.scans().index.tolist() == ["a1"]
    members = [path.rsplit("/", 1)[-1] for path in stack.sources()["path"]]
    assert members == [f"p{r}.png" for r in range(12)]  # p2 before p10


def table(path, rows, head="scan_id,subject_id,path,mask"):
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def test_a_table_names_scans_in_its_order(tmp_path):
    root = tmp_path / "in"
    nifti(root / "x" / "a.nii.gz", 1)
    nifti(root / "y" / "a.nii.gz", 2)
    nifti(root / "y" / "b.nii.gz", 3)
    dicom(root / "d")
    rows = ["S2,p,y/a.nii.gz,", "001,p,x/a.nii.gz,y/b.nii.gz", "S3,q,d,", "S4,q,gone.nii.gz,"]
    rows += ["S5,q,../secret.nii.gz,", "S6,q,y,"]
    study = found(tmp_path, root, table(tmp_path / "scans.csv", rows))
    scans = study.scans()
    assert scans.index.tolist() == ["S2", "001", "S3", "S4", "S5", "S6"]
    assert scans["status"].tolist() == ["found"] * 3 + ["failed"] * 3
    assert "nothing at 'gone.nii.gz' (line 5)" in scans.loc["S4", "reason"]
    assert "leads out of the folder of scans" in scans.loc["S5", "reason"]
    assert "It holds 2 scans" in scans.loc["S6", "reason"]
    roles = study.sources().groupby("scan_id")["role"].agg(list)
    assert roles["001"] == ["scan", "mask:nifti"]
    assert len(roles["S3"]) == 4


HOSTILE = ["<img src=x onerror=alert(1)>1.nii", "a\u202e1gpj.nii", "CON1.nii", "b\\..\\c1.nii"]
HOSTILE += ["x" * 240 + "1.nii", "=cmd|' C calc'!A1.nii", " 7 .nii", "\u0001\u00021.nii"]


def test_hostile_file_names_become_harmless_ids(tmp_path):
    root = tmp_path / "in"
    root.mkdir()
    for seed, name in enumerate(HOSTILE):
        write_nifti(root / name, ct(seed), AFFINE)
    study = found(tmp_path, root)
    scans = study.scans()
    assert len(scans) == len(HOSTILE)
    assert set(scans["status"]) == {"found"}
    for scan_id in scans.index:
        assert scan_id == scan_id.strip()
        assert 0 < len(scan_id) <= 80
        assert all(letter.isprintable() for letter in scan_id)


CANARY = "Zanzibarova"


def test_a_patients_name_is_nowhere_in_the_study(tmp_path):
    """In headers, folder, file and archive names, above the root; also where files are broken."""
    root = tmp_path / f"{CANARY}_Quilla_export" / "in"
    tags = {
        "PatientName": f"{CANARY}^Quilla",
        "PatientID": "MRN4711",
        "PatientBirthDate": "19560302",
        "ImageComments": f"{CANARY} was tired",
        "InstitutionName": f"{CANARY} Hospital",
    }
    dicom(root / f"{CANARY}_Quilla", **tags)
    refs = dicom(root / "MRN4711 chest", 5, SeriesInstanceUID=make.uid(2), **tags)
    renamed = refs[1].path.rename(refs[1].path.with_name(f"{CANARY}_7.dcm"))
    renamed.write_bytes(renamed.read_bytes()[:-50])
    zipped = dicom(tmp_path / "z", SeriesInstanceUID=make.uid(3), **tags)
    make.zipped(zipped, root / f"{CANARY}.zip")
    (root / f"{CANARY} letter.txt").write_text("dear")
    study = found(tmp_path, root)
    content = b"".join(p.read_bytes() for p in study.folder.rglob("*") if p.is_file())
    tables = [study.scans().reset_index(), study.sources(), study.skipped()]
    text = " ".join(frame.to_csv() for frame in tables).casefold()
    for secret in (CANARY, "Quilla", "MRN4711", "19560302"):
        assert secret.casefold() not in text
        assert secret.encode() not in content
    assert (study.scans()["status"] == "found").sum() == 2
    assert set(study.scans()["subject_id"].str[:4]) >= {"sub-"}
    assert (
        study.scans().loc[study.scans()["status"] == "found", "site"].str.startswith("site-").all()
    )


def test_ids_can_be_kept_when_they_are_pseudonyms(tmp_path):
    dicom(tmp_path / "in" / "SARC-1", PatientID="SARC-1", PatientName="SARC-1")
    options = CreateOptions(n_workers=1, ids="names")
    assert found(tmp_path, tmp_path / "in", None, options).scans().index.tolist() == ["SARC-1"]
