"""The Associations page on an empty, a partial and a complete study, and on nasty columns."""

import json
import re
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from clam_core import jobs
from clam_core.export.formulas import neutralise
from clam_core.pipeline.clinical.associate import associate_run
from clam_core.pipeline.clinical.lung_function import add_reference_values
from clam_core.settings import AssociateSettings
from clam_core.spirometry import LungFunctionSettings
from clam_core.study import Run, Study
from clam_core.study.associations import read_associations
from clam_core.study.seals import SEAL
from clam_core.tables.column_info import ColumnInfo
from tests.pages.opening import at_page
from tests.pipeline.clustered import SIZES, study_of, write_clinical

APP = str(Path(__file__).resolve().parents[2] / "pages" / "shell" / "start.py")
QUICK = AssociateSettings(adjust=("age", "sex"), n_resamples=199)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Studies: `complete`, `partial` (nothing compared yet), `bare` (no clinical table)."""
    folder = tmp_path_factory.mktemp("studies")
    study_of(folder / "partial")
    study_of(folder / "bare", clinical=False)
    shutil.copytree(folder / "partial", folder / "complete")
    associate_run(Study(folder / "complete"), "default", QUICK)
    return folder


@pytest.fixture
def show(monkeypatch, root):
    def run(study, **query):
        monkeypatch.setenv("CLAM_STUDIES", str(query.pop("root", root)))
        page = AppTest.from_file(APP, default_timeout=60)
        for name, value in {"study": study, **query}.items():
            page.query_params[name] = value
        page.run()
        at_page(page, "associations").run()
        assert not page.exception, page.exception[0]
        return page

    return run


def words(page):
    parts = (*page.markdown, *page.caption, *page.info, *page.warning, *page.header)
    return " ".join(element.value for element in parts).replace("\\", "")


def test_without_a_clinical_table_it_says_what_to_bring(show):
    page = show("bare")
    assert "one row per subject or scan" in page.info[-1].value
    assert not page.dataframe and not page.error


def test_before_the_comparison_it_offers_it(show):
    page = show("partial")
    assert "has not been compared" in words(page)
    assert page.multiselect[0].value == ["age", "sex", "height_cm"]
    assert any(button.label == "Compare" for button in page.button)
    assert not page.error


def test_the_answer_comes_first_then_the_table(show):
    page = show("complete")
    headline = page.header[0].value.replace("\\", "")
    assert " of 16 variables differ between the clusters, most of all " in headline
    assert len(headline) < 260
    below = [one.value for one in page.markdown if "Clusters are stable" in one.value]
    assert len(below) == 1 and "exploratory" in below[0]
    assert len(page.get("plotly_chart")) == 1
    table = page.dataframe[0].value
    assert list(table["Variable"][:1]) != [] and len(table) == 21
    by_name = table.set_index("Variable")
    assert by_name.loc["shoe size", "Corrected p"] not in {"", "< 0.001"}
    assert by_name.loc["scan id", "Why this test, or why none"].startswith("not testable, because")
    assert by_name.loc["FVC (L)", "Missing"].count(" / ") == 2
    assert "p_value" not in table.columns  # words of the readers


def test_headline_picture_and_tests_do_not_contradict_each_other(show, root):
    page = show("complete")
    rows = read_associations(Run(Study(root / "complete"), "default")).rows
    tested = rows["p_value"].notna()
    counted = int((rows["not_counted"] == "").sum())
    assert counted < tested.sum()  # age and sex are held constant
    assert re.search(rf"\bof {counted} variables? differ", page.header[0].value)
    assert f"The headline counts {counted} of them" in words(page)
    assert f"{sum(SIZES)} subjects are in the clusters" in words(page)
    assert f" {tested.sum()} tests, each of those with a value." in words(page)


def test_statsmodels_is_not_imported_by_the_page(show):
    for name in [one for one in sys.modules if one.split(".")[0] == "statsmodels"]:
        del sys.modules[name]
    show("complete")
    assert "statsmodels" not in sys.modules


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ("Effect and evidence", "Each point is a variable"),
        ("Adjusted", "Crude, and adjusted for age, sex"),
        ("Adjusted", "every covariate is at its mean"),
        ("Pairs", "Games-Howell for numbers"),
        ("Confounding", "the interval reaches 0.3"),
        ("Follow-up", "No follow-up was compared"),
        ("Table 1", "SMD: standardised mean difference"),
        ("Trust and limits", "would have p < 0.05 if nothing differed"),
        ("Files", "formulas are made harmless"),
    ],
)
def test_every_view_has_its_sentence(show, view, said):
    page = show("complete")
    page.button_group[0].set_value(view).run()
    assert not page.exception and not page.error
    assert said in words(page)


def test_a_variable_in_the_address_opens_its_plot_and_its_people(show):
    page = show("complete", variable="FVC_L")
    said = words(page)
    assert "FVC: cluster 1:" in said and "Adjusted for age, sex (linear model, HC3): " in said
    assert "Without adjustment, in the same " in said
    assert "With the probability of each cluster" in said and "Smallest effect" in said
    assert "Checked by shuffles, which small clusters cannot mislead: p " in said
    assert len(page.get("plotly_chart")) == 2
    links = [link.proto.query_string for link in page.get("page_link")]
    chosen = [one for one in links if "selection=" in one]
    assert len(chosen) == 3 and chosen[0].count("S00") == SIZES[0]
    select = next(box for box in page.selectbox if box.label == "Open a scan")
    scan_id = select.options[3].split(":")[0]
    select.select_index(3).run()
    links = [link.proto.query_string for link in page.get("page_link")]
    assert any(f"scan={scan_id}" in one for one in links)


def test_a_variable_that_is_not_there_is_passed_over(show):
    page = show("complete", variable="<script>")
    assert not page.error and len(page.get("plotly_chart")) == 1


def test_a_changed_table_says_that_the_answer_is_old(show, root, tmp_path):
    shutil.copytree(root / "complete", tmp_path / "one")
    study = Study(tmp_path / "one")
    add_reference_values(study, LungFunctionSettings())
    page = show("one", root=tmp_path)
    assert "have changed since this was computed" in page.warning[0].value


def test_reference_values_are_added_from_the_page(show, root, tmp_path):
    shutil.copytree(root / "partial", tmp_path / "one")
    page = show("one", root=tmp_path)
    assert "FVC_L' is in L" in words(page)
    button = next(one for one in page.button if one.label == "Add reference values")
    button.click().run()
    assert not page.exception and not page.error
    frame, _ = Study(tmp_path / "one").clinical()
    assert frame["FVC_z_score"].notna().sum() > 50
    assert "columns calculated by" in page.success[0].value


def test_nasty_columns_get_a_sentence_and_the_page_stays_up(show, root, tmp_path):
    shutil.copytree(root / "partial", tmp_path / "nasty")
    study = Study(tmp_path / "nasty")
    frame, description = study.clinical()
    infos = [ColumnInfo.from_json(one) for one in description["columns"]]
    n, cluster = len(frame), np.arange(len(frame)) < SIZES[0]
    nasty = {
        "all missing": ("empty", [None] * n, "it has no value"),
        "constant": ("constant", np.full(n, 2.0), "all its values are the same"),
        "dates": ("date", pd.date_range("2020-01-01", periods=n), "it holds dates"),
        "text": ("free_text", ["**bold** <b>x</b>"] * n, "it holds free text"),
        "=HYPERLINK(1)": ("nominal", ["=1+1"] * n, "all its values are the same"),
        "levels": ("nominal", [f"l{i}" for i in range(n)], "different levels"),
        "separated": ("binary", np.where(cluster, "yes", "no"), ""),
        "true": ("binary", cluster, ""),
    }
    levels = {"nominal", "binary"}
    for name, (kind, values, _) in nasty.items():
        column = pd.Series(values, index=frame.index)
        frame[name] = column.astype("category") if kind in levels else column
        infos.append(ColumnInfo(name, name, kind))
    write_clinical(study, frame, infos)
    associate_run(study, "default", QUICK)
    for name, (_, _, said) in nasty.items():
        page = show("nasty", root=tmp_path, variable=name)
        table = page.dataframe[0].value.set_index("Variable")
        assert not page.error
        shown = neutralise(name)
        assert said in table.loc[shown, "Why this test, or why none"], name
        assert (table.loc[shown, "p"] == "") == bool(said), name
    models = page.dataframe[0].value.set_index("Variable")
    assert models.loc["separated", "p"] == "< 0.001"


def test_a_run_that_follows_the_scanner_has_a_banner(show, tmp_path):
    made = study_of(tmp_path / "tangled", manufacturer=np.repeat(["A", "B", "C"], SIZES))
    associate_run(made, "default", QUICK)
    page = show("tangled", root=tmp_path)
    said = page.warning[0].value.replace("\\", "")
    assert "Manufacturer (" in said and "read the adjusted results" in said


@pytest.mark.slow
def test_compare_starts_the_step_and_shows_its_answer(show, root, tmp_path):
    shutil.copytree(root / "partial", tmp_path / "one")
    page = show("one", root=tmp_path)
    page.multiselect[0].set_value(["age"])
    next(one for one in page.button if one.label == "Compare").click().run()
    assert not page.exception and not page.error
    for _ in range(600):
        state = jobs.state(tmp_path, "one")
        if state is not None and state.status != "running":
            break
        time.sleep(0.1)
    assert (state.status, state.step) == ("done", "associate"), state
    page = show("one", root=tmp_path)
    assert " of 19 variables " in page.header[0].value
    stored = read_associations(Run(Study(tmp_path / "one"), "default"))
    assert stored.about["settings"]["adjust"] == ["age"]


def test_values_of_an_ethnicity_column_are_given_a_group_of_gli_2012(show, root, tmp_path):
    shutil.copytree(root / "partial", tmp_path / "partial")
    study = Study(tmp_path / "partial")
    frame, description = study.clinical()
    infos = [ColumnInfo.from_json(one) for one in description["columns"]]
    levels = ["asian", "white"]
    frame["ethnicity"] = pd.Categorical(np.resize(levels, len(frame)))
    infos.append(ColumnInfo("ethnicity", "Ethnicity", "nominal", levels=tuple(levels)))
    write_clinical(study, frame, infos)
    page = show("partial", root=tmp_path)
    choices = {box.label: box for box in page.selectbox}
    assert not any("of all subjects" in label for label in choices)
    assert choices["Ethnicity white means (for GLI-2012 only)"].value == "Caucasian"
    asian = choices["Ethnicity asian means (for GLI-2012 only)"]
    assert asian.value is None
    asian.select("North East Asian")
    choices["Equations of FEV1 and FVC"].select("GLI-2012")
    next(one for one in page.button if one.label == "Add reference values").click().run()
    assert not page.error
    values = Study(tmp_path / "partial").clinical()[0]
    assert values["FVC_z_score"].notna().sum() > 40


def test_every_figure_can_be_saved_as_svg_and_pdf(show):
    page = show("complete", variable="FVC_L")
    labels = [button.label for button in page.get("download_button")]
    assert labels.count("Save as SVG") == labels.count("Save as PDF") == 2


def test_a_variable_is_compared_within_the_site_as_well(show, root):
    page = show("complete", variable="FVC_L")
    assert "Compared only within the same site (" in words(page)
    page.button_group[0].set_value("Confounding").run()
    assert "Compared only within the same site" in words(page)
    shown = next(one.value for one in page.dataframe if "p, within" in one.value)
    stored = read_associations(Run(Study(root / "complete"), "default"))
    assert len(shown) == len(stored.table("within")) > 10


@pytest.fixture
def coded(root, tmp_path):
    """A study whose table has a code, a status of 1 and 2, and a time."""
    shutil.copytree(root / "partial", tmp_path / "partial")
    study = Study(tmp_path / "partial")
    frame, description = study.clinical()
    infos = [ColumnInfo.from_json(one) for one in description["columns"]]
    rng = np.random.default_rng(0)
    frame["years"] = rng.exponential(3, len(frame)).round(2)
    frame["status"] = pd.Categorical(np.where(frame["years"] < 4, "2", "1"))
    frame["died"] = pd.Categorical(np.where(frame["years"] < 4, "yes", "no"))
    said = "3 cells with -9, which often stands for a missing value; kept as a number."
    infos += [
        ColumnInfo("years", "Years", "continuous", warnings=(said,), doubts=(said,)),
        ColumnInfo("status", "Status", "binary", levels=("1", "2")),
        ColumnInfo("died", "Died", "binary", levels=("no", "yes")),
    ]
    write_clinical(study, frame, infos)
    return study


def box(page, label):
    (found,) = [one for one in page.selectbox if one.label == label]
    return found


EVENT, LEVEL = "Survival: whether the event was seen", "Answer that means the event was seen"


def test_the_event_is_proposed_only_where_it_is_plain(show, coded, monkeypatch):
    calls = []
    monkeypatch.setattr(jobs, "start", lambda *given: calls.append(given))
    page = show("partial", root=coded.folder.parent)
    assert not any(one.label == LEVEL for one in page.selectbox)
    box(page, "Survival: time to the event or last contact").set_value("years").run()
    box(page, EVENT).set_value("died").run()
    assert box(page, LEVEL).value == "yes"
    box(page, EVENT).set_value("status").run()
    assert box(page, LEVEL).value is None and "hazard ratio depends on it" in words(page)
    n = int((coded.clinical()[0]["status"] == "2").sum())
    assert f"2 ({n} rows)" in box(page, LEVEL).options
    box(page, LEVEL).set_value("2").run()
    next(one for one in page.button if one.label == "Compare").click().run()
    given = calls[0][3]
    assert (given["survival_time"], given["survival_event"], given["event_level"]) == (
        "years",
        "status",
        "2",
    )


def test_the_event_and_the_doubts_stand_where_the_numbers_are(show, coded):
    settings = AssociateSettings(
        survival_time="years", survival_event="status", event_level="2", n_resamples=99
    )
    associate_run(coded, "default", settings)
    page = show("partial", root=coded.folder.parent, variable="years")
    assert "Some of these numbers may be wrong:" in words(page)
    assert "- Years: 3 cells with -9, which often" in words(page)
    assert "3 cells with -9" in page.dataframe[0].value.set_index("Variable").loc["Years", "Doubts"]
    assert sum("3 cells with" in one.value for one in page.warning) == 2  # and at the variable
    for view, said in (("Follow-up", "The event is the answer '2' in column 'status' (as stated)"),
                       ("Table 1", "Years: 3 cells with -9"),
                       ("Trust and limits", "Years: 3 cells with -9")):  # fmt: skip
        page.button_group[0].set_value(view).run()
        assert said in words(page), view


def test_a_result_that_does_not_tell_its_event_is_told_apart_and_made_anew(show, coded):
    import json

    settings = AssociateSettings(survival_time="years", survival_event="died", n_resamples=99)
    run = Run(coded, "default")
    associate_run(coded, "default", settings)
    assert associate_run(coded, "default", settings).sentences[0].startswith("Nothing to do")
    path = run.folder / "associations" / "about.json"
    about = json.loads(path.read_text())
    for name in ("event_words", "event_level"):
        del about["follow_up"]["survival"][name]
    del about["doubts"], about[SEAL]
    path.write_text(json.dumps(about))
    page = show("partial", root=coded.folder.parent)
    page.button_group[0].set_value("Follow-up").run()
    assert "Which answer was taken for the event was not stored" in words(page)
    assert not associate_run(coded, "default", settings).sentences[0].startswith("Nothing to do")
    assert "event_words" in read_associations(run).about["follow_up"]["survival"]


def test_codes_of_visits_are_declared_with_their_table(show, coded):
    from clam_core.study.visits import read_visits

    lines = [f"P{one:04d},0{1 + one % 9}/02/2020,{2 + one / 50}" for one in range(60)]
    lines += [f"P{one:04d},0{1 + one % 9}/03/2021,-9" for one in range(60)]
    table = "\n".join(["subject,date,FVC", *lines]).encode()
    page = show("partial", root=coded.folder.parent)
    (given,) = [one for one in page.file_uploader if one.label.startswith("Table of visits")]
    given.set_value(("v.csv", table, "text/csv")).run()
    next(one for one in page.button if one.label == "Add visits").click().run()
    assert "60 cells with -9, which often stands for a missing value" in words(page)
    page.text_input(key="visits_missing_codes").set_value("-9").run()
    page.selectbox(key="visits_date_order").set_value("dmy").run()
    next(one for one in page.button if one.label == "Add visits").click().run()
    assert not page.error and "often stands" not in words(page)
    assert read_visits(coded)["FVC"].min() == 2
    assert read_visits(coded)["time"].max() == pytest.approx(394 / 365.25, abs=0.01)


def test_columns_are_as_wide_as_what_they_hold(show):
    """Shares of many levels were cut off after the second."""
    page = show("complete")
    proto = page.dataframe[0].proto
    columns = json.loads(proto.columns)
    shown = page.dataframe[0].value
    for name in ("Cluster 1", "Cluster 2", "Effect [interval]"):
        longest = int(shown[name].str.len().max())
        assert min(380, 6 * longest) <= columns[name]["width"] <= 380
    assert columns["n"]["width"] == 50
