"""The Training page: starts, watches, goes on after a kill, numbers, runs side by side."""

import os
import shutil
import signal
import time

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score
from streamlit.testing.v1 import AppTest

from clam_core import jobs
from clam_core.errors import AlignmentError
from clam_core.how_many.compare import compare_clusters
from clam_core.jobs.record import Record
from clam_core.pipeline.method.fit import fit
from clam_core.settings.plain_look import plain_sentences
from clam_core.study import Run, Study, run_names
from pages.shell.text import plain
from tests.pages.opening import at_page
from tests.pages.test_cohort import APP
from tests.pipeline.simulated import QUICK, cohort, study_of
from tests.study import old_study

LONG = 90


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A study with two runs, and one that has none."""
    root = tmp_path_factory.mktemp("studies")
    study = study_of(root / "two", cohort(), failed=1)
    shutil.copytree(study.folder, root / "none")
    fit(study, "a", QUICK)
    fit(study, "b", QUICK.model_copy(update={"n_clusters": 3}))
    row = {"n_clusters": 2, "sizes": [8, 8], "silhouette": 0.5, "jaccard": 0.9}
    found = {
        "settings": {}, "rows": [row], "recommended": None, "reason": "Nothing.",
        "notes": ["A note."],
    }  # fmt: skip
    Run(study, "a").write_selection(found)
    return root


@pytest.fixture
def root(made, tmp_path):
    shutil.copytree(made, tmp_path / "studies")
    return tmp_path / "studies"


def show(monkeypatch, root, **query):
    monkeypatch.setenv("CLAM_STUDIES", str(root))
    page = AppTest.from_file(APP, default_timeout=60)
    at_page(page, "training")
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def words(page):
    parts = (*page.markdown, *page.caption, *page.info, *page.warning, *page.error, *page.success)
    return " ".join(element.value for element in parts).replace("\\", "")


def button(page, label):
    return next(one for one in page.button if one.label == label)


def until(root, study, *statuses):
    deadline = time.monotonic() + LONG
    while jobs.state(root, study).status not in statuses and time.monotonic() < deadline:
        time.sleep(0.05)
    return jobs.state(root, study)


def test_without_a_run_it_offers_to_find_clusters(monkeypatch, made):
    page = show(monkeypatch, made, study="none")
    assert "no run yet" in words(page)
    assert [one.value for one in page.header] == ["Find clusters"]
    assert "How many clusters?" not in words(page)


def test_started_killed_and_gone_on_with_from_the_page(monkeypatch, root):
    page, other_tab = (show(monkeypatch, root, study="none") for _ in range(2))
    page.slider(key="k").set_value(2)
    page.number_input(key="epochs").set_value(500)
    page.selectbox(key="method").set_value("kmeans")
    button(page, "Find clusters").click().run()
    assert jobs.state(root, "none").status == "running"
    assert button(page, "Find clusters").disabled
    assert "A step is working on this study" in words(page)
    button(other_tab, "Find clusters").click().run()
    assert "A step is working on this study" in words(other_tab)
    os.killpg(Record(root, "none").read("process.json")["pid"], signal.SIGKILL)
    until(root, "none", "interrupted")
    fresh = show(monkeypatch, root, study="none")  # another browser, another server
    assert "was interrupted" in words(fresh)
    button(fresh, "Go on").click().run()
    asked = jobs.state(root, "none").arguments
    assert (asked["k"], asked["epochs"], asked["method"]) == (2, 500, "kmeans")
    button(fresh, "Cancel").click().run()
    assert until(root, "none", "cancelled").status == "cancelled"


def test_no_clear_groups_is_an_answer(monkeypatch, made):
    page = show(monkeypatch, made, study="two", run="a")
    assert "No clear groups" in words(page)
    assert "A note." in words(page)
    other = show(monkeypatch, made, study="two", run="b")
    assert button(other, "Compare numbers of clusters")


def test_runs_stand_side_by_side_and_one_can_be_deleted(monkeypatch, root):
    page = show(monkeypatch, root, study="two", run="a")
    study = Run(page_study(root), "a").study
    first, second = (Run(study, name).scans()["cluster"] for name in ("a", "b"))
    expected = adjusted_rand_score(first, second)
    assert f"adjusted Rand index {expected:.2f}" in words(page)
    page.selectbox(key="delete_run").set_value("b").run()
    assert button(page, "Delete this run").disabled
    page.checkbox(key="delete_sure").set_value(True).run()
    button(page, "Delete this run").click().run()
    assert not page.exception
    assert run_names(study) == ["a"]


def page_study(root):
    from clam_core.study import Study

    return Study(root / "two")


def test_agreement_by_hand():
    first = pd.Series([1, 1, 2, 2, 1], index=list("abcde"))
    second = pd.Series([2, 2, 1, 1, 1], index=list("abcdx"))
    found = compare_clusters(first, second)
    assert found.n_common == 4
    assert found.adjusted_rand == 1
    np.testing.assert_array_equal(found.table.to_numpy(), [[0, 2], [2, 0]])
    assert found.sentence.startswith("The two runs agree (adjusted Rand index 1.00, 4 scans)")
    with pytest.raises(AlignmentError, match="no scan in common"):
        compare_clusters(first, second.rename(lambda name: name * 2))


def test_a_small_cohort_is_cautioned_about_where_there_are_clusters(monkeypatch, root):
    small = "16 scans are too few to judge clusters"
    assert any(small in one.value for one in show(monkeypatch, root, study="two").warning)
    assert not any(small in one.value for one in show(monkeypatch, root, study="none").warning)
    for page in ("explore", "report"):
        shown = at_page(show(monkeypatch, root, study="two"), page).run()
        assert shown.title[0].value == page.capitalize()
        assert any(small in one.value for one in shown.warning), page
    assert small in " ".join(Run(Study(root / "two"), "a").info().notes)


def test_a_cohort_that_is_large_enough_is_not_cautioned_about(monkeypatch, root):
    monkeypatch.setattr("clam_core.settings.verdicts.FEWEST_SCANS", 16)
    shown = show(monkeypatch, root, study="two")
    assert not any("too few" in one.value for one in shown.warning)


def _of_layout_1(values):
    del values["plain"]
    values["schema_version"] = 1
    values.pop("sha256")  # the file was sealed with what has been changed


def test_what_sets_the_groups_apart_is_said_or_that_it_is_not_known(monkeypatch, root):
    page = show(monkeypatch, root, study="two", run="a")
    told = [
        plain(sentence) for sentence in plain_sentences(Run(Study(root / "two"), "a").info().plain)
    ]
    shown = [one.value for one in page.markdown]
    assert told
    assert set(told) <= set(shown)
    run = Run(Study(root / "two"), "a")
    old_study.edit(run.folder / "run.json", _of_layout_1)
    assert run.info().plain is None
    page = show(monkeypatch, root, study="two", run="a")
    assert any("was made before this was looked at" in one.value for one in page.caption)


CHOSEN = "Of the views of a scan, density was chosen: it is furthest."


def _by_density(values):
    values["method"] = "density"
    values["evidence"] = {"profiles": 0.14, "density": 6.54, "texture": None}
    values["notes"] = [CHOSEN, *values["notes"]]
    values.pop("sha256", None)


def test_how_evident_the_groups_of_each_view_are_is_shown(monkeypatch, root):
    run = Run(Study(root / "two"), "a")
    old_study.edit(run.folder / "run.json", _by_density)
    page = show(monkeypatch, root, study="two", run="a")
    assert sum(CHOSEN in one.value.replace("\\", "") for one in page.markdown) == 1
    assert "No network has a part in these groups" in words(page)
    # what stands above every page is not said again
    assert words(page).count("16 scans are too few to judge clusters") == 1
    tables = [one.value for one in page.dataframe]
    (evidence,) = [one for one in tables if "beyond chance" in one.columns]
    assert evidence["beyond chance"].tolist() == ["0.1", "6.5", "–"]
    assert evidence["view"][1] == "how dense the lower, middle and upper zones are"


def test_a_run_that_trained_no_network_waits_for_no_curve(monkeypatch, root):
    run = Run(Study(root / "two"), "a")
    old_study.edit(run.folder / "run.json", _by_density)
    (run.folder / "history.jsonl").unlink()
    shown = words(show(monkeypatch, root, study="two", run="a"))
    assert "No network has a part in these groups" in shown
    assert "The curve appears" not in shown


def compared(method, recommended):
    """A comparison of two numbers, as `select` stores it."""
    rows = [
        {"n_clusters": k, "sizes": [8, 8], "silhouette": 0.5, "jaccard": 0.9, "valley": 1.2}
        for k in (2, 3)
    ]
    return {
        "settings": {}, "rows": rows, "recommended": recommended, "reason": "They stand out.",
        "notes": [], "method": method,
    }  # fmt: skip


@pytest.mark.parametrize(("method", "is_shown"), [("tied", False), ("kmeans", True)])
def test_gaps_are_spoken_of_where_they_speak(monkeypatch, root, method, is_shown):
    Run(Study(root / "two"), "a").write_selection(compared(method, 3))
    page = show(monkeypatch, root, study="two", run="a")
    values = next(one.value for one in page.dataframe if one.value.index.name == "n_clusters")
    name = "density between the clusters over density at their centers"
    assert (name in values.columns) == is_shown
    assert ("Density between clusters: near 0" in words(page)) == is_shown
    assert ("density between clusters" in page.get("plotly_chart")[-1].proto.spec) == is_shown


def test_the_number_that_is_recommended_is_where_the_slider_starts(monkeypatch, root):
    assert show(monkeypatch, root, study="two", run="a").slider(key="k").value == 2
    Run(Study(root / "two"), "a").write_selection(compared("kmeans", 3))
    assert show(monkeypatch, root, study="two", run="a").slider(key="k").value == 3
