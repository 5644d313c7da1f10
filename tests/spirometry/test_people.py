"""Sex and ethnic group: words are read, codes must be stated."""

import math

import pytest

from clam_core.errors import SettingsError, TableError
from clam_core.spirometry import LungFunctionSettings
from tests.spirometry.make import calculate


def fvc(sexes, **settings):
    n = len(sexes)
    people = {"sex": sexes, "age": [45.0] * n, "height": [170.0] * n}
    return calculate(people, {"FVC": [3.0] * n}, **settings).values


MAN, WOMAN = 4.23914901124337, 3.75921319837854
"""FVC predicted at 45 years and 170 cm by rspiro 0.5, GLI-2022 (see `published`)."""


@pytest.mark.parametrize(("sexes", "expected"), [
    (["f", "M", " F "], [WOMAN, MAN, WOMAN]),
    (["w", "m"], [WOMAN, MAN]),
    (["Weiblich", "männlich"], [WOMAN, MAN]),
    (["Female", "MALE"], [WOMAN, MAN]),
    (["mujer", "hombre"], [WOMAN, MAN]),
])  # fmt: skip
def test_words_are_read(sexes, expected):
    assert fvc(sexes)["FVC_predicted"].to_numpy() == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("sexes", [[0, 1], [1.0, 2.0], ["0", "1"]])
def test_numbers_must_be_stated(sexes):
    with pytest.raises(TableError, match="state which code means female and which means male"):
        fvc(sexes)


@pytest.mark.parametrize("sexes", [[0, 1], [0.0, 1.0], ["0", "1"]])
def test_stated_numbers_are_used_and_the_statement_decides(sexes):
    one = fvc(sexes, sex_codes={"0": "female", "1": "male"})["FVC_predicted"]
    other = fvc(sexes, sex_codes={"0": "male", "1": "female"})["FVC_predicted"]
    assert one.to_numpy() == pytest.approx([WOMAN, MAN], rel=1e-11)
    assert other.to_numpy() == pytest.approx([MAN, WOMAN], rel=1e-11)


def test_h_and_m_must_be_stated_because_m_may_mean_mujer():
    with pytest.raises(TableError, match="holds 'h', 'm'; state which"):
        fvc(["h", "m"])
    found = fvc(["h", "m"], sex_codes={"h": "male", "m": "female"})["FVC_predicted"]
    assert found.to_numpy() == pytest.approx([MAN, WOMAN], rel=1e-11)


def test_a_missing_or_unknown_sex_concerns_its_row_only():
    values = fvc(["f", None, "divers", "m", math.nan])
    expected = [WOMAN, math.nan, math.nan, MAN, math.nan]
    assert values["FVC_predicted"].to_numpy() == pytest.approx(expected, nan_ok=True)
    reasons = values["FVC_reason"].fillna("").tolist()
    assert reasons == ["", "Sex is missing", "Sex 'divers' is not known", "", "Sex is missing"]


def test_a_column_that_holds_no_sex_is_refused():
    with pytest.raises(TableError, match="'yes', 'no', none of which is a known sex"):
        fvc(["yes", "no"])
    with pytest.raises(SettingsError, match="sex_codes"):
        LungFunctionSettings(sex_codes={"0": "woman"})


def by_group(groups, **settings):
    n = len(groups)
    people = {"sex": ["M"] * n, "age": [57.0] * n, "height": [150.0] * n, "group": groups}
    return calculate(people, {"FEV1": [2.0] * n}, spirometry="GLI-2012", **settings).values


def test_groups_are_read_from_words_and_statements():
    values = by_group(["Caucasian", "white", "hispanic", "asian", None], ethnic_groups={
        "Hispanic": "Other or mixed",
    })  # fmt: skip
    expected = [2.536, 2.536, 2.362, math.nan, math.nan]  # the web calculator
    assert values["FEV1_predicted"].to_numpy() == pytest.approx(expected, abs=5e-4, nan_ok=True)
    assert values["FEV1_reason"].tolist()[3:] == [
        "Ethnic group 'asian' is not known",
        "Ethnic group is missing",
    ]


def test_gli_2012_needs_a_group():
    people = {"sex": ["M"], "age": [57.0], "height": [150.0]}
    with pytest.raises(TableError, match="GLI-2012 needs the ethnic group of each subject"):
        calculate(people, {"FEV1": [2.0]}, spirometry="GLI-2012")
    values = calculate(
        people, {"FEV1": [2.0]}, spirometry="GLI-2012", ethnic_group_for_all="Caucasian"
    ).values
    assert values["FEV1_predicted"][0] == pytest.approx(2.536, abs=5e-4)
