"""A table as a whole: reasons per row, ranges, provenance."""

from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest

from clam_core.errors import TableError
from clam_core.spirometry import LungFunctionSettings, Source, lung_function
from tests.spirometry.make import PEOPLE, calculate, man

NAN = float("nan")


def reasons(result, name="FVC_reason"):
    return result.values[name].fillna("").tolist()


@pytest.mark.parametrize(("change", "reason"), [
    ({"age": NAN}, "Age is missing"),
    ({"height": NAN}, "Height is missing"),
    ({"FVC": NAN}, "FVC is missing"),
    ({"FVC": 0.0}, "FVC 0 L is outside 0.3 to 10 L"),
    ({"FVC": -3.0}, "FVC -3 L is outside 0.3 to 10 L"),
    ({"FVC": np.inf}, "FVC inf L is outside 0.3 to 10 L"),
    ({"FVC": 3200.0}, "FVC 3200 L is outside 0.3 to 10 L"),
    ({"height": 1.7}, "Height 1.7 cm is outside 100 to 220 cm"),
    ({"height": 250.0}, "Height 250 cm is outside 100 to 220 cm"),
    ({"age": 2.9}, "Age 2.9 years is outside 3 to 95 years"),
    ({"age": 95.5}, "Age 95.5 years is outside 3 to 95 years"),
    ({"age": NAN, "FVC": 0.0}, "Age is missing; FVC 0 L is outside 0.3 to 10 L"),
])  # fmt: skip
def test_a_bad_row_has_a_reason_and_the_others_keep_their_values(change, reason):
    row = {"sex": "M", "age": 45.0, "height": 170.0, "FVC": 3.0}
    table = pd.DataFrame([row, row | change, row])
    good = calculate(man(), {"FVC": [3.0]}).values.iloc[0]
    found = calculate(table[["sex", "age", "height"]].to_dict("list"), {"FVC": table["FVC"]})
    assert reasons(found) == ["", reason, ""]
    assert np.isnan(found.values["FVC_z_score"][1])
    assert np.isnan(found.values["FVC_percent_predicted"][1])
    for position in (0, 2):
        pd.testing.assert_series_equal(found.values.iloc[position], good, check_names=False)


def test_an_age_that_one_equation_does_not_cover_leaves_the_others():
    people = {"sex": ["F"] * 3, "age": [80.0, 82.0, 88.0], "height": [160.0] * 3}
    found = calculate(people, {"FVC": [2.0] * 3, "DLCO": [12.0] * 3, "TLC": [4.0] * 3})
    assert found.values["FVC_z_score"].notna().tolist() == [True, True, True]
    assert found.values["DLCO_z_score"].notna().tolist() == [True, True, False]
    assert found.values["TLC_z_score"].notna().tolist() == [True, False, False]
    assert reasons(found, "DLCO_reason")[2] == "Age 88 years is outside 5 to 85 years of GLI-2017"
    assert reasons(found, "TLC_reason")[1] == "Age 82 years is outside 5 to 80 years of GLI-2021"


def test_a_row_without_a_measured_value_still_has_a_predicted_one():
    values = calculate(man(2), {"FVC": [3.0, NAN]}).values
    assert values["FVC_predicted"][1] == pytest.approx(4.23914901124337, rel=1e-11)  # rspiro
    assert np.isnan(values["FVC_z_score"][1])


def test_a_row_without_a_ratio_takes_that_of_its_parts():
    parts = {"FEV1": [2.0, 2.0, 2.0, NAN], "FVC": [3.0, 3.0, 3.0, 3.0]}
    stated = calculate(man(4), {**parts, "FEV1/FVC": [NAN, 2 / 3, 7.0, NAN]})
    alone = calculate(man(4), parts)
    z = "FEV1_FVC_z_score"
    assert stated.values[z].notna().tolist() == [True, True, False, False]
    assert stated.values[z][0] == alone.values[z][0] == pytest.approx(stated.values[z][1])
    assert "is outside" in reasons(stated, "FEV1_FVC_reason")[2]


def test_a_value_that_cannot_belong_to_the_person_is_named():
    people = {"sex": ["F"], "age": [5.0], "height": [105.0]}
    found = calculate(people, {"FVC": [5.0]})
    assert np.isnan(found.values["FVC_z_score"][0])
    assert "of FVC is not plausible; check it, sex, age and height" in reasons(found)[0]


def test_the_order_of_rows_does_not_matter():
    random = np.random.default_rng(1)
    table = pd.DataFrame({
        "sex": random.choice(["f", "m", None], 60),
        "age": random.uniform(2, 99, 60),
        "height": random.uniform(95, 200, 60),
        "FEV1": random.uniform(0, 4, 60),
        "FVC": random.uniform(0, 5, 60),
        "DLCO": random.uniform(1, 40, 60),
    })  # fmt: skip
    sources = PEOPLE | {name: Source(name) for name in ("FEV1", "FVC", "DLCO")}
    units = {"FEV1": "L", "FVC": "L", "DLCO": "mL/min/mmHg", "Height": "cm", "Age": "years"}
    settings = LungFunctionSettings(units=units)
    found = lung_function(table, sources, settings).values
    turned = lung_function(table.iloc[::-1], sources, settings).values
    pd.testing.assert_frame_equal(found, turned.iloc[::-1])
    filled = found["FVC_z_score"].notna()
    assert 5 < filled.sum() < 55
    assert (found["FVC_reason"].isna() == filled).all()
    assert (found["DLCO_reason"].isna() == found["DLCO_z_score"].notna()).all()


def test_the_ratio_is_calculated_or_checked():
    assert calculate(man(), {"FEV1": [2.4], "FVC": [3.0]}).values["FEV1_FVC_reason"].isna()[0]
    stated = {"FEV1": [2.4, 2.4, 3.4], "FVC": [3.0] * 3, "FEV1/FVC": [0.8, 0.6, 0.8]}
    found = calculate(man(3), stated)
    assert reasons(found, "FEV1_FVC_reason") == [
        "",
        "FEV1/FVC 0.60 is not FEV1 / FVC = 0.80",
        "FEV1/FVC 0.80 is not FEV1 / FVC = 1.13",
    ]
    impossible = calculate(man(), {"FEV1": [3.4], "FVC": [3.0]})
    assert reasons(impossible, "FEV1_FVC_reason") == ["FEV1/FVC 1.133 is outside 0.1 to 1.05"]
    alone = calculate(man(), {"FEV1/FVC": [0.8]}).values
    assert alone["FEV1_FVC_z_score"].notna()[0]
    assert "spirometric_pattern" not in alone


def test_equation_and_version_are_recorded_per_column():
    result = calculate(man(), {"FVC": [3.0], "DLCO": [20.0], "TLC": [6.0]})
    assert [column.name for column in result.columns] == list(result.values.columns)
    by_name = {column.name: column for column in result.columns}
    assert by_name["FVC_z_score"].equation == "GLI-2022 global (no ethnic groups)"
    assert "Bowerman" in by_name["FVC_z_score"].citation
    assert by_name["DLCO_predicted"].unit == "mL/min/mmHg"
    assert "not corrected for haemoglobin" in by_name["DLCO_z_score"].note
    assert by_name["TLC_lower_limit"].equation == "GLI-2021 static lung volumes"
    assert by_name["FVC_z_score"].version == f"pyspiro {version('pyspiro')}"
    assert by_name["FVC_z_score"].sources == ("FVC", "sex", "age", "height")
    assert by_name["gap_index"].sources == ("FVC", "DLCO", "sex", "age", "height")


def test_without_sex_age_or_height_there_are_no_reference_values():
    table = pd.DataFrame(man() | {"FVC": [3.0]})
    with pytest.raises(TableError, match="need sex, height; choose the columns"):
        lung_function(table, {"Age": Source("age")}, LungFunctionSettings())


def test_the_index_of_the_table_is_kept_and_its_values_are_not_changed():
    table = pd.DataFrame(man(2) | {"FVC": [3.0, 3.1]}, index=["p7", "p3"])
    before = table.copy()
    sources = PEOPLE | {"FVC": Source("FVC", "L")}
    found = lung_function(table, sources, LungFunctionSettings()).values
    assert found.index.tolist() == ["p7", "p3"]
    pd.testing.assert_frame_equal(table, before)


def test_a_table_without_rows_gives_a_table_without_rows():
    table = pd.DataFrame(man(2) | {"FVC": [3.0, 3.1], "DLCO": [20.0, 21.0]}).iloc[:0]
    sources = PEOPLE | {"FVC": Source("FVC", "L"), "DLCO": Source("DLCO", "mL/min/mmHg")}
    assert len(lung_function(table, sources, LungFunctionSettings()).values) == 0
