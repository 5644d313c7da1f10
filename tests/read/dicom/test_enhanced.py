"""Multi-frame files: frames sorted by position, each with its own scale."""

import numpy as np
import pydicom
import pytest
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from clam_core.errors import ReadError
from clam_core.read.dicom import group_series, read_series
from clam_core.settings import ReadLimits
from tests.read.dicom import make
from tests.read.dicom.streams import JPEG_70, JPEG_2000, JPEG_LS, encode, smooth

LIMITS = ReadLimits()
DEPTHS = [4.0, 0.0, 6.0, 2.0]
SCALES = [(1, -1024), (2, -1000), (1, 0), (3, -50)]
POSITIONS = [[-10.0, -20.0, z] for z in DEPTHS]


def _expected(stored, scales=SCALES):
    slopes, intercepts = np.array(scales).T[:, :, None, None]
    values = np.maximum(stored.astype(int) * slopes + intercepts, -1024)
    return values[np.argsort(DEPTHS)].transpose(2, 1, 0)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_native_frames(tmp_path, syntax):
    stored = make.ramp()
    ref = make.write(tmp_path / "scan1.dcm", make.enhanced(stored, POSITIONS, SCALES), syntax)
    (outcome,) = group_series([make.read_header(ref)])
    assert (outcome.kind, outcome.refs, outcome.shape) == ("scan", (ref,), (5, 6, 4))
    assert outcome.acquisition["slice_thickness_mm"] == 2.0
    volume = read_series([ref], LIMITS).volume
    np.testing.assert_array_equal(volume.array, _expected(stored))
    np.testing.assert_allclose(volume.position_mm([3, 2, 1]), [7.9, 18.4, 2.0])


def test_big_endian_frames(tmp_path):
    stored = make.ramp()
    made = make.enhanced(stored, POSITIONS, SCALES)
    made.PixelData = stored.astype(">u2").tobytes()
    ref = make.write(tmp_path / "scan1.dcm", made, ExplicitVRBigEndian)
    np.testing.assert_array_equal(read_series([ref], LIMITS).volume.array, _expected(stored))


def test_frames_in_an_archive_and_sequences_of_undefined_length(tmp_path):
    stored = make.ramp()
    made = make.enhanced(stored, POSITIONS, SCALES)
    made["PerFrameFunctionalGroupsSequence"].is_undefined_length = True
    for frame in made.PerFrameFunctionalGroupsSequence:
        frame.is_undefined_length_sequence_item = True
        frame["PlanePositionSequence"].is_undefined_length = True
    refs = [make.write(tmp_path / "scan1.dcm", made)]
    for some in (refs, make.zipped(refs, tmp_path / "scan.zip")):
        np.testing.assert_array_equal(read_series(some, LIMITS).volume.array, _expected(stored))


def test_rle_frames(tmp_path):
    stored = make.ramp(4, 20, 30)
    made = make.enhanced(stored, POSITIONS, SCALES)
    made.file_meta = pydicom.dataset.FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.compress(pydicom.uid.RLELossless, generate_instance_uid=False)
    ref = make.write(tmp_path / "scan1.dcm", made, pydicom.uid.RLELossless)
    np.testing.assert_array_equal(read_series([ref], LIMITS).volume.array, _expected(stored))


@pytest.mark.parametrize("fragments", [1, 3])
@pytest.mark.parametrize("syntax", [JPEG_70, JPEG_LS, JPEG_2000])
def test_compressed_frames(tmp_path, syntax, fragments):
    one = smooth(signed=True)
    stored = np.stack([one, one + 1, one + 2, one + 3])
    made = make.enhanced(stored, POSITIONS, SCALES)
    streams = [encode(syntax, frame) for frame in stored]
    made.PixelData = pydicom.encaps.encapsulate(streams, fragments_per_frame=fragments)
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    ref = make.write(tmp_path / "scan1.dcm", made, syntax)
    np.testing.assert_array_equal(read_series([ref], LIMITS).volume.array, _expected(stored))


def test_frames_that_cannot_be_told_apart(tmp_path):
    stored = np.stack([smooth(signed=False)] * 4)
    made = make.enhanced(stored, POSITIONS, SCALES)
    streams = [encode(JPEG_LS, frame) for frame in stored]
    made.PixelData = pydicom.encaps.encapsulate(streams, fragments_per_frame=2, has_bot=False)
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    ref = make.write(tmp_path / "scan1.dcm", made, JPEG_LS)
    with pytest.raises(ReadError, match=r"scan1\.dcm: Its compressed frames cannot be told apart"):
        read_series([ref], LIMITS)


def test_values_agree_with_itk_where_all_frames_share_one_scale(tmp_path):
    """ITK applies the scale of the first frame to all, so it is a judge only here."""
    import SimpleITK

    stored = make.ramp()
    positions = [[-10.0, -20.0, 2.0 * n] for n in range(4)]
    ref = make.write(tmp_path / "scan1.dcm", make.enhanced(stored, positions))
    image = SimpleITK.ReadImage(str(ref.path))
    volume = read_series([ref], LIMITS).volume
    np.testing.assert_array_equal(volume.array.T, SimpleITK.GetArrayFromImage(image))
    place = np.array(image.TransformIndexToPhysicalPoint((4, 5, 3))) * [-1, -1, 1]
    np.testing.assert_allclose(volume.position_mm([4, 5, 3]), place)


def test_groups_and_frames_must_be_as_many(tmp_path):
    made = make.enhanced(make.ramp(4), POSITIONS[:3])
    with pytest.raises(ReadError, match="describes 3 frames but announces 4"):
        make.read_header(make.write(tmp_path / "scan1.dcm", made))


def test_frames_without_groups_have_no_place(tmp_path):
    made = make.dataset(make.ramp(4), NumberOfFrames=4)
    (outcome,) = group_series([make.read_header(make.write(tmp_path / "scan1.dcm", made))])
    assert "4 of 4 images do not say where they lie" in outcome.reason


def test_two_time_points_in_one_file_are_refused(tmp_path):
    positions = [[0.0, 0.0, z] for z in (0, 2, 4, 0, 2, 4)]
    made = make.enhanced(make.ramp(6), positions)
    for n, frame in enumerate(made.PerFrameFunctionalGroupsSequence):
        frame.FrameContentSequence[0].TemporalPositionIndex = n // 3
    outcomes = group_series([make.read_header(make.write(tmp_path / "scan1.dcm", made))])
    assert {o.kind for o in outcomes} == {"failed"}
    assert "One file holds several scans" in outcomes[0].reason
