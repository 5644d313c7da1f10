"""Which volumes lie in one series: split by what the headers say, or refused with its name."""

import numpy as np
import pytest

from clam_core.read.dicom import group_series, read_headers, read_series
from clam_core.settings import ReadLimits
from tests.read.dicom import make

LIMITS = ReadLimits()
KERNELS = {"ConvolutionKernel": ["B31f", "B70f"]}


def judge(refs):
    return group_series(read_headers(refs))


def laid(folder, depths, shared=(), **tags):
    """A series with slices at the depths; a tag is one value, or a list with one per slice."""
    each = {k: make.each(v) if isinstance(v, list) else v for k, v in tags.items()}
    positions = make.each([[-10.0, -20.0, float(z)] for z in depths])
    return make.series(folder, make.ramp(len(depths)), ImagePositionPatient=positions, **each)


def kinds(outcomes):
    return [outcome.kind for outcome in outcomes]


def reads_alone(outcomes):
    """What was found is read as one scan each, with the same shape."""
    for outcome in outcomes:
        assert read_series(outcome.refs, LIMITS).volume.shape == outcome.shape


ODD_EVEN = [n % 2 for n in range(8)]
"""Along the axis the first, the second, the first, ..."""

NAMED = [
    ("SeriesNumber", [3, 4], "series number"),
    ("SeriesDescription", ["INSP", "EXP"], "series description"),
    ("FrameOfReferenceUID", ["1.2.3", "1.2.4"], "frame of reference"),
    ("PatientPosition", ["HFS", "HFP"], "position of the patient"),
    ("ConvolutionKernel", ["B31f", "B70f"], "kernel"),
    ("KVP", [80, 140], "tube voltage"),
    ("SliceThickness", [1.0, 1.5], "slice thickness"),
    ("StackID", ["1", "2"], "stack"),
    ("TemporalPositionIdentifier", [1, 2], "time point"),
    ("EchoTime", [2.1, 4.2], "echo time"),
    ("ImageType", [["ORIGINAL", "PRIMARY", "A"], ["ORIGINAL", "PRIMARY", "B"]], "image type"),
    ("FilterType", ["BODY", "WEDGE"], "filter"),
    ("NominalPercentageOfCardiacPhase", [40.0, 75.0], "phase of heart or breath"),
    ("AcquisitionNumber", [1, 2], "acquisition number"),
]


@pytest.mark.parametrize(("keyword", "values", "words"), NAMED)
def test_a_mark_that_alternates_splits_into_whole_volumes(tmp_path, keyword, values, words):
    refs = laid(tmp_path, range(8), **{keyword: [values[n] for n in ODD_EVEN]})
    outcomes = judge(refs)
    assert kinds(outcomes) == ["scan", "scan"]
    assert [o.refs for o in outcomes] == [tuple(refs[0::2]), tuple(refs[1::2])]
    assert [o.spacing_mm[2] for o in outcomes] == pytest.approx([2, 2])
    assert f"told apart by their {words}; this one is number 2" in outcomes[1].notes[0]
    reads_alone(outcomes)


@pytest.mark.parametrize(("keyword", "values", "words"), NAMED)
def test_parts_that_are_no_volumes_are_refused_with_the_mark(tmp_path, keyword, values, words):
    pattern = [0, 1, 1, 0, 1, 0, 0, 0]
    outcomes = judge(laid(tmp_path, range(8), **{keyword: [values[n] for n in pattern]}))
    assert kinds(outcomes) == ["failed"]
    assert f"differ in their {words} ({keyword})" in outcomes[0].reason
    assert outcomes[0].geometric


@pytest.mark.parametrize(("keyword", "values", "words"), NAMED[:-1])
def test_a_naming_mark_that_changes_once_along_the_axis_splits(tmp_path, keyword, values, words):
    refs = laid(tmp_path, range(9), **{keyword: [values[n >= 4] for n in range(9)]})
    outcomes = judge(refs)
    assert [o.shape[2:] for o in outcomes] == [(4,), (5,)]
    reads_alone(outcomes)
    few = judge(laid(tmp_path / "b", range(9), **{keyword: [values[n >= 8] for n in range(9)]}))
    assert kinds(few) == ["failed"]
    assert keyword in few[0].reason


def test_two_kernels_in_two_phases_are_four_scans(tmp_path):
    depths = [z for z in range(8) for _ in range(2)]
    refs = laid(
        tmp_path, depths,
        ConvolutionKernel=["B31f", "B70f"] * 8,
        AcquisitionNumber=[1 + z % 2 for z in depths],
    )  # fmt: skip
    outcomes = judge(refs)
    assert [o.shape[2] for o in outcomes] == [4] * 4
    assert "4 scans, told apart by their kernel and acquisition number" in outcomes[0].notes[0]
    reads_alone(outcomes)


def test_a_mark_of_which_some_slices_are_silent_does_not_split(tmp_path):
    kernels = ["B31f", None, "B31f", "B31f", None, "B31f"]
    assert kinds(judge(laid(tmp_path, range(6), ConvolutionKernel=kernels))) == ["scan"]


def test_a_mark_that_is_new_in_every_slice_tells_nothing(tmp_path):
    rooms = [make.uid("room", n) for n in range(6)]
    studies = [make.uid("study", n) for n in range(6)]
    tags = {"FrameOfReferenceUID": rooms, "StudyInstanceUID": studies}
    (outcome,) = judge(laid(tmp_path, range(6), **tags))
    assert (outcome.kind, outcome.notes) == ("scan", ())
    again = [*range(6), 3]  # with a slice that is there twice, too
    refs = laid(tmp_path / "b", again, FrameOfReferenceUID=[make.uid(n) for n in range(7)])
    assert kinds(judge(refs)) == ["failed"]


@pytest.mark.parametrize("digits", [["100000.1", "100000.4"], ["10", "1001"]])
def test_slowly_rising_times_and_changing_current_are_one_volume(tmp_path, digits):
    times = [f"10{n // 60:02d}{n % 60:02d}.5" for n in range(30)]
    tags = {"AcquisitionTime": times, "ContentTime": times[::-1], "XRayTubeCurrent": [*range(30)]}
    (outcome,) = judge(laid(tmp_path, range(30), **tags))
    assert (outcome.kind, outcome.notes) == ("scan", ())


def test_odd_then_even_slices_are_one_volume(tmp_path):
    """Slices 0, 2, 4, ... and then 1, 3, 5, ..., a second each."""
    seconds = [z // 2 + (z % 2) * 10 for z in range(20)]
    times = [f"1000{s:02d}" for s in seconds]
    for modality, sop in (("CT", make.CT), ("MR", make.MR)):
        folder = tmp_path / modality
        tags = {"Modality": modality, "SOPClassUID": sop, "AcquisitionTime": times}
        tags["InstanceNumber"] = [s + 1 for s in seconds]
        assert [(o.kind, o.notes) for o in judge(laid(folder, range(20), **tags))] == [("scan", ())]


def test_mr_slices_in_two_breath_holds_are_one_volume_with_a_note(tmp_path):
    tags = {"AcquisitionNumber": [1, 2] * 4, "AcquisitionTime": ["100000", "100040"] * 4}
    refs = laid(tmp_path, range(8), Modality="MR", SOPClassUID=make.MR, **tags)
    (outcome,) = judge(refs)
    assert outcome.shape[2] == 8
    assert "AcquisitionNumber" in outcome.notes[0]
    assert "taken as one" in outcome.notes[0]


@pytest.mark.parametrize("rising", [True, False])
def test_inspiration_and_expiration_are_told_apart_by_their_time_alone(tmp_path, rising):
    seconds = [(z // 2 if rising else 0) + (z % 2) * 90 for z in range(12)]
    times = [f"10{s // 60:02d}{s % 60:02d}" for s in seconds]
    outcomes = judge(laid(tmp_path, range(12), AcquisitionTime=times))
    assert [o.shape[2] for o in outcomes] == [6, 6]
    assert "acquisition time" in outcomes[0].notes[0]
    reads_alone(outcomes)
    mixed = [times[n] for n in (0, 1, 3, 2, 5, 4, 6, 7, 9, 8, 11, 10)]
    (refused,) = judge(laid(tmp_path / "b", range(12), AcquisitionTime=mixed))
    assert "AcquisitionTime" in refused.reason


def test_a_scan_that_goes_on_an_hour_later_is_another(tmp_path):
    times = [f"{10 + (z >= 5)}0000.{z}" for z in range(10)]
    outcomes = judge(laid(tmp_path, range(10), AcquisitionTime=times))
    assert [o.shape[2] for o in outcomes] == [5, 5]
    days = {"AcquisitionDate": ["20200101" if z < 5 else "20210101" for z in range(10)]}
    refs = laid(tmp_path / "b", range(10), AcquisitionTime="100000", **days)
    assert [o.shape[2] for o in judge(refs)] == [5, 5]


def test_a_table_that_moves_from_place_to_place_makes_one_volume(tmp_path):
    """Cine mode: the acquisition number rises once per table position, after a pause."""
    numbers = [1 + z // 4 for z in range(24)]
    times = [f"10{n:02d}{3 * n:02d}" for n in numbers]
    refs = laid(tmp_path, range(24), AcquisitionNumber=numbers, AcquisitionTime=times)
    (outcome,) = judge(refs)
    assert (outcome.kind, outcome.shape[2]) == ("scan", 24)
    assert "AcquisitionNumber" in outcome.notes[0]


def test_acquisitions_that_count_their_pictures_anew_are_scans(tmp_path):
    tags = {"AcquisitionNumber": [1] * 5 + [2] * 5, "InstanceNumber": [*range(1, 6)] * 2}
    outcomes = judge(laid(tmp_path, range(10), **tags))
    assert [o.shape[2] for o in outcomes] == [5, 5]
    one = judge(laid(tmp_path / "b", range(10), AcquisitionNumber=tags["AcquisitionNumber"]))
    assert [o.shape[2] for o in one] == [10]


def test_a_tilted_gantry_and_two_phases(tmp_path):
    c, s = np.cos(np.radians(12)), np.sin(np.radians(12))
    refs = laid(
        tmp_path, range(10), ImageOrientationPatient=make.each([[1, 0, 0, 0, c, -s]] * 10)[1],
        AcquisitionNumber=[1, 2] * 5,
    )  # fmt: skip
    outcomes = judge(refs)
    assert [o.shape[2] for o in outcomes] == [5, 5]
    assert any("gantry tilt" in note for note in outcomes[0].notes)


@pytest.mark.parametrize("keyword", ["AcquisitionTime", "ContentTime"])
def test_two_reconstructions_at_the_same_positions(tmp_path, keyword):
    times = [f"100{n // 8}{n % 8:02d}" for n in range(16)]
    outcomes = judge(laid(tmp_path, [*range(8)] * 2, **{keyword: times}))
    assert [o.shape[2] for o in outcomes] == [8, 8]
    assert outcomes[0].refs[0].name == "slice_000.dcm"
    reads_alone(outcomes)


def test_one_time_for_all_tells_nothing(tmp_path):
    depths = [0, 1, 2, 3] * 2
    (outcome,) = judge(laid(tmp_path, depths, AcquisitionTime="100000", ContentTime="100001"))
    assert outcome.reason.startswith("Two different images at each position")
    (outcome,) = judge(laid(tmp_path / "b", [0, 0], AcquisitionTime="100000"))
    assert outcome.kind == "failed"


def test_acquisition_numbers_that_count_slices_say_nothing(tmp_path):
    numbers = [1 + z // 2 + (z % 2) * 5 for z in range(10)]  # odd slices after the even ones
    (outcome,) = judge(laid(tmp_path, range(10), AcquisitionNumber=numbers))
    assert (outcome.kind, outcome.notes) == ("scan", ())


def test_a_dynamic_scan_and_two_echoes_of_one_slice(tmp_path):
    times = [f"10{n // 4:02d}{n % 4:02d}" for n in range(20)]
    outcomes = judge(laid(tmp_path, [*range(4)] * 5, AcquisitionTime=times))
    assert [o.shape[2] for o in outcomes] == [4] * 5
    echoes = laid(tmp_path / "b", [0, 0, 0], EchoTime=[1.5, 3.0, 4.5], Modality="MR")
    assert kinds(judge(echoes)) == ["image"] * 3


def test_one_slice_of_another_kernel_at_a_position_does_not_hide(tmp_path):
    refs = laid(tmp_path, [*range(5), 2], ConvolutionKernel=["B31f"] * 5 + ["B70f"])
    assert kinds(judge(refs)) == ["scan", "image"]


# Series, studies, files


def two(tmp_path, first, second, depths=range(5)):
    a = laid(tmp_path / "a", depths, **first)
    return [*a, *laid(tmp_path / "b", [z + len(depths) for z in depths], **second)]


def test_two_studies_with_one_series_identifier_are_two_scans(tmp_path):
    studies = [{"StudyInstanceUID": "1.2.1"}, {"StudyInstanceUID": "1.2.2"}]
    outcomes = judge(two(tmp_path, *studies))
    assert [o.shape[2] for o in outcomes] == [5, 5]
    assert "2 studies share its series identifier (SeriesInstanceUID)" in outcomes[0].notes[0]
    assert len({o.study_key for o in outcomes}) == 2
    reads_alone(outcomes)
    mixed = [*two(tmp_path / "c", *studies)[:5], *laid(tmp_path / "d", [7], **studies[1])]
    (refused,) = judge(mixed)
    assert "StudyInstanceUID" in refused.reason


def test_two_patients_in_two_studies_with_one_series_identifier_are_kept_apart(tmp_path):
    whose = [{"StudyInstanceUID": f"1.2.{n}", "PatientID": f"P{n}"} for n in (1, 2)]
    outcomes = judge(two(tmp_path, *whose))
    assert [o.patient_id for o in outcomes] == ["P1", "P2"]


def test_files_without_a_series_are_grouped_by_folder_study_and_patient(tmp_path):
    bare = {"SeriesInstanceUID": None}
    (outcome,) = judge(laid(tmp_path / "one", range(5), **bare))
    assert outcome.kind == "scan"
    assert "name no series (SeriesInstanceUID)" in outcome.notes[0]
    for n, (keyword, values) in enumerate(
        [("StudyInstanceUID", ["1.1", "1.2"]), ("PatientID", "AB"), ("SeriesNumber", [1, 2])]
    ):
        tags = {keyword: [values[z >= 5] for z in range(10)], **bare}
        outcomes = judge(laid(tmp_path / str(n), range(10), **tags))
        assert [o.shape[2:] for o in outcomes] == [(5,), (5,)]
        reads_alone(outcomes)


def test_each_file_of_many_frames_is_a_volume(tmp_path):
    places = [[-10.0, -20.0, float(z)] for z in range(4)]
    further = [[-10.0, -20.0, float(z)] for z in range(4, 8)]
    for n, second in enumerate((places, further)):
        files = [make.enhanced(make.ramp(4), places), make.enhanced(make.ramp(4) + 1, second)]
        refs = [make.write(tmp_path / f"{n}{k}1.dcm", one) for k, one in enumerate(files)]
        outcomes = judge(refs)
        assert [o.refs for o in outcomes] == [(refs[0],), (refs[1],)]
        assert "2 volumes in files of many frames" in outcomes[1].notes[0]
    whole = [make.enhanced(make.ramp(4) + n, p, ConcatenationUID="1.2.9")
             for n, p in enumerate((places, further))]  # fmt: skip
    (joined,) = judge([make.write(tmp_path / f"c{n}1.dcm", one) for n, one in enumerate(whole)])
    assert (joined.kind, joined.shape) == ("scan", (5, 6, 8))


def test_frames_of_two_stacks_in_one_file_are_refused(tmp_path):
    made = make.enhanced(make.ramp(8), [[-10.0, -20.0, float(z)] for z in range(8)])
    for n, frame in enumerate(made.PerFrameFunctionalGroupsSequence):
        frame.FrameContentSequence[0].StackID = str(n % 2)
    outcomes = judge([make.write(tmp_path / "scan1.dcm", made)])
    assert "One file holds several scans" in outcomes[0].reason
