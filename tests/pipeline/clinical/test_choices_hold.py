"""What was chosen of a column, by flags or on the page Cohort, holds for the next import."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from clam_core.__main__ import make_app
from clam_core.errors import TableError
from clam_core.pipeline.clinical.edit_columns import edit_columns
from clam_core.pipeline.clinical.import_clinical import declared_of, import_table
from clam_core.pipeline.clinical.known_event import stated_event
from clam_core.study import Run, Study
from clam_core.study.associations import read_associations
from clam_core.tables.describe_columns import ColumnOverride
from clam_core.tables.import_table import ClinicalOptions
from tests.pipeline.clustered import study_of, write_run
from tests.study import make

TABLE = (
    "scan_id;fev1;stage;smoker;remark\n"
    "s0;2,5;0;0;a\ns1;3;2;1;b\ns2;3,25;1;9;c\ns3;2,25;3;1;a\ns4;2;1;0;b\ns5;1,5;0;1;c\n"
)
ALIKE = ["name", "label", "kind", "unit", "family", "levels", "n", "missing_values", "doubts"]


@pytest.fixture
def study(tmp_path):
    (tmp_path / "t.csv").write_text(TABLE)
    return make.empty(tmp_path / "one", 6)


def clinical(study, tmp_path, *given):
    return CliRunner().invoke(
        make_app(), ["clinical", str(study.folder), str(tmp_path / "t.csv"), *given]
    )


def described(study):
    columns = study.clinical()[1]["columns"]
    return {one["name"]: {key: one[key] for key in ALIKE} for one in columns}


def test_kinds_units_and_codes_of_flags(study, tmp_path):
    given = ("--kind", "stage=nominal", "--unit", "fev1=mL", "--missing", "smoker=9")
    first = clinical(study, tmp_path, *given)
    assert "The name says no unit" not in first.output
    frame, found = study.clinical()[0], described(study)
    assert (found["stage"]["kind"], found["fev1"]["unit"]) == ("nominal", "mL")
    again = clinical(study, tmp_path)
    assert described(study) == found
    pd.testing.assert_frame_equal(study.clinical()[0], frame)
    assert (
        "Declared before, and still so: in 'stage' the kind is nominal; in 'fev1' the unit is mL; "
        "in 'smoker' 9 means missing." in again.output
    )
    clinical(study, tmp_path, "--kind", "stage=ordinal", "--unit", "fev1=L")
    clinical(study, tmp_path)
    found = described(study)
    assert (found["stage"]["kind"], found["fev1"]["unit"]) == ("ordinal", "L")
    clinical(study, tmp_path, "--forget-declared")
    assert declared_of(study).words() == "" and described(study)["fev1"]["unit"] == "L"


def test_what_the_page_saved(study, tmp_path):
    import_table(study, tmp_path / "t.csv")
    chosen = {
        "stage": ColumnOverride(levels=("3", "2", "1", "0"), family="staging"),
        "remark": ColumnOverride(label="Remark of the reader", kind="ordinal"),
        "fev1": ColumnOverride(unit=""),
        "smoker": ColumnOverride(kind="nominal"),
    }
    edit_columns(study, chosen)
    frame, found = study.clinical()[0], described(study)
    assert list(frame["stage"].cat.categories) == ["3", "2", "1", "0"]
    assert found["fev1"]["unit"] == ""
    said = " ".join(import_table(study, tmp_path / "t.csv").sentences)
    assert described(study) == found
    pd.testing.assert_frame_equal(study.clinical()[0], frame)
    assert "in 'stage' the levels are 3 < 2 < 1 < 0, the family is 'staging'" in said
    assert "in 'fev1' there is no unit" in said
    # Another kind takes back the levels.
    edit_columns(study, {"stage": ColumnOverride(kind="continuous")})
    import_table(study, tmp_path / "t.csv")
    assert described(study)["stage"]["kind"] == "continuous"
    assert declared_of(study).columns["stage"].levels is None


@pytest.mark.parametrize(
    ("chosen", "cell", "why"),
    [
        ({"levels": ("0", "1", "2", "3")}, "s5;1,5;5;1", "'stage' lack '5'"),
        ({"kind": "count"}, "s5;1,5;IIa;1", ""),
    ],
)
def test_cells_that_a_choice_no_longer_fits(study, tmp_path, chosen, cell, why):
    import_table(study, tmp_path / "t.csv")
    edit_columns(study, {"stage": ColumnOverride(**chosen), "fev1": ColumnOverride(unit="mL")})
    (tmp_path / "t.csv").write_text(TABLE.replace("s5;1,5;0;1", cell))
    said = " ".join(import_table(study, tmp_path / "t.csv").sentences)
    if why:
        assert "What was chosen for 'stage' before no longer holds" in said and why in said
        assert declared_of(study).columns["stage"].levels is None
    else:
        assert "1 cell is not a number" in said
    assert described(study)["fev1"]["unit"] == "mL"


def test_two_answers_that_became_three(study, tmp_path):
    options = ClinicalOptions(overrides={"smoker": ColumnOverride(kind="binary")})
    (tmp_path / "t.csv").write_text(TABLE.replace("3,25;1;9", "3,25;1;0"))
    import_table(study, tmp_path / "t.csv", options)
    (tmp_path / "t.csv").write_text(TABLE)
    said = " ".join(import_table(study, tmp_path / "t.csv").sentences)
    assert "What was chosen for 'smoker' before no longer holds. Column 'smoker' has 3" in said
    assert described(study)["smoker"]["kind"] == "nominal"
    with pytest.raises(TableError, match="cannot be binary"):
        import_table(study, tmp_path / "t.csv", options)


def test_labels_of_calculated_columns_are_not_looked_for_in_the_file(study, tmp_path):
    import_table(study, tmp_path / "t.csv")
    table, description = study.clinical()
    made = {**description["columns"][0], "name": "z", "equation": "GLI", "made_from": ["fev1"]}
    description["columns"].append(made)
    study.write_clinical(table.assign(z=-1.0), description)
    edit_columns(study, {"z": ColumnOverride(label="z-score")})
    assert study.clinical()[1]["columns"][-1]["label"] == "z-score"
    assert "'z'" not in " ".join(import_table(study, tmp_path / "t.csv").sentences)


FLAGS = [
    ["--id", "scan_id", "--sheet", "Data", "--accept-near-misses", "--duplicates", "first"],
    ["--decimal", ",", "--decimal", "fev1=.", "--date-order", "dmy", "--date-order", "d=mdy"],
    ["--missing", "-9", "--missing", "FVC, L=99", "--kind", "stage=ordinal", "--unit", "fev1=mL"],
    ["--forget-declared", "--kind", "a=b=count", "--missing", "a=b=9"],
    [],
]


@pytest.mark.parametrize("flags", FLAGS)
def test_run_reads_its_table_as_clinical_does(study, tmp_path, flags, monkeypatch):
    seen = []

    def record(_, path, options, *__):
        seen.append((path, options))
        raise TableError("This is all that is asked for.")

    monkeypatch.setattr("clam_core.pipeline.clinical.import_clinical.import_table", record)
    monkeypatch.setattr("clam_core.pipeline.everything.import_table", record)
    table = str(tmp_path / "t.csv")
    alone = ["clinical", str(study.folder), table, *flags]
    in_one_go = ["run", str(study.folder), "--scans", str(tmp_path), "--clinical", table, *flags]
    for command in (alone, in_one_go):
        done = CliRunner().invoke(make_app(), command)
        assert done.exit_code == 2 and "This is all" in done.output, done.output
    assert seen[0] == seen[1]
    assert (seen[0][1] == ClinicalOptions()) == (not flags)


def test_a_stated_event_holds_for_the_next_comparison(tmp_path):
    study = study_of(tmp_path / "s", (12, 12), clinical=False)
    write_run(Study(study.folder), np.arange(24) % 2, "other")
    rows = [f"S{n:04d},{1.5 * n + 10.3},{1 + n % 3 // 2}" for n in range(24)]
    (tmp_path / "t.csv").write_text("\n".join(["scan_id,time,status", *rows]) + "\n")
    import_table(study, tmp_path / "t.csv")

    def associate(*given):
        survival = ["--time", "time", "--event", "status", *given]
        return CliRunner().invoke(make_app(), ["associate", str(study.folder), *survival])

    assert associate().exit_code == 2
    assert associate("--event-level", "2").exit_code == 0
    import_table(study, tmp_path / "t.csv")
    for run in ("default", "other"):
        done = associate("--run", run)
        assert done.exit_code == 0, done.output
        stored = read_associations(Run(study, run)).about
        assert stored["settings"]["event_level"] == "2"
        assert "The event is the answer '2' in column 'status' (as stated)" in done.output
    assert associate("--run", "other", "--event-level", "1").exit_code == 0
    assert stated_event(study, "status") == "1"
    assert stated_event(study, "time") is None
    # A table in which the answer is gone asks again.
    (tmp_path / "t.csv").write_text(
        "\n".join(["scan_id,time,status", *rows]).replace(",1\n", ",3\n")
    )
    import_table(study, tmp_path / "t.csv")
    assert associate().exit_code == 2
