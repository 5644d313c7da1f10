"""Patterns and the GAP index against their published tables."""

from itertools import product

import numpy as np
import pyspiro
import pytest

from clam_core.errors import AlignmentError
from clam_core.spirometry import (
    PATTERNS,
    gap_index,
    preserved_ratio_impaired,
    spirometric_pattern,
)
from tests.spirometry.make import calculate, man

LOW, FINE, NONE = -2.0, 0.0, np.nan

BY_LETTERS = {
    # FEV1, FVC, FEV1/FVC, TLC: A low, N not, - not measured. With TLC as pft 1.0.1 reads figure 8
    # of Stanojevic et al. 2022, but for ANNN, which it calls normal.
    "NNNN": "normal", "NNN-": "normal", "ANNN": "PRISm", "ANN-": "PRISm",
    "NNAN": "obstructive", "ANAN": "obstructive", "NAAN": "obstructive", "AAAN": "obstructive",
    "NNA-": "obstructive", "ANA-": "obstructive",
    "NAA-": "possible mixed", "AAA-": "possible mixed",
    "NNNA": "restrictive", "ANNA": "restrictive", "NANA": "restrictive", "AANA": "restrictive",
    "NAN-": "possible restrictive", "AAN-": "possible restrictive",
    "NANN": "non-specific", "AANN": "non-specific",
    "NNAA": "mixed", "ANAA": "mixed", "NAAA": "mixed", "AAAA": "mixed",
}  # fmt: skip


def pattern(*z):
    return spirometric_pattern(*(np.array([value]) for value in z))[0]


@pytest.mark.parametrize(("key", "expected"), BY_LETTERS.items())
def test_every_combination_has_its_pattern(key, expected):
    assert pattern(*({"A": LOW, "N": FINE, "-": NONE}[letter] for letter in key)) == expected


def test_all_combinations_are_covered():
    assert set(BY_LETTERS) == {"".join(key) for key in product("AN", "AN", "AN", "AN-")}
    assert set(BY_LETTERS.values()) == set(PATTERNS)


def test_pyspiro_agrees_where_it_distinguishes_the_same():
    names = {
        "normal": "Normal", "obstructive": "Obstructive", "mixed": "Mixed obstructive-restrictive",
        "restrictive": "Restrictive", "possible restrictive": "Possible restriction",
        "possible mixed": "Obstructive with reduced FVC", "non-specific": "Non-specific pattern",
        "PRISm": "Non-specific pattern",
    }  # fmt: skip
    other = pyspiro.ATS_ERS_2022()
    for fev1, fvc, ratio, tlc in product((LOW, FINE), (LOW, FINE), (LOW, FINE), (LOW, FINE, NONE)):
        if fvc == FINE and tlc == LOW:
            continue  # it asks for TLC only where FVC is low; table 8 does not
        found = other.classify(FEV1_z=fev1, FVC_z=fvc, FEV1FVC_z=ratio, TLC_z=tlc)
        assert names[pattern(fev1, fvc, ratio, tlc)] == found


def test_the_fifth_percentile_itself_is_not_low():
    assert pattern(FINE, -1.645, FINE, NONE) == "normal"
    assert pattern(FINE, -1.6451, FINE, NONE) == "possible restrictive"


def test_a_gap_in_spirometry_leaves_no_pattern():
    for z in ((NONE, FINE, FINE, LOW), (FINE, NONE, LOW, LOW), (FINE, FINE, NONE, LOW)):
        assert pattern(*z) is None


def test_prism_in_the_wide_sense():
    fev1, ratio = np.array([LOW, LOW, FINE, NONE]), np.array([FINE, LOW, FINE, FINE])
    assert preserved_ratio_impaired(fev1, ratio).tolist() == ["yes", "no", "no", None]


def test_patterns_of_a_table():
    # a man of 45 years and 170 cm: limits 2.63 L, 3.24 L and 0.703 by rspiro
    result = calculate(man(5), {
        "FEV1": [3.4, 2.0, 2.5, 1.5, np.nan],
        "FVC": [4.2, 4.2, 3.0, 3.0, 4.0],
        "TLC": [6.0, np.nan, 4.0, np.nan, 6.0],
    })  # fmt: skip
    values = result.values
    assert values["spirometric_pattern"].tolist()[:4] == [
        "normal",
        "obstructive",
        "restrictive",
        "possible mixed",
    ]
    assert values["spirometric_pattern"].isna()[4]
    assert values["spirometric_pattern_reason"].fillna("").tolist() == [
        "",
        "",
        "",
        "",
        "FEV1 is missing",
    ]
    assert values["prism"].tolist()[:4] == ["no", "no", "yes", "no"]


def gap(sex, age, fvc, dlco, impossible=False):
    arrays = (np.array([float(value)]) for value in (sex, age, fvc, dlco))
    found = gap_index(*arrays, np.array([impossible]))
    return found.points[0], found.stages[0]


@pytest.mark.parametrize(("inputs", "points", "stage"), [
    # Ley et al. 2012, figure 2: each class of each input, and its borders
    ((0, 60, 76, 56), 0, "I"), ((1, 60, 76, 56), 1, "I"),
    ((0, 60.9, 76, 56), 0, "I"), ((0, 61, 76, 56), 1, "I"), ((0, 65.9, 76, 56), 1, "I"),
    ((0, 66, 76, 56), 2, "I"),
    ((0, 60, 75, 56), 1, "I"), ((0, 60, 50, 56), 1, "I"), ((0, 60, 49.9, 56), 2, "I"),
    ((0, 60, 76, 55), 1, "I"), ((0, 60, 76, 36), 1, "I"), ((0, 60, 76, 35), 2, "I"),
    ((1, 63, 60, 60), 3, "I"), ((1, 66, 60, 60), 4, "II"), ((1, 66, 60, 40), 5, "II"),
    ((1, 66, 60, 30), 6, "III"), ((1, 66, 40, 30), 7, "III"),
])  # fmt: skip
def test_points_and_stage(inputs, points, stage):
    assert gap(*inputs) == (points, stage)


def test_a_measurement_that_was_not_possible_counts_only_if_stated():
    assert gap(1, 70, 40, np.nan, impossible=True) == (8, "III")
    points, stage = gap(1, 70, 40, np.nan)
    assert np.isnan(points)
    assert stage is None


def test_pyspiro_agrees_at_whole_numbers():
    other = pyspiro.GAP()
    for sex, age, fvc, dlco in product((0, 1), (50, 62, 70), (40, 60, 90), (30, 45, 80)):
        expected = other.score(sex=sex, age=age, fvc_pct=fvc, dlco_pct=dlco)
        assert gap(sex, age, fvc, dlco) == (
            expected,
            other.classify(sex=sex, age=age, fvc_pct=fvc, dlco_pct=dlco),
        )


def test_each_missing_input_is_named():
    rows = np.array([[1, 60, 80, 60], [np.nan, 60, 80, 60], [1, np.nan, np.nan, 60.0]])
    found = gap_index(*rows.T)
    assert found.reasons == ("", "no sex", "no age, no FVC % predicted")
    assert np.isnan(found.points).tolist() == [False, True, True]
    with pytest.raises(AlignmentError, match="different shapes"):
        gap_index(*(np.ones(2), np.ones(2), np.ones(2), np.ones(3)))


def test_gap_of_a_table_needs_complete_inputs():
    people = {"sex": ["M", "M", None], "age": [70.0, 88.0, 70.0], "height": [170.0] * 3}
    values = calculate(people, {"FVC": [2.0] * 3, "DLCO": [7.0] * 3}).values
    assert 50 < values["FVC_percent_predicted"][0] < 75
    assert values["DLCO_percent_predicted"][0] < 35
    assert values["gap_index"].tolist()[0] == 1 + 2 + 1 + 2
    assert str(values["gap_index"].tolist()[0]) == "6"  # a whole number of points
    assert values["gap_stage"].tolist()[0] == "III"
    assert values["gap_index"].isna().tolist() == [False, True, True]
    assert values["gap_reason"].tolist()[1:] == [
        "no DLCO % predicted",
        "no sex, no FVC % predicted, no DLCO % predicted",
    ]
