"""The Report page on no study, on a run that is only fitted, and on a complete one."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from clam_core.study import Run, Study
from clam_core.study.stamp import results_stamp
from tests.pages.opening import at_page
from tests.report import make

APP = str(Path(__file__).resolve().parents[2] / "pages" / "shell" / "start.py")


def show(monkeypatch, root, **query):
    monkeypatch.setenv("CLAM_STUDIES", str(root))
    page = AppTest.from_file(APP, default_timeout=60)
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    at_page(page, "report").run()
    assert not page.exception, page.exception[0]
    return page


def words(page):
    parts = (*page.markdown, *page.caption, *page.info, *page.warning, *page.error)
    return " ".join(str(part.value) for part in parts).replace("\\", "")


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    """`one` is complete, `two` is only fitted, `three` is not."""
    root = tmp_path_factory.mktemp("studies")
    make.complete(root / "one")
    make.run(make.study(root / "two"))
    make.study(root / "three")
    return root


def test_without_a_study_it_says_what_to_do(monkeypatch, tmp_path):
    page = show(monkeypatch, tmp_path)
    assert "There is no study yet" in words(page)
    assert not page.get("download_button")


def test_without_a_run_nothing_is_offered(monkeypatch, studies):
    page = show(monkeypatch, studies, study="three")
    assert not page.get("download_button")
    assert not page.checkbox


def test_a_partial_study_says_which_steps_are_missing(monkeypatch, studies):
    page = show(monkeypatch, studies, study="two")
    for step in ("'select'", "'localize'", "'clinical'"):
        assert step in words(page)
    assert len(page.get("download_button")) == 1


def test_a_complete_study_offers_every_section(monkeypatch, studies):
    page = show(monkeypatch, studies, study="one")
    assert [box.label for box in page.checkbox][:2] == [
        "Cohort and exclusions",
        "Preparation of the scans",
    ]
    assert len(page.checkbox) == 12
    assert all(box.value for box in page.checkbox)
    assert "has not been run" not in words(page)
    button = page.get("download_button")[0].proto
    assert button.label == "Download the report"


def test_without_a_section_there_is_no_file(monkeypatch, studies):
    page = show(monkeypatch, studies, study="one")
    for box in page.checkbox:
        box.uncheck()
    page.run()
    assert "Choose at least one section" in words(page)
    assert not page.get("download_button")


def test_the_report_is_shown_in_a_frame_of_its_own(monkeypatch, studies):
    page = show(monkeypatch, studies, study="one")
    for box in page.checkbox[:-2]:
        box.uncheck()
    page.toggle[0].set_value(True).run()
    assert not page.exception
    frame = page.get("iframe")[0].proto
    assert frame.src.startswith("data:text/html;base64,")


def test_a_file_is_written_again_when_results_change(studies):
    found = Run(Study(studies / "two"), "default")
    before = results_stamp(found)
    assert results_stamp(found) == before
    make.select(found)
    assert results_stamp(found) != before
    after = results_stamp(found)
    make.clinical(found.study)
    assert results_stamp(found) != after
