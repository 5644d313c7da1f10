"""Two scans in one series that no known mark tells apart: split, refused or told, never silent."""

import base64

import pytest

from clam_core.errors import ReadError
from clam_core.read.dicom.series.unexplained import unexplained
from clam_core.read.dicom.unread import packed, unpacked
from tests.read.dicom import make
from tests.read.dicom.test_marks import judge, kinds, laid, reads_alone

N = 12
IN_TURN = [n % 2 for n in range(N)]
BEHIND = [int(n >= N // 2) for n in range(N)]

TEXTS = [
    ("ProtocolName", ["Insp", "Exp"]),
    ("ImageComments", ["first", "second"]),
    ("ScanOptions", ["HELICAL", "AXIAL"]),
    ("IrradiationEventUID", ["1.2.31", "1.2.32"]),
    ("SeriesTime", ["100000", "110000"]),
    ("SeriesDate", ["20200101", "20210101"]),
    ("ContrastBolusAgent", ["Iomeron", None]),
    ("ContrastBolusAgent", ["Iomeron", ""]),
    ("ConvolutionKernel", ["B31f", None]),
]
NUMBERS = [
    ("Exposure", [30, 200]),
    ("ReconstructionDiameter", [300, 400]),
    ("RescaleIntercept", [-1024, 0]),
    ("ContentTime", ["100000", "110000"]),
]


@pytest.mark.parametrize(("keyword", "values"), [*TEXTS, *NUMBERS])
def test_values_in_turn_are_told(tmp_path, keyword, values):
    (outcome,) = judge(laid(tmp_path, range(N), **{keyword: [values[n] for n in IN_TURN]}))
    assert outcome.kind == "scan"
    assert "Neighbouring slices differ in turn in" in outcome.notes[0]
    assert keyword in outcome.notes[0]


@pytest.mark.parametrize(("keyword", "values"), TEXTS)
def test_texts_that_change_once_are_told(tmp_path, keyword, values):
    (outcome,) = judge(laid(tmp_path, range(N), **{keyword: [values[n] for n in BEHIND]}))
    assert f"Along the axis {keyword} changes once" in outcome.notes[0]


@pytest.mark.parametrize(("keyword", "values"), [TEXTS[0], NUMBERS[0]])
def test_the_same_positions_twice_are_refused(tmp_path, keyword, values):
    places = [z for z in range(6) for _ in "ab"]
    (outcome,) = judge(laid(tmp_path, places, **{keyword: [values[n] for n in IN_TURN]}))
    assert outcome.reason.startswith("Two different images at each position")


@pytest.mark.parametrize("period", [2, 3, 4])
def test_private_elements(tmp_path, period):
    made = []
    for n in range(N):
        one = make.dataset(make.ramp(N)[n], ImagePositionPatient=[0, 0, n], InstanceNumber=n + 1)
        block = one.private_block(0x0019, "ACME 1.0", create=True)
        block.add_new(0x10, "LO", f"phase {n % period}")
        block.add_new(0x11, "DS", str(n))
        made.append(make.write(tmp_path / f"s{n:02d}1.dcm", one))
    (outcome,) = judge(made)
    assert outcome.kind == "scan" and len(outcome.notes) == 1
    assert "in turn in the private element (0019,1010), so" in outcome.notes[0]


def test_what_varies_as_it_may_is_no_doubt(tmp_path):
    tags = {
        "Exposure": [100 + n for n in range(N)],
        "XRayTubeCurrent": [50 if n < 5 else 60 for n in range(N)],
        "InstanceCreationTime": ["100000" if n < 7 else "100001" for n in range(N)],
        "SliceLocation": [n * 1.0 for n in range(N)],
        "WindowCenter": [40, 40, 50, 40, 40, 50, 40, 50, 40, 40, 50, 40],
        "TableHeight": [40, 50, 60, 50, 40, 60, 40, 50, 60, 40, 60, 50],
        "ImageComments": ["odd one" if n == 3 else "same" for n in range(N)],
        "TriggerTime": [300 + 10 * n for n in range(N)],
        "AcquisitionDate": "20200101",
    }
    (outcome,) = judge(laid(tmp_path, range(N), **tags))
    assert (outcome.kind, outcome.notes) == ("scan", ())


def test_times_since_the_trigger(tmp_path):
    jitter = [(300, 700)[one] + n % 5 for n, one in enumerate(IN_TURN)]
    outcomes = judge(laid(tmp_path / "a", range(N), TriggerTime=jitter))
    assert [o.shape[2] for o in outcomes] == [6, 6]
    assert "told apart by their time since the trigger" in outcomes[0].notes[0]
    reads_alone(outcomes)
    mixed = [jitter[n] for n in (0, 1, 3, 2, 5, 4, 6, 7, 9, 8, 11, 10)]
    (refused,) = judge(laid(tmp_path / "b", range(N), TriggerTime=mixed))
    assert "TriggerTime" in refused.reason
    (told,) = judge(laid(tmp_path / "c", range(N), TriggerTime=[(300, 700)[n] for n in BEHIND]))
    assert "TriggerTime" in told.notes[0] and "taken as one" in told.notes[0]
    places = [z for z in range(6) for _ in "ab"]
    outcomes = judge(laid(tmp_path / "d", places, TriggerTime=jitter))
    assert [o.shape[2] for o in outcomes] == [6, 6]


def test_days_without_a_time(tmp_path):
    days = ["20200101", "20210101"]
    for name, pattern in (("turn", IN_TURN), ("behind", BEHIND)):
        refs = laid(tmp_path / name, range(N), AcquisitionDate=[days[n] for n in pattern])
        assert [o.shape[2] for o in judge(refs)] == [6, 6]


@pytest.mark.parametrize("pattern", [[n // 2 + 1 for n in range(N)], [n % 6 + 1 for n in range(N)]])
def test_pictures_that_are_counted_twice(tmp_path, pattern):
    (outcome,) = judge(laid(tmp_path, range(N), InstanceNumber=pattern))
    assert "Its pictures are counted 2 times over (InstanceNumber)" in outcome.notes[-1]
    same = judge(laid(tmp_path / "same", range(N), InstanceNumber=1))
    assert same[0].notes == ()


def test_pictures_made_of_others_lie_beside_them(tmp_path):
    types = [["ORIGINAL", "PRIMARY", "AXIAL"]] * N + [["DERIVED", "SECONDARY", "MIP"]] * 3
    refs = laid(tmp_path, [*range(N), 2, 5, 8], ImageType=types)
    outcomes = judge(refs)
    assert [o.shape[2] for o in outcomes] == [N, 3]
    assert "told apart by their image type" in outcomes[0].notes[0]
    assert kinds(judge(laid(tmp_path / "gap", [z for z in range(N) if z != 6]))) == ["failed"]


def test_checksums_travel_as_text():
    unread = {0x00181030: (0xDEADBEEF, True), 0x00191010: (7, False), 0x00180022: (0, False)}
    back = unpacked(packed(unread))
    assert list(back) == list(unread)
    assert [value & 1 for value in back.values()] == [1, 0, 0]
    assert back[0x00181030] >> 1 == 0xDEADBEEF >> 1
    assert unpacked(packed({})) == {}
    for damaged in (base64.b85encode(b"1234").decode(), "~~~~~~~~~~"):
        with pytest.raises(ReadError):
            unpacked(damaged)


def test_few_slices_have_no_pattern(tmp_path):
    (outcome,) = judge(laid(tmp_path, range(5), ProtocolName=["a", "b", "a", "b", "a"]))
    assert outcome.notes == ()
    assert unexplained([]) == []
