"""NIfTI files that must be refused, or read with a warning, numbered as in the bad inputs."""

import gzip
import re
import zlib

import numpy as np
import pytest

from clam_core.errors import GeometryError, LimitError, ReadError
from clam_core.read.nifti import read_nifti, read_nifti_header
from tests.read.made_files import LIMITS, ct_like, nifti_bytes, saved, zero_bomb


def read(tmp_path, content, name="ct.nii"):
    return read_nifti(saved(tmp_path, name, content), LIMITS)


@pytest.mark.parametrize("keep", [0.999, 0.5, 0.1])
def test_bad_input_3_truncated_gzip(tmp_path, keep):
    noise = np.random.default_rng(0).integers(-1000, 1000, (20, 20, 20)).astype(np.int16)
    content = gzip.compress(nifti_bytes(noise))
    with pytest.raises(ReadError, match=r"ct.nii.gz is cut off: .* copy or export it again"):
        read(tmp_path, content[: int(len(content) * keep)], "ct.nii.gz")


@pytest.mark.parametrize("missing", [1, 100, 239])
def test_bad_input_4_truncated(tmp_path, missing):
    with pytest.raises(ReadError, match=r"fewer than the 240 bytes of voxels that its header"):
        read(tmp_path, nifti_bytes(ct_like())[:-missing])
    path = saved(tmp_path, "ct.nii", nifti_bytes(ct_like())[:-missing])
    with pytest.raises(ReadError, match=r"is cut off"):
        read_nifti_header(path, LIMITS)


def test_damaged_gzip(tmp_path):
    noise = np.random.default_rng(0).integers(-1000, 1000, (20, 20, 20)).astype(np.int16)
    content = bytearray(gzip.compress(nifti_bytes(noise)))
    content[len(content) // 2] ^= 255
    with pytest.raises(ReadError, match=r"is (damaged|cut off)"):
        read(tmp_path, bytes(content))
    checksum = gzip.compress(nifti_bytes(noise))
    wrong = checksum[:-8] + (zlib.crc32(b"") ^ 1).to_bytes(4, "little") + checksum[-4:]
    with pytest.raises(ReadError, match=r"is damaged: its voxels cannot be unpacked"):
        read(tmp_path, wrong)


def test_bad_input_6_enormous_dimensions(tmp_path):
    content = nifti_bytes(ct_like(), dim=(3, 32767, 32767, 32767, 1, 1, 1, 1))
    for wrapped in (content, gzip.compress(content)):
        path = saved(tmp_path, "big.nii", wrapped)
        with pytest.raises(LimitError, match=r"32767 x 32767 x 32767 voxels \(70,362 GB\)"):
            read_nifti_header(path, LIMITS)


def test_dimensions_that_a_small_file_cannot_hold(tmp_path):
    content = nifti_bytes(ct_like(), dim=(3, 1000, 1000, 1000, 1, 1, 1, 1))
    for wrapped in (content, gzip.compress(content)):
        with pytest.raises(ReadError, match=r"fewer than the 2,000,000,000 bytes"):
            read(tmp_path, wrapped)


def test_bad_input_10_gzip_bomb_is_stopped_after_the_declared_size(tmp_path):
    content = zero_bomb(nifti_bytes(ct_like()), 2000)
    with pytest.raises(ReadError, match=r"holds more than the 240 bytes of voxels"):
        read(tmp_path, content, "bomb.nii.gz")


@pytest.mark.parametrize("bad", [np.nan, 0.0, -2.0, np.inf, 1e-9, 1e6])
def test_bad_input_11_spacing(tmp_path, bad):
    """Without an affine of its own; with one the voxel size is read from it and told."""
    content = nifti_bytes(ct_like(), sform_code=0, pixdim=(1, 2, bad, 4, 1, 1, 1, 1))
    with pytest.raises(
        GeometryError, match=rf"voxel size of 2 x {bad:.6g} x 4 mm".replace("+", r"\+")
    ):
        read(tmp_path, content)


@pytest.mark.parametrize(
    "row",
    [
        [0.0] * 12,
        [np.nan] * 12,
        [2.0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 4, 0],
        [2.0, 0, 0, 1e9, 0, 3, 0, 0, 0, 0, 4, 0],
    ],
)
def test_affines_that_cannot_be(tmp_path, row):
    with pytest.raises(GeometryError, match=r"ct.nii (states|gives|has) .*"):
        read(tmp_path, nifti_bytes(ct_like(), srow=row))


def test_quaternion_that_is_no_rotation(tmp_path):
    content = nifti_bytes(ct_like(), sform_code=0, quatern=(3.0, 3.0, 3.0))
    with pytest.raises(GeometryError, match=r"gives a rotation .qform. that is none"):
        read(tmp_path, content)


def test_bad_input_13_four_dimensions(tmp_path):
    with pytest.raises(ReadError, match=r"ct.nii has 30 time points; need one 3D volume"):
        read(tmp_path, nifti_bytes(np.zeros((3, 3, 3, 30), np.int16)))
    with pytest.raises(ReadError, match=r"ct.nii has 3 numbers per voxel; need one 3D scalar"):
        read(tmp_path, nifti_bytes(np.zeros((3, 3, 3, 1, 3), np.int16)))


def test_bad_input_13_colours_and_complex_numbers(tmp_path):
    rgb = np.zeros((3, 3, 3), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    with pytest.raises(ReadError, match=r"ct.nii holds RGB colours; need one 3D scalar volume"):
        read(tmp_path, nifti_bytes(rgb))
    with pytest.raises(ReadError, match=r"holds complex numbers"):
        read(tmp_path, nifti_bytes(np.zeros((3, 3, 3), np.complex64)))
    with pytest.raises(ReadError, match=r"holds voxels of type 7777"):
        read(tmp_path, nifti_bytes(ct_like(), datatype=7777))


@pytest.mark.parametrize("dim", [(0, *[1] * 7), (1, 5, *[1] * 6), (3, 4, 0, 6, 1, 1, 1, 1)])
def test_axes_that_cannot_be(tmp_path, dim):
    with pytest.raises(ReadError, match=r"need one 3D volume with at least one voxel"):
        read(tmp_path, nifti_bytes(ct_like(), dim=dim))


@pytest.mark.parametrize(("degrees", "said"), [(2.0, "warning"), (12.0, "refused")])
def test_bad_input_14_shear(tmp_path, degrees, said):
    affine = np.diag([2.0, 3.0, 4.0, 1.0])
    affine[1, 2] = 4 * np.tan(np.radians(degrees))
    row = affine[:3].ravel().tolist()
    content = nifti_bytes(
        ct_like(), srow=row, pixdim=(1, 2, 3, 4.0 / np.cos(np.radians(degrees)), 1, 1, 1, 1)
    )
    if said == "warning":
        assert read(tmp_path, content).warnings == (
            "The voxel axes are 2 degrees off a right angle.",
        )
    else:
        with pytest.raises(GeometryError, match=r"12.0 degrees off a right angle"):
            read(tmp_path, content)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.linspace(0, 1, 120, dtype=np.float32), "Values run from 0 to 1: scaled already"),
        (np.arange(120, dtype=np.int16) * 34, "Values run from 0 to 4046: stored without its"),
        (np.arange(120, dtype=np.uint8), "Values run from 0 to 119: an 8-bit picture"),
        (np.full(120, 7, np.int16), r"All voxels have the same value \(7\)"),
    ],
)
def test_bad_input_15_values_that_are_not_hu(tmp_path, array, said):
    (warning,) = read(tmp_path, nifti_bytes(array.reshape(4, 5, 6))).warnings
    assert re.match(said, warning)


def test_first_voxel_beyond_the_file(tmp_path):
    with pytest.raises(ReadError, match=r"is cut off"):
        read(tmp_path, nifti_bytes(ct_like(), vox_offset=1e6))
    with pytest.raises(ReadError, match=r"first voxel at byte"):
        read(tmp_path, gzip.compress(nifti_bytes(ct_like(), vox_offset=np.nan)))


def test_intercept_that_is_no_number(tmp_path):
    with pytest.raises(ReadError, match=r"scl_inter"):
        read(tmp_path, nifti_bytes(ct_like(), scl_slope=1, scl_inter=np.nan))
