"""Compressed pixel data: voxels as encoded, and sentences on what is cut short or lies."""

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from clam_core.errors import ReadError
from clam_core.read.dicom import read_series
from clam_core.settings import ReadLimits
from tests.read.dicom import make
from tests.read.dicom.streams import HTJ2K, JPEG_57, JPEG_70, JPEG_2000, JPEG_LS, encode, smooth

LIMITS = ReadLimits()


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("syntax", [JPEG_57, JPEG_70, JPEG_LS, JPEG_2000, HTJ2K])
def test_lossless_compression(tmp_path, syntax, signed):
    stored = smooth(signed)
    stored = np.stack([stored, stored + 3])
    refs = [
        make.encapsulated(
            tmp_path / f"slice{n}.dcm", [encode(syntax, pixels)], pixels, syntax,
            ImagePositionPatient=[0, 0, 2 * n], RescaleIntercept=-100,
        )
        for n, pixels in enumerate(stored)
    ]  # fmt: skip
    expected = np.maximum(stored.astype(int) - 100, -1024)
    np.testing.assert_array_equal(read_series(refs, LIMITS).volume.array.T, expected)
    members = make.zipped(refs, tmp_path / "series.zip")
    np.testing.assert_array_equal(read_series(members, LIMITS).volume.array.T, expected)


def test_rle(tmp_path):
    refs = []
    for n, pixels in enumerate(make.ramp()):
        made = make.dataset(pixels, ImagePositionPatient=[-10, -20, 30 + 2 * n])
        made.file_meta = pydicom.dataset.FileMetaDataset()
        made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        made.compress(RLELossless, generate_instance_uid=False)
        refs.append(make.write(tmp_path / f"slice{n}.dcm", made, RLELossless))
    expected = np.maximum(make.ramp().astype(int) - 1024, -1024)
    np.testing.assert_array_equal(read_series(refs, LIMITS).volume.array.T, expected)


def test_lossy_jpeg_agrees_with_libjpeg(tmp_path):
    stored = (smooth(signed=False) // 8).astype(np.uint8)
    stream = imagecodecs.jpeg8_encode(stored, level=90)
    ref = make.encapsulated(
        tmp_path / "one.dcm", [stream], stored, "1.2.840.10008.1.2.4.50", RescaleIntercept=0
    )
    array = read_series([ref], LIMITS).volume.array
    np.testing.assert_allclose(array.T, imagecodecs.jpeg8_decode(stream), atol=1)


@pytest.mark.parametrize("syntax", [JPEG_70, JPEG_LS, JPEG_2000, RLELossless])
def test_compressed_picture_cut_short_names_the_file(tmp_path, syntax):
    stored = smooth(signed=False)
    if syntax == RLELossless:
        made = make.dataset(stored)
        made.file_meta = pydicom.dataset.FileMetaDataset()
        made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        made.compress(RLELossless, generate_instance_uid=False)
        ref = make.write(tmp_path / "slice_007.dcm", made, RLELossless)
    else:
        ref = make.encapsulated(
            tmp_path / "slice_007.dcm", [encode(syntax, stored)], stored, syntax
        )
    whole = ref.read_bytes()
    for share in (0.5, 0.7, 0.9, 0.99):
        ref.path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(ReadError, match=r"slice_007\.dcm: Its pixel data is cut short"):
            read_series([ref], LIMITS)


def test_code_stream_of_another_size_than_the_header_says(tmp_path):
    stored = smooth(signed=False)
    for syntax in (JPEG_70, JPEG_LS, JPEG_2000):
        ref = make.encapsulated(
            tmp_path / "slice1.dcm", [encode(syntax, stored)], stored, syntax, Rows=47
        )
        with pytest.raises(ReadError, match="48 rows x 64 columns, its header says 47 x 64"):
            read_series([ref], LIMITS)
