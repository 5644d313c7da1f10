"""How a real browser comes in: by the file it is started with, links, bookmarks, foreign names."""

import os
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.browser.serving import CHROMIUM, TOKEN, served

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).is_file(), reason="Chromium is not here"),
]
SHOTS = os.environ.get("CLAM_SCREENSHOTS")
INSIDE = "Try the demo study"
TRIED = """async address => {
    const socket = new WebSocket(address.replace("http", "ws") + "/_stcore/stream", ["streamlit"]);
    return await new Promise(done => {
        socket.onopen = () => done("open");
        socket.onerror = () => done("refused");
    });
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with served(tmp_path_factory.mktemp("studies")) as found:
        yield found


@contextmanager
def stranger(*options):
    """A page of a browser that has never been here."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", *options]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = chromium.new_page(viewport={"width": 1000, "height": 800})
        page.set_default_timeout(60_000)
        yield page
        chromium.close()


@contextmanager
def website(content):
    """Address of a website on this machine, under another name than the app."""

    class Site(BaseHTTPRequestHandler):
        def log_message(self, *_):
            """Say nothing."""

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(content.encode())

    site = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    yield f"http://localhost:{site.server_port}"
    site.shutdown()
    site.server_close()


def test_the_file_that_the_app_starts_a_browser_with_leads_in(address, tmp_path):
    from html import escape

    from pages.shell.opening import _PAGE

    file = tmp_path / "open.html"
    file.write_text(_PAGE.format(escape(f"{address}/?token={TOKEN}")))
    with stranger() as page:
        page.goto(file.as_uri())
        page.get_by_role("button", name=INSIDE).wait_for()
        assert "token" not in page.url and page.url.startswith(address)
        assert TOKEN not in page.evaluate("document.cookie + location.href + document.referrer")
        page.reload()
        page.get_by_role("button", name=INSIDE).wait_for()
        (cookie,) = [one for one in page.context.cookies() if one["value"] == TOKEN]
        assert cookie["httpOnly"] and cookie["sameSite"] == "Strict"


def test_a_bookmark_says_what_to_do_and_works_once_the_browser_came_in(address):
    with stranger() as page:
        page.goto(f"{address}/explore?study=none")
        page.get_by_role("heading", name="One step is missing").wait_for()
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / "door-bookmark.png")
        page.goto(f"{address}/?token={TOKEN}")
        page.get_by_role("button", name=INSIDE).wait_for()
        page.goto(f"{address}/cohort")
        page.get_by_role("button", name=INSIDE).wait_for()


def test_a_link_on_another_website_opens_the_app_for_those_who_are_in(address):
    link = f'<a href="{address}/cohort">look</a>'
    with website(link) as site, stranger() as page:
        page.goto(site)
        page.get_by_text("look").click()
        page.get_by_role("heading", name="One step is missing").wait_for()
        page.goto(f"{address}/?token={TOKEN}")
        page.get_by_role("button", name=INSIDE).wait_for()
        page.goto(site)
        page.get_by_text("look").click()
        page.get_by_role("button", name=INSIDE).wait_for()


def test_another_website_gets_nothing_from_a_browser_that_is_in(address):
    with website(f'<iframe src="{address}/cohort"></iframe>') as site, stranger() as page:
        page.goto(f"{address}/?token={TOKEN}")
        page.get_by_role("button", name=INSIDE).wait_for()
        assert page.evaluate(TRIED, address) == "open"
        for other in (site, site.replace("localhost", "127.0.0.1")):  # the second shares cookies
            page.goto(other)
            assert page.evaluate(TRIED, address) == "refused"
            page.wait_for_timeout(1_500)
            assert page.frames[1].get_by_text(INSIDE).count() == 0


def test_a_name_that_points_here_gets_a_sentence(address):
    """DNS rebinding as the browser sees it."""
    port = address.rpartition(":")[2]
    foreign = f"http://evil.example:{port}"
    with stranger("--host-resolver-rules=MAP evil.example 127.0.0.1") as page:
        for path in ("", f"/?token={TOKEN}"):
            page.goto(foreign + path)
            page.get_by_text("not known under the name in this address").wait_for()
        assert page.evaluate(TRIED, foreign) == "refused"
        assert page.evaluate(TRIED, address) == "refused"
        assert page.context.cookies() == []
