"""Tables whose codes became values, and an event that was guessed, through the command line."""

import json

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.hazard_regression import PHReg
from typer.testing import CliRunner

from clam_core.__main__ import make_app
from clam_core.study import Run, Study
from clam_core.study.associations import read_associations
from tests.pipeline.clustered import study_of, write_run


@pytest.fixture
def study(tmp_path):
    """24 scans called S001 ... S024 in the tables, S0000 ... S0023 in the study."""
    return study_of(tmp_path / "s", (12, 12), clinical=False)


@pytest.fixture
def run(study):
    def invoke(step, *given, code=0):
        done = CliRunner().invoke(make_app(), [step, str(study.folder), *map(str, given)])
        assert done.exit_code == code, done.output
        assert "Traceback" not in done.output
        return done.output

    return invoke


def table(shared_cases, name, tmp_path):
    """A table of the cases with the ids of the study; and as pandas reads it by itself."""
    path = shared_cases / name
    read = pd.read_csv(path, dtype=str)
    read["scan_id"] = [f"S{int(one[1:]) - 1:04d}" for one in read["scan_id"]]
    read.to_csv(tmp_path / path.name, index=False)
    return tmp_path / path.name, pd.read_csv(tmp_path / path.name, index_col="scan_id")


def test_missing_codes(shared_cases, study, run, tmp_path):
    path, theirs = table(shared_cases, "missing_codes/sentinel.csv", tmp_path)
    said = run("clinical", path)
    for name, code in {"fev1": "-9", "age": "999", "ferritin": "-99", "score": "9", "smoker": "9",
                       "dlco": "888"}.items():  # fmt: skip
        n = int((theirs[name] == float(code)).sum())
        cells = f"{n} cell{'s' if n > 1 else ''}"
        assert f"{name}: {cells} with {code}, which often stands for a missing value" in said
    # Without a word from the user the numbers are as they are, and the doubt goes with them.
    said = run("associate")
    assert "FEV1: 4 cells with -9, which often" in said and "DLCO: 3 cells with 888" in said
    rows = read_associations(Run(study, "default")).rows.set_index("variable")
    assert rows.loc["score", "doubts"].startswith("5 cells with 9")

    codes = ("-9", "-99", "age=999", "score=9", "smoker=9", "dlco=888")
    given = [part for code in codes for part in ("--missing", code)]
    said = run("clinical", path, *given)
    assert "often stands" not in said
    frame = study.clinical()[0]
    clean = theirs.replace({"fev1": {-9.0: np.nan}, "age": {999: np.nan}, "score": {9: np.nan},
                            "ferritin": {-99: np.nan}, "smoker": {9: np.nan},
                            "dlco": {888: np.nan}})  # fmt: skip
    for name in ("fev1", "age", "ferritin", "dlco"):
        np.testing.assert_array_equal(frame[name], clean[name])
    assert frame["smoker"].dropna().astype(float).tolist() == clean["smoker"].dropna().tolist()
    assert "often stands" not in run("associate")
    found = read_associations(Run(study, "default"))
    assert found.about["doubts"] == [] and (found.rows["doubts"] == "").all()
    assert found.rows.set_index("variable").loc["fev1", "n"] == 20


def test_missing_codes_in_one_column(shared_cases, study, run, tmp_path):
    path, theirs = table(shared_cases, "missing_codes/s9.csv", tmp_path)
    run("clinical", path, "--missing", "fev1=-9")
    assert study.clinical()[0]["fev1"].mean() == pytest.approx(
        theirs["fev1"].replace(-9.0, np.nan).mean()
    )
    run("clinical", path)
    assert study.clinical()[0]["fev1"].min() > 0


def test_visits_warnings_lost(shared_cases, study, run, tmp_path):
    path, theirs = table(shared_cases, "visits_warnings_lost/v3.csv", tmp_path)
    n = int((theirs["fvc"] == -999).sum())
    said = run("visits", path)
    assert f"{n} cells with -999, which often stands for a missing value" in said
    assert "date: 72 dates can be read in two ways; the month was taken to come first" in said
    run("clinical", table(shared_cases, "missing_codes/s9.csv", tmp_path)[0])
    said = run("associate")
    assert f"Visits, FVC: {n} cells with -999" in said
    assert "Visits, date: 72 dates can be read in two ways" in said
    slopes = read_associations(Run(study, "default")).about["follow_up"]["slopes"]
    assert len(slopes["fvc"]["doubts"]) == 2
    told = json.loads(run("visits", path, "--missing", "-999", "--date-order", "dmy", "--json"))
    assert not any("often stands" in one or "two ways" in one for one in told["sentences"])
    said = run("associate")
    assert "Visits, FVC" not in said and "two ways" not in said
    # 3 April, 5 October 2015, 7 November 2016
    from clam_core.study.visits import read_visits

    stored = read_visits(study)
    days = stored.groupby("subject_id")["time"].apply(lambda t: [round(x * 365.25) for x in t])
    assert days.iloc[0] == [0, 185, 584]
    assert stored["fvc"].isna().sum() == n and stored["fvc"].min() > 0


def test_survival_event_coding(shared_cases, study, run, tmp_path):
    path, theirs = table(shared_cases, "survival_event_coding/ev12.csv", tmp_path)
    labels = np.arange(24) % 2  # every other scan: 3.11 was told where 0.088 is right
    write_run(Study(study.folder), labels, "other")
    run("clinical", path)
    survival = ("--run", "other", "--time", "time", "--event", "status")
    said = run("associate", *survival, code=2)
    counts = theirs["status"].value_counts()
    assert f"Column 'status' has the answers '1' ({counts[1]} rows), '2' ({counts[2]} rows); " in (
        said
    )
    assert "state which one means that the event was seen" in said
    ratios = {}
    for level in (1, 2):
        said = run("associate", *survival, "--event-level", level)
        seen = (theirs["status"] == level).astype(float)
        assert f"The event is the answer '{level}' in column 'status' (as stated): seen in " in said
        assert f"seen in {int(seen.sum())} of 24 rows" in said
        fitted = PHReg(theirs["time"], (labels == 0).astype(float)[:, None], status=seen,
                       ties="efron").fit(disp=0)  # fmt: skip
        cox = read_associations(Run(study, "other")).table("cox")
        ratios[level] = float(np.exp(fitted.params[0]))
        assert cox["hazard_ratio"].iloc[0] == pytest.approx(ratios[level], rel=1e-5)
    assert ratios == {1: pytest.approx(3.11, abs=0.005), 2: pytest.approx(0.088, abs=5e-4)}
