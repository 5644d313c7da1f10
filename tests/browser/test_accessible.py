"""Every page, light and dark, by axe-core: no violation of WCAG A or AA, headings in order."""

import os
from importlib import util
from pathlib import Path

import pytest

from tests.browser.serving import CHROMIUM, let_in, served
from tests.report import make

playwright = pytest.importorskip("playwright.sync_api")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PAGES = (
    "cohort", "training", "explore", "clusters", "associations", "reading", "assign", "report",
)  # fmt: skip


def axe():
    """Text of axe-core: where `CLAM_AXE` says, or in the package axe-playwright-python."""
    found = os.environ.get("CLAM_AXE")
    spec = None if found else util.find_spec("axe_playwright_python")
    if spec is not None:
        found = Path(spec.origin).with_name("axe.min.js")
    return None if found is None else Path(found).read_text(encoding="utf-8")


pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).is_file(), reason="Chromium is not here"),
    pytest.mark.skipif(axe() is None, reason="axe-core is not here"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studies")
    made = make.study(folder / "done")
    make.localize(make.run(made))
    make.clinical(made)
    with served(folder) as url:
        yield url


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_violates_wcag(address, theme):
    found = {}
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = let_in(
            chromium.new_page(viewport={"width": 1440, "height": 900}, color_scheme=theme)
        )
        page.set_default_timeout(90_000)
        for name in (*PAGES, "explore?scan=S09"):
            mark = "&" if "?" in name else "?"
            page.goto(f"{address}/{name}{mark}study=done")
            page.locator("h1").first.wait_for(state="attached")
            if "scan=" in name:
                page.locator(".viewer[data-shown]").wait_for()
            page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
            page.wait_for_timeout(1500)
            page.evaluate(axe())
            told = page.evaluate(
                "rules => axe.run(document, { runOnly: rules, "
                "rules: { 'heading-order': { enabled: true } } })",
                RULES,
            )
            found[name] = [(one["id"], len(one["nodes"])) for one in told["violations"]]
        chromium.close()
    assert found == {name: [] for name in found}
