"""Take the pictures of these pages anew: `python docs/screenshots.py STUDIES`.

STUDIES holds a complete demo study called `demo`. Needs requirements-dev.txt and Chromium.
"""

import io
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.serving import browser, served  # noqa: E402  (only now can it be imported)

IMAGES = ROOT / "docs" / "images"
COLOURS = 128


def take(page: Page, name: str, height: int) -> None:
    """Store what is seen, with few colours: such pictures stay below 300 kB."""
    page.set_viewport_size({"width": 1400, "height": height})
    page.wait_for_timeout(4000)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    small = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    small.save(IMAGES / f"{name}.png", optimize=True)


def at_rest(page: Page) -> None:
    """Wait until the app has drawn everything."""
    page.get_by_text("Research use only").wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def nothing(page: Page) -> None:
    """No click before the picture."""


def one_variable(page: Page) -> None:
    """Scroll to the comparison of two clusters."""
    page.get_by_text("Typical and borderline scans").scroll_into_view_if_needed()


def compare(page: Page) -> None:
    """Scroll to the numbers of clusters."""
    page.get_by_text("How many clusters?").scroll_into_view_if_needed()


SHOTS: tuple[tuple[str, str, int, Callable[[Page], None]], ...] = (
    ("cohort", "cohort", 1000, nothing),
    ("clinical_table", "cohort&part=Clinical+table", 1000, nothing),
    ("training", "training", 1000, nothing),
    ("how_many", "training", 900, compare),
    ("clusters", "clusters", 1000, nothing),
    ("typical", "clusters", 900, one_variable),
    ("report", "report", 900, nothing),
    ("new_scan", "assign", 700, nothing),
)


def main(studies: Path) -> None:
    """Take every picture."""
    IMAGES.mkdir(exist_ok=True)
    with served(studies.resolve()) as address, browser() as page:
        for name, place, height, prepare in SHOTS:
            where, _, query = place.partition("&")
            page.goto(f"{address}/{where}?study=demo&run=default&{query}")
            at_rest(page)
            prepare(page)
            take(page, name, height)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
