"""Two readers score ten scans blind with the keyboard; the server is killed in between."""

import json
import os
import signal

import pytest

from clam_core.study import Study
from clam_core.study.readings.reading import Reading
from tests.browser.serving import browser, free_port, served
from tests.pipeline.reading.reading_made import CLUSTERS
from tests.report import make

pytest.importorskip("playwright.sync_api")
psutil = pytest.importorskip("psutil")
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("studies")
    make.complete(root / "one")
    return root


def kill(port):
    """As `kill -9` does."""
    for child in psutil.Process().children():
        if str(port) in child.cmdline():
            os.kill(child.pid, signal.SIGKILL)
            child.wait(timeout=30)


def sit(page, address, name):
    page.goto(f"{address}/reading?study=one")
    page.get_by_role("radio", name=name).click()
    page.get_by_role("button", name="to score scans").click()


def cases(root, reader):
    return Reading(Study(root / "one"), "reading").cases(reader)


def score(page, case, last, *, more=0):
    """Type one case: the grade follows the cluster of the scan."""
    page.get_by_text(f"Case {case.number} of {last}", exact=True).wait_for()
    page.locator(".viewer[data-shown] canvas").first.wait_for()
    grade = min(4, CLUSTERS[case.scan_id] + more)
    for key in (grade, 1, 0, 2):  # ground glass, reticulation, honeycombing, traction
        page.keyboard.press(str(key))
    page.keyboard.press("3")  # 30 %
    page.keyboard.press("+")
    page.keyboard.press("j")
    page.keyboard.press("4")
    page.keyboard.press("2")
    page.keyboard.press("Enter")


def make_study(page, address):
    page.goto(f"{address}/reading?study=one")
    page.get_by_role("textbox", name="Readers, with commas").fill("KB, SM")
    page.keyboard.press("Tab")
    page.get_by_text("Several readers become one value by").wait_for()
    page.get_by_role("spinbutton", name="Scans, drawn at random").fill("10")
    page.keyboard.press("Tab")
    made = page.get_by_role("button", name="Make the reading study")
    page.wait_for_timeout(1500)
    made.click()
    page.get_by_text("Who are you?").wait_for()


def test_two_readers_from_the_protocol_to_the_associations(root):
    port = free_port()
    with browser() as page:
        with served(root, port=port) as address:
            make_study(page, address)
            sit(page, address, "KB")
            mine = cases(root, "KB")
            assert len(mine) == 11
            for case in mine[:4]:
                score(page, case, 11)
            page.get_by_text("Case 5 of 11", exact=True).wait_for()
            page.keyboard.press("3")  # chosen, not saved
            kill(port)
        told = Reading(Study(root / "one"), "reading").answers("KB")
        assert sorted(told) == [1, 2, 3, 4]
        assert told[1].values["fibrosis_extent"] == 35
        with served(root) as address:
            page.goto(f"{address}/reading?study=one&reading=reading&reader=1&part=scores")
            for case in mine[4:]:
                score(page, case, 11)
            page.get_by_role("button", name="Lock this part").click()
            page.get_by_text("shown once every reader has locked").wait_for()
            sit(page, address, "SM")
            for case in cases(root, "SM"):
                score(page, case, 11, more=1)
            page.get_by_role("button", name="Lock this part").click()
            page.get_by_text("How far the readers agree").wait_for()
            page.get_by_role("link", name="Compare the scores between").click()
            page.get_by_text("Compare again, add reference values").click()
            page.get_by_role("button", name="Compare", exact=True).click()
            done = page.get_by_text("Comparing the clinical table: done")
            done.wait_for(timeout=240_000)
            page.get_by_role("radio", name="Readers").click()
            page.get_by_text("Scores of readers in the table below: Ground glass").wait_for()


def test_undo_a_correction_and_a_value_off_the_scale(root):
    with served(root) as address, browser() as page:
        from clam_core.pipeline.reading.make_protocol import ProtocolWish, make_protocol

        make_protocol(Study(root / "one"), ProtocolWish("second", ("TZ",), repeats=0))
        page.goto(f"{address}/reading?study=one&reading=second&reader=1&part=scores")
        page.get_by_text("Case 1 of 18", exact=True).wait_for()
        assert page.locator("header[data-testid=stHeader]").is_hidden()
        assert "S0" not in page.inner_text("body")
        # What the values mean stands there before one is chosen, and Save is in small windows.
        page.get_by_text("Ground glass: 0 = none, 1 = 1 to 25 %").wait_for()
        page.set_viewport_size({"width": 1280, "height": 720})
        saved = page.get_by_role("button", name="Save, next case").bounding_box()
        assert saved["y"] + saved["height"] <= 720
        page.keyboard.press("j")
        page.get_by_text("Reticulation: 0 = none").wait_for()
        page.keyboard.press("k")
        page.keyboard.press("9")
        page.get_by_text("Ground glass: 0, 1, 2, 3, 4.").wait_for()
        page.keyboard.press("Enter")
        page.get_by_text("Ground glass: give a value first.").wait_for()
        for key in "3102":
            page.keyboard.press(key)
        for key in ("3", "j", "4", "2", "Enter"):
            page.keyboard.press(key)
        page.get_by_text("Case 2 of 18", exact=True).wait_for()
        canvas = page.locator(".viewer canvas").first
        canvas.click()
        page.keyboard.press("Shift+Digit2")  # the window of the picture
        assert page.locator("select[data-name=window]").input_value() == "mediastinum"
        page.keyboard.press("4")  # a grade, although the picture has the focus
        assert page.locator(".item [aria-checked=true]").first.inner_text() == "4"
        page.keyboard.press("Backspace")
        page.get_by_text("Case 1 of 18", exact=True).wait_for()
        checked = page.locator(".item [aria-checked=true]")
        assert checked.all_inner_texts() == ["3", "1", "0", "2", "4", "2"]
        page.keyboard.press("k")  # from the first question that is free, back to one that is not
        page.keyboard.press("Enter")
        page.get_by_text("Case 2 of 18", exact=True).wait_for()
        assert page.locator(".item [aria-checked=true]").first.inner_text() == "4"  # still chosen
        page.get_by_role("button", name="Pause").click()
        page.get_by_role("heading", name="Paused").wait_for()
        assert page.locator(".viewer").count() == 0
        page.get_by_role("button", name="Go on").click()
        page.get_by_text("Case 2 of 18", exact=True).wait_for()
    lines = (root / "one" / "readings" / "second" / "reader-1.jsonl").read_text().splitlines()
    values = [json.loads(line)["values"] for line in lines]
    assert [one is None for one in values] == [False, True, False]
    assert values[0] == values[2]
