"""Whose ticket it is: with a proxy that names people, and with a login, in real servers."""

from pathlib import Path

import numpy as np
import pytest

from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.read.nifti import write_nifti
from clam_core.settings import PreprocessSettings
from clam_core.study import Study
from pages.shell.access import KEY_HEADER, PROXY_KEY
from tests.browser.proxies import login_service, proxy
from tests.browser.serving import CHROMIUM, browser, free_port, served
from tests.browser.test_access import TRUSTED, WIDE
from tests.pages.voxels.asking import WITH_TICKETS, Asker

SHOWN = """
import streamlit as st
from pages.shell.access import check_access
from pages.voxels.ticket import ticket_of_session
check_access()
st.write("ticket:" + ticket_of_session("one", "s0"))
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    inputs, root = tmp_path_factory.mktemp("in"), tmp_path_factory.mktemp("studies")
    for n in range(2):
        values = np.random.default_rng(n).normal(-500, 200, (20, 20, 12)).astype(np.int16)
        write_nifti(inputs / f"s{n}.nii.gz", values, np.diag([1.0, 1.0, 2.0, 1.0]))
    create(root / "one", inputs, None, CreateOptions(n_workers=1))
    preprocess(Study(root / "one"), PreprocessSettings(grid=(16, 16, 16), mask="none"), 1)
    return root


def test_the_ticket_of_one_visitor_of_a_proxy_opens_nothing_to_another(root):
    port, key = free_port(), KEY_HEADER.replace("-", "_")
    server = served(root, *TRUSTED, port=port, app=WITH_TICKETS, **{PROXY_KEY: "s3cret"})
    with (
        server as past,
        proxy(port, X_User="a@b.org", **{key: "s3cret"}) as one,
        proxy(port, X_User="c@d.org", **{key: "s3cret"}) as other,
        proxy(port, X_User="a@b.org") as forged,
        proxy(port, X_User="", **{key: "s3cret"}) as unnamed,
    ):
        ticket = Asker(one).ticket("one", "s0")
        digest = Asker(one).info(ticket)["digest"]
        for path in (f"/voxels/{ticket}/info", f"/voxels/{ticket}/{digest}/0"):
            assert Asker(one).get(path)[0] == 200
            for address in (other, forged, unnamed, past):
                assert Asker(address).get(path)[0] == 403
        # A browser sends this header itself; past the proxy it proves nothing.
        assert Asker(past, **{"X-User": "a@b.org"}).get(f"/voxels/{ticket}/info")[0] == 403


@pytest.mark.browser
@pytest.mark.skipif(not Path(CHROMIUM).is_file(), reason="Chromium is not here")
def test_the_ticket_of_a_login_opens_nothing_without_it(root, tmp_path):
    pytest.importorskip("authlib")
    script = tmp_path / "script.py"
    script.write_text(SHOWN)
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
        options = (*WIDE, "--secrets.files", str(secrets))
        server = served(root, *options, port=port, app=WITH_TICKETS, CLAM_TEST_SCRIPT=str(script))
        with server as address, browser() as page:
            page.goto(address)
            page.get_by_role("button", name="Log in").click()
            shown = page.get_by_text("ticket:").inner_text()
            path = f"/voxels/{shown.removeprefix('ticket:')}/info"
            asked = "async path => (await fetch(path)).status"
            assert page.evaluate(asked, path) == 200
            assert Asker(address).get(path)[0] == 403
            cookies = {one["name"]: one["value"] for one in page.context.cookies()}
            good = cookies["_streamlit_user"].strip('"')
            forged = {"Cookie": f"_streamlit_user={good[:-3]}abc"}
            assert Asker(address, **forged).get(path)[0] == 403
            page.context.clear_cookies()
            assert page.evaluate(asked, path) == 403
