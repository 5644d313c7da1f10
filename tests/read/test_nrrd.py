"""NRRD against SimpleITK and pynrrd, and the files that must be refused."""

import bz2
import gzip
from pathlib import Path

import nrrd
import numpy as np
import pytest
import SimpleITK

from clam_core.read.nrrd import read_nrrd, read_nrrd_header
from tests.read.made_files import LIMITS, ct_like, nrrd_bytes, saved

ROTATED = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, -1.0]])


def read(tmp_path, content, name="ct.nrrd"):
    return read_nrrd(saved(tmp_path, name, content), LIMITS)


def agrees_with_itk(path: Path, indices) -> None:
    """Values and positions are those of SimpleITK (LPS+)."""
    volume = read_nrrd(path, LIMITS).volume
    image = SimpleITK.ReadImage(str(path))
    for index in indices:
        whole = tuple(int(n) for n in index)
        lps = np.array(image.TransformIndexToPhysicalPoint(whole))
        np.testing.assert_allclose(volume.position_mm(whole), lps * [-1, -1, 1], atol=1e-6)
        assert volume.array[whole] == image[whole]


@pytest.mark.parametrize(
    "name", ["ct-64.nrrd", "lm-64.nrrd", "crop_ct_2slices.nrrd", "lung1_label.nrrd"]
)
def test_real_scans_agree_with_simpleitk_and_pynrrd(shared_data, name):
    path = shared_data / "volumes_misc" / name
    result = read_nrrd(path, LIMITS)
    array, header = nrrd.read(str(path))
    np.testing.assert_array_equal(result.volume.array, array)
    last = np.array(array.shape) - 1
    agrees_with_itk(path, [(0, 0, 0), last, last // 2, (0, last[1], 1)])
    spacing = np.linalg.norm(header["space directions"], axis=1)
    np.testing.assert_allclose(read_nrrd_header(path, LIMITS).spacing_mm, spacing)


@pytest.mark.parametrize("compressed", [False, True])
def test_oblique_written_by_simpleitk(tmp_path, compressed):
    image = SimpleITK.GetImageFromArray(ct_like())
    image.SetSpacing((0.7, 0.8, 2.5))
    image.SetOrigin((-120.5, 33.25, 900))
    image.SetDirection(ROTATED.ravel().tolist())
    SimpleITK.WriteImage(image, str(tmp_path / "a.nrrd"), compressed)
    agrees_with_itk(tmp_path / "a.nrrd", [(0, 0, 0), (5, 4, 3), (1, 2, 3)])
    assert read_nrrd(tmp_path / "a.nrrd", LIMITS).warnings == ()


@pytest.mark.parametrize(
    "space", ["RAS", "left-anterior-superior", "LPS", "right-anterior-superior"]
)
def test_named_spaces_as_simpleitk_reads_them(tmp_path, space):
    path = saved(tmp_path, "a.nrrd", nrrd_bytes(ct_like(), space=space))
    agrees_with_itk(path, [(0, 0, 0), (3, 4, 5), (1, 2, 3)])
    assert read_nrrd(path, LIMITS).warnings == ()


def test_hand_worked_position_in_ras(tmp_path):
    volume = read(tmp_path, nrrd_bytes(ct_like(), space="RAS")).volume
    np.testing.assert_allclose(volume.position_mm((1, 2, 3)), [10 + 2, 20 + 6, 30 + 12])
    assert volume.orientation == "RAS"


@pytest.mark.parametrize("space", ["scanner-xyz", "3D-right-handed", None])
def test_unnamed_spaces_are_read_as_simpleitk_does_with_a_warning(tmp_path, space):
    dimension = None if space else "3"
    content = nrrd_bytes(ct_like(), space=space, space_dimension=dimension)
    path = saved(tmp_path, "a.nrrd", content)
    agrees_with_itk(path, [(0, 0, 0), (3, 4, 5)])
    assert any("does not name the patient's axes" in w for w in read_nrrd(path, LIMITS).warnings)


def test_no_origin_is_told(tmp_path):
    path = saved(tmp_path, "a.nrrd", nrrd_bytes(ct_like(), space_origin=None))
    agrees_with_itk(path, [(0, 0, 0), (3, 4, 5)])
    (warning,) = read_nrrd(path, LIMITS).warnings
    assert "does not say where its first voxel lies" in warning


def test_spacings_alone(tmp_path):
    content = nrrd_bytes(
        ct_like(), space=None, space_directions=None, space_origin=None, spacings="2 3 4"
    )
    path = saved(tmp_path, "a.nrrd", content)
    agrees_with_itk(path, [(0, 0, 0), (3, 4, 5)])
    assert any("no directions" in warning for warning in read_nrrd(path, LIMITS).warnings)


def test_unit_of_space(tmp_path):
    content = nrrd_bytes(
        ct_like(), space_directions="(.2,0,0) (0,.3,0) (0,0,.4)", space_units='"cm" "cm" "cm"'
    )
    volume = read(tmp_path, content).volume
    np.testing.assert_allclose(volume.spacing_mm, (2, 3, 4))
    np.testing.assert_allclose(volume.affine[:3, 3], (-100, -200, 300))


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("i1", "signed char,int8"),
        ("u1", "uchar,unsigned char,uint8_t"),
        ("i2", "short,signed short int,int16"),
        ("u2", "ushort,unsigned short,uint16"),
        ("i4", "int,signed int,int32"),
        ("u4", "uint,unsigned int"),
        ("i8", "longlong,signed long long int,int64"),
        ("u8", "ulonglong,uint64_t"),
        ("f4", "float"),
        ("f8", "double"),
    ],
)
@pytest.mark.parametrize("order", ["little", "big"])
def test_every_type_and_byte_order(tmp_path, code, names, order):
    array = (np.arange(120) % 100).reshape(4, 5, 6).astype((">" if order == "big" else "<") + code)
    for name in names.split(","):
        path = saved(tmp_path, "a.nrrd", nrrd_bytes(array, type=name, endian=order))
        volume = read_nrrd(path, LIMITS).volume
        np.testing.assert_array_equal(volume.array, nrrd.read(str(path))[0])
        np.testing.assert_array_equal(volume.array, array)
        assert volume.array.dtype.isnative


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("gz", gzip.compress),
        ("bzip2", bz2.compress),
        ("bz2", bz2.compress),
    ],
)
def test_packed_voxels(tmp_path, encoding, pack):
    content = nrrd_bytes(ct_like(), encoding=encoding, data=pack(ct_like().tobytes(order="F")))
    np.testing.assert_array_equal(read(tmp_path, content).volume.array, ct_like())


def test_windows_line_ends_comments_and_key_values(tmp_path):
    head, _, _ = nrrd_bytes(ct_like()).partition(b"\n\n")
    head += "\nnote:=data file: x\n# data file: y\nPatient:=Müller".encode("latin-1")
    content = head.replace(b"\n", b"\r\n") + b"\r\n\r\n" + ct_like().tobytes(order="F")
    np.testing.assert_array_equal(read(tmp_path, content).volume.array, ct_like())


def test_axes_of_length_one_are_left_out(tmp_path):
    vector = nrrd_bytes(
        ct_like().reshape(1, 4, 5, 6),
        space_directions="none (2,0,0) (0,3,0) (0,0,4)",
        kinds="vector domain domain domain",
    )
    volume = read(tmp_path, vector).volume
    np.testing.assert_array_equal(volume.array, ct_like())
    np.testing.assert_allclose(volume.spacing_mm, (2, 3, 4))
    by_kind = nrrd_bytes(
        ct_like().reshape(4, 5, 6, 1),
        space=None, space_directions=None, space_origin=None,
        spacings="2 3 4 nan", kinds="space space space time",
    )  # fmt: skip
    np.testing.assert_allclose(read(tmp_path, by_kind).volume.spacing_mm, (2, 3, 4))


def test_one_slice_is_a_plane(tmp_path):
    volume = read(tmp_path, nrrd_bytes(ct_like((4, 5, 1)))).volume
    np.testing.assert_array_equal(volume.array, ct_like((4, 5)))
    flat = nrrd_bytes(
        ct_like((4, 5)), space=None, space_dimension="2", space_directions="(2,0) (0,3)",
        kinds="domain domain", space_origin="(1,2)",
    )  # fmt: skip
    volume = read(tmp_path, flat).volume
    np.testing.assert_allclose(volume.spacing_mm, (2, 3))
    np.testing.assert_allclose(volume.position_mm((1, 1)), (-3, -5, 0))
