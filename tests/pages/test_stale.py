"""A run of other volumes: said on every page, still looked at, and nothing computed with it."""

import shutil

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from clam_core import jobs
from clam_core.settings import PreprocessSettings
from clam_core.study import Prepared, ScanWriter, Study
from tests.pages.opening import at_page
from tests.pages.test_cohort import APP, press, words
from tests.report import make

SENTENCE = "was made from other volumes than this study holds now: find clusters again"
PAGES = ("cohort", "training", "explore", "clusters", "associations", "assign", "report")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("studies")
    study = make.study(root / "one")
    make.localize(make.run(study))
    make.clinical(study)
    make.run(make.study(root / "bare"))
    return root


@pytest.fixture
def show(monkeypatch, made, tmp_path):
    """Opens a page of the study as it is, or prepared anew, perhaps on another grid."""

    def run(name, grid=None, **query):
        root = tmp_path / "studies"
        shutil.copytree(made, root, dirs_exist_ok=True)
        if grid:
            for study in ("one", "bare"):
                prepare_again(Study(root / study), grid)
        monkeypatch.setenv("CLAM_STUDIES", str(root))
        page = AppTest.from_file(APP, default_timeout=60)
        at_page(page, name)
        for key, value in {"study": "one", **query}.items():
            page.query_params[key] = value
        page.run()
        assert not page.exception
        return page

    return run


def prepare_again(study, grid):
    table = study.scans()
    with study.lock(), ScanWriter(study, grid) as writer:
        writer.start("g")
        for row, scan_id in enumerate(study.ready()):
            arrays = {
                "volume": np.full(grid, -700, np.int16),
                "mask": np.ones(grid, bool),
                "picture": np.frombuffer(study.picture(scan_id), np.uint8),
            }
            writer.write(row, arrays, {"scan_id": scan_id, "status": "ready"})
        settings = PreprocessSettings(grid=grid)
        writer.commit(table, Prepared(settings=settings, fingerprint="g" * 64, n_ready=18))


@pytest.mark.parametrize("name", PAGES)
def test_every_page_says_it_with_the_remedy(show, name):
    study = "bare" if name == "cohort" else "one"
    assert SENTENCE not in words(show(name, study=study))
    page = show(name, make.GRID, study=study)
    assert SENTENCE in words(page)
    links = [one.proto.label for one in page.get("page_link")]
    assert ("Find clusters again" in links) == (name != "training")
    assert not page.error


@pytest.mark.parametrize("grid", [make.GRID, (10, 9, 8)])
@pytest.mark.parametrize("name", ["explore", "clusters"])
def test_what_is_stored_is_still_shown_and_marked(show, name, grid):
    page = show(name, grid, scan="S01")
    assert not page.error
    assert "Of other volumes than now" in words(page)
    assert len(page.get("plotly_chart")) >= 1


def test_a_map_that_would_have_to_be_made_is_refused_at_once(monkeypatch, show):
    monkeypatch.setattr("pages.viewer.map_worker.in_worker", lambda *_: 1 / 0)
    page = show("explore", make.GRID, scan="S01", map="2")
    assert words(page).count(SENTENCE) == 2  # under the status line, and in place of the map
    assert not page.error


def test_nothing_is_offered_that_would_fail_late(show):
    for name, label in (("training", "Compare numbers of clusters"), ("associations", "Compare")):
        for grid, is_blocked in ((None, False), (make.GRID, True)):
            button = next(one for one in show(name, grid).button if one.label == label)
            assert button.disabled == is_blocked
    for name, sentence in (("assign", "new scans cannot be compared"), ("report", "no report")):
        page = show(name, make.GRID)
        assert sentence in words(page)
        assert not page.get("download_button")
        assert not page.get("file_uploader")


def test_maps_are_not_offered_either(show):
    assert "Make the maps" in [one.label for one in show("clusters", study="bare").button]
    page = show("clusters", make.GRID, study="bare")
    assert "Make the maps" not in [one.label for one in page.button]


@pytest.mark.parametrize(("grid", "expected"), [(None, "these"), (make.GRID, "other")])
def test_the_table_of_runs_says_what_each_was_made_from(show, grid, expected):
    table = show("training", grid).dataframe[0].value
    assert set(table["made from"]) == {f"{expected} volumes"}


def test_a_run_that_is_current_is_not_marked(show):
    assert "Of other volumes" not in words(show("clusters"))


def test_started_steps_reach_the_job(monkeypatch, show):
    calls = []
    monkeypatch.setattr(jobs, "start", lambda *given: calls.append(given[1:3]))
    press(show("training"), "Compare numbers of clusters")
    assert calls == [("one", "select")]
