"""Explore in a browser that has no WebGL, as on many machines without a graphics card."""

import pytest

from benchmarks.app.studies import make_study
from clam_core.figures.embedding import MOST_WITHOUT_WEBGL
from tests.browser.serving import browser, served

pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser
KINDS = "[...new Set(document.querySelector('.js-plotly-plot').data.map(({ type }) => type))]"


@pytest.mark.parametrize("has_webgl", [True, False])
def test_very_many_points_are_drawn_as_the_browser_can(tmp_path, has_webgl):
    make_study(tmp_path, "many", MOST_WITHOUT_WEBGL + 500, n_real=2)
    flags = [] if has_webgl else ["--disable-gpu", "--disable-3d-apis"]
    with served(tmp_path) as address, browser(*flags) as page:
        page.goto(f"{address}/explore?study=many")
        page.wait_for_selector(".js-plotly-plot .main-svg")
        said = page.get_by_text("This browser draws without WebGL, so the map shows 2,000 of 2,500")
        if not has_webgl:
            said.wait_for()
        page.wait_for_timeout(2000)
        assert page.evaluate(KINDS) == ["scattergl" if has_webgl else "scatter"]
        assert said.count() == (0 if has_webgl else 1)
        assert page.get_by_text("WebGL is not supported").count() == 0
