"""Who is let in by a real server, also by a deep link that is its first request."""

import json
import os
from pathlib import Path

import pytest

from pages.shell.access import KEY_HEADER, PROXY_KEY
from tests.browser.proxies import login_service, proxy
from tests.browser.serving import CHROMIUM, browser, free_port, served
from tests.pipeline.simulated import cohort, study_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).is_file(), reason="Chromium is not here"),
]
SHOTS = os.environ.get("CLAM_SCREENSHOTS")
DEEP = "training?study=one"
INSIDE = "16 scans ready, 2 failed"
TRUSTED = ("--server.trustedUserHeaders", json.dumps({"X-User": "email"}))
WIDE = ("--server.address", "0.0.0.0")  # noqa: S104


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    root = tmp_path_factory.mktemp("studies")
    study_of(root / "one", cohort(), failed=2)
    return root


def refused(page, address, sentence):
    """Open a deep link: the sentence, and nothing of the study."""
    page.goto(f"{address}/{DEEP}")
    page.get_by_text(sentence).wait_for()
    page.wait_for_timeout(1_000)
    assert page.get_by_text(INSIDE).count() == 0
    assert page.get_by_label("Study").count() == 0


def let_in(page, address):
    page.goto(f"{address}/{DEEP}")
    page.get_by_text(INSIDE).wait_for()


def test_open_to_others_without_a_login_a_cold_deep_link_shows_nothing(studies):
    with served(studies, *WIDE) as address, browser() as page:
        refused(page, address, "nobody has to log in")


@pytest.mark.parametrize(
    ("headers", "is_known"), [({}, False), ({"X_User": ""}, False), ({"X_User": "a@b.org"}, True)]
)
def test_the_proxy_of_this_machine_names_the_visitor(studies, headers, is_known):
    port = free_port()
    server, front = served(studies, *TRUSTED, port=port), proxy(port, **headers)
    with server, front as address, browser() as page:
        if is_known:
            let_in(page, address)
        else:
            refused(page, address, "did not say who you are")


def test_a_forged_name_past_the_proxy_is_not_believed(studies):
    port, key = free_port(), KEY_HEADER.replace("-", "_")
    with served(studies, *WIDE, *TRUSTED, port=port, **{PROXY_KEY: "s3cret"}):
        with proxy(port, X_User="forged@b.org") as address, browser() as page:
            refused(page, address, "did not come through the proxy")
        with proxy(port, X_User="a@b.org", **{key: "s3cret"}) as address, browser() as page:
            let_in(page, address)


def test_a_visitor_logs_in_and_out(studies, tmp_path):
    pytest.importorskip("authlib")
    port = free_port()
    with login_service("ward@example.org") as service:
        secrets = tmp_path / "secrets.toml"
        secrets.write_text(
            f"""[auth]
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
cookie_secret = "a long and random text of this server"
client_id = "clam"
client_secret = "known to both"
server_metadata_url = "{service}/.well-known/openid-configuration"
"""
        )
        server = served(studies, *WIDE, "--secrets.files", str(secrets), port=port)
        with server as address, browser() as page:
            refused(page, address, "Log in to see the studies")
            if SHOTS:
                page.screenshot(path=Path(SHOTS) / "access-login.png")
            page.get_by_role("button", name="Log in").click()
            page.get_by_text("Logged in as ward@example.org").wait_for()
            let_in(page, address)
            if SHOTS:
                page.screenshot(path=Path(SHOTS) / "access-inside.png", full_page=True)
            page.get_by_role("button", name="Log out").click()
            page.get_by_text("Log in to see the studies").wait_for()
            refused(page, address, "Log in to see the studies")
