"""Units: proposed from values, taken from the table, confirmed by a person."""

import numpy as np
import pandas as pd
import pytest

from clam_core.errors import SettingsError, TableError
from clam_core.spirometry import (
    EQUATIONS,
    ROLES,
    LungFunctionSettings,
    Source,
    lung_function,
    propose_units,
)
from clam_core.tables.vocabulary import find_meaning
from tests.spirometry.make import PEOPLE, calculate, man

LITERS = np.array([2.1, 3.4, 2.8, 4.4, 1.9, 3.0])
DLCO = np.array([22.0, 25.0, 18.0, 30.0, 21.0])


def propose(role, values, said=""):
    (proposal,) = propose_units(pd.DataFrame({"x": values}), {role: Source("x", said)})
    return proposal


@pytest.mark.parametrize(("role", "values", "unit"), [
    ("FVC", LITERS, "L"),
    ("Height", np.array([171.0, 160.0, 182.0]), "cm"),
    ("Age", np.array([61.0, 45.0, 38.0]), "years"),
    ("FEV1/FVC", np.array([0.71, 0.8, 0.66]), "fraction"),
    ("RV/TLC", np.array([31.0, 44.0]), "%"),
    ("DLCO", DLCO, "mL/min/mmHg"),
])  # fmt: skip
def test_the_usual_unit_is_taken_where_no_other_fits(role, values, unit):
    proposal = propose(role, values)
    assert (proposal.unit, proposal.must_confirm) == (unit, False)


@pytest.mark.parametrize(("role", "values", "unit"), [
    ("FVC", 1000 * LITERS, "mL"),
    ("FVC", 100 * LITERS, "cL"),
    ("FVC", 10 * LITERS, "dL"),
    ("TLC", 1000 * (LITERS + 2), "mL"),
    ("Height", np.array([1.71, 1.6, 1.82]), "m"),
    ("Height", np.array([67.0, 70.0, 63.0]), "in"),
    ("Age", np.array([600.0, 480.0, 720.0]), "months"),
    ("FEV1/FVC", np.array([71.0, 80.0, 66.0]), "%"),
    ("RV/TLC", np.array([0.31, 0.44]), "fraction"),
])  # fmt: skip
def test_another_unit_must_be_confirmed(role, values, unit):
    proposal = propose(role, values)
    assert (proposal.unit, proposal.must_confirm) == (unit, True)
    assert f"looks like {role} in {unit}" in proposal.reason
    assert proposal.reason.endswith("confirm its unit.")
    assert not propose(role, values, said=unit).must_confirm


def test_values_that_fit_two_units_must_be_confirmed():
    proposal = propose("DLCO", DLCO / 2)
    assert (proposal.unit, proposal.must_confirm) == ("", True)
    assert "may be DLCO in mL/min/mmHg or in mmol/min/kPa (median 11)" in proposal.reason
    assert not propose("DLCO", DLCO / 2, said="mmol/min/kPa").must_confirm


def test_a_said_unit_that_the_values_contradict_must_be_confirmed():
    proposal = propose("FVC", 1000 * LITERS, said="L")
    assert (proposal.unit, proposal.must_confirm) == ("mL", True)
    assert "should be in L, but its values look like FVC in mL (median 2900)" in proposal.reason


def test_two_units_in_one_column_are_noticed():
    proposal = propose("FVC", np.concatenate([LITERS, 1000 * LITERS]))
    assert (proposal.unit, proposal.must_confirm) == ("", True)
    assert "seems to mix FVC in L and in mL (" in proposal.reason


def test_nonsense_fits_nothing():
    proposal = propose("FVC", np.array([1e6, 2e6]))
    assert (proposal.unit, proposal.must_confirm) == ("", True)
    assert "does not look like FVC in any of L, dL, cL, mL" in proposal.reason


def test_zeros_and_gaps_do_not_vote():
    values = np.concatenate([LITERS, np.zeros(20), [np.nan, -1, np.inf]])
    assert not propose("FVC", values).must_confirm
    assert "no values above zero" in propose("FVC", np.array([0.0, np.nan])).reason


@pytest.mark.parametrize("said", ["% predicted", "z-score"])
def test_a_value_that_is_relative_already_is_refused(said):
    with pytest.raises(TableError, match=f"holds {said}, not a measured value"):
        propose("FVC", np.array([80.0, 90.0]), said)


def test_an_unknown_unit_and_a_text_column_are_refused():
    with pytest.raises(TableError, match="'kPa', which is no unit of FVC; use one of L, dL"):
        propose("FVC", LITERS, "kPa")
    with pytest.raises(TableError, match="'x' does not hold numbers"):
        propose("FVC", ["3,0", "2,9"])
    with pytest.raises(TableError, match="no column 'x'"):
        propose_units(pd.DataFrame({"y": [1.0]}), {"FVC": Source("x")})


def test_nothing_is_calculated_before_the_unit_is_confirmed():
    table = pd.DataFrame(man(6) | {"FVC": 1000 * LITERS})
    with pytest.raises(TableError, match="'FVC' looks like FVC in mL .*; confirm its unit"):
        lung_function(table, PEOPLE | {"FVC": Source("FVC")}, LungFunctionSettings())


@pytest.mark.parametrize(("unit", "factor"), [("mL", 1000), ("cL", 100), ("dL", 10)])
def test_confirmed_units_give_the_same_values_as_liters(unit, factor):
    liters = calculate(man(6), {"FVC": LITERS})
    other = calculate(man(6), {"FVC": factor * LITERS}, units={"FVC": unit})
    numbers = liters.values.select_dtypes("float")
    pd.testing.assert_frame_equal(numbers, other.values.select_dtypes("float"), rtol=1e-12)
    assert other.units["FVC"] == unit


def test_confirmed_units_of_the_subject_give_the_same_values():
    plain = calculate(man(6), {"FVC": LITERS})
    people = {"sex": ["M"] * 6, "age": [45 * 12.0] * 6, "height": [1.7] * 6}
    other = calculate(people, {"FVC": LITERS}, units={"Age": "months", "Height": "m"})
    pd.testing.assert_frame_equal(plain.values, other.values, rtol=1e-12)


def test_transfer_factor_in_other_units_gives_the_same_z_score():
    usual = calculate(man(5), {"DLCO": DLCO, "KCO": DLCO / 5})
    units = {"DLCO": "mmol/min/kPa", "KCO": "mmol/min/kPa/L"}
    other = calculate(man(5), {"DLCO": DLCO / 2.987, "KCO": DLCO / 5 / 2.987}, units=units)
    pd.testing.assert_frame_equal(usual.values, other.values, rtol=1e-12)


@pytest.mark.parametrize(("units", "words"), [
    ({"FVC": "kg"}, "'kg' is no unit of FVC; choose from L, dL, cL, mL"),
    ({"Weight": "kg"}, "'Weight' is none of Age, Height"),
])  # fmt: skip
def test_settings_refuse_units_that_do_not_exist(units, words):
    with pytest.raises(SettingsError, match=words):
        LungFunctionSettings(units=units)


def test_roles_are_the_terms_of_the_vocabulary():
    names = [*ROLES, "Sex", "Ethnicity"]
    assert [find_meaning(name).term for name in names] == names
    for name, role in ROLES.items():
        usual = find_meaning(name).unit
        assert not usual or usual == role.unit
        assert role.low <= role.typical_low < role.typical_high <= role.high
        assert role.units[role.unit] == 1
    covered = {measure for equation in EQUATIONS.values() for measure in equation.parameters}
    assert covered == set(ROLES) - {"Age", "Height"}
