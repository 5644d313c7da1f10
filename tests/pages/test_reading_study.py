"""The page Reading study on no study, an empty, a half-read and a complete one."""

import json
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from clam_core.study import Study
from clam_core.study.readings.reading import Reading
from tests.pages.opening import at_page
from tests.pipeline.reading.reading_made import made, rate, read
from tests.report import make

APP = str(Path(__file__).resolve().parents[2] / "pages" / "shell" / "start.py")
SECRETS = ("S0", "S1", "P0", "P1", "Cluster", "cluster")


def show(monkeypatch, root, **query):
    monkeypatch.setenv("CLAM_STUDIES", str(root))
    page = AppTest.from_file(APP, default_timeout=90)
    for name, value in query.items():
        page.query_params[name] = value
    at_page(page, "reading").run()
    assert not page.exception, page.exception[0]
    return page


def words(page):
    parts = (*page.markdown, *page.caption, *page.info, *page.warning, *page.error, *page.header)
    return " ".join(str(part.value) for part in parts).replace("\\", "")


def sent(page, name):
    """What a component was sent that has this name in it."""
    texts = [str(part.proto.json) for part in page.get("bidi_component")]
    values = [json.loads(text) for text in texts if text]
    values = [json.loads(one) if isinstance(one, str) else one for one in values]
    return next(one for one in values if name in one)


def form(page):
    """What the form was sent."""
    return sent(page, "questions")


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    return make.complete(tmp_path_factory.mktemp("complete") / "one").folder


@pytest.fixture
def study(complete, tmp_path):
    shutil.copytree(complete, tmp_path / "one")
    return Study(tmp_path / "one")


def test_without_a_study_it_says_what_to_do(monkeypatch, tmp_path):
    assert "There is no study yet" in words(show(monkeypatch, tmp_path))


def test_an_empty_study_offers_to_make_one(monkeypatch, study):
    page = show(monkeypatch, study.folder.parent, study="one")
    assert "There is no reading study yet" in words(page)
    button = next(one for one in page.button if one.label == "Make the reading study")
    assert button.disabled
    page.text_input(key="reading-readers").set_value("KB, SM , KB").run()
    next(one for one in page.button if one.label == "Make the reading study").click().run()
    assert not page.exception
    protocol = Reading(study, "reading").protocol()
    assert protocol.readers == ("KB", "SM")
    assert len(protocol.scans) == 18
    assert "Fibrosis" not in words(page) or "18 scans" in words(page)


def test_a_wrong_name_is_said_at_once(monkeypatch, study):
    page = show(monkeypatch, study.folder.parent, study="one")
    page.text_input(key="reading-name").set_value("../x").run()
    assert "The name cannot be used" in words(page)


def test_half_read_it_tells_how_far_and_nothing_else(monkeypatch, study):
    reading = made(study)
    read(reading, "KB")
    read(reading, "SM", n=3, lock=False)
    page = show(monkeypatch, study.folder.parent, study="one")
    table = page.dataframe[0].value
    assert table["Cases"].tolist() == ["20 of 20", "3 of 20"]
    assert table["State"].tolist() == ["locked", "open"]
    assert "shown once every reader has locked" in words(page)
    assert "How far the readers agree" not in words(page)
    assert not page.get("download_button")
    page.button_group(key="reader-of-reading").set_value("SM").run()
    labels = [button.label for button in page.button]
    assert "Go on to score scans (3 of 20)" in labels


def test_a_case_is_blind(monkeypatch, study):
    reading = made(study)
    read(reading, "SM", n=3, lock=False)
    page = show(monkeypatch, study.folder.parent, study="one", reading="reading", reader="2",
                part="scores")  # fmt: skip
    sheet = form(page)
    assert (sheet["case"], sheet["of"], sheet["done"]) == (4, 20, 3)
    assert [one["name"] for one in sheet["questions"]][:2] == ["ground_glass", "extent"]
    head = sent(page, "panes")
    assert head["panes"][0]["title"] == "Case 4"
    shown = words(page) + json.dumps(sheet) + json.dumps({**head, "panes": [
        {name: value for name, value in pane.items() if name not in {"scan", "voxels"}}
        for pane in head["panes"]]})  # fmt: skip
    assert [secret for secret in SECRETS if secret in shown] == []
    assert set(head["panes"][0]) == {
        "title", "alt", "peak", "shape", "sized", "affine", "voxels", "scan"}  # fmt: skip
    assert not page.selectbox
    assert not page.title


def test_answers_of_the_browser_are_saved_once(monkeypatch, study):
    reading = made(study)
    page = show(monkeypatch, study.folder.parent, study="one", reading="reading", reader="1",
                part="scores")  # fmt: skip
    sheet = form(page)
    values = {"ground_glass": 2, "extent": 30, "nodes": 1, "pattern": "rim", "remark": None}

    told = {"answer": {"token": sheet["token"], "values": values, "seconds": 4.5}}
    monkeypatch.setattr("pages.reading_study.read_cases.told", told.get)
    calls = []
    monkeypatch.setattr(
        "pages.reading_study.read_cases.show_form", lambda *given: calls.append(given)
    )
    page.run()
    asked = calls[-1][3]
    asked.answer()
    asked.answer()  # the same press, twice
    assert {case: one.values["extent"] for case, one in reading.answers("KB").items()} == {1: 30}
    assert len(reading.log("KB").entries()) == 1
    page.run()
    sheet, _, values, asked = calls[-1]
    assert (sheet.case, sheet.can_undo, values) == (2, True, {})
    told["undo"] = sheet.token
    asked.undo()
    page.run()
    sheet, _, values, _ = calls[-1]
    assert (sheet.case, values["extent"]) == (1, 30)
    assert [entry["values"] is None for entry in reading.log("KB").entries()] == [False, True]


def test_all_answered_it_offers_to_lock(monkeypatch, study):
    reading = made(study)
    read(reading, "KB", lock=False)
    page = show(monkeypatch, study.folder.parent, study="one", reading="reading", reader="1",
                part="scores")  # fmt: skip
    assert "All cases have an answer" in words(page)
    next(one for one in page.button if one.label == "Lock this part").click().run()
    assert not page.exception
    assert reading.locked("KB") is not None
    assert "reader" not in page.query_params


def test_a_seat_that_does_not_exist_is_refused(monkeypatch, study):
    made(study)
    page = show(monkeypatch, study.folder.parent, study="one", reading="reading", reader="9",
                part="scores")  # fmt: skip
    assert "You are not this reader" in words(page)
    page = show(monkeypatch, study.folder.parent, study="one", reading="none", reader="1",
                part="scores")  # fmt: skip
    assert "has no reading study 'none'" in words(page)


def test_complete_it_shows_agreement_and_the_rating(monkeypatch, study):
    reading = made(study, maps_of="default", controls=("other_scan", "shuffled"), repeats=0.3)
    for reader in ("KB", "SM"):
        read(reading, reader)
    page = show(monkeypatch, study.folder.parent, study="one")
    assert "How far the readers agree" in words(page)
    assert "Do the maps point at disease" not in words(page)
    for reader in ("KB", "SM"):
        rate(reading, reader, lambda case: 1 if case.is_control else 3)
    page = show(monkeypatch, study.folder.parent, study="one")
    assert "Readers find that the maps point at disease, more than at chance" in words(page)
    main = page.dataframe[1].value
    assert main["Question"].tolist()[:2] == ["Ground glass", "Extent of fibrosis"]
    assert main["Measure"].tolist()[:2] == ["weighted kappa (quadratic)", "ICC(2,1)"]
    assert len(page.get("download_button")) == 1


def test_a_map_that_is_rated_stands_on_the_scan(monkeypatch, study):
    reading = made(study, maps_of="default", controls=("shuffled",))
    for reader in ("KB", "SM"):
        read(reading, reader)
    page = show(monkeypatch, study.folder.parent, study="one", reading="reading", reader="1",
                part="maps")  # fmt: skip
    sheet = form(page)
    assert [one["name"] for one in sheet["questions"]] == ["points_at_disease", "misses"]
    pane = sent(page, "panes")["panes"][0]
    assert "map" in pane
    assert pane["title"] == "Case 1"


def test_with_a_login_a_reader_sees_only_the_own_seat(monkeypatch, study):
    reading = made(study, readers=("kb@x.org", "sm@x.org"))
    monkeypatch.setattr("pages.shell.blind_readers.way_in", lambda: "proxy")
    who = {"name": "KB@x.org"}
    monkeypatch.setattr("pages.shell.blind_readers.reader_name", lambda: who["name"])
    for module in ("pages.reading_study.choose_reading", "pages.reading_study.seats"):
        monkeypatch.setattr(f"{module}.reader_name", lambda: who["name"])
    root = study.folder.parent
    page = show(monkeypatch, root, study="one", reading="reading", reader="2", part="scores")
    assert "You are not this reader" in words(page)
    page = show(monkeypatch, root, study="one")
    assert [b.label for b in page.button if "score" in b.label] == [
        "Begin to score scans (0 of 20)"
    ]
    page = show(monkeypatch, root, study="one")
    at_page(page, "explore").run()
    assert "once you have locked your part" in words(page)
    assert not page.get("plotly_chart")
    read(reading, "kb@x.org")
    at_page(page, "explore").run()
    assert "once you have locked your part" not in words(page)
    who["name"] = "chief@x.org"
    at_page(page, "explore").run()
    assert "once you have locked your part" not in words(page)
