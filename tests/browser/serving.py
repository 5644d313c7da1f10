"""A server of the app in a process of its own, and a browser to look at it."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

REPOSITORY = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"
TOKEN = "token-of-the-tests-0123456789"  # noqa: S105  (of servers that tests start)


@contextmanager
def served(studies, *options, port=None, app="app.py", base="", **environment):
    """Address of a fresh server on a folder of studies; `base` is the path before its pages."""
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", app]
    usual = ["--server.headless", "true", "--server.port", str(port)]
    usual += ["--server.baseUrlPath", base] if base else []
    child = subprocess.Popen(
        [*command, *usual, *options],
        cwd=REPOSITORY,
        env={**os.environ, "CLAM_STUDIES": str(studies), "CLAM_TOKEN": TOKEN, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(f"{address}/{base}/_stcore/health" if base else f"{address}/_stcore/health", child)
        yield address
    finally:
        child.terminate()
        child.wait(timeout=30)


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _wait(url, child, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and child.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as reply:  # noqa: S310  (our own address)
                if reply.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the server did not start")


def let_in(page):
    """Let a page come in by the address with the token, whichever server it opens first."""
    plain, known = page.goto, set()

    def goto(url, **options):
        server = urlsplit(url).netloc
        if server not in known:
            known.add(server)
            url += f"{'&' if '?' in url else '?'}token={TOKEN}"
        return plain(url, **options)

    page.goto = goto
    return page


@contextmanager
def browser(*flags):
    """A new page in headless Chromium; whatever fails in it fails the test."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", *flags]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = chromium.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(60_000)
        let_in(page)
        failures = []
        page.on("pageerror", lambda error: failures.append(str(error)))
        try:
            yield page
            assert not failures
        finally:
            chromium.close()
