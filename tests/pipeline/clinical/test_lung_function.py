"""Step `lung-function`: columns found, units confirmed, reference values stored and described."""

import numpy as np
import pandas as pd
import pytest

from clam_core.errors import MissingStepError, TableError
from clam_core.pipeline.clinical.associate import associate_run
from clam_core.pipeline.clinical.lung_function import (
    add_reference_values,
    find_sources,
    proposals_of,
)
from clam_core.settings import AssociateSettings
from clam_core.spirometry import LungFunctionSettings, Source
from clam_core.study import Run
from clam_core.study.associations import read_associations
from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.describe_columns import infer_columns, typed_frame
from clam_core.tables.text.raw_table import RawTable
from tests.pipeline.clustered import study_of, write_clinical
from tests.spirometry.published import RSPIRO


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    made = study_of(tmp_path_factory.mktemp("study") / "s")
    add_reference_values(made, LungFunctionSettings())
    return made


def columns_of(study):
    frame, description = study.clinical()
    return frame, {info["name"]: ColumnInfo.from_json(info) for info in description["columns"]}


def given(folder, columns):
    """A study whose clinical table has these columns as text."""
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    raw = RawTable("t", "csv", tuple(columns), rows, list(range(len(rows))))
    infos = infer_columns(raw)
    made = study_of(folder, (len(rows) // 2, len(rows) - len(rows) // 2), clinical=False)
    ids = pd.Index([f"S{row:04d}" for row in range(len(rows))], name="scan_id")
    write_clinical(made, typed_frame(raw, infos).set_axis(ids, axis="index"), infos)
    return made


def published(**more):
    """The subjects of the R package rspiro with their values as text, FVC in the given unit."""
    sex, age, height, fev1, _, _, fvc, *_ = zip(*RSPIRO, strict=True)
    return {
        "sex": list(sex),
        "age": [f"{one}" for one in age],
        "height_cm": [f"{one}" for one in height],
        "FEV1_L": [f"{0.85 * one:.9f}" for one in fev1],
        "FVC_L": [f"{0.85 * one:.9f}" for one in fvc],
        **more,
    }


def test_the_stored_values_are_those_of_another_program(tmp_path):
    made = given(tmp_path / "s", published())
    add_reference_values(made, LungFunctionSettings())
    frame, _ = columns_of(made)
    predicted, limit, z_score = (np.array([row[i] for row in RSPIRO]) for i in (6, 7, 8))
    np.testing.assert_allclose(frame["FVC_predicted"], predicted, rtol=1e-7)
    np.testing.assert_allclose(frame["FVC_lower_limit"], limit, rtol=1e-7)
    np.testing.assert_allclose(frame["FVC_z_score"], z_score, atol=1e-6)
    np.testing.assert_allclose(frame["FVC_percent_predicted"], 85, atol=1e-5)


def test_columns_say_how_they_were_made(study):
    _, columns = columns_of(study)
    made = columns["DLCO_z_score"]
    assert made.equation.startswith("GLI-2017 transfer factor") and "Stanojevic" in made.equation
    assert made.version == "pyspiro 1.0.0" and made.family == "lung function"
    assert made.made_from == ("DLCO", "sex", "age", "height_cm")
    assert made.unit == "z-score" and made.kind == "continuous"
    assert columns["spirometric_pattern"].levels and columns["gap_index"].kind == "ordinal"
    assert columns["FVC_L"].equation == ""


def test_gap_is_there_only_where_all_four_inputs_are(study):
    frame, _ = columns_of(study)
    complete = frame[["DLCO", "FVC_L", "age", "sex"]].notna().all(axis=1)
    assert not complete.all()
    np.testing.assert_array_equal(frame["gap_index"].notna(), complete)
    assert frame.loc[~complete, "gap_reason"].notna().all()


def test_calculated_again_they_replace_the_old_ones(study):
    before = columns_of(study)[0]
    add_reference_values(study, LungFunctionSettings())
    after = columns_of(study)[0]
    pd.testing.assert_frame_equal(after, before)


def test_what_follows_from_the_person_alone_is_not_tested(study):
    associate_run(study, "default", AssociateSettings(n_resamples=199))
    found = read_associations(Run(study, "default"))
    variables = set(found.rows["variable"])
    assert {"FVC_z_score", "FVC_percent_predicted", "spirometric_pattern"} <= variables
    assert not {"FVC_predicted", "FVC_lower_limit", "FVC_reason"} & variables
    assert found.rows.set_index("variable").loc["DLCO_z_score", "p_adjusted"] < 0.05


def test_a_doubtful_unit_has_to_be_confirmed(tmp_path):
    table = published()
    table["FVC"] = [f"{1000 * float(one):.4f}" for one in table.pop("FVC_L")]
    made = given(tmp_path / "s", table)
    unsure = {one.column: one for one in proposals_of(made) if one.must_confirm}
    assert set(unsure) == {"FVC"} and unsure["FVC"].unit == "mL"
    with pytest.raises(TableError, match="'FVC' looks like FVC in mL .*confirm its unit"):
        add_reference_values(made, LungFunctionSettings())
    assert "FVC_z_score" not in columns_of(made)[0]
    add_reference_values(made, LungFunctionSettings(units={"FVC": "mL"}))
    z_score = [row[8] for row in RSPIRO]
    np.testing.assert_allclose(columns_of(made)[0]["FVC_z_score"], z_score, atol=1e-6)


def test_codes_of_the_sex_have_to_be_stated(tmp_path):
    table = published()
    table["sex"] = ["1" if one == "M" else "2" for one in table["sex"]]
    made = given(tmp_path / "s", table)
    with pytest.raises(TableError, match="state which code means female"):
        add_reference_values(made, LungFunctionSettings())
    stated = LungFunctionSettings(sex_codes={"1": "male", "2": "female"})
    add_reference_values(made, stated)
    z_score = [row[8] for row in RSPIRO]
    np.testing.assert_allclose(columns_of(made)[0]["FVC_z_score"], z_score, atol=1e-6)


def test_measured_values_are_found_and_per_cent_predicted_is_not_one():
    infos = [
        ColumnInfo("Größe", "Height", "continuous", unit="cm"),
        ColumnInfo("fvc_pred", "FVC", "continuous", unit="% predicted"),
        ColumnInfo("FVC baseline", "FVC", "continuous", unit="L"),
        ColumnInfo("FVC year 1", "FVC", "continuous", unit="L"),
        ColumnInfo("Geschlecht", "Sex", "binary"),
        ColumnInfo("FEV1", "FEV1", "free_text"),
    ]
    assert find_sources(infos) == {
        "Height": Source("Größe", "cm"),
        "FVC": Source("FVC baseline", "L"),
        "Sex": Source("Geschlecht"),
    }


def test_without_a_height_or_a_table_it_says_what_is_missing(tmp_path):
    table = published()
    del table["height_cm"]
    with pytest.raises(TableError, match="need height; choose the columns"):
        add_reference_values(given(tmp_path / "a", table), LungFunctionSettings())
    with pytest.raises(MissingStepError, match="no clinical table"):
        add_reference_values(study_of(tmp_path / "b", clinical=False), LungFunctionSettings())
