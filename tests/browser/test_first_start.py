"""From nothing to an opened scan: the demo made with one button, in a real browser."""

import os
import re
import time
from pathlib import Path

import pytest

from tests.browser.serving import CHROMIUM, browser, served

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).is_file(), reason="Chromium is not here"),
]
SHOTS = os.environ.get("CLAM_SCREENSHOTS")
LONG = 400_000

FIRST_POINT = """() => {
    const chart = document.querySelector('.js-plotly-plot'), box = chart.getBoundingClientRect();
    const {_size: size, xaxis, yaxis} = chart._fullLayout;
    const trace = chart._fullData.find(one => one.customdata?.length > 1);
    return {scan: [trace.customdata[0]].flat()[0],
            x: box.x + size.l + xaxis.d2p(trace.x[0]),
            y: box.y + size.t + yaxis.d2p(trace.y[0])};
}"""
IS_DRAWN = "() => !!document.querySelector('.js-plotly-plot')?._fullLayout?.xaxis?.d2p"


def shot(page, name):
    """Keep a picture of the page where somebody wants to look at it."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"first-start-{name}.png")


def watch_progress(page):
    """Every line that the progress bar showed until the step was over."""
    seen = []
    bar = page.get_by_test_id("stProgress")
    over = page.get_by_role("link", name="Look at the map of the cohort")
    bar.wait_for()
    shot(page, "progress")
    deadline = time.monotonic() + LONG / 1000
    while not over.count() and time.monotonic() < deadline:
        # whatever is there at this moment: a bar may go while it is looked at
        seen += [line for line in bar.all_text_contents() if line and line not in seen]
        page.wait_for_timeout(250)
    return seen


def test_the_demo_from_nothing_to_an_open_scan(tmp_path, record_testsuite_property):
    root = tmp_path / "studies"  # not even the folder is there
    with served(root) as address, browser() as page:
        page.goto(address)
        page.get_by_role("button", name="Try the demo study").wait_for()
        shot(page, "empty")
        started = time.monotonic()
        page.get_by_role("button", name="Try the demo study").click()
        lines = watch_progress(page)
        page.get_by_role("link", name="Look at the map of the cohort").click()
        page.wait_for_function(IS_DRAWN)
        record_testsuite_property("seconds_to_the_map", round(time.monotonic() - started))
        page.wait_for_timeout(2_000)
        shot(page, "map")
        stages = {line.split("·")[0].strip() for line in lines}
        assert len(stages) > 4  # several stages, each with how far it is
        assert all(line.startswith("Making the demo study: ") for line in lines)
        assert all(re.search(r" · \d+% · ", line) for line in lines)
        assert any(re.search(r"about \d+ (s|min) left", line) for line in lines)
        point = page.evaluate(FIRST_POINT)
        page.mouse.move(point["x"], point["y"])
        page.wait_for_timeout(400)
        page.mouse.click(point["x"], point["y"])
        page.locator(".viewer .title", has_text=point["scan"]).wait_for()
        page.locator(".viewer[data-shown]").wait_for()
        page.locator(".viewer [data-key=i]").click()  # the drawer, closed at first
        page.get_by_text("The stored map", exact=True).wait_for()
        page.wait_for_timeout(1_500)
        shot(page, "scan")
        assert f"scan={point['scan']}" in page.url
