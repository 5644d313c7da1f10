"""Fresh servers and deep links: no script of the app runs past its list of pages and its checks."""

from pathlib import Path

import pytest

from tests.browser.proxies import login_service
from tests.browser.serving import CHROMIUM, browser, free_port, served
from tests.report import make

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).is_file(), reason="Chromium is not here"),
]
INSIDE = "18 scans ready, 1 failed"
PAGES = (
    "cohort", "training", "explore", "clusters", "associations", "reading", "assign", "report",
)  # fmt: skip
NO_PAGES = ("page", "shell", "two_doors")
DEEPER = ("cohort/page", "shell/start")


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    root = tmp_path_factory.mktemp("studies")
    for name in ("a-first", "one"):
        made = make.study(root / name)
        make.localize(make.run(made))
    return root


@pytest.fixture
def secrets(tmp_path):
    """Settings of a login service, for a port."""

    def write(port, service):
        (tmp_path / "secrets.toml").write_text(
            f"""[auth]
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
cookie_secret = "a long and random text of this server"
client_id = "clam"
client_secret = "known to both"
server_metadata_url = "{service}/.well-known/openid-configuration"
"""
        )
        return ("--secrets.files", str(tmp_path / "secrets.toml"))

    return write


@pytest.mark.parametrize("name", PAGES)
def test_a_cold_deep_link_opens_its_page_and_nothing_else(studies, name):
    with served(studies) as address, browser() as page:
        page.goto(f"{address}/{name}?study=one")
        page.get_by_text(INSIDE).wait_for()
        page.get_by_text("Research use only").wait_for()
        assert page.get_by_role("dialog").count() == 0  # such as: Page not found
        assert page.get_by_test_id("stException").count() == 0
        assert page.get_by_test_id("stSidebarNav").count() == 0
        assert page.get_by_test_id("stTopNavLink").count() == len(PAGES)
        assert f"{address}/{name}?study=one" in page.url


@pytest.mark.parametrize("name", NO_PAGES)
def test_the_name_of_a_script_is_no_page(studies, name):
    with served(studies) as address, browser() as page:
        page.goto(f"{address}/{name}?study=one")
        page.get_by_text("Page not found").wait_for()
        page.get_by_text(INSIDE).wait_for()  # it shows the first page instead
        assert page.get_by_test_id("stTopNavLink").count() == len(PAGES)
        assert page.get_by_test_id("stException").count() == 0


@pytest.mark.parametrize("name", DEEPER)
def test_a_deeper_address_shows_nothing(studies, name):
    with served(studies) as address, browser() as page:
        page.goto(f"{address}/{name}?study=one")
        page.wait_for_timeout(4_000)
        assert page.inner_text("body").strip() == ""


@pytest.mark.parametrize("name", [*PAGES, "page", "two_doors", "cohort/page"])
def test_with_a_login_a_cold_deep_link_shows_nothing(studies, secrets, name):
    pytest.importorskip("authlib")
    port = free_port()
    with login_service("ward@example.org") as service:
        server = served(studies, *secrets(port, service), port=port)
        with server as address, browser() as page:
            page.goto(f"{address}/{name}?study=one")
            if name not in DEEPER:
                page.get_by_text("Log in to see the studies").wait_for()
            page.wait_for_timeout(2_000)
            assert page.get_by_text(INSIDE).count() == 0
            assert page.get_by_label("Study").count() == 0
            assert set(page.get_by_role("heading").all_inner_texts()) <= {
                "CLAM Explorer",
                "Page not found",
            }


def at(page, words):
    page.wait_for_function("words => location.href.includes(words)", arg=words)


def test_back_from_another_page_takes_one_press_and_finds_the_scan(studies):
    with served(studies) as address, browser() as page:
        page.goto(f"{address}/explore?study=one&run=default")
        typical = page.locator("[class*='st-key-typical-'] button").first
        scan = typical.inner_text()
        typical.click()
        page.locator(".viewer .title", has_text=scan).wait_for()
        at(page, f"scan={scan}")
        page.get_by_test_id("stTopNavLink").filter(has_text="Clusters").click()
        page.get_by_role("heading", name="A against B").wait_for()
        at(page, "/clusters?study=one&run=default")  # not the first study of the list
        page.get_by_label("B", exact=True).click()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        at(page, "b=")
        page.go_back()
        page.locator(".viewer .title", has_text=scan).wait_for()
        at(page, f"/explore?study=one&run=default&scan={scan}")


def test_explore_keeps_its_scan_and_selection_over_visits_elsewhere(studies):
    with served(studies) as address, browser() as page:
        page.goto(f"{address}/explore?study=one&run=default&scan=S03&selection=S01,S02,S05")
        page.locator(".viewer .title", has_text="S03").wait_for()
        page.get_by_text("3 selected of 18").wait_for()
        for name, heading in (("Cohort", "Quality values"), ("Clusters", "A against B")):
            page.get_by_test_id("stTopNavLink").filter(has_text=name).click()
            page.get_by_role("heading", name=heading).wait_for()
        page.get_by_test_id("stTopNavLink").filter(has_text="Explore").click()
        page.locator(".viewer .title", has_text="S03").wait_for()
        page.get_by_text("3 selected of 18").wait_for()
        at(page, "scan=S03")
        page.locator(".viewer .close").click()
        page.get_by_text("Click a point to open its scan").wait_for()
        page.get_by_test_id("stTopNavLink").filter(has_text="Clusters").click()
        page.get_by_role("heading", name="A against B").wait_for()
        page.get_by_test_id("stTopNavLink").filter(has_text="Explore").click()
        page.get_by_text("3 selected of 18").wait_for()
        page.get_by_text("Click a point to open its scan").wait_for()
