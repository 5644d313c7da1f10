"""A series is of one patient: by id, name, birth date and sex, or it is refused."""

import pytest

from clam_core.read.dicom import group_series, read_headers
from tests.read.dicom import make


def judge(tmp_path, first, second):
    """Two halves of one series, each with the tags of one patient."""
    half = [[-10.0, -20.0, float(z)] for z in range(5)]
    rest = [[-10.0, -20.0, float(z)] for z in range(5, 10)]
    refs = make.series(tmp_path / "a", make.ramp(5), ImagePositionPatient=make.each(half), **first)
    refs += make.series(
        tmp_path / "b", make.ramp(5) + 1, ImagePositionPatient=make.each(rest), **second
    )
    (outcome,) = group_series(read_headers(refs))
    return outcome


DOE = {"PatientID": "P1", "PatientName": "Doe^Jane", "PatientBirthDate": "19700131"}


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"PatientName": "Roe^Mary"}, "names differ"),
        ({"PatientName": "Doe^John"}, "names differ"),
        ({"PatientBirthDate": "19710131"}, "birth dates differ"),
        ({"PatientName": "Roe^Mary", "PatientBirthDate": "19710131"}, "names and birth dates"),
        ({"PatientSex": "M"}, "sexes differ"),
    ],
)
@pytest.mark.parametrize("known", ["P1", "", None])
def test_two_patients_with_one_id_or_none_are_refused(tmp_path, other, what, known):
    first = {**DOE, "PatientSex": "F", "PatientID": known}
    outcome = judge(tmp_path, first, {**first, **other})
    assert outcome.kind == "failed"
    assert what in outcome.reason
    assert "Doe" not in outcome.reason


@pytest.mark.parametrize(
    "other",
    [
        {"PatientName": "DOE^JANE^B"},
        {"PatientName": "Doe Jane"},
        {"PatientName": "Jane^Doe"},
        {"PatientName": ""},
        {"PatientBirthDate": ""},
        {"PatientName": "Döe^Jane", "SpecificCharacterSet": "ISO_IR 100"},
    ],
)
def test_one_patient_spelled_in_two_ways_is_one(tmp_path, other):
    assert judge(tmp_path, DOE, {**DOE, **other}).kind == "scan"


def test_scripts_are_compared_each_with_itself(tmp_path):
    japan = {"SpecificCharacterSet": ["", "ISO 2022 IR 87"]}
    both = {"PatientName": "Yamada^Tarou=山田^太郎", **japan}
    other = {"PatientName": "Yamada^Tarou=山田^花子", **japan}
    assert judge(tmp_path / "1", {**DOE, **both}, {**DOE, **both}).kind == "scan"
    latin = {"PatientName": "Yamada^Tarou"}
    assert judge(tmp_path / "2", {**DOE, **both}, {**DOE, **latin}).kind == "scan"
    assert "names differ" in judge(tmp_path / "3", {**DOE, **both}, {**DOE, **other}).reason
