"""What the reader writes: values that are no HU, pictures, series that lie on their side."""

import os
import time
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from clam_core.errors import ReadError
from clam_core.pipeline.own_resolution import raw_folder
from clam_core.pipeline.own_resolution.own_scans import checked
from clam_core.pipeline.own_resolution.raw_folder import RawFolder
from clam_core.pipeline.own_resolution.read_own import read_own
from clam_core.read.nifti import write_nifti
from clam_core.settings import ReadLimits
from tests.read.dicom import make

LIMITS = ReadLimits().model_dump()


def read(tmp_path, fmt, paths, unit="HU", factor=1.0):
    scan = {
        "format": fmt,
        "files": [[str(path), None] for path in paths],
        "unit": unit,
        "intensity_factor": factor,
    }
    to = tmp_path / "out.raw"
    values, arrays = read_own(scan, str(to), LIMITS)
    assert arrays == {}
    return np.fromfile(to, "<i2").reshape(values["shape"], order="F"), values


@pytest.mark.parametrize("factor", [1.0, 10.0])
def test_fractions_come_back_by_slope_and_intercept(tmp_path, factor):
    truth = np.random.default_rng(0).gamma(2.0, 40.0, (10, 11, 12)).astype(np.float32)
    write_nifti(tmp_path / "pet.nii", truth, np.diag([2.0, 2.0, 3.0, 1.0]))
    stored, values = read(tmp_path, "nifti", [tmp_path / "pet.nii"], "arbitrary", factor)
    back = values["slope"] * stored.astype(np.float64) + values["intercept"]
    assert values["slope"] != 1
    np.testing.assert_allclose(back, truth * factor, atol=0.51 * values["slope"])
    assert values["slope"] < np.ptp(truth) * factor / 60_000


def test_whole_values_are_stored_as_they_are(tmp_path):
    truth = np.random.default_rng(0).integers(0, 900, (10, 11, 12)).astype(np.int16)
    write_nifti(tmp_path / "mr.nii", truth, np.diag([2.0, 2.0, 3.0, 1.0]))
    stored, values = read(tmp_path, "nifti", [tmp_path / "mr.nii"], "arbitrary")
    np.testing.assert_array_equal(stored, truth)
    assert (values["slope"], values["intercept"]) == (1.0, 0.0)


def test_a_picture_is_one_slice(tmp_path):
    truth = np.random.default_rng(0).integers(0, 256, (20, 30)).astype(np.uint8)
    Image.fromarray(truth).save(tmp_path / "a.png")
    stored, values = read(tmp_path, "picture", [tmp_path / "a.png"], "arbitrary")
    assert values["shape"] == [30, 20, 1] and values["numbers"] is None
    assert sorted(stored.ravel()) == sorted(truth.ravel())


def test_numbers_of_a_series_of_coronal_slices_are_not_those_of_axial_ones(tmp_path):
    axes = {"ImageOrientationPatient": [1, 0, 0, 0, 0, -1], "step": (0, 2.0, 0)}
    stored = np.random.default_rng(0).integers(0, 900, (8, 8, 8)).astype(np.uint16)
    refs = make.series(tmp_path / "in", stored, **axes)
    found, values = read(tmp_path, "dicom", [ref.path for ref in refs])
    assert found.shape == (8, 8, 8) and values["numbers"] is None


def test_numbers_follow_the_slices_however_the_series_runs(tmp_path):
    stored = np.random.default_rng(0).integers(0, 900, (5, 8, 8)).astype(np.uint16)
    numbers = make.each([11, 12, 13, 14, 15])
    refs = make.series(tmp_path / "in", stored, (0, 0, -2.0), InstanceNumber=numbers)
    found, values = read(tmp_path, "dicom", [ref.path for ref in refs])
    assert values["numbers"] == [15, 14, 13, 12, 11]
    top = found[:, :, values["numbers"].index(11)].astype(int)
    other = found[:, :, values["numbers"].index(15)].astype(int)
    slope = np.unique(top).size
    assert slope > 10 and not np.array_equal(top, other)
    rank = np.argsort(np.argsort(top.ravel(), kind="stable"), kind="stable")
    first = stored[0][::-1, ::-1].T.astype(int)  # RAS+: both axes of a row-and-column picture turn
    want = np.argsort(np.argsort(first.ravel(), kind="stable"), kind="stable")
    np.testing.assert_array_equal(rank, want)


def test_nothing_that_is_there_is_written_over(tmp_path):
    write_nifti(tmp_path / "s.nii", np.arange(1000, dtype=np.int16).reshape(10, 10, 10), np.eye(4))
    (tmp_path / "out.raw").write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        read(tmp_path, "nifti", [tmp_path / "s.nii"])
    assert (tmp_path / "out.raw").read_bytes() == b"precious"


@pytest.mark.parametrize("change", [{"shape": [4, 4]}, {"shape": [4, 4, 0]}, {"affine": [[1]]}])
def test_a_reader_that_was_taken_over_is_not_believed(change):
    good = {
        "shape": [4, 4, 4],
        "affine": np.eye(4).tolist(),
        "slope": 1,
        "intercept": 0,
        "numbers": None,
        "voxel_digest": "x",
    }
    assert checked(good)["shape"] == [4, 4, 4]
    with pytest.raises(ReadError):
        checked(good | change)


def kept(folder, digest, n=1000):
    path = folder.new_file()
    path.write_bytes(bytes(2 * n))
    return folder.keep(path, digest, {"shape": [10, 10, n // 100]})


def test_the_folder_holds_what_was_used_last_of_all_studies(tmp_path):
    one, two = (RawFolder(tmp_path / name, 5000) for name in ("one", "two"))
    assert kept(one, "a") and kept(two, "b")
    time.sleep(0.02)
    seen = one.head("a")
    assert seen["shape"] == [10, 10, 10]
    changed = (tmp_path / ".voxels" / "one" / "a.raw").stat().st_mtime_ns
    assert kept(one, "c")
    assert two.head("b") is None and one.head("a") and one.head("c")
    assert (tmp_path / ".voxels" / "one" / "a.raw").stat().st_mtime_ns == changed


def test_a_file_of_another_size_is_not_kept_and_a_cut_one_not_shown(tmp_path):
    folder = RawFolder(tmp_path / "one", 50_000)
    path = folder.new_file()
    path.write_bytes(bytes(1998))
    assert not folder.keep(path, "a", {"shape": [10, 10, 10]})
    assert kept(folder, "b") and folder.head("b")
    os.truncate(tmp_path / ".voxels" / "one" / "b.raw", 100)
    assert folder.head("b") is None and folder.read("b", 0, 200) is None


def test_a_scan_larger_than_the_limit_is_still_shown(tmp_path):
    folder = RawFolder(tmp_path / "one", 10)
    assert kept(folder, "a") and folder.head("a")
    assert kept(folder, "b") and folder.head("b") and folder.head("a") is None


def test_on_a_full_disk_old_scans_go_and_then_it_is_said(tmp_path, monkeypatch):
    def free(_):
        held = sum(one.stat().st_size for one in tmp_path.glob(".voxels/*/*.raw"))
        return SimpleNamespace(free=(256 << 20) + 6000 - held)

    folder = RawFolder(tmp_path / "one", 50_000)
    assert kept(folder, "a") and kept(folder, "b") and kept(folder, "c")
    monkeypatch.setattr(raw_folder.shutil, "disk_usage", free)
    folder.head("a")
    assert folder.has_room(2000)  # one goes, the one that was used longest ago
    assert folder.head("b") is None and folder.head("a") and folder.head("c")
    assert not folder.has_room(6001)
    assert folder.has_room(6000) and folder.head("a") is None
