"""Voxels over the wire: real servers, real readers; the bytes are those of the reader's volume."""

import json
import os
import re
import shutil
import threading
import time
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest

from clam_core.files.file_ref import FileRef
from clam_core.pipeline.own_resolution import raw_folder
from clam_core.pipeline.own_resolution.own_scans import FULL, OwnScans
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.preprocess.placing import straighten
from clam_core.read.dicom import read_series
from clam_core.read.nifti import read_nifti, write_nifti
from clam_core.settings import PreprocessSettings, ReadLimits
from clam_core.study import Study
from clam_core.study.removal import delete_study
from clam_core.volume import to_ras
from tests.browser.serving import served
from tests.pages.voxels.asking import WITH_TICKETS, Asker
from tests.read.dicom import make

SETTINGS = PreprocessSettings(grid=(16, 16, 16), mask="none")
COS, SIN = np.cos(np.radians(12)), np.sin(np.radians(12))
TILT = {"step": (0, 0, 3.0), "ImageOrientationPatient": [1, 0, 0, 0, COS, -SIN]}


def pixels(seed, shape=(9, 20, 24)):
    noise = np.random.default_rng(seed).normal(400, 150, shape)
    return np.clip(noise, 0, 2000).astype(np.uint16)


def oblique():
    from scipy.spatial.transform import Rotation

    affine = np.eye(4)
    turned = Rotation.from_euler("xyz", [8, -12, 20], degrees=True).as_matrix()
    affine[:3, :3] = turned @ np.diag([-0.8, -0.7, 2.5])
    return affine


def study_of(root, name, inputs, unit=None):
    options = CreateOptions(n_workers=1) if unit is None else CreateOptions(n_workers=1, **unit)
    create(root / name, inputs, None, options)
    preprocess(Study(root / name), SETTINGS, 1)
    study = Study(root / name)
    assert study.ready() == list(study.scans().index)
    return study


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Studies of a folder, an archive, an oblique NIfTI and a tilted series."""
    root = tmp_path_factory.mktemp("studies")
    inputs = tmp_path_factory.mktemp("inputs")
    for name, tags in {"folder": {}, "tilted": TILT}.items():
        series = inputs / name / "P1" / "CT"
        series.mkdir(parents=True)
        numbers = make.each(range(40, 31, -1))
        make.series(series, pixels(len(name)), InstanceNumber=numbers, **tags)
        study_of(root, name, inputs / name)
    packed = inputs / "packed.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((inputs / "folder").rglob("*.dcm")):
            archive.write(path, path.relative_to(inputs))
    study_of(root, "zip", packed)
    (inputs / "oblique").mkdir()
    values = np.random.default_rng(3).normal(-500, 200, (22, 26, 12)).astype(np.int16)
    write_nifti(inputs / "oblique" / "s1.nii.gz", values, oblique())
    study_of(root, "oblique", inputs / "oblique")
    root.joinpath("inputs").symlink_to(inputs)
    return root


@pytest.fixture(scope="module")
def visitor(root):
    with served(root, app=WITH_TICKETS) as address:
        yield Asker(address)


def scan_of(root, name):
    return next(iter(Study(root / name).scans().index))


def ticket(visitor, root, name):
    return visitor.ticket(name, scan_of(root, name))


def expected(root, name):
    """The reader's volume in this process."""
    inputs = root / "inputs"
    if name == "oblique":
        return to_ras(read_nifti(FileRef(inputs / "oblique" / "s1.nii.gz"), ReadLimits()).volume)
    which = "tilted" if name == "tilted" else "folder"
    refs = [FileRef(path) for path in sorted((inputs / which).rglob("*.dcm"))]
    volume = read_series(refs, ReadLimits()).volume
    return to_ras(straighten(volume, -1024) if name == "tilted" else volume)


@pytest.mark.parametrize("name", ["folder", "zip", "oblique", "tilted"])
def test_chunks_are_the_voxels_of_the_reader(visitor, root, name):
    array, info = visitor.volume(ticket(visitor, root, name))
    volume = expected(root, name)
    np.testing.assert_array_equal(array, volume.array)
    np.testing.assert_allclose(info["affine"], volume.affine)
    assert (info["slope"], info["intercept"], info["sentence"]) == (1.0, 0.0, "")
    assert len(np.unique(array)) > 100
    if name == "oblique":
        assert info["numbers"] is None
    else:
        assert info["numbers"] == list(range(40, 31, -1))
    assert set(info) == {
        "state", "sentence", "shape", "affine", "slope", "intercept", "numbers", "digest",
        "slices_per_chunk",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["folder", "zip"])
def test_a_slice_comes_before_the_scan_has_been_read(visitor, root, name):
    good = ticket(visitor, root, name)
    volume = expected(root, name)
    for index in (0, 4, 8):
        status, headers, content = visitor.get(f"/voxels/{good}/early/{index}")
        assert status == 200 and headers["Cache-Control"] == "no-store"
        values = np.frombuffer(content, "<i2").reshape(volume.shape[:2], order="F")
        np.testing.assert_array_equal(values, volume.array[:, :, index])
    assert visitor.get(f"/voxels/{good}/early/9")[0] == 404
    assert visitor.get("/voxels/x/early/0")[0] == 403


@pytest.mark.parametrize("name", ["oblique", "tilted"])
def test_what_is_no_series_of_whole_slices_has_no_early_one(visitor, root, name):
    assert visitor.get(f"/voxels/{ticket(visitor, root, name)}/early/0")[0] == 404


def test_the_geometry_is_told_while_the_scan_is_being_read(root, tmp_path):
    scans, told = OwnScans(n_readers=1), {}
    for name in ("folder", "oblique", "tilted"):
        shutil.copytree(root / name, tmp_path / name)
        told[name] = scans.info(Study(tmp_path / name), scan_of(root, name))
    scans.close()
    assert {one["state"] for one in told.values()} == {"reading"}
    assert [name for name, one in told.items() if "shape" in one] == ["folder"]
    volume = expected(root, "folder")
    assert tuple(told["folder"]["shape"]) == volume.shape
    np.testing.assert_allclose(told["folder"]["affine"], volume.affine, atol=1e-4)


def test_the_route_lies_below_the_base_path(root):
    with served(root, app=WITH_TICKETS, base="clinic/ct") as address:
        visitor = Asker(address)
        good = ticket(visitor, root, "folder")
        told = json.loads(visitor.get(f"/clinic/ct/voxels/{good}/info")[2])
        assert told["state"] in {"reading", "ready"}
        content = visitor.get(f"/clinic/ct/voxels/{good}/early/3")[2]
        wanted = expected(root, "folder").array[:, :, 3]
        np.testing.assert_array_equal(
            np.frombuffer(content, "<i2").reshape(wanted.shape, order="F"), wanted
        )
        assert visitor.get("/clinic/ct/voxels/x/info")[0] == 403
        assert b"state" not in visitor.get(f"/voxels/{good}/info")[2]


def test_without_a_good_ticket_nothing_is_told(visitor, root):
    good = ticket(visitor, root, "folder")
    digest = visitor.info(good)["digest"]
    old = visitor.ticket("folder", scan_of(root, "folder"), later=-14 * 3600)
    other = ticket(visitor, root, "zip")
    wrong = ["x", old, good[:-1] + ("0" if good[-1] != "0" else "1"), "%C3%A4", good.upper()]
    for bad in wrong:
        for path in ("info", f"{digest}/0"):
            status, _, content = visitor.get(f"/voxels/{bad}/{path}")
            assert (status, content) == (403, b""), bad
    # A ticket of one scan opens no other, though its digest is known.
    assert visitor.get(f"/voxels/{other}/{digest}/0")[0] == 404
    assert visitor.get(f"/voxels/{good}/{digest}/0")[0] == 200
    assert visitor.get(f"/voxels/{good}/{digest}/9999")[0] == 404
    assert visitor.get(f"/voxels/{good}/{'0' * 32}/0")[0] == 404
    assert visitor.get(f"/voxels/{good}/..%2F..%2Fstudy.json/0")[0] in {400, 403, 404}


def test_the_token_of_the_app_is_asked_for_as_well(visitor, root):
    good = ticket(visitor, root, "folder")
    stranger = Asker(visitor.address, Cookie="x=1")
    assert stranger.get(f"/voxels/{good}/info")[0] == 403
    assert visitor.get(f"/voxels/{good}/info", Origin="http://elsewhere.org")[0] == 403


def test_a_range_of_an_older_answer_is_never_answered_with_a_whole_scan(visitor, root):
    good = ticket(visitor, root, "folder")
    info = visitor.info(good)
    path = f"/voxels/{good}/{info['digest']}/0"
    sent = {"Range": "bytes=0-99", "If-Range": '"old"'}
    status, headers, content = visitor.get(path, **sent)
    nx, ny, _ = info["shape"]
    assert status == 200 and len(content) <= max(1 << 20, 2 * nx * ny)
    assert headers["ETag"] is None and headers["Accept-Ranges"] is None
    assert "immutable" in headers["Cache-Control"] and "private" in headers["Cache-Control"]


def test_no_answer_names_a_path_a_file_or_a_person(visitor, root):
    good = ticket(visitor, root, "folder")
    _, headers, content = visitor.get(f"/voxels/{good}/info")
    said = content.decode() + str(headers) + good
    for word in ("slice_0", "P1", str(root), "folder", "/tmp"):
        assert word not in said
    assert re.fullmatch("[0-9a-f]{64}", good)


def test_ten_who_ask_at_once_start_one_reader(root, tmp_path):
    with served(root, app=WITH_TICKETS) as address:
        visitor = Asker(address)
        shutil.rmtree(root / ".voxels", ignore_errors=True)
        good, seen = ticket(visitor, root, "folder"), []
        threads = [
            threading.Thread(target=lambda: seen.append(Asker(address).volume(good)[0].sum()))
            for _ in range(10)
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert len(seen) == 10 and len(set(seen)) == 1
        assert visitor.get("/n")[2] == b"1"
        raw = list((root / ".voxels" / "folder").iterdir())
        assert sorted(path.suffix for path in raw) == [".json", ".raw"]
        assert all(path.stat().st_mode & 0o077 == 0 for path in raw)


@pytest.fixture
def own(tmp_path):
    """A study of two NIfTI files that a test may spoil."""
    inputs = tmp_path / "in"
    inputs.mkdir()
    for n in range(2):
        values = np.random.default_rng(n).normal(-500, 200, (20, 20, 12)).astype(np.int16)
        write_nifti(inputs / f"s{n}.nii.gz", values, np.diag([1.0, 1.0, 2.0, 1.0]))
    root = tmp_path / "studies"
    root.mkdir()
    study_of(root, "one", inputs)
    return root, inputs


def test_files_that_were_copied_changed_spoiled_or_taken_away(own):
    root, inputs = own
    with served(root, app=WITH_TICKETS) as address:
        visitor = Asker(address)
        first, second = (visitor.ticket("one", f"s{n}") for n in range(2))
        before, info = visitor.volume(first)
        os.utime(inputs / "s0.nii.gz", (1e9, 1e9))  # as a copy has it
        again, touched = visitor.volume(first)
        np.testing.assert_array_equal(before, again)
        assert info["digest"] != touched["digest"]
        shutil.copy(inputs / "s1.nii.gz", inputs / "s0.nii.gz")
        changed = visitor.info(first)
        assert changed == {
            "state": "changed",
            "sentence": "The files of this scan have changed since it was preprocessed; you see "
            "the smaller copy in the study.",
        }
        (inputs / "s0.nii.gz").unlink()
        assert visitor.info(first)["state"] == "gone"
        assert "no longer where they were found" in visitor.info(first)["sentence"]
        (inputs / "s1.nii.gz").write_bytes(b"no scan at all")
        spoiled = visitor.info(second)
        assert spoiled["state"] == "failed" and "cannot be read" in spoiled["sentence"]
        assert "s1" not in json.dumps(spoiled)


def test_what_was_used_least_recently_makes_room(own):
    root, _ = own
    size = 2 * 20 * 20 * 12
    with served(root, app=WITH_TICKETS, CLAM_VOXELS_GB=str(1.5 * size / 1e9)) as address:
        visitor = Asker(address)
        first, second = (visitor.ticket("one", f"s{n}") for n in range(2))
        kept = visitor.volume(first)[1]["digest"]
        visitor.volume(second)
        assert len(list(root.glob(".voxels/*/*.raw"))) == 1
        assert visitor.get(f"/voxels/{first}/{kept}/0")[0] == 404
        assert visitor.volume(first)[1]["digest"] == kept  # asking again reads again


def test_a_full_disk_is_said(own, monkeypatch):
    root, _ = own
    monkeypatch.setattr(raw_folder.shutil, "disk_usage", lambda _: SimpleNamespace(free=200 << 20))
    scans, study = OwnScans(n_readers=1), Study(root / "one")
    for _ in range(200):
        told = scans.info(study, "s0")
        if told["state"] != "reading":
            break
        time.sleep(0.05)
    scans.close()
    assert told == {"state": "failed", "sentence": FULL}
    assert not list(root.glob(".voxels/*/*"))


def test_a_study_goes_with_its_voxels(own):
    root, _ = own
    with served(root, app=WITH_TICKETS) as address:
        visitor = Asker(address)
        good = visitor.ticket("one", "s0")
        digest = visitor.volume(good)[1]["digest"]
        assert list(root.glob(".voxels/one/*.raw"))
        delete_study(root, "one")
        assert not list(root.glob(".voxels/*"))
        assert visitor.get(f"/voxels/{good}/{digest}/0")[0] == 404
        assert visitor.info(good)["state"] == "failed"


def test_the_app_itself_has_the_route(own):
    with served(own[0]) as address:
        assert Asker(address).get("/voxels/x/info")[0] == 403
