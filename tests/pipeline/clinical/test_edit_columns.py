"""Corrections of stored columns, against importing the table again with the same decisions."""

import pandas as pd
import pytest

from clam_core.errors import MissingStepError, TableError
from clam_core.pipeline.clinical.edit_columns import edit_columns
from clam_core.pipeline.clinical.import_clinical import import_table
from clam_core.study import Study
from clam_core.tables.describe_columns import ColumnOverride
from clam_core.tables.import_table import ClinicalOptions
from tests.study import make

TABLE = """scan_id,fvc,stage,code,seen,smokes
s0,3.25,low,1,2021-03-04,yes
s1,2.5,high,2,2020-01-31,no
s2,,middle,3,2019-12-01,yes
s3,4.125,low,1,2021-03-05,no
s4,1,high,2,,yes
"""


@pytest.fixture
def study(tmp_path):
    made = make.empty(tmp_path / "one", 5)
    (tmp_path / "t.csv").write_text(TABLE)
    import_table(made, tmp_path / "t.csv")
    return made


def column(study, name):
    (found,) = [one for one in study.clinical()[1]["columns"] if one["name"] == name]
    return found


@pytest.mark.parametrize(
    "overrides",
    [
        {"stage": ColumnOverride(levels=("low", "middle", "high"))},
        {"code": ColumnOverride(kind="nominal"), "smokes": ColumnOverride(kind="nominal")},
        {"code": ColumnOverride(kind="continuous", unit="points")},
        {"fvc": ColumnOverride(unit="L", family="lungs", label="Forced vital capacity")},
        {"seen": ColumnOverride(kind="free_text")},
        {"fvc": ColumnOverride(kind="ordinal")},
    ],
)
def test_a_correction_gives_what_a_new_import_gives(study, tmp_path, overrides):
    edit_columns(study, overrides)
    again = make.empty(tmp_path / "two", 5)
    import_table(again, tmp_path / "t.csv", ClinicalOptions(overrides=overrides))
    ours, theirs = study.clinical(), again.clinical()
    pd.testing.assert_frame_equal(ours[0], theirs[0])
    for one, other in zip(ours[1]["columns"], theirs[1]["columns"], strict=True):
        same = {"kind", "unit", "family", "label", "levels", "n", "n_missing", "n_unique"}
        assert {k: one[k] for k in same} == {k: other[k] for k in same}


def test_it_survives_being_written_and_opened_again(study):
    edit_columns(study, {"stage": ColumnOverride(levels=("low", "middle", "high"))})
    table, _ = Study(study.folder).clinical()
    assert table["stage"].cat.ordered
    assert table["stage"].cat.categories.tolist() == ["low", "middle", "high"]
    assert table["stage"].tolist() == ["low", "high", "middle", "low", "high"]


def test_what_would_lose_values_is_refused_and_changes_nothing(study):
    before = study.clinical()[0]
    with pytest.raises(TableError, match="no cell of it can be read so"):
        edit_columns(study, {"stage": ColumnOverride(kind="continuous")})
    edit_columns(study, {"fvc": ColumnOverride(kind="free_text")})
    with pytest.raises(TableError, match="binary"):
        edit_columns(study, {"stage": ColumnOverride(kind="binary")})
    with pytest.raises(TableError, match="lack 'middle'"):
        edit_columns(study, {"stage": ColumnOverride(levels=("low", "high"))})
    pd.testing.assert_series_equal(study.clinical()[0]["stage"], before["stage"])


def test_values_that_only_partly_fit_are_not_dropped(tmp_path):
    made = make.empty(tmp_path / "one", 5)
    (tmp_path / "t.csv").write_text(TABLE.replace("low", "7"))
    import_table(made, tmp_path / "t.csv")
    with pytest.raises(TableError, match="3 values of column 'stage' .* would be lost"):
        edit_columns(made, {"stage": ColumnOverride(kind="continuous")})


def test_calculated_columns_keep_their_kind_and_say_when_they_are_stale(study):
    table, description = study.clinical()
    made = {**column(study, "fvc"), "name": "z", "equation": "GLI", "made_from": ["fvc"]}
    description["columns"].append(made)
    study.write_clinical(table.assign(z=1.0), description)
    with pytest.raises(TableError, match="was calculated"):
        edit_columns(study, {"z": ColumnOverride(kind="nominal")})
    said = edit_columns(study, {"fvc": ColumnOverride(unit="mL")}).sentences
    assert said[0] == "1 column changed: fvc."
    assert "z were calculated from the old values" in said[1]
    assert edit_columns(study, {}).sentences == ("Nothing was changed.",)


def test_without_a_table_the_missing_step_is_named(tmp_path):
    with pytest.raises(MissingStepError, match="step 'clinical'"):
        edit_columns(make.empty(tmp_path / "one"), {})
