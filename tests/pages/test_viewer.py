"""The viewer block: what the server draws, says and keeps in the address."""

import json
import shutil
from dataclasses import replace

import nibabel
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from clam_core.embedding.neighbors import prototypes
from clam_core.pipeline.method.fit import fit
from clam_core.pipeline.method.localize import localize
from clam_core.settings import LocalizeSettings, LocalizeVariant
from clam_core.study import Run, Study
from pages.viewer import canvas
from pages.viewer.choose_map import KINDS
from pages.viewer.evidence import evidence_sentences, where_it_lies
from pages.viewer.view_address import View, read_view, view_from, write_view
from tests.pipeline.simulated import QUICK, cohort, study_of

PAGE = """
import streamlit as st
from pages.shell.frame import page
from pages.viewer.viewer import show_scan
with page("Test", needs="run") as here:
    show_scan(here, st.query_params.get("scan", "s00"), "v")
"""


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    """A study with maps, and the same without."""
    root = tmp_path_factory.mktemp("studies")
    made = study_of(root / "bare", cohort())
    fit(made, "r", QUICK)
    shutil.copytree(root / "bare", root / "mapped")
    localize(Study(root / "mapped"), "r", LocalizeSettings())
    return root


def show(monkeypatch, root, **query):
    monkeypatch.setenv("CLAM_STUDIES", str(root))
    page = AppTest.from_string(PAGE, default_timeout=120)
    for name, value in query.items():
        page.query_params[name.replace("_", "-")] = value
    page.run()
    assert not page.exception
    return page


def pick(page, label):
    return next(box for box in page.selectbox if box.label == label)


def words(page):
    found = (*page.markdown, *page.caption, *page.info, *page.warning, *page.error)
    return " ".join(element.value for element in found).replace("\\", "")


def alts(page):
    return [one.alt for image in page.get("image") for one in image.proto.imgs]


def test_a_stored_map_is_shown_with_its_sentence_and_badge(monkeypatch, studies):
    page = show(monkeypatch, studies, study="mapped")
    line = Run(Study(studies / "mapped"), "r").maps().loc["s00"]
    assert line["sentence"] in words(page)
    said = words(page)
    moved = "Moved the assignment as it should" in said
    assert moved == bool(line["moved_as_it_should"])
    assert "The stored map" in said
    assert "What this does not prove" in said
    assert not any(name in page.query_params for name in ("map", "against", "kind", "view"))


def test_the_other_cluster_is_made_on_demand_and_is_in_the_address(monkeypatch, studies):
    page = show(monkeypatch, studies, study="mapped", plain="1")
    own = int(Run(Study(studies / "mapped"), "r").scans().loc["s00", "cluster"])
    other = 3 - own
    pick(page, "Map for").set_value(other).run()
    assert not page.exception
    assert "Made on demand, not stored" in words(page)
    assert page.query_params["map"] == str(other)
    assert f"map for cluster {other}" in alts(page)[0]
    pick(page, "Rather than").set_value(own).run()
    assert page.toggle[0].value is True  # a contrast shows what speaks against as well
    assert f"rather than cluster {own}" in alts(page)[0]


def test_plain_pictures_say_what_they_show(monkeypatch, studies):
    page = show(
        monkeypatch, studies, study="mapped", plain="1", slice="3-5-7", overlay="off~0.4~0.3"
    )
    assert len(alts(page)) == 3
    assert alts(page)[0].startswith("Axial slice 7 of 16. Scan s00 with the map for cluster")
    assert alts(page)[1].startswith("Coronal slice 5 of 16.")
    assert alts(page)[2].startswith("Sagittal slice 3 of 16.")
    assert {s.label: s.value for s in page.slider}["Opacity"] == 0.4
    pick(page, "Plane").set_value("coronal").run()
    assert len(alts(page)) == 1
    assert page.query_params["view"] == "coronal"
    assert page.query_params["overlay"] == "off~0.40~0.30"


def test_beside_it_a_typical_scan_of_another_cluster(monkeypatch, studies):
    page = show(monkeypatch, studies, study="mapped", plain="1", beside="2", view="axial")
    run = Run(Study(studies / "mapped"), "r")
    rows = prototypes(run.array("soft_assignment"), run.array("features"), 2, 2)
    typical = next(one for one in run.scans().index[rows] if one != "s00")
    assert len(alts(page)) == 2
    assert f"Scan {typical}" in alts(page)[1]


def test_without_maps_the_scan_alone_and_the_step_that_is_missing(monkeypatch, studies):
    page = show(monkeypatch, studies, study="bare")
    assert "No map is stored for this scan" in words(page)
    assert any(button.label == "Make the maps of all scans" for button in page.button)
    pick(page, "Map for").set_value(1).run()
    assert not page.exception
    assert "Made on demand" in words(page)


def test_opening_another_scan_forgets_what_was_said_of_the_last(monkeypatch, studies):
    page = show(monkeypatch, studies, study="mapped", plain="1", map="2", slice="1-1-1")
    page.query_params["scan"] = "s01"
    page.run()
    assert not page.exception
    peak = Run(Study(studies / "mapped"), "r").maps().loc["s01", "peak"]
    assert page.query_params["slice"] == "-".join(str(index + 1) for index in peak)


FLAT = """
import numpy as np
from clam_core.volume import Volume
from pages.viewer.still_pictures import Style
from pages.viewer.viewer import choose_plain, make_pane, show_panes, windows_for
volume = Volume(np.arange(600, dtype=np.int16).reshape(20, 30), np.eye(4), "arbitrary")
overlay = np.zeros((20, 30), np.float32)
overlay[5, 6] = 1
pane = make_pane("one", "Scan one", volume, overlay, None)
show_panes([pane], Style(windows_for(volume), "arbitrary"), "v", is_plain=choose_plain("v"))
"""


def test_a_2d_scan_is_drawn_as_the_only_slice_of_a_volume(monkeypatch):
    packed = []
    pack = canvas.pack
    monkeypatch.setattr("pages.viewer.viewer.pack", lambda *a: packed.append(pack(*a)) or packed[0])
    page = AppTest.from_string(FLAT, default_timeout=60)
    page.query_params["slice"] = "3-4"
    page.run()
    assert not page.exception and not alts(page)
    head = json.loads(packed[0].head)
    assert head["panes"][0]["shape"] == [20, 30, 1] and head["panes"][0]["peak"] == [5, 6, 0]
    assert head["view"]["voxel"] == [2, 3, 0]
    content = packed[0].volumes["0-map"][20:]  # after the digest
    image = nibabel.Nifti1Image.from_bytes(content)
    assert image.shape == (20, 30, 1) and image.get_fdata()[5, 6, 0] == pytest.approx(1)


def test_a_2d_scan_to_print_is_a_picture_with_zoom_and_without_sides():
    page = AppTest.from_string(FLAT, default_timeout=60)
    page.query_params["plain"] = "1"
    page.run()
    assert not page.exception
    assert alts(page) == ["Scan one"]
    assert [box.label for box in page.selectbox] == ["Window", "Map"]
    next(one for one in page.slider if one.label == "Zoom").set_value(4).run()
    assert not page.exception
    assert "right on the left" not in words(page)


def test_every_kind_of_map_has_a_name():
    assert set(KINDS) == set(LocalizeVariant.__args__)


def test_a_view_comes_back_from_the_address():
    view = View("axial", "-500/1200", "outline", 0.35, 0.5, mask=True, voxel=(3, 0, 9))
    query = {"study": "s"}
    write_view(query, view)
    assert query == {
        "study": "s",
        "view": "axial",
        "window": "-500/1200",
        "overlay": "outline~0.35~0.50~mask",
        "slice": "4-1-10",
    }
    assert read_view(query) == view
    write_view(query, View())
    assert query == {"study": "s"}


@pytest.mark.parametrize(
    "told",
    [
        {"plane": "x", "style": 3, "opacity": "a", "threshold": None, "window": "<b>"},
        {"opacity": "nan", "window": "1/0", "voxel": [1, -2, 3]},
        {"voxel": "123", "window": "1/2/3", "mask": "yes"},
    ],
)
def test_nonsense_keeps_the_usual_view(told):
    assert view_from(told) == View()


def test_what_is_sent_to_the_browser_is_what_is_shown():
    rng = np.random.default_rng(0)
    volume = rng.integers(-1000, 1000, (4, 5, 6)).astype(np.int16)
    affine = np.diag([2.0, 3.0, 4.0, 1.0])
    affine[:3, 3] = (-7, 8, 9)
    overlay, mask = rng.uniform(-1, 1, (4, 5, 6)), rng.random((4, 5, 6)) > 0.5
    pane = canvas.Pane("t", "a", volume, affine, overlay, mask, (1, 2, 3))
    packed = canvas.pack([pane], {"smooth": True})
    head = json.loads(packed.head)
    images = {}
    for name in ("scan", "map", "mask"):
        sent = packed.volumes.pop(f"0-{name}")
        assert sent[:20].decode() == head["panes"][0][name]["id"]
        images[name] = nibabel.Nifti1Image.from_bytes(sent[20:])
    assert not packed.volumes
    np.testing.assert_array_equal(images["scan"].get_fdata(), volume)
    np.testing.assert_allclose(images["map"].get_fdata(), overlay, atol=0.5 / 127 + 1e-6)
    np.testing.assert_array_equal(images["mask"].get_fdata(), mask)
    for image in images.values():
        np.testing.assert_allclose(image.affine, affine)
    assert head["panes"][0]["peak"] == [1, 2, 3]


def test_another_map_is_another_volume_and_the_scan_stays_the_same():
    def packed(value):
        overlay = np.full((4, 5, 6), value)
        volume = np.zeros((4, 5, 6), np.int16)
        pane = canvas.Pane("t", "a", volume, np.eye(4), overlay, None, (0, 0, 0))
        return canvas.pack([pane, pane], {})

    one, other = packed(0.5).volumes, packed(0.6).volumes
    assert set(one) == {"0-scan", "0-map", "1-scan", "1-map"}
    assert one["0-scan"] == other["0-scan"] == one["1-scan"]
    assert one["0-map"][:20] != other["0-map"][:20]


def test_another_script_has_another_address(tmp_path, monkeypatch):
    first = canvas._digest_of_scripts()
    assert canvas._SCRIPTS.endswith(first)
    (tmp_path / "reading_scene.js").write_text("export const changed = 1;", encoding="utf-8")
    monkeypatch.setattr(canvas, "ASSETS", tmp_path)
    assert canvas._digest_of_scripts() != first


def test_only_a_scan_of_a_study_comes_with_a_ticket():
    volume = np.zeros((4, 5, 6), np.int16)
    pane = canvas.Pane("t", "a", volume, np.diag([2.0, 3, 4, 1]), None, None, (0, 0, 0))
    told = json.loads(canvas.pack([pane, replace(pane, ticket="abc")], {}).head)["panes"]
    assert told[0]["voxels"] is None
    assert told[1]["voxels"] == {"ticket": "abc"}
    assert told[0]["shape"] == [4, 5, 6]
    assert np.diag(told[0]["affine"]).tolist() == [2, 3, 4, 1]


def test_without_a_mask_it_is_said_that_the_whole_picture_counts():
    line, mask = {"sentence": "Peak in the right upper zone.", "drop": 0.1}, np.ones((2, 2), bool)
    assert where_it_lies(line, np.eye(2), mask) == line
    said = where_it_lies(line, np.eye(2), None)
    assert "has no mask, so the map covers the whole picture" in said["sentence"]
    assert said["drop"] == 0.1
    for one in (mask, None):
        assert "The map is empty" in where_it_lies(line, np.zeros((2, 2)), one)["sentence"]


def test_evidence_is_told_with_its_numbers():
    line = {
        "deletion_auc": 0.31,
        "random_deletion_auc": 0.42,
        "insertion_auc": 0.55,
        "random_insertion_auc": 0.61,
        "drop": 0.25,
        "increased": False,
        "completeness": 0.004,
    }
    deletion, insertion, kept, complete, random = evidence_sentences(line, 0.12)
    assert "fell faster" in deletion and "0.31" in deletion and "0.42" in deletion
    assert "confidence no faster" in insertion and "0.55" in insertion
    assert "loses 25%" in kept
    assert "0.40%" in complete
    assert "0.12" in random
    assert len(evidence_sentences({**line, "completeness": None}, None)) == 3
    beside = {"selectivity": 0.2, "plain_selectivity": 0.1, "other_likeness": 0.95}
    *_, plain, other, random = evidence_sentences({**line, **beside, "completeness": None}, None)
    assert "moves the confidence more" in plain and "too alike" in other
    assert random.startswith("**Against random weights.** Not tested for this map")
    tested = evidence_sentences({**line, **beside, "random_likeness": 0.3}, None)
    assert "0.30 with it: another map" in tested[-2] and "Not tested" not in " ".join(tested)


def test_no_helper_has_the_name_of_a_page():
    """Streamlit reads both as the same address before the shell has run."""
    names = [path.stem.lstrip("_") for path in (canvas.ASSETS.parent / "pages").glob("*.py")]
    assert len(names) == len(set(names))
