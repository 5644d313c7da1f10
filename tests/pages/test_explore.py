"""Explore on no study, an unfitted one, one without maps or table, and a complete one."""

import io
import json
import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest

from clam_core.study import Run, Study
from clam_core.study.remarks.notes import read_notes
from clam_core.study.remarks.selections import (
    forget_selection,
    keep_selection,
    read_selections,
)
from pages.explore import cohort_map
from pages.explore.cohort_map import trust_words
from pages.explore.cohort_map_data import mapped
from pages.explore.cohort_map_watch import Part, seen_part
from pages.explore.selected_scans import atlas_file, selection_csv
from pages.shared.find_scan import find
from pages.shell.place import Place
from tests.pages.opening import at_page
from tests.pages.test_clusters import words
from tests.report import make


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Three studies: scans only, a run without maps and table, and a complete one."""
    root = tmp_path_factory.mktemp("studies")
    make.study(root / "unfitted")
    make.run(make.study(root / "bare"))
    made = make.study(root / "done")
    make.localize(make.run(made))
    make.clinical(made, label="FVC [a](b)", level="<b>II</b>")
    return root


@pytest.fixture
def show(monkeypatch, root):
    from streamlit.testing.v1 import AppTest

    from tests.pages.test_cohort import APP

    def run(folder=root, **query):
        monkeypatch.setenv("CLAM_STUDIES", str(folder))
        page = AppTest.from_file(APP, default_timeout=60)
        at_page(page, "explore")
        for name, value in query.items():
            page.query_params[name] = value
        page.run()
        assert not page.exception
        return page

    return run


def place(root, name="done"):
    from clam_core.study import Run, Study

    study = Study(root / name)
    return Place(study, Run(study, "default"))


def drawn(page):
    (chart,) = page.get("plotly_chart")
    return json.loads(chart.proto.spec)


def test_without_a_study_or_a_run_it_says_what_is_missing(show, tmp_path):
    assert "no study yet" in words(show(tmp_path)).lower()
    page = show(study="unfitted")
    assert not page.get("plotly_chart")
    assert "cluster" in words(page).lower()


def test_a_run_without_maps_and_table_is_shown_with_its_map(show):
    page = show(study="bare")
    assert [t["name"] for t in drawn(page)["data"]] == [
        "Cluster 1 (8)", "Cluster 2 (6)", "Cluster 3 (4)"
    ]  # fmt: skip
    assert "Click a point to open its scan" in page.header[0].value
    assert "Nothing selected" in words(page)
    page = show(study="bare", selection="S01,S02,S09")
    assert "3 selected of 18 (Cluster 1: 2, Cluster 2: 1)" in words(page).replace("*", "")
    assert "no clinical table" in words(page)


def test_nothing_is_open_at_first_and_typical_scans_are_offered(show):
    page = show(study="done")
    offered = [b for b in page.button if b.key and b.key.startswith("typical-")]
    assert [b.label for b in offered] == [b.key.removeprefix("typical-") for b in offered]
    captions = [image.proto.imgs[0].caption for image in page.get("image")]
    assert captions == ["Cluster 1", "Cluster 2", "Cluster 3"]
    alts = [image.proto.imgs[0].alt for image in page.get("image")]
    assert all("typical scan S" in alt for alt in alts)
    (chart,) = page.get("plotly_chart")
    assert chart.proto.alt.startswith("Map of 18 scans coloured by cluster: Cluster 1 8")


def test_a_typical_scan_opens_and_closes(show):
    page = show(study="done")
    button = next(b for b in page.button if b.key and b.key.startswith("typical-"))
    scan_id = button.key.removeprefix("typical-")
    button.click().run()
    assert not page.exception
    assert page.query_params["scan"] in (scan_id, [scan_id])
    assert f"## {scan_id} · Cluster 1 (confidence" in words(page)
    assert len([b for b in page.button if b.key and b.key.startswith("similar-")]) == 4
    next(b for b in page.button if b.label == "Close the scan").click().run()
    assert "scan" not in page.query_params
    assert "Click a point" in page.header[0].value


def test_a_cold_link_opens_scan_selection_color_and_plane(show):
    page = show(study="done", scan="S04", selection="S00,S09", colour="fvc", plane="pca")
    assert not page.error
    assert "S04 · Cluster 1 (confidence" in words(page)
    assert "FVC [a](b)" in words(page)  # letter by letter: `words` takes the backslashes away
    assert any("FVC \\[a\\]\\(b\\)" in one.value for one in page.markdown)
    figure = drawn(page)
    assert figure["layout"]["coloraxis"]["colorbar"]["title"]["text"] == "FVC [a](b) (L)"
    chosen = {
        trace["customdata"][k]
        for trace in figure["data"]
        if "customdata" in trace
        for k in trace["selectedpoints"]
    }
    assert chosen == {"S00", "S09"}
    assert "2 selected of 18" in words(page)
    assert "principal components" in words(page)
    assert "exploration" in words(page)


def test_scans_that_the_run_does_not_have_are_said(show):
    page = show(study="done", scan="nobody", selection="S01,gone")
    assert "2 of the scans in this address are not in this run" in words(page)
    assert "1 selected of 18" in words(page)
    assert "Click a point" in page.header[0].value


def test_values_of_tables_cannot_be_markup(show):
    traces = [t["name"] for t in drawn(show(study="done", colour="stage"))["data"]]
    assert "&lt;b&gt;II&lt;/b&gt; (10)" in traces
    cards = [card for t in drawn(show(study="done"))["data"] for card in t["text"]]
    assert any("&lt;b&gt;II" in card for card in cards)
    assert not any("<b>II" in card for card in cards)


def test_another_color_keeps_the_selection(show):
    page = show(study="done", selection="S00,S09")
    page.selectbox(key="colour-done-default").set_value("confidence").run()
    assert not page.exception
    assert page.query_params["colour"] in ("confidence", ["confidence"])
    assert "2 selected of 18" in words(page)
    assert "coloraxis" in drawn(page)["layout"]


def test_a_map_that_is_drawn_again_opens_at_the_part_that_was_seen(show):
    page = show(study="done")
    assert "range" not in drawn(page)["layout"]["xaxis"]
    told = {"of": "done/default/umap", "x": [-1, 2.5], "y": [0, 1], "tool": "lasso"}
    page.session_state["_seen_part"] = told
    page.run()
    assert "range" not in drawn(page)["layout"]["xaxis"]  # the same map is not drawn again
    page.selectbox(key="colour-done-default").set_value("confidence").run()
    layout = drawn(page)["layout"]
    assert layout["meta"] == "done/default/umap"
    assert (layout["xaxis"]["range"], layout["yaxis"]["range"]) == ([-1, 2.5], [0, 1])
    assert layout["dragmode"] == "lasso"
    page.button_group(key="plane-done-default").set_value("pca").run()
    layout = drawn(page)["layout"]
    assert "range" not in layout["xaxis"]
    assert layout["dragmode"] == "lasso"


@pytest.mark.parametrize(
    "told",
    [
        None,
        {},
        {"of": "other", "x": [0, 1], "y": [0, 1]},
        {"of": "m", "x": None, "y": [0, 1], "tool": "drawline"},
        {"of": "m", "x": [0, float("nan")], "y": [0, 1]},
        {"of": "m", "x": "01", "y": [0, 1, 2]},
    ],
)
def test_nonsense_of_a_browser_shows_the_whole_map(monkeypatch, told):
    monkeypatch.setattr("streamlit.session_state", {"_seen_part": told})
    assert seen_part("m") == Part()


def test_a_selection_is_cleared(show):
    page = show(study="done", selection="S00,S09")
    next(b for b in page.button if b.label == "Clear").click().run()
    assert not page.exception
    assert "selection" not in page.query_params
    assert "Nothing selected" in words(page)


def test_a_scan_is_found_by_its_id(show):
    page = show(study="done")
    page.text_input(key="find").set_value("s1").run()
    assert "8 scans match: S10, S11" in words(page)
    page.text_input(key="find").set_value("S17 ").run()
    assert "S17 · Cluster 3" in words(page)
    page.text_input(key="find").set_value("*x*").run()
    assert "No scan of this run" in words(page)


def test_an_exact_id_wins_over_a_part():
    table = pd.DataFrame(index=["A1", "A10", "xa1"])
    assert find(table.index, "a1") == ["A1"]
    assert find(table.index, "a") == ["A1", "A10"]
    assert find(table.index, "X") == ["xa1"]
    assert find(table.index, "") == []


def test_trust_is_told_in_one_sentence():
    def said(*shares):
        return trust_words(pd.Series(shares))

    assert said(0.9, 0.5) == "The positions of all 2 scans on this map are reliable."
    assert said(0.4, 0.6).startswith("The position of 1 of 2 scans on this map is not reliable")
    assert said(0.4, 0.1, 1).startswith("The positions of 2 of 3 scans on this map are not")
    assert "not computed" in said(float("nan"))


def test_downloads_hold_the_scans_and_no_formulas(root):
    found = mapped(place(root))
    content = selection_csv(found, ["S01", "S09"], "=cmd|x")
    table = pd.read_csv(io.BytesIO(content), index_col="scan_id")
    assert table.index.tolist() == ["S01", "S09"]
    assert table["selection"].tolist() == ["'=cmd|x"] * 2
    assert table["subject_id"].tolist() == ["P01", "P09"]
    assert table["cluster"].tolist() == [1, 2]
    clinical = place(root).study.clinical()[0]
    assert table["clinical_fvc"].tolist() == pytest.approx(clinical["fvc"][["S01", "S09"]])
    atlas = pd.read_parquet(io.BytesIO(atlas_file(found)))
    scans = place(root).fitted.scans()
    assert list(atlas) == ["scan_id", "x", "y", "cluster", "confidence"]
    assert atlas["x"].tolist() == scans["x"].tolist()
    assert atlas["scan_id"].tolist() == scans.index.tolist()


def test_scans_are_chosen_by_a_value_kept_and_opened_again(show, tmp_path, root):
    shutil.copytree(root / "done", tmp_path / "done")
    page = show(tmp_path, study="done")
    page.selectbox(key="filter-by").set_value("Confidence").run()
    confidence = Run(Study(tmp_path / "done"), "default").scans()["confidence"]
    low = float(confidence.median())
    page.slider(key="filter-range-Confidence").set_value((low, float(confidence.max()))).run()
    page.button(key="filter-go").click().run()
    wanted = confidence.index[confidence >= low].tolist()
    assert f"{len(wanted)} selected of {len(confidence)}" in words(page)
    page.text_input(key="selection-name").set_value("sure ones").run()
    next(one for one in page.button if one.label == "Keep").click().run()
    assert not page.exception
    assert read_selections(Run(Study(tmp_path / "done"), "default")) == {"sure ones": tuple(wanted)}
    next(one for one in page.button if one.label == "Clear").click().run()
    assert "Nothing selected" in words(page)
    page.button(key="kept-open").click().run()
    assert f"sure ones: {len(wanted)} selected" in words(page)


def test_the_map_is_coloured_by_a_kept_selection(show, tmp_path, root):
    folder = shutil.copytree(root, tmp_path / "studies")
    keep_selection(Run(Study(folder / "done"), "default"), "dense <b>", ["S00", "S09", "S10"])
    page = show(folder, study="done", colour="selection-dense <b>")
    assert not page.exception
    assert [trace["name"] for trace in drawn(page)["data"]] == ["selected (3)", "others (15)"]
    assert page.query_params["colour"] == "selection-dense <b>"
    # What was forgotten colours nothing.
    forget_selection(Run(Study(folder / "done"), "default"), "dense <b>")
    other = show(folder, study="done", colour="selection-dense <b>")
    assert drawn(other)["data"][0]["name"].startswith("Cluster 1")


def test_many_points_can_have_lines_of_density(show, monkeypatch):
    page = show(study="done")
    assert "Lines of density" not in [one.label for one in page.toggle]
    monkeypatch.setattr(cohort_map, "MANY", 10)
    page = show(study="done", density="1")
    assert [trace["type"] for trace in drawn(page)["data"]][:2] == ["contour", "scattergl"]
    next(one for one in page.toggle if one.label == "Lines of density").set_value(False).run()
    assert "contour" not in [trace["type"] for trace in drawn(page)["data"]]
    assert "density" not in page.query_params


def test_a_note_is_kept_with_the_study(show, tmp_path, root):
    shutil.copytree(root / "done", tmp_path / "done")
    page = show(tmp_path, study="done", scan="S09")
    page.text_area[0].set_value("Traction *bronchi*")
    next(one for one in page.button if one.label == "Keep the note").click().run()
    assert not page.exception
    (note,) = read_notes(Study(tmp_path / "done"))
    assert (note.scan_id, note.text) == ("S09", "Traction *bronchi*")
    assert "Traction *bronchi*" in words(page)


LEAN = """
import sys
from streamlit.testing.v1 import AppTest
from tests.pages.opening import at_page
page = AppTest.from_file({app!r}, default_timeout=120)
page.query_params["study"], page.query_params["scan"] = "done", "S00"
at_page(page, "explore").run()
assert not page.exception and "S00" in str(page.session_state)
print([name for name in ("scipy.stats", "SimpleITK", "sklearn", "torch") if name in sys.modules])
"""


def test_a_scan_is_opened_without_libraries_that_only_steps_need(root):
    """They made the server of everybody who only looks 90 MB larger."""
    from tests.pages.test_cohort import APP

    code = LEAN.format(app=APP)
    environment = {**os.environ, "CLAM_STUDIES": str(root), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.strip().splitlines()[-1] == "[]"
