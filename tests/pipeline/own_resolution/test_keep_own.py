"""Scans that the study keeps as they are: shown when their files have gone, checked, removed."""

import shutil
import time

import numpy as np
import pytest

from clam_core.errors import StudyError
from clam_core.pipeline.declared_steps import step_named
from clam_core.pipeline.declared_steps.shared_options import Readers
from clam_core.pipeline.own_resolution import keep_own as own
from clam_core.pipeline.own_resolution.own_scans import FAILED, GONE, OwnScans
from clam_core.pipeline.scans.check_study import check
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.read.nifti import write_nifti
from clam_core.study import Study
from clam_core.study.own_voxels.kept_scans import KeptScans
from tests.read.dicom import make

SHAPE = (24, 20, 9)


@pytest.fixture
def study(tmp_path):
    """Three series, found and not yet prepared."""
    for n in range(3):
        folder = tmp_path / "in" / f"P{n}" / "CT"
        folder.mkdir(parents=True)
        noise = np.random.default_rng(n).normal(400, 150, SHAPE[::-1])
        uids = {"SeriesInstanceUID": f"1.2.{n}", "StudyInstanceUID": f"1.3.{n}"}
        stored = np.clip(noise, 0, 2000).astype(np.uint16)
        make.series(folder, stored, PatientID=f"P{n}", **uids)
    create(tmp_path / "studies" / "one", tmp_path / "in", None, CreateOptions(n_workers=1))
    return Study(tmp_path / "studies" / "one")


def prepare(study, told=None, **more):
    stages = [] if told is None else told
    usual = {"grid": (16, 16, 16), "mask": "none", "readers": Readers(workers=1)}
    options = {**usual, "keep_own": True, **more}
    step = step_named("preprocess")
    summary = step.function(study.folder, progress=lambda *at: stages.append(at), **options)
    return summary.sentences


@pytest.fixture
def shown():
    scans = OwnScans(10**9, 1)
    yield scans
    scans.close()


def waited(shown, study, scan_id):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        told = shown.info(study, scan_id)
        if told["state"] != "reading":
            return told
        time.sleep(0.02)
    raise AssertionError("still reading")


def voxels(shown, study, scan_id):
    told = waited(shown, study, scan_id)
    assert told["state"] == "ready", told
    n_chunks = -(-told["shape"][2] // told["slices_per_chunk"])
    parts = [shown.chunk(study.folder, scan_id, told["digest"], n) for n in range(n_chunks)]
    return b"".join(parts), told


def test_a_kept_scan_is_the_same_when_its_files_have_gone(study, shown, monkeypatch):
    monkeypatch.setattr("clam_core.study.own_voxels.kept_scans._FRAME_BYTES", 5000)
    told = []
    said = prepare(study, told)
    assert "3 scans kept at their own resolution in the study, which takes 0.1 MB." in said
    assert told[-1] == ("Keeping the scans as they are (up to 0.1 MB)", 3, 3)
    for n, scan_id in enumerate(study.ready()):
        stored = study.folder.parent.parent / "in" / f"P{n}"
        kept = KeptScans(study.folder).head(study.scans().at[scan_id, "voxel_digest"])
        assert len(kept["frames"]) == 2
        bytes_kept, of_kept = voxels(shown, study, scan_id)
        folder = study.folder / "own"
        folder.rename(study.folder / "elsewhere")
        bytes_read, of_read = voxels(shown, study, scan_id)
        (study.folder / "elsewhere").rename(folder)
        assert bytes_kept == bytes_read and len(bytes_kept) == 2 * np.prod(SHAPE)
        for name in ("shape", "affine", "slope", "intercept", "numbers"):
            assert of_kept[name] == of_read[name]
        shutil.rmtree(stored)
        shutil.rmtree(study.folder.parent / ".voxels")
        first = shown.info(study, scan_id)
        assert first["state"] == "reading" and first["shape"] == list(SHAPE)
        assert voxels(shown, study, scan_id)[0] == bytes_kept
        layer = 2 * SHAPE[0] * SHAPE[1]
        for index in (0, 5, 8):
            own_slice = shown.early(study, scan_id, index)
            assert own_slice == bytes_kept[index * layer : (index + 1) * layer]
        assert shown.early(study, scan_id, 9) is None and shown.early(study, scan_id, -1) is None


def test_without_it_nothing_is_kept_and_what_is_kept_is_not_read_again(study, monkeypatch):
    prepare(study, keep_own=False)
    assert not (study.folder / "own").exists() and own.most_bytes(study) == 3 * 2 * np.prod(SHAPE)
    keep, done = KeptScans.keep, []

    def breaks_off(self, unpacked, values):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(values["voxel_digest"])
        keep(self, unpacked, values)

    monkeypatch.setattr(KeptScans, "keep", breaks_off)
    with pytest.raises(KeyboardInterrupt):
        prepare(study)
    assert len(own.to_keep(study)) == 1
    monkeypatch.setattr(KeptScans, "keep", lambda *a: done.append(a[2]["voxel_digest"]) or keep(*a))
    prepare(study)
    assert len(done) == 3 and len(set(done)) == 3 and not own.to_keep(study)
    assert {path.suffix for path in (study.folder / "own").iterdir()} == {".zst", ".json"}


def test_changed_and_missing_files_are_told_and_not_kept(study):
    prepare(study, keep_own=False)
    home = study.folder.parent.parent / "in"
    shutil.rmtree(home / "P0")
    shutil.rmtree(home / "P1")
    shutil.copytree(home / "P2", home / "P1")
    said = own.keep_own(study, 1, lambda *_: None)
    assert said[0].startswith("1 scan kept")
    assert "1 scan not kept: its files are no longer where they were found." in said
    assert "1 scan not kept: its files have changed since it was preprocessed." in said


def test_a_scan_whose_values_were_multiplied_is_kept_so(tmp_path, shown):
    truth = np.random.default_rng(0).gamma(2.0, 4.0, (10, 11, 12)).astype(np.float32)
    (tmp_path / "in").mkdir()
    write_nifti(tmp_path / "in" / "a.nii", truth, np.diag([2.0, 2.0, 3.0, 1.0]))
    options = CreateOptions(modality="MR", n_workers=1)
    create(tmp_path / "studies" / "mr", tmp_path / "in", None, options)
    study = Study(tmp_path / "studies" / "mr")
    assert prepare(study, intensity_factor=50.0)[-1].startswith("1 scan kept")
    shutil.rmtree(tmp_path / "in")
    content, told = voxels(shown, Study(study.folder), "a")
    stored = np.frombuffer(content, "<i2").reshape(told["shape"], order="F")
    back = told["slope"] * stored.astype(float) + told["intercept"]
    np.testing.assert_allclose(back, 50 * truth, atol=0.51 * told["slope"])


def test_no_room_is_said_before_anything_is_read(study, monkeypatch):
    prepare(study, keep_own=False)
    monkeypatch.setattr(own.shutil, "disk_usage", lambda _: type("Disk", (), {"free": 20_000})())
    with pytest.raises(StudyError, match=r"3 scans at their own resolution needs up to 0\.1 MB"):
        own.keep_own(study, 1, lambda *_: None)
    assert not (study.folder / "own").exists()


def test_it_goes_with_its_scan(study):
    prepare(study)
    digests = study.scans()["voxel_digest"]
    shutil.rmtree(study.folder.parent.parent / "in" / "P1")
    (study.folder / "own" / "3.unpacked").write_bytes(b"left by a kill")
    prepare(study, forget_missing=True, keep_own=False, grid=(12, 12, 12))
    left = {path.name for path in (study.folder / "own").iterdir()}
    lost = digests.iloc[1]
    assert left == {f"{one}{end}" for one in digests if one != lost for end in (".zst", ".json")}


def test_check_reads_what_is_kept(study, shown):
    prepare(study)
    assert not check(study).has_failures
    digest = str(study.scans().iloc[1]["voxel_digest"])
    path = study.folder / "own" / f"{digest}.zst"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    said = check(study)
    (fault,) = said.values["faults"]
    scan_id = study.scans().index[1]
    assert fault.startswith(f"Scan {scan_id!r}, own resolution") and "--keep-own" in fault
    # Its files are still there: they are read. Without them it is said.
    assert len(voxels(shown, study, scan_id)[0]) == 2 * np.prod(SHAPE)
    path.unlink()
    assert check(study).values["notes"] == [] and len(check(study).values["faults"]) == 1
    (study.folder / "own" / f"{digest}.json").unlink()
    (note,) = check(study).values["notes"]
    assert note.startswith("1 scan of this study is not kept at own resolution")
    assert own.to_keep(study) == {scan_id: digest}


def test_a_damaged_copy_of_a_scan_that_has_gone_is_said(study, shown):
    prepare(study)
    digest = str(study.scans().iloc[0]["voxel_digest"])
    path = study.folder / "own" / f"{digest}.zst"
    path.write_bytes(path.read_bytes()[:-9])
    shutil.rmtree(study.folder.parent.parent / "in")
    told = waited(shown, study, study.ready()[0])
    assert (told["state"], told["sentence"]) in {("gone", GONE), ("failed", FAILED)}
    assert shown.early(study, study.ready()[0], SHAPE[2] - 1) is None


def test_no_name_but_a_digest_leads_to_a_file(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "x.json").write_text("{}")
    (tmp_path / "own" / "x.zst").write_text("")
    kept = KeptScans(tmp_path)
    assert kept.head("x") is None and kept.head("../own/x") is None and kept.head(None) is None
    assert kept.digests() == set()
