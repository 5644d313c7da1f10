"""Voxels and geometry of what `read_series` makes, against pydicom, SimpleITK and known arrays."""

import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from clam_core.errors import NotAScanError, ReadError
from clam_core.files.file_ref import FileRef
from clam_core.read.dicom import read_series
from clam_core.settings import ReadLimits
from clam_core.volume import to_ras
from tests.read.dicom import make

LIMITS = ReadLimits()


def _expected(stored):
    """Voxels in HU, shape (columns, rows, slices), of `make.series` with its defaults."""
    return np.maximum(stored.astype(int) - 1024, -1024).transpose(2, 1, 0)


def _itk(refs):
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames([str(ref.path) for ref in refs])
    return reader.Execute()


def test_axial_series_has_known_values_and_places(tmp_path):
    refs = make.series(tmp_path)
    result = read_series(refs, LIMITS)
    assert result.warnings == ()
    volume = result.volume
    assert (volume.unit, volume.array.dtype, volume.shape) == ("HU", np.int16, (5, 6, 4))
    np.testing.assert_array_equal(volume.array, _expected(make.ramp()))
    # By hand: column 3, row 2, slice 1 in LPS is (-10 + 3 * 0.7, -20 + 2 * 0.8, 30 + 2).
    np.testing.assert_allclose(volume.position_mm([3, 2, 1]), [7.9, 18.4, 32.0])


@pytest.mark.parametrize(
    ("orientation", "step", "letters"),
    [
        (make.AXIAL, (0, 0, 2.0), "LPS"),
        (make.AXIAL, (0, 0, -2.0), "LPS"),
        (make.CORONAL, (0, 3.0, 0), "LIP"),
        (make.SAGITTAL, (1.5, 0, 0), "PIR"),
        ((-1.0, 0.0, 0.0, 0.0, -1.0, 0.0), (0, 0, 2.0), "RAS"),
        ((0.8, 0.6, 0.0, -0.6, 0.8, 0.0), (0, 0, 2.0), "LPS"),
        ((0.8, 0.0, 0.6, 0.0, 1.0, 0.0), (-1.2, 0.0, 1.6), "LPS"),
    ],
)
def test_any_orientation_agrees_with_itk(tmp_path, orientation, step, letters):
    refs = make.series(tmp_path, step=step, ImageOrientationPatient=list(orientation))
    volume = read_series(refs[::-1], LIMITS).volume
    if np.dot(np.cross(orientation[:3], orientation[3:]), step) < 0:
        refs = refs[::-1]  # ITK takes the order as given; we sort along the normal
    image = _itk(refs)
    np.testing.assert_array_equal(volume.array.T, SimpleITK.GetArrayFromImage(image))
    for index in [(0, 0, 0), (4, 5, 3), (1, 3, 2)]:
        lps = np.array(image.TransformIndexToPhysicalPoint(index))
        np.testing.assert_allclose(volume.position_mm(index), lps * [-1, -1, 1], atol=1e-4)
    assert volume.orientation == letters
    np.testing.assert_allclose(volume.spacing_mm, image.GetSpacing(), atol=1e-6)


def test_feet_first_prone_lands_at_the_same_place_in_the_patient(tmp_path):
    """The same body, once head first supine, once feet first: positions are the patient's."""
    body = make.ramp(4)
    supine = read_series(make.series(tmp_path / "a", body), LIMITS).volume
    turned = body[::-1, :, ::-1].copy()  # feet first: columns run to the right, slices down
    refs = make.series(
        tmp_path / "b",
        turned,
        ImageOrientationPatient=[-1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        ImagePositionPatient=make.each([[-10 + 4 * 0.7, -20, 36 - 2 * n] for n in range(4)]),
        PatientPosition="FFS",
    )
    feet_first = read_series(refs, LIMITS).volume
    a, b = to_ras(supine), to_ras(feet_first)
    np.testing.assert_array_equal(a.array, b.array)
    np.testing.assert_allclose(a.affine, b.affine, atol=1e-9)


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian]
)
def test_native_syntaxes(tmp_path, syntax):
    refs = make.series(tmp_path, syntax=syntax)
    np.testing.assert_array_equal(read_series(refs, LIMITS).volume.array, _expected(make.ramp()))


def test_big_endian(tmp_path):
    refs = []
    for n, pixels in enumerate(make.ramp()):
        made = make.dataset(pixels, ImagePositionPatient=[-10, -20, 30 + 2 * n])
        made.PixelData = pixels.astype(">u2").tobytes()
        refs.append(make.write(tmp_path / f"slice{n}.dcm", made, ExplicitVRBigEndian))
    np.testing.assert_array_equal(read_series(refs, LIMITS).volume.array, _expected(make.ramp()))


def test_files_without_preamble_are_read(tmp_path):
    for syntax in (ImplicitVRLittleEndian, ExplicitVRLittleEndian):
        refs = make.series(tmp_path, syntax=syntax)
        for ref in refs:
            whole = ref.read_bytes()
            meta_length = int.from_bytes(whole[140:144], "little")
            ref.path.write_bytes(whole[144 + meta_length :])
        np.testing.assert_array_equal(
            read_series(refs, LIMITS).volume.array, _expected(make.ramp())
        )


def test_archive_gives_the_same_as_the_disk(tmp_path):
    refs = make.series(tmp_path)
    a = read_series(refs, LIMITS).volume
    b = read_series(make.zipped(refs, tmp_path / "series.zip"), LIMITS).volume
    np.testing.assert_array_equal(a.array, b.array)
    np.testing.assert_array_equal(a.affine, b.affine)


@pytest.mark.parametrize(
    ("kind", "bits"), [("u1", 8), ("i1", 8), ("u2", 12), ("i2", 12), ("u2", 16), ("i2", 16)]
)
def test_sign_and_bits_agree_with_pydicom(tmp_path, kind, bits):
    rng = np.random.default_rng(5)
    low, high = (0, 2**bits) if kind[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1))
    stored = rng.integers(low, high, (3, 6, 5)).astype(kind)
    refs = make.series(
        tmp_path, stored, BitsStored=bits, Modality="MR", SOPClassUID=make.MR,
        RescaleSlope=None, RescaleIntercept=None,
    )  # fmt: skip
    array = read_series(refs, LIMITS).volume.array
    truth = np.stack([pydicom.dcmread(ref.path).pixel_array for ref in refs])
    np.testing.assert_array_equal(array.T, truth)


def test_thirty_two_bits(tmp_path):
    stored = (make.ramp(3).astype(np.int32) - 1000) * 3
    refs = make.series(tmp_path, stored, RescaleIntercept=0, BitsStored=32)
    np.testing.assert_array_equal(
        read_series(refs, LIMITS).volume.array, np.maximum(stored, -1024).transpose(2, 1, 0)
    )


def test_overlay_in_the_high_bits_is_removed(tmp_path):
    stored = make.ramp()
    refs = make.series(tmp_path, stored | 0x5000, BitsStored=12)
    np.testing.assert_array_equal(read_series(refs, LIMITS).volume.array, _expected(stored))
    signed = (stored.astype(np.int16) - 2048) & 0x0FFF | 0x5000
    refs = make.series(tmp_path, signed.astype(np.int16), BitsStored=12, RescaleIntercept=0)
    np.testing.assert_array_equal(
        read_series(refs, LIMITS).volume.array,
        np.maximum(stored.astype(int) - 2048, -1024).transpose(2, 1, 0),
    )


def test_values_in_the_upper_bits(tmp_path):
    """High bit 15 with 12 bits stored: the value lies above four unused bits."""
    stored = make.ramp()
    refs = make.series(tmp_path, stored << 4 | 0b0101, BitsStored=12, HighBit=15)
    np.testing.assert_array_equal(read_series(refs, LIMITS).volume.array, _expected(stored))


def test_slope_of_each_slice_is_used(tmp_path):
    stored = make.ramp(3)
    refs = make.series(
        tmp_path, stored, RescaleSlope=make.each([1, 2, 3]), RescaleIntercept=make.each([0, -1, 5])
    )
    array = read_series(refs, LIMITS).volume.array
    assert array.dtype == np.int16
    for n, (slope, intercept) in enumerate([(1, 0), (2, -1), (3, 5)]):
        np.testing.assert_array_equal(array[:, :, n].T, stored[n].astype(int) * slope + intercept)


def test_fractional_slope_gives_float(tmp_path):
    stored = make.ramp(3)
    refs = make.series(tmp_path, stored, RescaleSlope=0.5, RescaleIntercept=-1000)
    array = read_series(refs, LIMITS).volume.array
    assert array.dtype == np.float32
    np.testing.assert_allclose(array.T, stored * 0.5 - 1000)


def test_ct_is_limited_to_what_int16_holds(tmp_path):
    stored = np.array([0, 1000, 40_000, 65_535] * 12, np.uint16).reshape(2, 6, 4)
    array = read_series(make.series(tmp_path, stored), LIMITS).volume.array
    assert array.dtype == np.int16
    assert sorted(set(array.ravel().tolist())) == [-1024, -24, 32_767]


def test_padding_and_values_below_air_become_air(tmp_path):
    stored = np.array([-2000, -3000, 1500, 40, 63, 64] * 5, np.int16).reshape(1, 5, 6)
    stored = np.concatenate([stored, stored])
    refs = make.series(tmp_path, stored, RescaleIntercept=-1000, PixelPaddingValue=40)
    found = read_series(refs, LIMITS).volume.array[:, 0, 0]
    np.testing.assert_array_equal(found, [-1024, -1024, 500, -1024, -937, -936])
    tags = {"PixelPaddingValue": 40, "PixelPaddingRangeLimit": 63}
    refs = make.series(tmp_path, stored, RescaleIntercept=-1000, **tags)
    found = read_series(refs, LIMITS).volume.array[:, 0, 0]
    np.testing.assert_array_equal(found, [-1024, -1024, 500, -1024, -1024, -936])


def test_mr_keeps_its_values_and_monochrome1_is_turned_round(tmp_path):
    stored = make.ramp(2)
    tags = {"Modality": "MR", "SOPClassUID": make.MR, "RescaleSlope": None}
    tags |= {"RescaleIntercept": None, "BitsStored": 12, "PixelPaddingValue": 37}
    volume = read_series(make.series(tmp_path, stored, **tags), LIMITS).volume
    assert volume.unit == "arbitrary"
    np.testing.assert_array_equal(volume.array.T, stored)
    tags["PhotometricInterpretation"] = "MONOCHROME1"
    volume = read_series(make.series(tmp_path, stored, **tags), LIMITS).volume
    np.testing.assert_array_equal(volume.array.T, 4095 - stored.astype(int))


def test_monochrome1_does_not_turn_hu_round(tmp_path):
    refs = make.series(tmp_path, PhotometricInterpretation="MONOCHROME1", BitsStored=12)
    np.testing.assert_array_equal(read_series(refs, LIMITS).volume.array, _expected(make.ramp()))


def test_full_sixteen_bits_of_another_modality_become_float(tmp_path):
    stored = np.array([0, 40_000, 65_535, 7], np.uint16).reshape(2, 1, 2)
    refs = make.series(
        tmp_path, stored, Modality="PT", SOPClassUID="1.2.840.10008.5.1.4.1.1.128",
        RescaleIntercept=0,
    )  # fmt: skip
    array = read_series(refs, LIMITS).volume.array
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array.T, stored)


def test_bundled_files_of_pydicom_decode_to_its_own_pixels():
    """Files of many writers."""
    folder = Path(pydicom.data.__file__).parent / "test_files"
    names = [
        "CT_small", "MR_small", "MR_small_RLE", "MR_small_bigendian", "MR_small_expb",
        "MR_small_implicit", "MR_small_jp2klossless", "MR_small_padded", "693_J2KI", "JPEG2000",
        "image_dfl", "examples_overlay",
    ]  # fmt: skip
    n_read = 0
    for name in names:
        ref = FileRef(folder / f"{name}.dcm")
        try:
            volume = read_series([ref], LIMITS).volume
        except NotAScanError:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = pydicom.dcmread(ref.path)
            truth = data.pixel_array.astype(float)
        if data.Modality == "CT":
            truth = truth * float(data.RescaleSlope) + float(data.RescaleIntercept)
            truth = np.maximum(truth, -1024)
        np.testing.assert_array_equal(volume.array.T, truth, err_msg=name)
        n_read += 1
    assert n_read >= 9


def test_damaged_archive_member_names_the_file(tmp_path):
    stored = np.random.default_rng(0).integers(0, 4096, (3, 64, 64)).astype(np.uint16)
    members = make.zipped(make.series(tmp_path, stored), tmp_path / "series.zip")
    whole = bytearray((tmp_path / "series.zip").read_bytes())
    whole[whole.find(b"slice_001.dcm") + 4000] ^= 0xFF
    (tmp_path / "damaged.zip").write_bytes(whole)
    members = [FileRef(tmp_path / "damaged.zip", member.member) for member in members]
    with pytest.raises(ReadError, match=r"slice_001\.dcm: It cannot be read; copy it again\."):
        read_series(members, LIMITS)


def test_single_slice_is_a_picture_in_its_place(tmp_path):
    refs = make.series(tmp_path, make.ramp(1))
    volume = read_series(refs, LIMITS).volume
    assert volume.shape == (5, 6)
    np.testing.assert_array_equal(volume.array.T, make.ramp(1)[0].astype(int) - 1024)
    np.testing.assert_allclose(volume.position_mm([3, 2]), [7.9, 18.4, 30.0])


def test_voxels_lie_slice_by_slice_in_memory(tmp_path):
    assert read_series(make.series(tmp_path), LIMITS).volume.array.flags.f_contiguous
