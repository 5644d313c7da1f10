"""The shell: cold deep links, access, status line, names that cannot leave the root."""

import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from streamlit.testing.v1 import AppTest

from clam_core.jobs.record import JobState, Record
from clam_core.study import Study
from pages.shell.status import left_now, status_line, time_left
from tests.browser.serving import TOKEN, let_in
from tests.pages.opening import at_page
from tests.pages.test_cohort import APP
from tests.pipeline.simulated import cohort, study_of


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    root = tmp_path_factory.mktemp("studies")
    study_of(root / "one", cohort(), failed=2)
    return root


def open_page(monkeypatch, root, name="clusters", **query):
    monkeypatch.setenv("CLAM_STUDIES", str(root))
    page = AppTest.from_file(APP, default_timeout=60)
    at_page(page, name)
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception
    return page


def test_status_says_what_is_there_and_what_is_missing(studies):
    said = status_line(Study(studies / "one"), None)
    assert said == "16 scans ready, 2 failed · no run yet · no clinical table"


def test_a_study_outside_the_root_is_not_opened(monkeypatch, studies, tmp_path):
    (tmp_path / "inside").mkdir()
    shutil.copytree(studies / "one", tmp_path / "secret")
    page = open_page(monkeypatch, tmp_path / "inside", "training", study="../secret")
    assert "no study yet" in page.info[0].value


@pytest.mark.parametrize("seconds", [None, 3, 62, 200])
def test_time_left_in_words(seconds):
    assert (
        time_left(seconds)
        == {
            None: "estimating the time left",
            3: "about 5 s left",
            62: "about 60 s left",
            200: "about 3 min left",
        }[seconds]
    )


def test_open_to_other_machines_without_a_login_it_shows_nothing(monkeypatch, studies):
    import streamlit as st

    real = st.get_option
    monkeypatch.setattr(
        st, "get_option", lambda name: "10.0.0.5" if name == "server.address" else real(name)
    )
    page = open_page(monkeypatch, studies, "cohort")
    assert "nobody has to log in" in page.error[0].value
    assert not page.metric


def test_the_text_of_a_fault_stays_out_of_log_and_page(monkeypatch, studies, caplog):
    def fail(*_):
        raise ValueError("/scans/Mustermann^Erika.dcm")

    make = logging.getLogRecordFactory()
    monkeypatch.setattr("pages.shell.frame.status_line", fail)
    monkeypatch.setenv("CLAM_STUDIES", str(studies))
    try:
        page = AppTest.from_file(APP, default_timeout=60)
        at_page(page, "training").run()
    finally:
        logging.setLogRecordFactory(make)
    logged = caplog.text
    assert "ValueError at " in logged
    assert "Mustermann" not in logged
    assert "Mustermann" not in str(page.main)


@pytest.mark.parametrize("page_name", ["training", "explore"])
@pytest.mark.parametrize(
    ("file", "content"),
    [("study.json", "{"), ("study.json", '{"schema_version": 1}'), ("scans.parquet", "PAR1")],
)
def test_a_damaged_study_can_be_left_or_deleted(
    monkeypatch, studies, tmp_path, page_name, file, content
):
    for name in ("bad", "good"):
        shutil.copytree(studies / "one", tmp_path / name)
    (tmp_path / "bad" / file).write_text(content)
    page = open_page(monkeypatch, tmp_path, page_name, study="bad")
    assert "damaged" in page.error[0].value
    assert page.selectbox[0].options == ["bad", "good"]
    page.text_input(key="doomed").set_value("bad").run()
    next(one for one in page.button if one.label == "Delete the study").click().run()
    assert not page.exception
    assert [path.name for path in tmp_path.iterdir() if path.name[0] != "."] == ["good"]


def test_every_page_of_a_first_start_offers_the_demo(monkeypatch, tmp_path):
    page = open_page(monkeypatch, tmp_path, "training")
    assert "Try the demo study" in [button.label for button in page.button]


@pytest.mark.parametrize("name", ["cohort", "training", "explore"])
def test_the_last_line_stands_once_also_where_a_page_ends_early(
    monkeypatch, studies, tmp_path, name
):
    for root, query in ((tmp_path, {}), (studies, {"study": "one"})):
        if (root, name) == (studies, "cohort"):
            continue  # its pictures are not real
        page = open_page(monkeypatch, root, name, **query)
        said = [one.value for one in page.caption if "Research use only" in one.value]
        assert len(said) == 1


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.browser
def test_a_cold_deep_link_goes_through_the_shell(studies):
    """On a fresh server the framework would run the page's file alone."""
    playwright = pytest.importorskip("playwright.sync_api")
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    server = subprocess.Popen(
        [*command, "--server.port", str(port)],
        env={**os.environ, "CLAM_STUDIES": str(studies), "CLAM_TOKEN": TOKEN},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        with playwright.sync_playwright() as driver:
            browser = driver.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox"]
            )
            page = let_in(browser.new_page())
            page.goto(f"http://127.0.0.1:{port}/training?study=one")
            page.get_by_text("16 scans ready, 2 failed").wait_for(timeout=60_000)
            assert page.get_by_role("heading", name="Training").is_visible()
            assert page.get_by_role("link", name="Cohort").count() == 1  # the menu of the shell
            assert re.search(r"study=one", page.url)
            page.goto(f"http://127.0.0.1:{port}/explore?study=one")  # which ends early
            page.get_by_text("No clusters have been found").wait_for(timeout=60_000)
            page.get_by_text("Research use only").wait_for(timeout=10_000)
            page.goto(f"http://127.0.0.1:{port}/cohort?study=none")
            page.get_by_role("heading", name="Cohort").wait_for(timeout=60_000)
            assert page.get_by_text("Page not found").count() == 0
            browser.close()
    finally:
        server.terminate()
        server.wait(30)


def wait_for(port):
    for _ in range(200):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the server did not start")


@pytest.mark.parametrize(
    ("step", "label", "is_offered"),
    [
        ("localize", "Look at the map of the cohort", True),
        ("preprocess", "Find clusters in these scans", False),  # that is the page itself
    ],
)
def test_after_a_step_the_next_one_is_offered(
    monkeypatch, studies, tmp_path, step, label, is_offered
):
    shutil.copytree(studies / "one", tmp_path / "one")
    record = Record(tmp_path, "one")
    record.folder.mkdir(parents=True)
    record.write_state(JobState(step, "done", sentences=("16 scans ready.",)))
    page = open_page(monkeypatch, tmp_path, "training", study="one")
    links = [one.proto.label for one in page.get("page_link")]
    assert (label in links) == is_offered


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (1000.0, "about 80 s left"),
        (1030.0, "about 50 s left"),
        (1079.0, "about 5 s left"),
        (1081.0, "longer than was estimated"),
        (990.0, "about 80 s left"),  # a clock that was set back
    ],
)
def test_the_time_left_goes_on_between_two_reports(now, words):
    job = JobState("demo", "running", remaining_seconds=80.0, told=1000.0)
    assert left_now(job, now) == words
    assert left_now(JobState("demo", "running"), now) == "estimating the time left"
