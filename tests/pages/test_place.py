"""Which study and run are open: new ones open, visits remember, the address says it."""

import shutil

import pytest
from streamlit.testing.v1 import AppTest

from clam_core import jobs
from clam_core.jobs.record import JobState, Record
from clam_core.study import Study
from tests.pages.opening import at_page
from tests.pages.test_cohort import APP, press, words
from tests.report import make


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("studies")
    for name in ("a", "b"):
        make.run(make.study(root / name))
    return root


@pytest.fixture
def root(monkeypatch, made, tmp_path):
    shutil.copytree(made, tmp_path / "studies")
    monkeypatch.setenv("CLAM_STUDIES", str(tmp_path / "studies"))
    return tmp_path / "studies"


@pytest.fixture
def jobs_written(monkeypatch):
    """Jobs that seem to run: only their state is written."""

    def start(root, study, step, arguments):
        state(root, study, step, "running", arguments)

    monkeypatch.setattr(jobs, "start", start)
    monkeypatch.setattr(Record, "is_held", lambda _: True)


def state(root, study, step, status, arguments=None, **more):
    record = Record(root, study)
    record.folder.mkdir(parents=True, exist_ok=True)
    record.write_state(JobState(step, status, arguments=arguments or {}, **more))


def show(name="explore", **query):
    page = AppTest.from_file(APP, default_timeout=60)
    at_page(page, name)
    for key, value in query.items():
        page.query_params[key] = value
    return again(page)


def again(page, name=None):
    if name:
        page.query_params.clear()
        at_page(page, name)
    page.run()
    assert not page.exception
    return page


def chosen(page, label):
    return next(one.value for one in page.selectbox if one.label == label)


def test_a_link_of_the_menu_keeps_study_and_run(root):
    make.run(Study(root / "b"), "later")
    page = show(study="b", run="later")
    again(page, "clusters")  # as the menu does: an address without names
    assert (chosen(page, "Study"), chosen(page, "Run")) == ("b", "later")
    assert page.query_params["study"] in ("b", ["b"])
    assert page.query_params["run"] in ("later", ["later"])


def test_a_new_study_is_open_while_it_is_made(root, jobs_written):
    page = show("cohort", study="a")
    press(page, "Try the demo study")
    assert page.query_params["study"] in ("demo", ["demo"])
    assert chosen(page, "Study") == "demo"
    assert "Cancel" in [one.label for one in page.button]
    again(page, "training")
    assert chosen(page, "Study") == "demo"
    make.study(root / "demo")
    state(root, "demo", "demo", "done")
    again(page)
    assert chosen(page, "Study") == "demo"
    assert "18 scans ready" in words(page)


def test_a_study_that_could_not_be_made_says_why_and_is_left(root):
    state(root, "new", "create", "failed", error="No scan was found.")
    page = show("cohort", study="new")
    assert chosen(page, "Study") == "new"
    assert "No scan was found." in words(page)
    press(page, "Dismiss")
    assert chosen(page, "Study") == "a"


def test_a_study_that_nobody_makes_falls_back_to_the_first(root):
    page = show(study="never")
    assert chosen(page, "Study") == "a"
    assert "There is no study never here (any more); this is a." in words(page)
    page.selectbox[0].set_value("b").run()
    assert "There is no study" not in words(page)
    assert chosen(show(study="../a"), "Study") == "a"
    assert "There is no study" not in words(show(study="b"))
    assert "There is no study" not in words(show())


def test_a_new_run_is_opened_when_its_step_has_ended(root, jobs_written):
    page = show("training", study="a", run="default")
    next(one for one in page.button if one.label == "Find clusters").click().run()
    at_page(page, "explore")
    make.run(Study(root / "a"), "run-2")  # its clusters are stored, its maps are being made
    again(page)
    assert chosen(page, "Run") == "default"
    state(root, "a", "groups", "done", {"run": "run-2"})
    again(page)
    assert chosen(page, "Run") == "run-2"
    assert page.query_params["run"] in ("run-2", ["run-2"])
    page.query_params["run"] = "default"  # asked for by hand: it stays
    again(page)
    assert chosen(page, "Run") == "default"
