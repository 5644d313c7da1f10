"""MetaImage against SimpleITK, and the files that must be refused."""

import gzip
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from clam_core.errors import GeometryError, LimitError, ReadError, UnsafeFileError
from clam_core.files.file_ref import FileRef
from clam_core.read.metaimage import read_metaimage, read_metaimage_header
from tests.read.made_files import LIMITS, ct_like, mha_bytes, saved

ROTATED = np.array([[0.8, -0.6, 0.0], [0.0, 0.0, -1.0], [0.6, 0.8, 0.0]])
SQUASHED = zlib.compress(ct_like().tobytes(order="F"))


def read(tmp_path, content, name="ct.mha"):
    return read_metaimage(saved(tmp_path, name, content), LIMITS)


def agrees_with_itk(path: Path, indices) -> None:
    """Values and positions are those of SimpleITK (LPS+)."""
    volume = read_metaimage(path, LIMITS).volume
    image = SimpleITK.ReadImage(str(path))
    for index in indices:
        lps = np.array(image.TransformIndexToPhysicalPoint(index))
        np.testing.assert_allclose(volume.position_mm(index), lps * [-1, -1, 1], atol=1e-6)
        assert volume.array[index] == image[index]
    np.testing.assert_allclose(volume.spacing_mm, image.GetSpacing())


@pytest.mark.parametrize("compressed", [False, True])
def test_oblique_written_by_simpleitk(tmp_path, compressed):
    image = SimpleITK.GetImageFromArray(ct_like())
    image.SetSpacing((0.7, 0.8, 2.5))
    image.SetOrigin((-120.5, 33.25, 900))
    image.SetDirection(ROTATED.ravel().tolist())
    SimpleITK.WriteImage(image, str(tmp_path / "a.mha"), compressed)
    agrees_with_itk(tmp_path / "a.mha", [(0, 0, 0), (5, 4, 3), (1, 2, 3)])
    result = read_metaimage(tmp_path / "a.mha", LIMITS)
    np.testing.assert_array_equal(result.volume.array, ct_like().T)
    assert result.warnings == ()
    header = read_metaimage_header(tmp_path / "a.mha", LIMITS)
    assert (header.shape, header.ndim, header.dtype) == ((6, 5, 4), 3, "int16")


def test_real_scan_rewritten_by_simpleitk(shared_data, tmp_path):
    image = SimpleITK.ReadImage(str(shared_data / "volumes_misc" / "CT_pitch.nii.gz"))
    SimpleITK.WriteImage(image, str(tmp_path / "a.mha"), True)
    agrees_with_itk(tmp_path / "a.mha", [(0, 0, 0), (174, 247, 57), (100, 20, 30)])
    array = read_metaimage(tmp_path / "a.mha", LIMITS).volume.array
    np.testing.assert_array_equal(array.T, SimpleITK.GetArrayFromImage(image))


def test_hand_worked_position(tmp_path):
    volume = read(tmp_path, mha_bytes(ct_like())).volume
    np.testing.assert_allclose(volume.position_mm((1, 2, 3)), [-(10 + 2), -(20 + 6), 30 + 12])
    assert volume.orientation == "LPS"


def test_center_and_anatomical_orientation_change_nothing_as_in_simpleitk(tmp_path):
    content = mha_bytes(ct_like(), CenterOfRotation="5 6 7", AnatomicalOrientation="RAI")
    path = saved(tmp_path, "a.mha", content)
    agrees_with_itk(path, [(0, 0, 0), (3, 4, 5)])


@pytest.mark.parametrize(
    "fields",
    [
        {"Offset": None, "Position": "10 20 30"},
        {"Offset": None, "Origin": "10 20 30"},
        {"TransformMatrix": None, "Rotation": "0 1 0 0 0 1 1 0 0"},
        {"TransformMatrix": None, "Orientation": "0 1 0 0 0 1 1 0 0"},
        {"ElementSpacing": None, "ElementSize": "2 3 4"},
    ],
)
def test_other_names_of_fields_as_in_simpleitk(tmp_path, fields):
    path = saved(tmp_path, "a.mha", mha_bytes(ct_like(), **fields))
    agrees_with_itk(path, [(0, 0, 0), (3, 4, 5), (1, 2, 3)])


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("MET_CHAR", "i1"),
        ("MET_UCHAR", "u1"),
        ("MET_SHORT", "i2"),
        ("MET_USHORT", "u2"),
        ("MET_INT", "i4"),
        ("MET_UINT", "u4"),
        ("MET_LONG", "i4"),
        ("MET_LONG_LONG", "i8"),
        ("MET_FLOAT", "f4"),
        ("MET_DOUBLE", "f8"),
    ],
)
@pytest.mark.parametrize("msb", ["True", "False"])
def test_every_type_and_byte_order(tmp_path, name, code, msb):
    array = (np.arange(120) % 100).reshape(4, 5, 6).astype((">" if msb == "True" else "<") + code)
    content = mha_bytes(array, ElementType=name, BinaryDataByteOrderMSB=msb)
    path = saved(tmp_path, "a.mha", content)
    volume = read_metaimage(path, LIMITS).volume
    np.testing.assert_array_equal(volume.array, array)
    assert volume.array.dtype.isnative
    by_itk = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
    np.testing.assert_array_equal(volume.array.T, by_itk)


@pytest.mark.parametrize("size", [str(len(SQUASHED)), None])
@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress])
def test_compressed_voxels_with_and_without_their_size(tmp_path, size, pack):
    data = pack(ct_like().tobytes(order="F"))
    size = size and str(len(data))
    content = mha_bytes(ct_like(), data=data, CompressedData="True", CompressedDataSize=size)
    np.testing.assert_array_equal(read(tmp_path, content).volume.array, ct_like())


def test_one_slice_and_one_time_point(tmp_path):
    volume = read(tmp_path, mha_bytes(ct_like((4, 5, 1)))).volume
    np.testing.assert_array_equal(volume.array, ct_like((4, 5)))
    flat = mha_bytes(
        ct_like((4, 5)), TransformMatrix="0 1 1 0", Offset="10 20", ElementSpacing="2 3"
    )
    path = saved(tmp_path, "flat.mha", flat)
    image = SimpleITK.ReadImage(str(path))
    found = read_metaimage(path, LIMITS).volume.position_mm((3, 1))
    expected = np.array([*image.TransformIndexToPhysicalPoint((3, 1)), 0]) * [-1, -1, 1]
    np.testing.assert_allclose(found, expected)
    four = mha_bytes(
        ct_like().reshape(4, 5, 6, 1),
        TransformMatrix="1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1",
        Offset="1 2 3 4",
        ElementSpacing="2 3 4 5",
    )
    np.testing.assert_array_equal(read(tmp_path, four).volume.array, ct_like())


def test_scale_of_intensities_is_said_and_not_applied_as_in_simpleitk(tmp_path):
    content = mha_bytes(ct_like(), ElementToIntensityFunctionSlope="2")
    path = saved(tmp_path, "a.mha", content)
    agrees_with_itk(path, [(0, 0, 0), (3, 4, 5)])
    assert any("does not apply it" in warning for warning in read_metaimage(path, LIMITS).warnings)
    plain = mha_bytes(
        ct_like(),
        ElementToIntensityFunctionSlope="1.0",
        ElementToIntensityFunctionOffset="0.00",
    )
    assert read(tmp_path, plain).warnings == ()


# What must be refused, numbered as in the list of bad inputs.


@pytest.mark.parametrize("missing", [1, 100, 239])
def test_bad_input_5_truncated(tmp_path, missing):
    with pytest.raises(ReadError, match=r"ct.mha is cut off: .* copy or export it again"):
        read(tmp_path, mha_bytes(ct_like())[:-missing])


@pytest.mark.parametrize("size", [str(len(SQUASHED)), None])
def test_bad_input_5_truncated_while_compressed(tmp_path, size):
    content = mha_bytes(ct_like(), data=SQUASHED, CompressedData="True", CompressedDataSize=size)
    for missing in (1, len(SQUASHED) // 2):
        with pytest.raises(ReadError, match=r"ct.mha is cut off: .* copy or export it again"):
            read(tmp_path, content[:-missing])


def test_damaged_voxels(tmp_path):
    for data in (b"\x00\x01" * 200, SQUASHED[:-1] + bytes([SQUASHED[-1] ^ 1])):
        content = mha_bytes(ct_like(), data=data, CompressedData="True")
        with pytest.raises(ReadError, match=r"is damaged: its voxels cannot be unpacked"):
            read(tmp_path, content)


def test_bad_input_6_enormous_sizes(tmp_path):
    path = saved(tmp_path, "big.mha", mha_bytes(ct_like(), DimSize="100000 100000 100000"))
    with pytest.raises(LimitError, match=r"100000 x 100000 x 100000 voxels \(2,000,000 GB\)"):
        read_metaimage_header(path, LIMITS)


def test_bad_input_10_bomb(tmp_path):
    data = zlib.compress(bytes(20 << 20))
    with pytest.raises(ReadError, match=r"holds more than the 240 bytes of voxels"):
        read(tmp_path, mha_bytes(ct_like(), data=data, CompressedData="True"))
    content = mha_bytes(ct_like(), DimSize="900 1000 1000", data=data, CompressedData="True")
    with pytest.raises(ReadError, match=r"fewer than the 1,800,000,000 bytes"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    "place",
    [
        *("/etc/passwd", "../../x", "../secret.raw", "sub/../secret.raw", "/tmp/x.raw"),
        *("C:\\x.raw", "..\\x.raw", "secret.txt", ".hidden.raw", "~x.raw", "link.raw"),
        *("LIST", "s%03d.raw 1 9 1", "LOCAL x", "", "sécret\0.raw"),
    ],
)
def test_bad_input_9_detached_data(tmp_path, place):
    saved(tmp_path, "secret.raw", b"canary-7731" * 100)
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.raw").symlink_to(tmp_path / "secret.raw")
    content = mha_bytes(ct_like(), ElementDataFile="LOCAL").replace(b"LOCAL", place.encode())
    for name in ("ct.mha", "ct.mhd"):
        with pytest.raises(UnsafeFileError, match=r"one .mha file\.$") as caught:
            read(tmp_path, content, name)
        assert "canary" not in str(caught.value)
        assert "passwd" not in str(caught.value)
        with pytest.raises(UnsafeFileError):
            read_metaimage_header(tmp_path / name, LIMITS)


@pytest.mark.parametrize("packed", [False, True])
def test_pair_written_by_simpleitk(tmp_path, packed):
    image = SimpleITK.GetImageFromArray(ct_like())
    image.SetSpacing((0.7, 0.8, 2.5))
    SimpleITK.WriteImage(image, str(tmp_path / "1.2.3.mhd"), useCompression=packed)
    data = tmp_path / ("1.2.3.zraw" if packed else "1.2.3.raw")
    assert data.is_file()
    volume = read_metaimage(tmp_path / "1.2.3.mhd", LIMITS).volume
    np.testing.assert_array_equal(volume.array.T, ct_like())
    np.testing.assert_allclose(volume.spacing_mm, (0.7, 0.8, 2.5))
    assert read_metaimage_header(tmp_path / "1.2.3.mhd", LIMITS).data_file == data.name
    data.write_bytes(data.read_bytes()[:-20])
    with pytest.raises(ReadError, match="cut off"):
        read_metaimage(tmp_path / "1.2.3.mhd", LIMITS)
    data.rename(tmp_path / "other.raw")
    with pytest.raises(ReadError, match="in a file beside it .* that is not there; put it into"):
        read_metaimage(tmp_path / "1.2.3.mhd", LIMITS)


def test_pair_in_an_archive_and_what_surrounds_the_voxels(tmp_path):
    array = ct_like()
    header = mha_bytes(array, data=b"", ElementDataFile="a.raw")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("p1/a.mhd", header)
        archive.writestr("p1/a.raw", array.tobytes(order="F"))
        archive.writestr("p2/a.mhd", header)
    found = read_metaimage(FileRef(tmp_path / "all.zip", "p1/a.mhd"), LIMITS)
    np.testing.assert_array_equal(found.volume.array, array)
    with pytest.raises(ReadError, match="that is not there"):
        read_metaimage(FileRef(tmp_path / "all.zip", "p2/a.mhd"), LIMITS)
    path = saved(tmp_path, "a.mhd", header)
    saved(tmp_path, "a.raw", b"xx" * 64 + array.tobytes(order="F"))
    with pytest.raises(ReadError, match="a.mhd holds more than the 240 bytes"):
        read_metaimage(path, LIMITS)
    saved(tmp_path, "a.mhd", mha_bytes(array, data=b"", HeaderSize="-1", ElementDataFile="a.raw"))
    np.testing.assert_array_equal(read_metaimage(path, LIMITS).volume.array, array)
    by_itk = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
    np.testing.assert_array_equal(by_itk.T, array)


@pytest.mark.parametrize("bad", ["nan", "0", "-2", "inf"])
def test_bad_input_11_spacing(tmp_path, bad):
    with pytest.raises(GeometryError, match=rf"voxel size of 2 x {bad} x 4 mm"):
        read(tmp_path, mha_bytes(ct_like(), ElementSpacing=f"2 {bad} 4"))


def test_bad_input_13_channels_and_time(tmp_path):
    with pytest.raises(ReadError, match=r"ct.mha has 3 numbers per voxel; need one 3D scalar"):
        read(tmp_path, mha_bytes(ct_like(), ElementNumberOfChannels="3"))
    four = mha_bytes(
        np.zeros((4, 5, 6, 30), np.int16),
        TransformMatrix=" ".join("1000010000100001"),
        Offset="0 0 0 0",
        ElementSpacing="1 1 1 1",
    )
    with pytest.raises(ReadError, match=r"ct.mha has 30 time points; need one 3D volume"):
        read(tmp_path, four)


def test_bad_input_14_shear(tmp_path):
    with pytest.raises(GeometryError, match=r"14.0 degrees off a right angle"):
        read(tmp_path, mha_bytes(ct_like(), TransformMatrix="1 0 0 0 1 0 0 .25 1"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"DimSize": "4 5"}, r"has '4 5' in its header field 'DimSize'; expected 3 whole numbers"),
        ({"DimSize": "4 5 0"}, "every axis needs at least one"),
        ({"NDims": "99"}, "has 99 axes"),
        ({"NDims": "JANE"}, r"has '\?\?\?E' in its header field 'NDims'"),
        ({"ElementType": "MET_ARRAY"}, "voxels of a type that is not read"),
        ({"ElementType": None}, "has no 'ElementType'"),
        ({"BinaryData": "False"}, "stores its voxels as text"),
        ({"HeaderSize": "100"}, "uses 'HeaderSize'"),
        ({"ElementSpacing": None}, "states no voxel size"),
        ({"Offset": "1 2"}, "header field 'Offset'; expected 3 numbers"),
        ({"Offset": "nan 2 3"}, "gives no usable position"),
        ({"TransformMatrix": "0 0 0 0 0 0 0 0 0"}, "voxel size of 0 x 0 x 0 mm"),
        ({"CompressedData": "True", "CompressedDataSize": "99999"}, "declares 99,999 compressed"),
        ({"NDims ": "3"}, "has a header field twice"),
    ],
)
def test_headers_that_are_wrong(tmp_path, fields, said):
    with pytest.raises(ReadError, match=said):
        read(tmp_path, mha_bytes(ct_like(), **fields))


def test_header_without_end(tmp_path):
    head = mha_bytes(ct_like()).partition(b"ElementDataFile")[0]
    with pytest.raises(ReadError, match=r"ends within its MetaImage header"):
        read(tmp_path, head)
    with pytest.raises(ReadError, match=r"has a header longer than 1 MB"):
        read(tmp_path, head + b"x" * 70_000)
