"""Uploads: generated names on the disk, caps, and deletion with their study."""

import io
import re
import shutil
import zipfile
from collections import namedtuple

import pytest

from clam_core.errors import BusyError, LimitError, StudyError
from clam_core.files.archive import list_archive
from clam_core.settings import ArchiveLimits
from clam_core.study import Study
from clam_core.study.folder import create_study
from clam_core.study.removal import delete_study
from clam_core.study.uploads import (
    Upload,
    UploadLimits,
    store_upload,
    unused_uploads,
    uploads_of,
)
from tests.study import make

NO_RESERVE = UploadLimits(reserve_bytes=0)


def sent(name, content=b"voxels"):
    return Upload(name, len(content), io.BytesIO(content))


def zipped(**members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def on_disk(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_no_name_of_a_stranger_reaches_the_disk(tmp_path):
    names = [
        "Smith_John.nii",
        "../../etc/passwd",
        "a\\b.nii",
        "/abs/x.nii",
        "con\x00trol\n.nii",
        "..",
    ]
    folder = store_upload(tmp_path, [sent(name) for name in names], NO_RESERVE)
    assert folder.parent == tmp_path / ".uploads"
    assert on_disk(folder) == ["files.zip"]
    stored = members(folder / "files.zip")
    assert list(stored) == [
        "Smith_John.nii", "etc/passwd", "a/b.nii", "abs/x.nii", "control.nii", "file-6",
    ]  # fmt: skip
    assert set(stored.values()) == {b"voxels"}


def test_names_in_the_archive_are_those_of_files_everywhere(tmp_path):
    names = [
        "A:4.nii.gz", "CON/x.nii", "a?/b*.dcm", ".hidden", "._x.nii.gz", ".nii.gz", "x.", "nul.txt",
        "1.2.840.113", "p 1/IM 1", "\x00",
    ]  # fmt: skip
    folder = store_upload(tmp_path, [sent(name) for name in names], NO_RESERVE)
    listed = [name for name, _ in list_archive(folder / "files.zip", ArchiveLimits())]
    stored = list(members(folder / "files.zip"))
    assert sorted(stored) == listed
    assert [re.sub("-[0-9a-f]{8}", "-#", name) for name in stored] == [
        "A_4-#.nii.gz", "_CON-#/x.nii", "a-#/b-#.dcm", ".hidden", "._x.nii.gz", ".nii.gz", "x-#",
        "_nul-#.txt", "1.2.840.113", "p 1/IM 1", "file-11",
    ]  # fmt: skip


def test_archives_are_told_by_content_and_kept_as_they_are(tmp_path):
    content = zipped(x=b"1")
    files = [sent("data.bin", content), sent("one.nii"), sent("zip.zip", b"no archive")]
    folder = store_upload(tmp_path, files, NO_RESERVE)
    assert on_disk(folder) == ["files.zip", "part-00001.zip"]
    assert (folder / "part-00001.zip").read_bytes() == content
    assert list(members(folder / "files.zip")) == ["one.nii", "zip.zip"]


def test_two_files_of_one_name_are_both_kept(tmp_path):
    files = [sent("a/x.nii", b"1"), sent("a/X.nii", b"2"), sent("x.nii", b"3")]
    stored = members(store_upload(tmp_path, files, NO_RESERVE) / "files.zip")
    assert stored == {"a/x.nii": b"1", "a/2-X.nii": b"2", "x.nii": b"3"}
    files = [sent("3-x", b"1"), sent("x", b"2"), sent("x", b"3")]
    stored = members(store_upload(tmp_path, files, NO_RESERVE) / "files.zip")
    assert stored == {"3-x": b"1", "x": b"2", "3-3-x": b"3"}


def test_too_many_too_large_and_no_room_are_refused_before_anything_is_written(
    tmp_path, monkeypatch
):
    with pytest.raises(LimitError, match="2 files"):
        store_upload(tmp_path, [sent("a"), sent("b")], UploadLimits(max_files=1))
    with pytest.raises(LimitError, match="folder on the server"):
        store_upload(tmp_path, [sent("a", b"x" * 11)], UploadLimits(max_bytes=10))
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 0, 3 << 30))
    big = Upload("a", 2 << 30, io.BytesIO(b""))
    with pytest.raises(LimitError, match="only 3.2 GB are free"):
        store_upload(tmp_path, [big])
    assert not (tmp_path / ".uploads").exists()


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(StudyError, match="No space left"):
        store_upload(tmp_path, [sent("a")], NO_RESERVE)
    assert on_disk(tmp_path) == [".uploads"]


def study_of(root, name, home):
    study = make.empty(root / f"{name}-first")
    shutil.rmtree(study.folder)
    tables = (make.scans(), *(make.pd.DataFrame({"scan_id": []}) for _ in range(2)))
    return create_study(root / name, make.info(scans_root=str(home)), *tables)


def test_deleting_a_study_deletes_its_upload_and_leaves_folders_of_others(tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "scan.nii").write_text("x")
    upload = store_upload(tmp_path, [sent("a")], NO_RESERVE)
    other = store_upload(tmp_path, [sent("b")], NO_RESERVE)
    study_of(tmp_path, "uploaded", upload)
    study_of(tmp_path, "in-place", own)
    assert uploads_of(tmp_path / "uploaded") == upload
    assert uploads_of(tmp_path / "in-place") is None
    assert unused_uploads(tmp_path, -1) == [other]
    assert unused_uploads(tmp_path) == []  # a study may just be made from it
    delete_study(tmp_path, "uploaded")
    delete_study(tmp_path, "in-place")
    assert on_disk(tmp_path) == [
        ".uploads", f".uploads/{other.name}", f".uploads/{other.name}/files.zip", "own",
        "own/scan.nii",
    ]  # fmt: skip


def test_a_study_whose_home_is_all_uploads_takes_none_with_it(tmp_path):
    upload = store_upload(tmp_path, [sent("a")], NO_RESERVE)
    study_of(tmp_path, "odd", tmp_path / ".uploads")
    delete_study(tmp_path, "odd")
    assert upload.is_dir()


def test_the_synthetic_scans_of_a_demo_go_with_it(tmp_path):
    for name in ("demo", "mine"):
        scans = tmp_path / f"{name}-scans"
        scans.mkdir()
        (scans / "truth.csv").write_text("x")
    study_of(tmp_path, "demo", tmp_path / "demo-scans")
    study_of(tmp_path, "mine", tmp_path / "elsewhere")
    for name in ("demo", "mine"):
        delete_study(tmp_path, name)
    assert not (tmp_path / "demo-scans").exists()
    assert (tmp_path / "mine-scans").exists()


@pytest.mark.parametrize("name", ["none", "../x", "", ".", "a/b", ".uploads"])
def test_only_a_study_below_the_root_is_deleted(tmp_path, name):
    make.empty(tmp_path / "x")
    root = tmp_path / "studies"
    root.mkdir()
    with pytest.raises(StudyError, match="no study"):
        delete_study(root, name)
    assert Study(tmp_path / "x").name == "x"


def test_a_study_in_use_is_not_deleted(tmp_path):
    study = make.empty(tmp_path / "x")
    with study.lock(), pytest.raises(BusyError):
        delete_study(tmp_path, "x")
    assert (tmp_path / "x" / "study.json").is_file()
