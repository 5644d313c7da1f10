"""The viewer in a real browser: scrolled, windowed, with another cluster's map."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest

from clam_core.pipeline.method.fit import fit
from clam_core.pipeline.method.localize import localize
from clam_core.settings import LocalizeSettings
from clam_core.study import Run, Study
from tests.pipeline.simulated import GRID, QUICK, cohort, study_of

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]
APP = """
import streamlit as st
st.set_page_config(layout="wide")
from pages.shell.frame import page
from pages.viewer.viewer import show_scan
with page("Viewer", needs="run") as here:
    show_scan(here, st.query_params.get("scan", "s00"), "v")
"""
VIEWER = ".viewer[data-shown]"
HEADER = (348).to_bytes(4, "little")
COLORS = """canvas => new Set(new Uint32Array(canvas.getContext("2d").getImageData(
    0, 0, canvas.width, canvas.height).data.buffer)).size"""
FIND = """
const find = (root) => {
  for (const one of root.querySelectorAll("*")) {
    if (one.classList?.contains("viewer")) return one;
    const inner = one.shadowRoot && find(one.shadowRoot);
    if (inner) return inner;
  }
};
const viewer = find(document);
"""


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    root = tmp_path_factory.mktemp("studies")
    made = study_of(root / "one", cohort())
    fit(made, "r", QUICK)
    localize(made, "r", LocalizeSettings())
    return root


@pytest.fixture(scope="module")
def address(studies, tmp_path_factory):
    app = tmp_path_factory.mktemp("app") / "app.py"
    app.write_text(APP)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(app),
        "--server.headless",
        "true",
        "--server.port",
        str(port),
        "--browser.gatherUsageStats",
        "false",
        "--global.minCachedMessageSize",
        "1000",
    ]  # fmt: skip  (these scans are tiny)
    server = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "CLAM_STUDIES": str(studies), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(120):
            try:
                urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/?study=one"
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture(scope="module")
def browsers():
    with playwright.sync_playwright() as driver:
        yield driver.chromium


@pytest.fixture(scope="module")
def browser(browsers):
    made = browsers.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    yield made
    made.close()


@pytest.fixture
def page(browser, request, tmp_path):
    made = browser.new_page(viewport={"width": 1400, "height": 1300})
    made.sent, made.received, made.faults, made.outside = [], [], [], []
    made.on("websocket", lambda one: one.on("framesent", lambda sent: made.sent.append(len(sent))))
    made.on(
        "websocket", lambda one: one.on("framereceived", lambda got: made.received.extend([got]))
    )
    made.on("pageerror", lambda error: made.faults.append(str(error)))
    own = ("http://127.0.0.1", "blob:", "data:")
    made.on(
        "request", lambda one: None if one.url.startswith(own) else made.outside.append(one.url)
    )
    made.set_default_timeout(60_000)
    yield made
    folder = Path(os.environ.get("CLAM_SCREENSHOTS", tmp_path))
    made.screenshot(path=folder / f"{request.node.name}.png")
    assert made.faults == []
    assert made.outside == []
    made.close()


def opened(page, address, more=""):
    page.goto(address + more)
    page.locator(VIEWER).wait_for()
    page.wait_for_timeout(1500)
    return page


def told(page):
    return page.locator(".pane output").first.text_content()


def shown(page):
    return page.locator(".viewer").get_attribute("data-shown")


def lands(page, part):
    """Wait until something is in the address."""
    page.wait_for_url(lambda url: part in url)


def line(studies, scan_id="s00"):
    return Run(Study(studies / "one"), "r").maps().loc[scan_id]


def choose_map(page, place):
    """The first or the second of the clusters, by the keyboard: the view has lists of its own."""
    page.locator("[data-testid=stSelectbox]").filter(has_text="Map for").locator("input").click()
    page.keyboard.press("ArrowDown" if place else "ArrowUp")
    page.keyboard.press("Enter")


def has_received(page, volume):
    """Whether the volume itself was sent: its digest, then the start of a NIfTI file."""
    return any(volume.encode() + HEADER in got for got in page.received if isinstance(got, bytes))


def test_it_opens_at_the_peak_with_the_value_of_the_voxel(page, address, studies):
    opened(page, address)
    i, j, k = line(studies)["peak"]
    value = Study(studies / "one").volume("s00").array[i, j, k]
    assert (
        told(page) == f"{value} HU · map 100 % · axial {k + 1}, coronal {j + 1}, sagittal {i + 1}"
    )


def test_wheel_and_keys_move_slices_without_a_message(page, address, studies):
    opened(page, address)
    i, j, k = line(studies)["peak"]
    box = page.locator(".pane canvas").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 6, box["y"] + box["height"] / 2)  # the axial slice
    before, up = len(page.sent), k < GRID[2] // 2
    seconds = []
    for step in range(1, 5):
        start = time.perf_counter()
        page.mouse.wheel(0, -100 if up else 100)
        page.mouse.move(0, 0)
        expected = f"axial {k + 1 + (step if up else -step)},"
        page.wait_for_function(
            f"(t) => {{ {FIND} return viewer.querySelector('output').innerText.includes(t) }}",
            arg=expected,
        )
        seconds.append(time.perf_counter() - start)
        page.mouse.move(box["x"] + box["width"] / 6, box["y"] + box["height"] / 2)
    assert len(page.sent) == before
    assert np.median(seconds) < 0.5  # the figure of a quiet machine is in the README
    lands(page, f"slice={i + 1}-{j + 1}-")  # at rest it is told
    assert len(page.sent) > before
    page.locator(".pane canvas").first.focus()
    page.keyboard.press("Home")
    assert "map 100 %" in told(page)


def test_window_threshold_and_style_land_in_the_address_and_open_again(page, address, browser):
    opened(page, address)
    page.locator('[data-name="window"]').select_option("bone")
    page.locator('[data-name="plane"]').select_option("coronal")
    page.locator('[data-name="style"]').select_option("outline")
    page.locator('[data-name="mask"]').check()
    page.locator('[data-name="threshold"]').fill("0.5")
    for part in ("window=bone", "view=coronal", "overlay=outline~0.60~0.50~mask"):
        lands(page, part)
    other = browser.new_page(viewport={"width": 1400, "height": 1300})
    other.set_default_timeout(60_000)
    opened(other, page.url)
    assert other.locator('[data-name="window"]').input_value() == "bone"
    assert other.locator('[data-name="threshold"]').input_value() == "0.5"
    assert told(other) == told(page)
    other.close()


def test_a_custom_window(page, address):
    opened(page, address)
    assert not page.locator('[data-name="level"]').is_visible()
    page.locator('[data-name="window"]').select_option("custom")
    page.locator('[data-name="level"]').fill("-500")
    page.locator('[data-name="width"]').fill("900")
    page.locator('[data-name="width"]').press("Enter")
    lands(page, "window=-500%2F900")


def test_the_map_of_the_other_cluster_and_back(page, address):
    opened(page, address)
    first, scan = shown(page), shown(page).split()[0]
    assert has_received(page, scan)
    del page.received[:]
    choose_map(page, 1)
    page.wait_for_function(f"(old) => {{ {FIND} return viewer.dataset.shown !== old }}", arg=first)
    assert shown(page).split()[0] == scan
    page.get_by_text("Made on demand, not stored").wait_for()
    lands(page, "map=")
    assert not has_received(page, scan)  # the browser has it
    choose_map(page, 0)
    page.wait_for_function(f"(old) => {{ {FIND} return viewer.dataset.shown === old }}", arg=first)
    page.reload()
    page.locator(VIEWER).wait_for()
    assert shown(page) == first
    assert has_received(page, scan)  # the reloaded page no longer had it


def test_two_scans_side_by_side_keep_step(page, address):
    opened(page, address, "&beside=2")
    outputs = page.locator(".pane output")
    places = [outputs.nth(n).text_content().split(" · ")[-1] for n in (0, 1)]
    assert places[0] == places[1]
    box = page.locator(".pane canvas").nth(1).bounding_box()
    page.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    page.wait_for_timeout(500)
    moved = [outputs.nth(n).text_content().split(" · ")[-1] for n in (0, 1)]
    assert moved[0] == moved[1] != places[0]


def test_the_patients_right_is_on_the_left(page, address, studies):
    """On the left of the axial slice lie voxels of high i, which grow to the patient's right."""
    opened(page, address, "&view=axial")
    box = page.locator(".pane canvas").first.bounding_box()
    places = []
    for share in (0.4, 0.6):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + 0.3 * box["height"])
        page.wait_for_timeout(300)
        parts = told(page).split(" · ")[-1].split(", ")
        places.append({p.split()[0]: int(p.split()[1]) for p in parts})
    assert places[0]["sagittal"] > places[1]["sagittal"]
    assert places[0]["coronal"] > GRID[1] / 2  # above the middle is anterior


def test_it_draws_without_webgl(browsers, address):
    browser = browsers.launch(
        executable_path="/usr/bin/chromium",
        args=["--no-sandbox", "--disable-gpu", "--disable-3d-apis"],
    )
    page = browser.new_page(viewport={"width": 1400, "height": 1300})
    page.set_default_timeout(60_000)
    opened(page, address)
    assert page.evaluate("document.createElement('canvas').getContext('webgl2')") is None
    assert "map 100 %" in told(page)
    colors = page.locator(".pane canvas").first.evaluate(COLORS)
    assert colors > 50  # greys, and colours of a map
    browser.close()


FIND_VIEWER = f"() => {{ {FIND} const v = viewer.clamViewer; return "


def state(page, what):
    """Something of the viewer itself, `v`."""
    return page.evaluate(f"{FIND_VIEWER}{what} }}")


def test_a_double_click_shows_one_plane_and_back_and_leaves_the_window(page, address):
    opened(page, address)
    before = state(page, "[v.view.level, v.view.width]")
    box = page.locator(".pane canvas").first.bounding_box()
    middle = box["x"] + box["width"] / 3, box["y"] + box["height"] / 2
    page.mouse.dblclick(*middle)
    assert page.locator('[data-name="plane"]').input_value() == "axial"
    page.mouse.dblclick(*middle)
    assert page.locator('[data-name="plane"]').input_value() == "all"
    assert state(page, "[v.view.level, v.view.width]") == before


def test_a_right_drag_moves_the_window_and_sends_nothing_meanwhile(page, address):
    opened(page, address)
    level, width = state(page, "[v.view.level, v.view.width]")
    box = page.locator(".pane canvas").first.bounding_box()
    x, y = box["x"] + box["width"] / 3, box["y"] + box["height"] / 2
    before = len(page.sent)
    page.mouse.move(x, y)
    page.mouse.down(button="right")
    page.mouse.move(x + 20, y + 10, steps=4)
    page.mouse.up(button="right")
    assert state(page, "[v.view.level, v.view.width]") == [level + 20, width + 60]
    assert len(page.sent) == before
    lands(page, f"window={level + 20}%2F{width + 60}")
    assert len(page.sent) == before + 1


def test_keys_act_only_with_the_focus_and_are_listed(page, address):
    opened(page, address)
    page.locator("h1").first.click()
    page.keyboard.press("m")
    assert page.locator('[data-name="style"]').input_value() == "fill"
    page.locator(".pane canvas").first.focus()
    page.keyboard.press("m")
    assert page.locator('[data-name="style"]').input_value() == "off"
    page.keyboard.press("2")
    assert page.locator('[data-name="window"]').input_value() == "mediastinum"
    page.keyboard.press("r")
    assert page.locator('[data-name="window"]').input_value() == "lung"
    page.keyboard.press("?")
    assert "Measure a length" in page.locator(".help").inner_text()
    page.keyboard.press("Escape")
    assert not page.locator(".help").is_visible()


def test_a_length_between_two_points_is_drawn_in_mm(page, address, studies):
    opened(page, address)
    page.locator(".pane canvas").first.focus()
    page.keyboard.press("l")
    box = page.locator(".pane canvas").first.bounding_box()
    x, y = box["x"] + box["width"] / 4, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 100, y, steps=3)
    page.mouse.up()
    from_to = state(page, "[v.scenes[0].notes[0].from, v.scenes[0].notes[0].to]")
    mm = float(np.linalg.norm(np.subtract(*from_to)))
    scale = state(page, "v.scenes[0].tiles.axial.scale / devicePixelRatio")
    assert mm == pytest.approx(100 / scale, rel=1e-6)
