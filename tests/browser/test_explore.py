"""Explore in a real browser: click a point, click another, frame some, change the colour, find."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.browser.serving import TOKEN, let_in
from tests.report import make

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]

PLACE = """scan => {
    const chart = document.querySelector('.js-plotly-plot'), box = chart.getBoundingClientRect();
    const {_size: size, xaxis, yaxis} = chart._fullLayout;
    for (const trace of chart._fullData) {
        const k = (trace.customdata || []).indexOf(scan);
        if (k >= 0) return [box.x + size.l + xaxis.d2p(trace.x[k]),
                            box.y + size.t + yaxis.d2p(trace.y[k])];
    }
}"""

ENDS = """() => {
    const traces = document.querySelector('.js-plotly-plot')._fullData;
    const [x, y] = ['x', 'y'].map(axis => traces.flatMap(trace => Array.from(trace[axis] || [])));
    return [Math.min(...x), Math.max(...x), Math.min(...y), Math.max(...y)];
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A server of its own with one complete study."""
    folder = tmp_path_factory.mktemp("studies")
    made = make.study(folder / "done")
    make.localize(make.run(made))
    make.clinical(made)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    server = subprocess.Popen(
        [*command, "--server.port", str(port)],
        cwd=ROOT,
        env={**os.environ, "CLAM_STUDIES": str(folder), "CLAM_TOKEN": TOKEN},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=1)  # noqa: S310
                break
            except OSError:
                time.sleep(0.5)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        arguments = ["--no-sandbox", "--use-gl=swiftshader", "--enable-webgl"]
        chromium = driver.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def explore(address, browser):
    pages = []

    def go(query=""):
        page = let_in(browser.new_page(viewport={"width": 1500, "height": 1300}))
        page.set_default_timeout(60_000)
        page.goto(f"{address}/explore?study=done{query}")
        page.wait_for_selector(".js-plotly-plot .gl-canvas")
        page.wait_for_function("!!document.querySelector('.js-plotly-plot')._fullLayout.xaxis.d2p")
        page.wait_for_timeout(1500)
        pages.append(page)
        return page

    yield go
    for page in pages:
        page.close()


def click(page, scan):
    x, y = page.evaluate(PLACE, scan)
    page.mouse.move(x, y)
    page.wait_for_timeout(400)
    page.mouse.click(x, y)
    page.locator(".viewer .title", has_text=scan).wait_for()


def frame(page, scans):
    places = [page.evaluate(PLACE, scan) for scan in scans]
    left, right = (pick(x for x, _ in places) for pick in (min, max))
    top, bottom = (pick(y for _, y in places) for pick in (min, max))
    page.locator(".modebar-btn[data-title='Box Select']").click()
    page.mouse.move(left - 25, top - 25)
    page.mouse.down()
    page.mouse.move((left + right) / 2, (top + bottom) / 2, steps=5)
    page.mouse.move(right + 25, bottom + 25, steps=5)
    page.mouse.up()
    page.get_by_text("selected of 18").wait_for()


def test_a_click_opens_a_scan_and_the_next_click_another(explore):
    page = explore()
    page.get_by_text("Click a point to open its scan").wait_for()
    for scan in ("S01", "S09", "S15"):
        click(page, scan)
        assert f"scan={scan}" in page.url
    page.locator(".viewer [data-key=i]").click()
    page.get_by_text("Scans that look most alike").wait_for()


def test_a_framed_selection_survives_a_click_and_another_color(explore):
    page = explore()
    scans = [f"S{n:02d}" for n in range(8, 14)]
    frame(page, scans)
    assert page.get_by_text("6 selected of 18").is_visible()
    page.locator(".modebar-btn[data-title='Pan']").click()
    click(page, "S02")
    assert page.get_by_text("6 selected of 18").is_visible()
    page.get_by_label("Colour by").click()
    page.keyboard.type("Confidence")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("colour=confidence"))
    page.locator(".js-plotly-plot .colorbar").wait_for()
    assert page.get_by_text("6 selected of 18").is_visible()
    chosen = page.evaluate(
        """() => document.querySelector('.js-plotly-plot').data.flatMap(
            trace => (trace.selectedpoints || []).map(k => trace.customdata[k])).sort()"""
    )
    assert chosen == scans
    again = explore(page.url.split("study=done")[1])
    assert again.get_by_text("6 selected of 18").is_visible()
    assert again.locator(".viewer .title", has_text="S02").is_visible()
    again.get_by_role("button", name="Clear").click()
    again.get_by_text("Nothing selected").wait_for()
    assert "selection=" not in again.url


def test_a_scan_is_found_by_its_id(explore):
    page = explore()
    page.get_by_label("Find a scan").fill("s11")
    page.keyboard.press("Enter")
    page.locator(".viewer .title", has_text="S11").wait_for()
    assert "scan=S11" in page.url


def test_a_closed_scan_opens_again_and_the_open_one_stays_marked(explore):
    def marked():
        return page.evaluate(
            """() => document.querySelector('.js-plotly-plot')._fullData.flatMap(
                trace => (trace.selectedpoints || []).map(k => trace.customdata[k]))"""
        )

    page = explore()
    click(page, "S01")
    page.locator(".viewer .close").click()
    page.get_by_text("Click a point to open its scan").wait_for()
    page.wait_for_timeout(1500)
    assert marked() == []
    click(page, "S01")
    page.wait_for_timeout(1500)
    x, y = page.evaluate(PLACE, "S01")
    page.mouse.click(x, y)  # the second click on a point unmarks it in the browser
    page.wait_for_timeout(2500)
    assert marked() == ["S01"]
    assert page.locator(".viewer .title", has_text="S01").is_visible()


def test_the_part_of_the_map_that_is_seen_is_kept(explore):
    def seen():
        return page.evaluate(
            """() => {
                const chart = document.querySelector('.js-plotly-plot');
                const {xaxis, yaxis, dragmode} = chart._fullLayout;
                return [...xaxis.range, ...yaxis.range, dragmode];
            }"""
        )

    def drawn_again(change):
        name = "document.querySelector('[class*=st-key-map-]:has(.js-plotly-plot)')"
        before = page.evaluate(f"{name}.className")
        change()
        page.wait_for_function(f"{name} && {name}.className !== {before!r}")
        drawn = "!!document.querySelector('.js-plotly-plot')?._fullLayout?.xaxis?.d2p"
        page.wait_for_function(drawn)
        page.wait_for_timeout(1000)

    page = explore()
    whole = seen()
    page.mouse.move(*page.evaluate(PLACE, "S09"))
    for _ in range(4):
        page.mouse.wheel(0, -200)
        page.wait_for_timeout(100)
    page.locator(".modebar-btn[data-title='Lasso Select']").click()
    page.wait_for_timeout(2000)
    part = seen()
    assert part[4] == "lasso"
    assert part[1] - part[0] < 0.7 * (whole[1] - whole[0])

    def other_color():
        page.get_by_label("Colour by").click()
        page.keyboard.type("Confidence")
        page.keyboard.press("Enter")

    drawn_again(other_color)
    assert (seen()[:4], seen()[4]) == (pytest.approx(part[:4]), "lasso")
    drawn_again(page.locator("[class*='st-key-typical-'] button").first.click)
    assert (seen()[:4], seen()[4]) == (pytest.approx(part[:4]), "lasso")
    page.locator(".modebar-btn[data-title='Autoscale']").last.click()
    page.wait_for_timeout(1500)
    # Beside an open scan the map is narrow, and both axes keep one scale: all is seen, and more.
    left, right, bottom, top = seen()[:4]
    ends = page.evaluate(ENDS)
    assert left < ends[0] and right > ends[1] and bottom < ends[2] and top > ends[3]
    drawn_again(page.locator(".viewer .close").click)
    # The whole map again, in the room that it has now.
    left, right, bottom, top = seen()[:4]
    assert left < ends[0] and right > ends[1] and bottom < ends[2] and top > ends[3]
    assert right - left < 1.3 * (whole[1] - whole[0])


def test_a_small_picture_beside_the_pointer(explore):
    page = explore()
    picture = page.locator("body > img")
    page.mouse.move(*page.evaluate(PLACE, "S09"))
    page.locator("body > img[alt='Small picture of scan S09']").wait_for(state="visible")
    assert picture.evaluate("image => image.complete && image.naturalWidth > 50")
    page.mouse.move(*page.evaluate(PLACE, "S01"))
    page.locator("body > img[alt='Small picture of scan S01']").wait_for(state="visible")
    page.mouse.move(5, 5)
    picture.wait_for(state="hidden")


@pytest.mark.parametrize("size", [(1440, 900), (1280, 720)])
def test_the_picture_of_an_open_scan_has_most_of_the_window(explore, size):
    page = explore("&scan=S09")
    page.evaluate("sessionStorage.clear()")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.locator(".viewer[data-shown]").wait_for()
    # What is said of files that have gone takes a line, which is not there as a rule.
    page.locator(".trouble").evaluate(
        "bar => { bar.style.display = 'none'; dispatchEvent(new Event('resize')); }"
    )
    page.wait_for_timeout(1000)
    box = page.locator(".pane").first.bounding_box()
    seen = min(box["y"] + box["height"], size[1]) - box["y"]
    assert box["width"] * seen >= 0.6 * size[0] * size[1]
    with_map = box["width"]
    page.locator(".viewer [data-key=d]").click()
    page.wait_for_timeout(2000)
    folded = page.locator(".pane").first.bounding_box()
    assert folded["width"] > with_map + 150
    seen = min(folded["y"] + folded["height"], size[1]) - folded["y"]
    assert folded["width"] * seen >= 0.87 * size[0] * size[1]
    page.locator(".viewer [data-key=d]").click()
    page.wait_for_timeout(2000)
    assert page.locator(".pane").first.bounding_box()["width"] == pytest.approx(with_map, abs=2)
    assert page.locator(".js-plotly-plot").is_visible()


def test_what_is_open_and_selected_survives_other_pages_and_back(explore):
    page = explore("&scan=S09&selection=S02,S03")
    page.locator(".viewer[data-shown]").wait_for()
    page.get_by_role("link", name="Clusters", exact=True).click()
    page.get_by_role("heading", name="Clusters", exact=True).wait_for()
    page.get_by_role("link", name="Explore", exact=True).click()
    page.locator(".viewer .title", has_text="S09").wait_for()
    page.get_by_text("2 selected of 18").wait_for()
    page.go_back()
    page.get_by_role("heading", name="Clusters", exact=True).wait_for()
    page.go_back()
    page.locator(".viewer .title", has_text="S09").wait_for()
    page.get_by_text("2 selected of 18").wait_for()


def test_another_scan_stands_beside_and_goes_along(explore):
    page = explore("&scan=S09&beside=S02")
    page.locator(".viewer[data-shown]").wait_for()
    page.wait_for_function(
        "() => document.querySelector('.js-plotly-plot') && "
        "[...document.querySelectorAll('*')].some(one => one.shadowRoot?.querySelector('.viewer')"
        "?.clamViewer?.scenes.length === 2) || "
        "document.querySelector('.viewer')?.clamViewer?.scenes.length === 2"
    )
    viewer = page.locator(".viewer")
    at = "root => root.clamViewer.scenes.map(scene => scene.gridVoxel)"
    page.locator(".viewer canvas").first.press("ArrowUp")
    page.locator(".viewer canvas").first.press("ArrowUp")
    page.wait_for_timeout(300)
    first, second = viewer.evaluate(at)
    assert first == second
    page.locator(".viewer canvas").nth(1).press("ArrowDown")
    page.wait_for_timeout(300)
    first, second = viewer.evaluate(at)
    assert first == second
    assert "beside=S02" in page.url
