"""The report opened from disk in a real browser, with the network off, and printed."""

import re

import pytest

from clam_core.report import build_report
from clam_core.study import Run
from tests.report import make

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A page with the report of a complete study, and what the browser complained about."""
    folder = tmp_path_factory.mktemp("report")
    made = make.complete(folder / "trial")
    (folder / "report.html").write_bytes(build_report(Run(made, "default")))
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1100, "height": 1400})
        context.set_offline(True)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("requestfailed", lambda request: page.complaints.append(request.url[:80]))
        page.goto((folder / "report.html").as_uri())
        yield page
        browser.close()


def test_nothing_is_missing_without_a_network(shown):
    assert shown.complaints == []
    assert shown.title() == "trial: run default"


def test_every_picture_is_decoded_and_visible(shown):
    sizes = shown.eval_on_selector_all(
        "img", "all => all.map(one => [one.naturalWidth, one.clientWidth, one.clientHeight])"
    )
    assert len(sizes) >= 30
    assert all(min(size) > 20 for size in sizes)


def test_every_figure_shows_something(shown):
    found = shown.eval_on_selector_all(
        "figure",
        """all => all.map(figure => {
            const caption = figure.querySelector('figcaption').textContent.trim();
            const seen = one => { const box = one.getBoundingClientRect();
                return box.width > 20 && box.height > 8; };
            const drawn = svg => [...svg.querySelectorAll('path, rect, circle, polyline')]
                .filter(one => { const box = one.getBoundingClientRect();
                    return box.width > 1 && box.height > 1; }).length;
            const parts = [...figure.querySelectorAll('img, svg')];
            const whole = parts.every(one => seen(one) &&
                (one.tagName == 'IMG' ? one.complete && one.naturalWidth > 0 : drawn(one) > 0));
            return [caption, parts.length, whole];
        })""",
    )
    assert len(found) >= 15
    assert [caption for caption, n, whole in found if not n or not whole] == []
    captions = " ".join(caption for caption, _, _ in found)
    for wanted in ("Effects of", "Strength and evidence", "Kaplan-Meier", "by cluster"):
        assert wanted in captions


def test_every_drawing_is_visible_and_holds_its_texts(shown):
    outside = shown.eval_on_selector_all(
        "svg",
        """all => all.flatMap(svg => {
            const frame = svg.getBoundingClientRect();
            const texts = [...svg.querySelectorAll('text')].map(text => [text.textContent,
                text.getBoundingClientRect()]);
            if (frame.width < 20 || frame.height < 8) return ['empty drawing'];
            return texts.filter(([_, box]) => box.left < frame.left - 2 || box.top < frame.top - 2
                || box.right > frame.right + 2 || box.bottom > frame.bottom + 2).map(([t]) => t);
        })""",
    )
    assert outside == []


def test_nothing_is_wider_than_the_window(shown):
    for width in (1100, 480):
        shown.set_viewport_size({"width": width, "height": 1000})
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        captions = "all => Math.max(...all.map(one => one.getBoundingClientRect().right))"
        assert shown.eval_on_selector_all("caption, figcaption", captions) <= width
    shown.set_viewport_size({"width": 1100, "height": 1400})


def test_contents_lead_to_their_sections(shown):
    for link in shown.locator("nav a").all():
        link.click()
        heading = shown.locator(f"{link.get_attribute('href')} > h2")
        assert heading.is_visible()
        assert link.inner_text() in heading.inner_text()
        assert abs(heading.bounding_box()["y"]) < 1400


def test_it_is_readable_without_scripts_and_in_a_dark_browser(shown):
    shown.emulate_media(color_scheme="dark")
    colors = shown.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    shown.emulate_media(color_scheme="light")
    ink, paper = (sum(map(int, re.findall(r"\d+", color)[:3])) for color in colors)
    assert paper - ink > 500


def test_it_prints_in_pages_with_their_numbers(shown):
    content = shown.pdf(prefer_css_page_size=True)
    assert content.startswith(b"%PDF")
    n_pages = len(re.findall(rb"/Type\s*/Page\b", content))
    assert 8 <= n_pages <= 30
    shown.emulate_media(media="print")
    assert not shown.locator("footer").is_visible()  # the page's own margin says it
    cut = shown.eval_on_selector_all(
        "figure", "all => all.filter(one => getComputedStyle(one).breakInside != 'avoid').length"
    )
    shown.emulate_media(media="screen")
    assert cut == 0
