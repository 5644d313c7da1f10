"""Judgement of series: order, spacing, gaps, duplicates, phases, scouts, mixtures."""

import json
import re

import numpy as np
import pytest

from clam_core.errors import GeometryError, LimitError, ReadError
from clam_core.read.dicom import SeriesOutcome, group_series, read_headers, read_series
from clam_core.settings import ReadLimits
from tests.read.dicom import make

LIMITS = ReadLimits()


def _judge(refs):
    headers = read_headers(refs)
    return group_series(headers)


def _one(refs):
    (outcome,) = _judge(refs)
    return outcome


def _at(depths, **tags):
    """Tags of slices at the given depths."""
    return {
        "stored": make.ramp(len(depths)),
        "ImagePositionPatient": make.each([[-10.0, -20.0, float(z)] for z in depths]),
        **tags,
    }


def test_a_sound_series(tmp_path):
    refs = make.series(tmp_path, **_at([6, 0, 4, 2]))
    outcome = _one(refs)
    assert (outcome.kind, outcome.reason, outcome.notes) == ("scan", "", ())
    assert outcome.refs == (refs[1], refs[3], refs[2], refs[0])
    assert outcome.shape == (5, 6, 4)
    np.testing.assert_allclose(outcome.spacing_mm, (0.7, 0.8, 2.0))
    assert (outcome.modality, outcome.unit, outcome.patient_id) == ("CT", "HU", "P-001")
    assert SeriesOutcome.from_json(json.loads(json.dumps(outcome.to_json()))) == outcome


@pytest.mark.parametrize(
    ("depths", "sentence"),
    [
        ([*range(0, 20, 2), *range(22, 40, 2)], r"between slice 10 and 11: 4.0 mm instead of 2.0 "
         r"mm; 1 slice is missing\."),
        ([0, 2, 4, 12, 14], "between slice 3 and 4: 8.0 mm instead of 2.0 mm; 3 slices are missi"),
        ([0, 2, 4, 6, 9], "between slice 4 and 5: 3.0 mm instead of 2.0 mm; the distance is unev"),
        ([0, 2, 4, 6, 7], r"Overlap: slice 4 and 5 are 1.0 mm apart instead of 2.0 mm; export"),
        ([0, 4, 6, 8, 10, 14], r"slice 1 and 2: 4.0 .* is missing \(and at 1 more place\)"),
        (np.cumsum(np.linspace(2, 2.3, 31)).round(3),
         "from 2.0. mm to 2.3 mm; a volume needs even distances"),
    ],
)  # fmt: skip
def test_uneven_slices_are_refused_with_their_place(tmp_path, depths, sentence):
    refs = make.series(tmp_path, **_at(depths))
    outcome = _one(refs)
    assert outcome.kind == "failed"
    assert re.search(sentence, outcome.reason)
    with pytest.raises(GeometryError, match=sentence):
        read_series(refs, LIMITS)


def test_rounded_positions_are_accepted(tmp_path):
    quiet = _one(make.series(tmp_path / "a", **_at([0, 2.009, 3.995, 6, 8.01])))
    assert (quiet.kind, quiet.notes) == ("scan", ())
    exact = np.arange(9) * 0.625
    rounded = _one(make.series(tmp_path / "b", **_at(np.round(exact, 1), SliceThickness=0.6)))
    assert rounded.kind == "scan"
    assert rounded.spacing_mm[2] == pytest.approx(0.625)
    assert rounded.notes == (
        "Slice positions are uneven by up to 0.05 mm; the mean distance of 0.625 mm is used.",
    )


def test_two_slices_are_a_volume_and_one_is_a_picture(tmp_path):
    refs = make.series(tmp_path, make.ramp(2))
    assert (_one(refs).kind, _one(refs).shape) == ("scan", (5, 6, 2))
    assert (_one(refs[:1]).kind, _one(refs[:1]).shape) == ("image", (5, 6))


def test_thin_slices_far_apart_are_said(tmp_path):
    outcome = _one(make.series(tmp_path, step=(0, 0, 10.0), SliceThickness=1.25))
    assert outcome.kind == "scan"
    assert "Slices are 1.25 mm thick but 10 mm apart" in outcome.notes[0]


def test_gantry_tilt_gives_shear(tmp_path):
    """The table moves along z, the slices are tilted by 12 degrees about x."""
    c, s = np.cos(np.radians(12)), np.sin(np.radians(12))
    refs = make.series(tmp_path, step=(0, 0, 3.0), ImageOrientationPatient=[1, 0, 0, 0, c, -s])
    outcome = _one(refs)
    assert outcome.kind == "scan"
    assert outcome.notes[0].startswith("The slices are tilted by 12.0 degrees")
    volume = read_series(refs, LIMITS).volume
    assert volume.shear_degrees == pytest.approx(12, abs=1e-3)
    place = np.array([-10, -20, 30]) + 2 * np.array([0, 0, 3.0]) + 4 * 0.8 * np.array([0, c, -s])
    np.testing.assert_allclose(volume.position_mm([0, 4, 2]), place * [-1, -1, 1], atol=1e-4)


def test_slices_shifted_sideways_are_refused(tmp_path):
    places = [[-10.0, -20.0 + (5 if n == 2 else 0), 2.0 * n] for n in range(5)]
    outcome = _one(make.series(tmp_path, make.ramp(5), ImagePositionPatient=make.each(places)))
    assert outcome.kind == "failed"
    assert "Slice 3 is shifted sideways by 5.0 mm" in outcome.reason


def test_duplicates_are_ignored_and_counted(tmp_path):
    refs = make.series(tmp_path)
    for n in (1, 2):
        copy = tmp_path / f"copy{n}.dcm"
        copy.write_bytes(refs[n].read_bytes())
        refs.append(make.FileRef(copy))
    outcome = _one(refs)
    assert (outcome.kind, outcome.shape) == ("scan", (5, 6, 4))
    assert outcome.notes == ("2 duplicate slices ignored.",)
    assert outcome.refs == tuple(refs[:4])


def test_duplicate_under_a_new_identity_is_known_by_its_pixels(tmp_path):
    refs = make.series(tmp_path)
    stored = make.ramp()[1]
    again = make.dataset(
        stored, ImagePositionPatient=[-10.0, -20.0, 32.0], SOPInstanceUID=make.uid("new")
    )
    refs.append(make.write(tmp_path / "again1.dcm", again))
    outcome = _one(refs)
    assert (outcome.kind, outcome.notes) == ("scan", ("1 duplicate slice ignored.",))


def test_one_instance_uid_for_all_slices_is_no_duplicate(tmp_path):
    outcome = _one(make.series(tmp_path, SOPInstanceUID=make.uid("same")))
    assert (outcome.kind, outcome.notes) == ("scan", ())


@pytest.mark.parametrize(
    ("tag", "values", "said"),
    [
        ("AcquisitionNumber", [1, 2], r"acquisition number.* number 2 \(acquisition number 2\)"),
        ("TemporalPositionIdentifier", [1, 2], "time point"),
        ("EchoTime", [2.3, 4.6], r"echo time.* \(echo time 4\.6\)"),
        ("ImageType", [["ORIGINAL", "PRIMARY", "M"], ["ORIGINAL", "PRIMARY", "P"]], "image type"),
    ],
)
def test_phases_at_the_same_positions_become_scans_of_their_own(tmp_path, tag, values, said):
    stored = make.ramp(8)
    depths = [0, 2, 4, 6] * 2
    tags = _at(depths, stored=stored, **{tag: make.each([values[n // 4] for n in range(8)])})
    refs = make.series(tmp_path, **tags)
    first, second = _judge(refs)
    assert (first.kind, second.kind) == ("scan", "scan")
    assert (first.refs, second.refs) == (tuple(refs[:4]), tuple(refs[4:]))
    assert "2 scans at the same positions" in second.notes[0]
    assert re.search(said, second.notes[0])
    array = read_series(second.refs, LIMITS).volume.array
    np.testing.assert_array_equal(array.T, np.maximum(stored[4:].astype(int) - 1024, -1024))


def test_acquisition_number_that_counts_slices_does_not_split(tmp_path):
    outcome = _one(make.series(tmp_path, AcquisitionNumber=make.each([1, 2, 3, 4])))
    assert outcome.kind == "scan"


def test_two_pictures_at_each_position_without_a_mark_are_refused(tmp_path):
    outcome = _one(make.series(tmp_path, **_at([0, 2, 4, 0, 2, 4])))
    assert outcome.kind == "failed"
    assert outcome.reason.startswith("Two different images at each position")
    outcome = _one(make.series(tmp_path / "b", **_at([0, 2, 4, 6, 4])))
    assert "Two different images at the position of slice 3" in outcome.reason


def test_scout_in_the_same_series_is_split_away(tmp_path):
    refs = make.series(tmp_path)
    scout = make.dataset(make.ramp(1, 9, 11)[0], ImageOrientationPatient=list(make.CORONAL))
    refs.append(make.write(tmp_path / "scout1.dcm", scout))
    main, aside = _judge(refs)
    assert (main.kind, main.refs) == ("scan", tuple(refs[:4]))
    assert (aside.kind, aside.refs) == ("skipped", (refs[4],))
    assert aside.reason.startswith("1 image of another size or orientation than the 4 main images")
    assert read_series(refs, LIMITS).volume.shape == (5, 6, 4)


def test_two_stacks_of_different_size_become_two_scans(tmp_path):
    a = make.series(tmp_path / "a")
    b = make.series(tmp_path / "b", make.ramp(3, 8, 8))
    outcomes = _judge([*b, *a])
    assert [(o.kind, o.shape) for o in outcomes] == [("scan", (5, 6, 4)), ("scan", (8, 8, 3))]


def test_two_series_are_two_scans(tmp_path):
    a = make.series(tmp_path / "a")
    b = make.series(tmp_path / "b", SeriesInstanceUID=make.uid("b"))
    mixed = [ref for pair in zip(a, b, strict=True) for ref in pair]
    assert [o.refs for o in _judge(mixed)] == [tuple(a), tuple(b)]


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"ImagePositionPatient": None}, "4 of 4 images do not say where they lie"),
        ({"ImageOrientationPatient": None}, "4 of 4 images do not say where they lie"),
        ({"PixelSpacing": None}, "names no PixelSpacing"),
        ({"PixelSpacing": [0, 0.7]}, "PixelSpacing is 0 x 0.7 mm"),
        ({"PixelSpacing": [-1, 0.7]}, "PixelSpacing is -1 x 0.7 mm"),
        ({"ImageOrientationPatient": [0, 0, 0, 0, 0, 0]}, "two perpendicular directions"),
        ({"ImageOrientationPatient": [1, 0, 0, 0.5, 0.5, 0]}, "two perpendicular directions"),
        ({"PatientID": make.each("AABB")}, "The series mixes 2 patients"),
        ({"Modality": make.each(["CT", "CT", "MR", "MR"])}, "mixes the modalities CT, MR"),
        ({"RescaleType": make.each(["HU", "HU", "ED", "ED"])}, "different units"),
    ],
)
def test_series_that_cannot_be_used(tmp_path, tags, reason):
    refs = make.series(tmp_path, **tags)
    outcome = _one(refs)
    assert outcome.kind == "failed"
    assert reason in outcome.reason
    with pytest.raises(ReadError):
        read_series(refs, LIMITS)


def test_missing_rescale_and_other_units_are_said(tmp_path):
    bare = _one(make.series(tmp_path / "a", RescaleSlope=None, RescaleIntercept=None))
    assert (bare.unit, bare.notes) == (
        "HU",
        ("The header names no rescale slope and intercept; stored values were taken as HU.",),
    )
    other = _one(make.series(tmp_path / "b", RescaleType="Z_EFF"))
    assert other.unit == "arbitrary"
    assert "not in HU" in other.notes[0]
    assert _one(make.series(tmp_path / "c", RescaleType="HU")).notes == ()
    mr = _one(make.series(tmp_path / "d", Modality="MR", SOPClassUID=make.MR))
    assert (mr.kind, mr.unit, mr.modality) == ("scan", "arbitrary", "MR")


def test_radiographs_are_pictures_one_by_one(tmp_path):
    refs = make.series(
        tmp_path, make.ramp(2), Modality="DX", SOPClassUID=make.DX, ImagePositionPatient=None,
        ImageOrientationPatient=None, PixelSpacing=None, ImagerPixelSpacing=[0.2, 0.1],
    )  # fmt: skip
    outcomes = _judge(refs)
    assert [o.kind for o in outcomes] == ["image", "image"]
    np.testing.assert_allclose(outcomes[0].spacing_mm, (0.1, 0.2))
    assert read_series(refs[:1], LIMITS).volume.orientation == "LI"


def test_acquisition_says_what_all_slices_agree_on(tmp_path):
    refs = make.series(
        tmp_path, Manufacturer="SIEMENS", ManufacturerModelName="Force", KVP=120,
        ConvolutionKernel=make.each([["Br40", "3"]] * 3 + [["Br60", "3"]]),
        ContrastBolusAgent="OMNIPAQUE",
    )  # fmt: skip
    assert _one(refs).acquisition == {
        "manufacturer": "SIEMENS", "model": "Force", "kernel": "", "patient_position": "",
        "kvp": 120.0, "slice_thickness_mm": 2.0, "contrast": True,
    }  # fmt: skip
    assert _one(refs[:3]).acquisition["kernel"] == "Br40/3"


def test_limits_come_before_pixels(tmp_path):
    refs = make.series(tmp_path)
    with pytest.raises(LimitError, match="5 x 6 x 4 voxels, which is more"):
        read_series(refs, ReadLimits(max_voxels=100))


def test_refuses_what_is_not_one_scan(tmp_path):
    first = make.series(tmp_path / "a")
    second = make.series(tmp_path / "b", SeriesInstanceUID=make.uid("other"))
    with pytest.raises(ReadError, match="hold 2 scans, not one"):
        read_series([*first, *second], LIMITS)
    with pytest.raises(ReadError, match="no file"):
        read_series([], LIMITS)
    with pytest.raises(GeometryError, match="Gap between slice 1 and 2"):
        read_series(first[:1] + first[2:], LIMITS)
