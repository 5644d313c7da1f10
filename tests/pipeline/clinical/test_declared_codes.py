"""Codes that mean missing: declared, kept for the next reading, taken back, told if unused."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from clam_core.__main__ import make_app
from clam_core.errors import StudyError, TableError
from clam_core.pipeline.clinical.edit_columns import edit_columns
from clam_core.pipeline.clinical.import_clinical import declared_of, import_table
from clam_core.study import Study
from clam_core.study.seals import SEAL
from clam_core.tables.describe_columns import ColumnOverride
from clam_core.tables.import_table import ClinicalOptions
from tests.study import make

TABLE = (
    "scan_id;fev1;age;score;smoker;note;seen\n"
    "s0;2,5;54;0;0;-9 to 5;03.04.2015\n"
    "s1;-9,0;999;9;1;fine;05.06.2016\n"
    "s2;3,25;60;1;9;-9;07.08.2017\n"
    "s3;2,25;45;3;1;worse;01.02.2018\n"
    "s4;-9;50;1;0;same;09.09.2019\n"
    "s5;1,5;61;0;1;odd;10.10.2020\n"
)


@pytest.fixture
def study(tmp_path):
    (tmp_path / "t.csv").write_text(TABLE)
    return make.empty(tmp_path / "one", 6)


def clinical(study, tmp_path, *given):
    return CliRunner().invoke(
        make_app(), ["clinical", str(study.folder), str(tmp_path / "t.csv"), *given]
    )


def column(study, name):
    (found,) = [one for one in study.clinical()[1]["columns"] if one["name"] == name]
    return found


CODES = ("--missing", "-9", "--missing", "age=999", "--missing", "score=9", "--missing", "smoker=9")


def check_declared(study):
    frame, _ = study.clinical()
    assert frame["fev1"].dropna().tolist() == [2.5, 3.25, 2.25, 1.5]
    assert frame["age"].dropna().tolist() == [54, 60, 45, 50, 61]
    assert frame["score"].dropna().tolist() == ["0", "1", "3", "1", "0"]
    assert frame["smoker"].dropna().tolist() == ["0", "1", "1", "0", "1"]
    assert frame["note"].dropna().tolist() == ["-9 to 5", "fine", "worse", "same", "odd"]
    assert (column(study, "smoker")["kind"], column(study, "score")["kind"]) == (
        "binary",
        "ordinal",
    )
    assert not any(one["doubts"] for one in study.clinical()[1]["columns"])


def test_codes_on_the_command_line_for_the_table_and_for_columns(study, tmp_path):
    done = clinical(study, tmp_path)
    assert "fev1: 2 cells with -9, which often stands for a missing value" in done.output
    assert "smoker: 1 cell with 9, which often stands" in done.output
    done = clinical(study, tmp_path, *CODES)
    assert done.exit_code == 0, done.output
    check_declared(study)
    assert "taken as missing, as declared" in done.output
    assert "often stands" not in done.output and "no cell of" not in done.output


def test_a_new_reading_of_the_table_keeps_them_and_says_so(study, tmp_path):
    clinical(study, tmp_path, *CODES)
    (tmp_path / "t.csv").write_text(TABLE.replace("s5;1,5", "s5;1,50"))
    done = clinical(study, tmp_path)
    check_declared(study)
    assert "Declared before, and still so: -9 means missing; in 'age' 999 means missing" in (
        done.output
    )
    # More are added to those that hold.
    clinical(study, tmp_path, "--missing", "age=45")
    assert study.clinical()[0]["age"].dropna().tolist() == [54, 60, 50, 61]
    assert declared_of(Study(study.folder)).columns["age"].missing_values == ("999", "45")
    clinical(study, tmp_path, "--forget-declared")
    assert study.clinical()[0]["age"].max() == 999
    assert study.clinical()[0]["fev1"].min() == -9


def test_a_code_that_never_occurs_is_said(study, tmp_path):
    done = clinical(study, tmp_path, "--missing", "-99", "--missing", "age=9", "--missing", "-9,-8")
    said = done.output
    assert (
        "'-99', '-9,-8' were declared to mean missing, but no cell of the table holds them" in said
    )
    assert "Declare each code by itself" in said
    assert "'9' was declared to mean missing, but no cell of column 'age' holds it." in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--missing", "weight=9"), "There is no column 'weight'"),
        (("--missing", "age="), "--missing 'age=' is not CODE, nor COLUMN=CODE"),
        (("--missing", " "), "is not CODE"),
        (("--date-order", "ymd"), "date_order"),
        (("--decimal", "age=;"), "decimal"),
    ],
)
def test_what_cannot_be_declared_is_one_sentence(study, tmp_path, given, said):
    done = clinical(study, tmp_path, *given)
    assert done.exit_code == 2 and said in done.output and "Traceback" not in done.output
    assert study.clinical() is None


def test_date_order_and_decimal_mark_for_the_table_and_for_a_column(study, tmp_path):
    (tmp_path / "t.csv").write_text(
        "scan_id\ta\tb\tx\ty\n"
        "s0\t03/04/2015\t03/04/2015\t1,234\t1,234\n"
        "s1\t05/06/2016\t05/06/2016\t2,345\t2,345\n"
        "s2\t07/08/2017\t07/08/2017\t3,456\t3,456\n"
    )
    done = clinical(study, tmp_path)
    assert "can be read in two ways" in done.output
    assert study.clinical()[0]["a"].dt.month.tolist() == [3, 5, 7]
    marks = ("--date-order", "dmy", "--date-order", "b=mdy", "--decimal", ",", "--decimal", "y=.")
    done = clinical(study, tmp_path, *marks)
    assert done.exit_code == 0 and "two ways" not in done.output
    for said in (done, clinical(study, tmp_path)):
        assert said.exit_code == 0
        frame, _ = study.clinical()
        assert frame["a"].dt.month.tolist() == [4, 6, 8]
        assert frame["b"].dt.month.tolist() == [3, 5, 7]
        assert frame["x"].tolist() == [1.234, 2.345, 3.456]
        assert frame["y"].tolist() == [1234, 2345, 3456]
    assert "dates begin with the day" in said.output


def test_a_code_beside_its_column_gives_what_a_new_import_gives(study, tmp_path):
    import_table(study, tmp_path / "t.csv")
    own = {name: ColumnOverride(missing_values=("9",)) for name in ("score", "smoker")}
    own["age"] = ColumnOverride(missing_values=("999",))
    said = edit_columns(study, own, ("-9",)).sentences
    assert said[0] == "5 columns changed: fev1, age, score, smoker, note."
    check_declared(study)
    again = make.empty(tmp_path / "two", 6)
    clinical(again, tmp_path, *CODES)
    pd.testing.assert_frame_equal(study.clinical()[0], again.clinical()[0])
    assert study.clinical()[1]["taken_as_missing"] == again.clinical()[1]["taken_as_missing"]
    same = ("kind", "unit", "levels", "n", "n_missing", "n_unique", "missing_values", "doubts")
    for one, other in zip(study.clinical()[1]["columns"], again.clinical()[1]["columns"],
                          strict=True):  # fmt: skip
        assert {k: one[k] for k in same} == {k: other[k] for k in same}


def test_a_code_that_is_taken_back_gives_the_values_back(study, tmp_path):
    import_table(study, tmp_path / "t.csv")
    before = study.clinical()
    edit_columns(study, {"score": ColumnOverride(missing_values=("9",))}, ("-9",))
    edit_columns(study, {"fev1": ColumnOverride(label="FEV1 of the first visit")})
    assert study.clinical()[0]["fev1"].notna().sum() == 4
    edit_columns(study, {"score": ColumnOverride(missing_values=())}, ())
    frame, description = study.clinical()
    pd.testing.assert_frame_equal(frame, before[0])
    assert description["taken_as_missing"] == {}
    assert column(study, "fev1")["label"] == "FEV1 of the first visit"
    assert column(study, "fev1")["doubts"] == list(before[1]["columns"][0]["doubts"]) != []


def test_an_edit_of_a_column_keeps_its_codes_and_other_decisions(study, tmp_path):
    import_table(study, tmp_path / "t.csv")
    edit_columns(study, {"score": ColumnOverride(levels=("9", "3", "1", "0"))})
    edit_columns(study, {"smoker": ColumnOverride(kind="ordinal", family="habits")})
    edit_columns(study, {"fev1": ColumnOverride(unit="mL")})
    edit_columns(study, {}, ("9", "-9"))
    assert column(study, "score")["levels"] == ["3", "1", "0"]
    assert (column(study, "smoker")["kind"], column(study, "smoker")["family"]) == (
        "ordinal",
        "habits",
    )
    assert column(study, "fev1")["unit"] == "mL"
    edit_columns(study, {"score": ColumnOverride(kind="continuous")})
    assert study.clinical()[0]["score"].isna().sum() == 1
    edit_columns(study, {"score": ColumnOverride(kind="nominal")})
    assert column(study, "score")["missing_values"] == ["9", "-9"]


def test_what_only_the_file_could_tell_is_not_forgotten(study, tmp_path):
    (tmp_path / "t.csv").write_text(TABLE.replace("s0;2,5;54", "s0;2,5;young"))
    import_table(study, tmp_path / "t.csv")
    edit_columns(study, {"age": ColumnOverride(missing_values=("999",))})
    (doubt,) = column(study, "age")["doubts"]
    assert doubt.startswith("1 cell is not a number and was taken as missing")
    assert not any("999, which often" in one for one in column(study, "age")["warnings"])


def test_a_code_of_its_own_stands_beside_those_of_the_table(study, tmp_path):
    import_table(study, tmp_path / "t.csv")
    edit_columns(study, {}, ("-9",))
    edit_columns(study, {"fev1": ColumnOverride(missing_values=("77",))})
    assert study.clinical()[0]["fev1"].min() == 1.5
    edit_columns(study, {"fev1": ColumnOverride(missing_values=())}, ())
    assert study.clinical()[0]["fev1"].min() == -9


def test_calculated_columns_and_unknown_codes(study, tmp_path):
    import_table(study, tmp_path / "t.csv")
    table, description = study.clinical()
    made = {**column(study, "fev1"), "name": "z", "equation": "GLI", "made_from": ["fev1"]}
    description["columns"].append(made)
    study.write_clinical(table.assign(z=-9.0), description)
    said = edit_columns(study, {}, ("-9", "77")).sentences
    assert study.clinical()[0]["z"].tolist() == [-9.0] * 6
    assert "z were calculated from the old values" in said[1]
    assert said[-1].startswith("'77' was declared to mean missing, but no cell of the table")
    with pytest.raises(TableError, match="was calculated"):
        edit_columns(study, {"z": ColumnOverride(missing_values=("-9",))})


def test_an_older_study_has_nothing_declared_and_can_be_changed(study, tmp_path):
    import_table(study, tmp_path / "t.csv")
    path = study.folder / "clinical.json"
    stored = json.loads(path.read_text())
    for name in ("declared", "taken_as_missing", SEAL):
        del stored[name]
    for one in stored["columns"]:
        for name in ("doubts", "date_order_is_sure"):
            del one[name]
    path.write_text(json.dumps(stored))
    older = Study(study.folder)
    edit_columns(older, {"age": ColumnOverride(missing_values=("999",))})
    assert older.clinical()[0]["age"].isna().sum() == 1
    stored["declared"] = "no"
    path.write_text(json.dumps(stored))
    with pytest.raises(StudyError, match="damaged; import the table again"):
        edit_columns(older, {})


def test_a_table_without_a_declared_column_is_read_and_says_so(study, tmp_path):
    clinical(study, tmp_path, "--missing", "age=999")
    (tmp_path / "t.csv").write_text("scan_id,fvc\ns0,2.5\ns1,3.5\n")
    done = clinical(study, tmp_path)
    assert done.exit_code == 0
    assert "The table has no column 'age', for which something was declared before." in done.output


def test_names_of_columns_may_hold_commas_and_equals_signs(study, tmp_path):
    (tmp_path / "t.csv").write_text('scan_id,"FVC, L",t=0\ns0,2.5,1\ns1,-9,999\ns2,3.5,4\n')
    done = clinical(study, tmp_path, "--missing", "FVC, L=-9", "--missing", "t=0=999")
    assert done.exit_code == 0, done.output
    assert study.clinical()[0].isna().sum().tolist() == [1, 1]


def test_options_in_a_notebook_are_the_same(study, tmp_path):
    own = {name: ColumnOverride(missing_values=("9",)) for name in ("score", "smoker")}
    own["age"] = ColumnOverride(missing_values=("999",))
    import_table(study, tmp_path / "t.csv", ClinicalOptions(missing_values=("-9",), overrides=own))
    check_declared(study)
