"""Headers: values against pydicom, what is skipped, what fails, and with which sentence."""

import json
import warnings
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ImplicitVRLittleEndian

from clam_core.errors import NotAScanError, ReadError
from clam_core.files.file_ref import FileRef
from clam_core.read.dicom import DicomHeader, HeaderProblem, read_headers
from clam_core.read.dicom.fields import Fields
from clam_core.read.dicom.parse_elements import items
from clam_core.read.dicom.rawfile import read_raw_header
from clam_core.read.dicom.tags import SEQUENCES, TAGS
from tests.read.dicom import make

BUNDLED = sorted((Path(pydicom.__file__).parent / "data" / "test_files").glob("*.dcm"))


def _problem(ref):
    (found,) = read_headers([ref])
    assert isinstance(found, HeaderProblem), found
    assert HeaderProblem.from_json(json.loads(json.dumps(found.to_json()))) == found
    return found


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.name)
def test_every_wanted_element_is_what_pydicom_finds(path):
    """Files of many programs and codings, some of them broken on purpose."""
    try:
        raw = read_raw_header(FileRef(path))
    except NotAScanError:
        assert path.name == "no_meta.dcm"  # begins with a stray byte
        return
    except ReadError:
        assert path.name == "rtplan_truncated.dcm"
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        truth = pydicom.dcmread(path, force=True, stop_before_pixels=True)
        known = {k: t for k, t in TAGS.items() if t in truth and t not in SEQUENCES}
        assert {t for t in raw.elements if t not in SEQUENCES} == set(known.values())
        fields = Fields(raw.elements, raw.coding)
        for keyword in ("Rows", "Columns", "BitsStored", "SOPClassUID", "Modality", "PatientID"):
            if keyword in known and truth.get(keyword) not in {None, ""}:
                value = truth[keyword].value
                found = fields.integer(keyword) if isinstance(value, int) else fields.text(keyword)
                assert found == value
        for keyword in ("RescaleSlope", "RescaleIntercept", "SliceThickness", "KVP", "EchoTime"):
            if keyword in known and truth.get(keyword) is not None:
                assert fields.number(keyword) == float(truth[keyword].value)


def test_header_of_a_slice(tmp_path):
    made = make.dataset(
        make.ramp(1)[0], AcquisitionNumber=3, EchoTime=4.5, KVP="120", PixelPaddingValue=7,
        PatientIdentityRemoved="YES", InstanceNumber=9, PatientPosition="HFS", BitsStored=12,
        GantryDetectorTilt=-2.5, SpacingBetweenSlices=1.5, InstitutionName="General",
    )  # fmt: skip
    header = make.read_header(make.write(tmp_path / "one.dcm", made))
    pixels, plane = header.pixels, header.planes[0]
    assert (pixels.rows, pixels.columns, pixels.frames) == (6, 5, 1)
    assert (pixels.bits_allocated, pixels.bits_stored, pixels.high_bit) == (16, 12, 11)
    assert (pixels.signed, pixels.inverted, pixels.padding) == (False, False, (7, 7))
    assert plane.position == (-10.0, -20.0, 30.0)
    assert plane.orientation == make.AXIAL
    assert plane.pixel_spacing == (0.8, 0.7)
    assert (plane.slope, plane.intercept) == (1.0, -1024.0)
    assert (plane.acquisition, plane.echo_ms) == (3, 4.5)
    assert (header.kvp, header.instance_number, header.patient_position) == (120.0, 9, "HFS")
    assert (header.gantry_tilt_degrees, header.spacing_between_mm) == (-2.5, 1.5)
    assert (header.patient_id, header.institution) == ("P-001", "General")
    assert header.identity_removed
    assert len(header.series_key) == 16
    assert make.SERIES not in json.dumps(header.to_json())
    assert DicomHeader.from_json(json.loads(json.dumps(header.to_json()))) == header


def test_values_from_a_pipe_are_checked(tmp_path):
    header = make.read_header(make.write(tmp_path / "one.dcm", make.dataset(make.ramp(1)[0])))
    for name, value in [("patient_id", 5), ("planes", "x"), ("pixels", {}), ("kvp", "120")]:
        values = {**header.to_json(), name: value}
        with pytest.raises(ReadError, match="not in the expected form"):
            DicomHeader.from_json(values)
    with pytest.raises(ReadError, match="not in the expected form"):
        DicomHeader.from_json({})


@pytest.mark.parametrize(
    ("tags", "what"),
    [
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "a secondary capture"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7.3"}, "a secondary capture"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.67"}, "a dose report"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.22"}, "a structured report"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.59"}, "a key object selection"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.66.4"}, "a segmentation"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.66"}, "raw data"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.481.3"}, "a radiotherapy structure set"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.104.1"}, "an embedded document"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.1"}, "a presentation state"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.4.1"}, "a photograph or video"),
        ({"Modality": "SR"}, "a structured report"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "a localizer"),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, "a picture of a screen"),
        ({"BurnedInAnnotation": "YES"}, "text burned into the picture"),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, "a colour picture"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "a colour picture"),
    ],
)
def test_sound_objects_that_are_no_scans_are_skipped(tmp_path, tags, what):
    ref = make.write(tmp_path / "one.dcm", make.dataset(make.ramp(1)[0], **tags))
    problem = _problem(ref)
    assert problem.kind == "skipped"
    assert what in problem.reason
    with pytest.raises(NotAScanError):
        make.read_header(ref)


def test_dicomdir_and_junk_are_skipped(tmp_path):
    folder = Path(pydicom.__file__).parent / "data" / "test_files" / "dicomdirtests"
    assert "a DICOMDIR" in _problem(FileRef(folder / "DICOMDIR")).reason
    for n, content in enumerate([b"junk" * 100, b"\x89PNG\r\n\x1a\n" + b"0" * 200, b"\x08\x00"]):
        path = tmp_path / f"junk{n}.dcm"
        path.write_bytes(content)
        assert (_problem(FileRef(path)).kind, _problem(FileRef(path)).reason) == (
            "skipped",
            "It is no DICOM file.",
        )


def _nest(depth, *, undefined):
    made = Dataset()
    made.PatientID = "x"
    for _ in range(depth):
        outer = Dataset()
        outer.ReferencedStudySequence = Sequence([made])
        if undefined:
            outer["ReferencedStudySequence"].is_undefined_length = True
            made.is_undefined_length_sequence_item = True
        made = outer
    return made


def test_sequences_nested_as_deeply_as_real_ones_are_passed_over(tmp_path):
    for undefined in (False, True):
        made = make.dataset(make.ramp(1)[0])
        made.update(_nest(20, undefined=undefined))
        for syntax in ("1.2.840.10008.1.2.1", ImplicitVRLittleEndian):
            header = make.read_header(make.write(tmp_path / "slice1.dcm", made, syntax))
            assert header.patient_id == "P-001"


def test_names_in_other_alphabets(tmp_path):
    cases = [
        ("ISO_IR 100", "Müller^Jörg", {"Müller", "Jörg"}),
        ("ISO_IR 192", "Ångström^Åsa", {"Ångström", "Åsa"}),
        ("ISO_IR 144", "Иванов^Пётр", {"Иванов", "Пётр"}),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎", {"Yamada", "Tarou", "山田", "太郎"}),
    ]
    for charset, name, words in cases:
        made = make.dataset(make.ramp(1)[0], SpecificCharacterSet=charset, PatientName=name)
        header = make.read_header(make.write(tmp_path / "slice1.dcm", made))
        assert words <= set(header.private_words)


def test_items_of_a_sequence_in_all_codings(tmp_path):
    made = make.enhanced(make.ramp(2), [[0, 0, 0], [0, 0, 1]])
    for syntax in ("1.2.840.10008.1.2.1", ImplicitVRLittleEndian):
        raw = read_raw_header(make.write(tmp_path / "one.dcm", made, syntax))
        tag = TAGS["PerFrameFunctionalGroupsSequence"]
        assert len(items(raw.elements[tag], raw.coding)) == 2
