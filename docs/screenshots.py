"""Take the pictures of these pages anew: `python docs/screenshots.py STUDIES [NAME ...]`.

STUDIES holds a complete demo study called `demo`. Needs requirements-dev.txt and Chromium.
"""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.serving import browser, served  # noqa: E402  (only now can it be imported)

IMAGES, ASSETS = ROOT / "docs" / "images", ROOT / "assets"
MOST_BYTES = 500_000


def take(page: Page, name: str, heading: str) -> None:
    """Store what is seen from a heading on: as it is, or in 256 colours where it is large."""
    if heading:
        place = page.get_by_role("heading", name=heading).last
        place.evaluate("heading => heading.scrollIntoView({block: 'start'})")
    page.wait_for_timeout(4000)
    drawn = "[...document.images].every(one => !one.src || (one.complete && one.naturalWidth))"
    page.wait_for_function(drawn)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    path = (ASSETS if name in OF_README else IMAGES) / f"{name}.png"
    picture.save(path, optimize=True)
    if path.stat().st_size > MOST_BYTES:
        # Not by median cut, which gives nearly all colours to the greys of the scans.
        picture.quantize(256, method=Image.Quantize.MAXCOVERAGE).save(path, optimize=True)


def at_rest(page: Page) -> None:
    """Wait until the app has drawn everything."""
    page.get_by_text("Research use only").wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def assign(page: Page, scans: Path) -> None:
    """Give a scan of the demo and its mask, as if it were new."""
    for number, folder in enumerate(("scans", "lungs")):
        file = scans / folder / "SARC-007.nii.gz"
        page.locator("input[type=file]").nth(number).set_input_files(file)
        at_rest(page)
    page.get_by_role("button", name="Find its cluster").click()
    page.get_by_text("Most similar scans of the study").wait_for()
    at_rest(page)


SHOTS: tuple[tuple[str, str, str, int], ...] = (
    ("cohort", "?", "", 900),
    ("clinical_table", "?part=Clinical+table", "", 900),
    ("training", "training?", "", 800),
    ("how_many", "training?", "How many clusters?", 800),
    ("clusters", "clusters?", "", 900),
    ("typical", "clusters?", "Typical and borderline scans", 900),
    ("one_variable", "associations?variable=DLCO", "DLCO", 900),
    ("new_scan", "assign?", "", 900),
    ("report", "report?", "", 900),
    ("explore", "explore?scan=SARC-041", "", 900),
    ("associations", "associations?", "", 1900),
)
OF_README = {"explore", "associations"}
"""Name of the picture, address, heading at its top (empty: the page's own), height."""


def main(studies: Path, names: list[str]) -> None:
    """Take the named pictures; every one if none is named."""
    IMAGES.mkdir(exist_ok=True)
    with served(studies.resolve()) as address, browser() as page:
        for name, place, heading, height in (one for one in SHOTS if not names or one[0] in names):
            page.set_viewport_size({"width": 1400, "height": height})
            page.goto(f"{address}/{place}&study=demo&run=default")
            at_rest(page)
            if name == "new_scan":
                assign(page, studies / "demo-scans")
            if "scan=" in place:
                page.locator(".pane[data-own=all]").first.wait_for()
            take(page, name, heading)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
