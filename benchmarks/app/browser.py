"""What a person waits for in the app, measured in headless Chromium."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.app.server import Server
from benchmarks.app.studies import RUN, Shown

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE_MS = 60_000
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
REST_MS = 1600
"""The viewer tells the server what is shown after a second of rest."""

_POSITION = """([x, y]) => {
  const map = document.querySelector(".js-plotly-plot"), box = map.getBoundingClientRect();
  const { xaxis, yaxis } = map._fullLayout;
  return [box.left + xaxis._offset + xaxis.l2p(x), box.top + yaxis._offset + yaxis.l2p(y)];
}"""
_FRAME = """() => {
  const map = document.querySelector(".js-plotly-plot"), box = map.getBoundingClientRect();
  const { xaxis, yaxis } = map._fullLayout;
  return [[0.03, 0.2], [0.97, 0.97]].map(([x, y]) =>
    [box.left + xaxis._offset + x * xaxis._length, box.top + yaxis._offset + y * yaxis._length]);
}"""
HAVE_PAINTED = """
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const slices = root.querySelector("canvas"), pen = slices.getContext("2d");
  const paint = async () => {
    await frame();
    pen.getImageData(0, 0, 1, 1);
  };
"""
_WHEEL = f"""async (root) => {{{HAVE_PAINTED}
  const box = slices.getBoundingClientRect(), found = [];
  const place = () => root.clamViewer.scenes[0].at.join();
  for (let n = 0; n < 12; n++) {{
    const before = place(), begun = performance.now();
    slices.dispatchEvent(new WheelEvent("wheel", {{ deltaY: n < 6 ? 100 : -100, bubbles: true,
      cancelable: true, clientX: box.left + box.width / 6, clientY: box.top + box.height / 2 }}));
    await paint();
    if (place() === before) throw new Error("the wheel did not change the slice");
    found.push((performance.now() - begun) / 1000);
  }}
  return found;
}}"""
_SLIDER = f"""async (root, name) => {{{HAVE_PAINTED}
  const slider = root.querySelector(`[data-name="${{name}}"]`), found = [];
  for (const value of [0.2, 0.8, 0.4, 0.7, 0.3, 0.5]) {{
    const begun = performance.now();
    slider.value = value;
    slider.dispatchEvent(new Event("input", {{ bubbles: true }}));
    await paint();
    found.push((performance.now() - begun) / 1000);
  }}
  return found;
}}"""


def has_playwright() -> bool:
    """Whether a browser can be driven; needed for this benchmark only."""
    import importlib.util

    return importlib.util.find_spec("playwright") is not None


class Visitor:
    """One browser with one page on the app.

    Args:
        page: Of the browser.
        server: The app.
    """

    def __init__(self, page: Page, server: Server) -> None:
        self.page, self.server = page, server
        self.n_told = 0
        self._shown = ""
        page.set_default_timeout(PATIENCE_MS)
        name, value = server.cookie
        page.context.add_cookies([{"name": name, "value": value, "url": server.address}])
        page.on("websocket", lambda socket: socket.on("framesent", self._count))

    def _count(self, _: Any) -> None:  # noqa: ANN401
        self.n_told += 1

    def first_page(self) -> float:
        """Seconds from the start of the server's process to the painted first page."""
        self.page.goto(self.server.address)
        self._titled("Cohort")
        return time.perf_counter() - self.server.started

    def open(self, name: str, shown: Shown, **query: str) -> None:
        """Open a page on a study, and wait until nothing moves."""
        words = "&".join(f"{key}={value}" for key, value in query.items())
        address = f"{self.server.address}/{name}?study={shown.name}&run={RUN}&{words}"
        self.page.goto(address)
        self._idle()
        if name == "explore":
            self.page.locator(".js-plotly-plot .plotly").first.wait_for(state="attached")
        self._idle()
        self._sound(name)

    def switch(self, title: str) -> float:
        """Seconds from the click on a page's name to that page, complete."""
        begun = time.perf_counter()
        self.page.get_by_role("link", name=title, exact=True).click()
        self._titled(title)
        self._idle()
        seconds = time.perf_counter() - begun
        self._sound(title)
        return seconds

    def click_scan(self, shown: Shown, number: int) -> tuple[float, float]:
        """Click a scan on the map: seconds to its line, and to its painted slices with the map."""
        place = self.page.evaluate(_POSITION, shown.places[number])
        self.page.mouse.move(*place)
        self.page.wait_for_timeout(500)
        begun = time.perf_counter()
        self.page.mouse.click(*place)
        self.page.locator(".viewer .title", has_text=shown.scan_ids[number]).wait_for()
        named = time.perf_counter() - begun
        while self._viewer_shows() in {"", self._shown}:
            time.sleep(0.01)
        seen = time.perf_counter() - begun
        self._shown = self._viewer_shows()
        self._idle()
        self.page.wait_for_timeout(REST_MS)
        return named, seen

    def click_own(self, shown: Shown, number: int) -> tuple[float, float, float]:
        """Click a scan: seconds to the copy in the study, to its own slice, and to all of them."""
        place = self.page.evaluate(_POSITION, shown.places[number])
        self.page.mouse.move(*place)
        self.page.wait_for_timeout(500)
        self.page.evaluate("performance.clearMarks()")
        begun = time.perf_counter()
        self.page.mouse.click(*place)
        while self._viewer_shows() in {"", self._shown}:
            time.sleep(0.01)
        grid = time.perf_counter() - begun
        self._shown = self._viewer_shows()
        self.page.wait_for_function("performance.getEntriesByName('clam-viewer-sharp').length")
        sharp = time.perf_counter() - begun
        self.page.locator(".pane[data-own=all]").first.wait_for()
        whole = time.perf_counter() - begun
        self._idle()
        self.page.wait_for_timeout(REST_MS)
        return grid, sharp, whole

    def box_select(self) -> float:
        """Seconds from the end of a frame around most points to the list of what is selected."""
        self.page.locator('[data-attr=dragmode][data-val="select"]').first.click()
        ends = self.page.evaluate(_FRAME)
        self.page.mouse.move(*ends[0])
        self.page.mouse.down()
        self.page.mouse.move(*ends[1], steps=4)
        begun = time.perf_counter()
        self.page.mouse.up()
        self.page.get_by_text(" selected of ").wait_for()
        self._idle()
        return time.perf_counter() - begun

    def wheel(self) -> tuple[list[float], int]:
        """Seconds of each change of slice, and messages sent to the server meanwhile."""
        before = self.n_told
        seconds: list[float] = self.viewer().evaluate(_WHEEL)
        told = self.n_told - before
        self.page.wait_for_timeout(REST_MS)
        return seconds, told

    def slide(self, name: str) -> list[float]:
        """Seconds of each change of the map's `opacity` or `threshold`."""
        seconds: list[float] = self.viewer().evaluate(_SLIDER, name)
        return seconds

    def viewer(self) -> Any:  # noqa: ANN401
        """The element of the view."""
        return self.page.locator("section.viewer").first

    def _viewer_shows(self) -> str:
        found: list[str] = self.page.locator("section.viewer").evaluate_all(
            "all => all.map((one) => one.dataset.shown ?? '')"
        )
        return found[0] if found else ""

    def _titled(self, title: str) -> None:
        self.page.get_by_role("heading", name=title, exact=True).wait_for()

    def _sound(self, name: str) -> None:
        """Nothing is measured on a page that shows an error."""
        if self.page.locator(
            "[data-testid=stException], [data-testid=stAlertContentError]"
        ).count():
            raise RuntimeError(f"The page {name!r} shows an error.")

    def _idle(self) -> None:
        self.page.locator(IDLE).wait_for()


@contextmanager
def chromium() -> Iterator[Page]:
    """A page in a headless Chromium."""
    from playwright.sync_api import sync_playwright

    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM if CHROMIUM.is_file() else None,
            args=["--no-sandbox"] if is_root else [],
        )
        try:
            yield browser.new_page(viewport={"width": 1400, "height": 1000})
        finally:
            browser.close()
