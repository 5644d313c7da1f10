"""Damaged headers: each fails with one sentence, before any pixel is read."""

import struct

import pydicom
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from clam_core.errors import ReadError
from clam_core.files.file_ref import FileRef
from clam_core.read.dicom import HeaderProblem, read_headers
from tests.read.dicom import make


def _problem(ref):
    (found,) = read_headers([ref])
    assert isinstance(found, HeaderProblem), found
    return found


def test_empty_file_fails(tmp_path):
    path = tmp_path / "slice1.dcm"
    path.write_bytes(b"")
    assert _problem(FileRef(path)).reason.startswith("slice1.dcm: It is an empty file")
    assert _problem(FileRef(tmp_path / "gone1.dcm")).reason.startswith("gone1.dcm: It cannot be")


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", ImplicitVRLittleEndian])
def test_truncated_pixels_and_lying_rows_fail_from_the_header(tmp_path, syntax):
    ref = make.write(tmp_path / "slice7.dcm", make.dataset(make.ramp(1)[0]), syntax)
    ref.path.write_bytes(ref.read_bytes()[:-20])
    problem = _problem(ref)
    assert (problem.kind, len(problem.series_key)) == ("failed", 16)
    assert problem.reason.startswith(
        "slice7.dcm: It is cut short: 6 rows x 5 columns need 60 bytes of pixel data, the file "
        "holds 40"
    )
    lying = make.write(tmp_path / "slice8.dcm", make.dataset(make.ramp(1)[0], Rows=60_000), syntax)
    assert "60000 rows x 5 columns need 600,000 bytes" in _problem(lying).reason


def test_any_cut_of_a_file_is_noticed(tmp_path):
    ref = make.write(tmp_path / "slice1.dcm", make.dataset(make.ramp(1)[0]))
    whole = ref.read_bytes()
    for length in range(0, len(whole), 3):
        ref.path.write_bytes(whole[:length])
        with pytest.raises(ReadError):
            make.read_header(ref)


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"Rows": None}, "its header has nothing as Rows"),
        ({"Rows": 0}, "its header has 0 as Rows"),
        ({"BitsAllocated": 12}, "it has 12 bits per pixel"),
        ({"BitsStored": 17, "HighBit": 16}, "its header has 17 as BitsStored"),
        ({"HighBit": 3}, "its header has 3 as HighBit"),
        ({"NumberOfFrames": 2}, "it is cut short: 6 rows x 5 columns x 2 frames"),
    ],
)
def test_pixel_formats_that_mean_nothing(tmp_path, tags, reason):
    ref = make.write(tmp_path / "slice1.dcm", make.dataset(make.ramp(1)[0], **tags))
    problem = _problem(ref)
    assert problem.kind == "failed"
    assert reason in problem.reason.replace("Its", "its").replace("It ", "it ")


def test_missing_pixel_data(tmp_path):
    made = make.dataset(make.ramp(1)[0])
    del made.PixelData
    assert "It holds no pixel data" in _problem(make.write(tmp_path / "a1.dcm", made)).reason
    del made.Rows
    assert _problem(make.write(tmp_path / "a2.dcm", made)).kind == "skipped"


@pytest.mark.parametrize(
    ("tag", "sound", "broken"),
    [
        ("RescaleSlope", b"1.500000", b"abcdefgh"),
        ("RescaleSlope", b"1.500000", b"nan     "),
        ("RescaleSlope", b"1.500000", b"1e300   "),
        ("PixelSpacing", b"0.512\\0.625 ", b"0.512\\secret"),
        ("ImagePositionPatient", b"1.25\\2.25\\3.25 ", b"1.25\\2.25\\     "),
        ("ImagePositionPatient", b"1.25\\2.25\\3.25 ", b"1.25\\2.2533333 "),
        ("ImageOrientationPatient", b"1\\0\\0\\0\\1\\0 ", b"1\\0\\0\\0\\100 "),
    ],
)
def test_values_that_do_not_parse_give_a_sentence_without_the_value(tmp_path, tag, sound, broken):
    value = sound.decode().strip().split("\\")
    made = make.dataset(make.ramp(1)[0], **{tag: value if len(value) > 1 else value[0]})
    ref = make.write(tmp_path / "slice1.dcm", made)
    whole = ref.read_bytes()
    assert whole.count(sound) == 1
    ref.path.write_bytes(whole.replace(sound, broken))
    reason = _problem(ref).reason
    assert f"as {tag}, but holds something else" in reason
    assert "secret" not in reason


def test_values_that_no_voxel_depends_on_may_be_broken(tmp_path):
    made = make.dataset(make.ramp(1)[0], KVP="120.25")
    ref = make.write(tmp_path / "slice1.dcm", made)
    ref.path.write_bytes(ref.read_bytes().replace(b"120.25", b"abcdef"))
    assert make.read_header(ref).kvp is None


def test_unknown_compression(tmp_path):
    for syntax in ("1.2.840.10008.1.2.4.100", "1.2.3"):
        made = make.dataset(make.ramp(1)[0])
        made.file_meta = pydicom.dataset.FileMetaDataset()
        ref = make.write(tmp_path / "slice1.dcm", made)
        old = b"1.2.840.10008.1.2.1\0"
        whole = ref.read_bytes()
        new = syntax.encode().ljust(len(old), b"\0")[: len(old)]
        ref.path.write_bytes(whole.replace(old, new))
        assert "compressed in a way that cannot be read" in _problem(ref).reason


def test_sequences_nested_100_000_deep_are_refused(tmp_path):
    ref = make.write(tmp_path / "slice1.dcm", make.dataset(make.ramp(1)[0]))
    make.nested(ref.path, 100_000)
    assert "nested too deeply" in _problem(ref).reason


def test_length_that_leads_beyond_the_file(tmp_path):
    ref = make.write(tmp_path / "slice1.dcm", make.dataset(make.ramp(1)[0]))
    whole = ref.read_bytes()
    start = whole.index(struct.pack("<HH2s", 0x0008, 0x0060, b"CS"))
    huge = struct.pack("<HH2sHL", 0x0009, 0x1001, b"OB", 0, 0xFFFFFFF0)
    ref.path.write_bytes(whole[:start] + huge + whole[start:])
    assert "header is longer than 64 MiB" in _problem(ref).reason
    ref.path.write_bytes(
        whole[:start] + huge.replace(b"\xf0\xff\xff\xff", b"\0\0\1\0") + whole[start:]
    )
    assert "damaged or cut short" in _problem(ref).reason


def test_deflated_file_that_is_damaged(tmp_path):
    ref = make.write(
        tmp_path / "slice1.dcm", make.dataset(make.ramp(1)[0]), DeflatedExplicitVRLittleEndian
    )
    whole = ref.read_bytes()
    ref.path.write_bytes(whole[:-30])
    assert "deflated content is cut short" in _problem(ref).reason
    ref.path.write_bytes(whole[:-200] + b"\xff" * 200)
    assert "deflated content is damaged" in _problem(ref).reason
