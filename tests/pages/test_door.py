"""Who gets an answer from a real server: raw requests with names, origins and tokens."""

import asyncio
import re
import stat
import sys
import time
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from pages.shell import door
from pages.shell.entry_token import take_token
from tests.pages.asking import SOCKET, TOKEN, ask, started

EVERY_ROUTE = [
    ("GET", "/"),
    ("GET", "/explore?study=one"),
    ("GET", "/static/js/index.js"),
    ("GET", "/media/0123.png"),
    ("GET", "/component/one/index.html"),
    ("GET", "/_stcore/bidi-components/one/index.js"),
    ("GET", "/_stcore/host-config"),
    ("GET", "/_stcore/metrics"),
    ("GET", "/_stcore/script-health-check"),
    ("GET", "/_stcore/health/"),
    ("POST", "/_stcore/health"),
    ("PUT", "/_stcore/upload_file/one/two"),
    ("DELETE", "/_stcore/upload_file/one/two"),
    ("OPTIONS", "/_stcore/upload_file/one/two"),
    ("GET", "/oauth2callback"),
    ("GET", "/auth/login"),
    ("POST", "/_stcore/agent/interact"),
    ("GET", "/favicon.png"),
]
STREAM = "/_stcore/stream"
FOREIGN = [
    "evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}", "localhost.example",
    "10.0.0.5:{port}", "0.0.0.0:{port}", "[::]:{port}", "127.0.0.1:{port}, evil.example",
    "me@127.0.0.1:{port}", "127.0.0.1:{port}@evil.example", "2130706433:{port}", "",
]  # fmt: skip
READS = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Port of a server with a token that the tests know, and its log."""
    home = tmp_path_factory.mktemp("server")
    (home / "studies").mkdir()
    with started(home / "studies", log=home / "log", CLAM_TOKEN=TOKEN) as port:
        yield port, home / "log"


@pytest.fixture(scope="module")
def port(server):
    return server[0]


def cookie(port, token=TOKEN):
    return {"Cookie": f"clam-token-{port}={token}"}


@pytest.mark.parametrize(("method", "path"), EVERY_ROUTE)
def test_no_route_answers_without_the_token(port, method, path):
    reply = ask(port, path, method=method)
    assert reply.status == 403
    assert reply.body.count("\n") == 1 or method == "HEAD"
    assert "whole address that was printed" in reply.body


@pytest.mark.parametrize("host", FOREIGN)
def test_a_foreign_name_gets_no_answer_from_any_route(port, host):
    host = host.format(port=port)
    for path in (
        "/",
        "/_stcore/health",
        "/_stcore/host-config",
        "/media/0.png",
        f"/?token={TOKEN}",
    ):
        reply = ask(port, path, cookie(port), host=host)
        assert reply.status in {400, 403}, path
        assert reply.status == 400 or "not known under the name" in reply.body
        assert "set-cookie" not in reply.headers and "evil" not in reply.body
    own = {"Origin": f"http://{host}"}
    assert ask(port, STREAM, {**SOCKET, **own, **cookie(port)}, host=host).status in {400, 403}
    assert ask(port, "/_stcore/upload_file/a/b", cookie(port), "PUT", host=host).status in {
        400,
        403,
    }


def test_two_names_are_no_name(port):
    for hosts in (("evil.example", f"127.0.0.1:{port}"), (f"127.0.0.1:{port}", "evil.example")):
        lines = [("Host", hosts[1]), *cookie(port).items()]
        assert ask(port, "/", lines, host=hosts[0]).status in {400, 403}
        lines += SOCKET.items()
        assert ask(port, STREAM, lines, host=hosts[0]).status in {400, 403}


@pytest.mark.parametrize(
    "hosts", [["evil.example", "127.0.0.1"], ["127.0.0.1", "evil.example"], []]
)
def test_two_names_are_no_name_for_servers_that_let_them_through(monkeypatch, hosts):
    monkeypatch.setattr(door, "way_in", lambda: "token")
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "scheme": "http",
             "headers": [(b"host", host.encode()) for host in hosts]
             + [(b"cookie", f"clam-token-web={TOKEN}".encode())]}  # fmt: skip
    asyncio.run(door.Door(None, TOKEN, frozenset(), lambda: None)(scope, None, send))
    assert sent[0]["status"] == 403


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}",
                                  "[::1]:{port}", "127.0.0.1:9", "localhost"])  # fmt: skip
def test_own_names_and_any_port_are_answered(port, host):
    """Any port: a tunnel leads another one here."""
    host = host.format(port=port)
    name = f"clam-token-{host.rpartition(':')[2] if ':' in host.strip('[]') else 'web'}"
    lines = {"Cookie": f"{name}={TOKEN}"}
    assert ask(port, "/", lines, host=host).status == 200
    own = {"Origin": f"http://{host}"}
    assert ask(port, STREAM, {**SOCKET, **own, **lines}, host=host).status == 101


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "http://evil.example:{port}", "null", "http://127.0.0.1:9",
     "http://localhost:{port}", "http://127.0.0.1.evil.example:{port}", "file://", "",
     "http://127.0.0.1:{port}@evil.example", "http://127.0.0.1"],
)  # fmt: skip
def test_another_page_gets_no_answer(port, origin):
    other = {"Origin": origin.format(port=port), **cookie(port)}
    reply = ask(port, STREAM, {**SOCKET, **other})
    assert (reply.status, reply.body.count("\n")) == (403, 1)
    assert "Another website asked" in reply.body
    for method, path in (("GET", "/media/0.png"), ("PUT", "/_stcore/upload_file/a/b")):
        assert ask(port, path, other, method).status == 403
    assert ask(port, f"/?token={TOKEN}", other).status == 403


def test_with_the_cookie_the_app_answers(port):
    assert '<div id="root">' in ask(port, "/", cookie(port)).body
    own = {"Origin": f"http://127.0.0.1:{port}", **cookie(port)}
    assert ask(port, STREAM, {**SOCKET, **own}).status == 101
    assert ask(port, "/_stcore/health").body == "ok"
    config = ask(port, "/_stcore/host-config", cookie(port))
    assert '"allowedOrigins":[]' in config.body.replace(" ", "")
    assert config.headers["x-frame-options"] == "SAMEORIGIN"
    assert config.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("given", ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "%s", "ß"])
def test_another_token_is_no_token(port, given):
    assert ask(port, STREAM, {**SOCKET, **cookie(port, given)}).status == 403
    reply = ask(port, f"/?token={given.replace('ß', '%C3%9F')}", READS)
    assert reply.status == 403 and "set-cookie" not in reply.headers
    assert "was started again since" in reply.body


def test_a_websocket_takes_no_token_from_its_address(port):
    assert ask(port, f"{STREAM}?token={TOKEN}", SOCKET).status == 403


def test_the_first_visit_trades_the_address_for_a_cookie(port):
    reply = ask(port, f"/explore?study=one&token={TOKEN}&scan=a%20b", READS)
    assert (reply.status, reply.headers["location"]) == (303, "/explore?study=one&scan=a%20b")
    parts = reply.headers["set-cookie"].split("; ")
    assert parts[0] == f"clam-token-{port}={TOKEN}"
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} < set(parts) and "Secure" not in parts
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["cache-control"] == "no-store"
    assert ask(port, "/explore", {"Cookie": f"a=b; {parts[0]}; c=d"}).status == 200


def test_a_cookie_of_the_same_name_by_another_server_does_no_harm(port):
    name = f"clam-token-{port}"
    assert ask(port, "/", {"Cookie": f"{name}=other; {name}={TOKEN}"}).status == 200
    assert ask(port, "/", {"Cookie": f"clam-token-1={TOKEN}"}).status == 403


def test_a_token_that_is_known_leaves_the_address(port):
    reply = ask(port, "/?token=old&study=one", cookie(port))
    assert (reply.status, reply.headers["location"]) == (303, "/?study=one")


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example/", "///evil.example"])
def test_nobody_is_led_to_another_server(port, path):
    reply = ask(port, f"{path}?token={TOKEN}")
    assert not reply.headers.get("location", "").startswith(("//", "/\\", "http"))


@pytest.mark.parametrize("given", [{}, cookie(1)])
def test_a_link_of_another_website_is_opened_from_our_own_page(port, given):
    """The browser keeps a strict cookie back until a page of ours asks."""
    led = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    reply = ask(port, '/explore?study="><script>', {**READS, **led, **given})
    assert (reply.status, "set-cookie" in reply.headers) == (200, False)
    assert "<script>" not in reply.body and 'content="0;url=/explore?study=' in reply.body
    again = ask(port, "/explore", {**READS, **led, "Sec-Fetch-Site": "same-origin"})
    assert again.status == 403
    framed = ask(port, "/explore", {**READS, **led, "Sec-Fetch-Dest": "iframe"})
    assert framed.status == 403
    first = ask(port, f"/explore?token={TOKEN}", {**READS, **led})
    assert first.status == 200 and TOKEN in first.headers["set-cookie"]
    assert "url=/explore" in first.body and TOKEN not in first.body


def test_a_bookmark_gets_a_page_in_plain_words(port):
    reply = ask(port, "/explore?study=one", READS)
    assert reply.status == 403 and reply.headers["content-type"].startswith("text/html")
    assert "does not know its address in full yet" in reply.body
    assert "Copy the whole address" in reply.body
    shown = re.sub(r"<(style|head)\b.*?</\1>|<[^>]+>", " ", reply.body, flags=re.DOTALL)
    for word in ("cookie", "403", "forbidden", "server", "host", "loopback"):
        assert word.lower() not in shown.lower()
    assert TOKEN not in reply.body


def test_the_log_holds_the_token_once(server):
    port, log = server
    for path in (f"/?token={TOKEN}", f"/nothing?token={TOKEN}"):
        ask(port, path, READS)
    for lines in ({**SOCKET, **cookie(port)}, SOCKET, {**SOCKET, "Origin": "http://evil.example"}):
        ask(port, f"{STREAM}?token={TOKEN}", lines)
    time.sleep(0.5)
    text = log.read_text()
    assert text.count(TOKEN) == 1
    assert f"CLAM Explorer: http://127.0.0.1:{port}/?token={TOKEN}\n" in text
    assert "handshake" not in text


def lines_of(path, words, seconds=30):
    """Wait for words in a file."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if path.is_file() and words in (text := path.read_text()):
            return text
        time.sleep(0.1)
    raise AssertionError(f"{words!r} did not come: {path.read_text() if path.is_file() else ''}")


@pytest.fixture
def fake_browser(tmp_path):
    """Variables under which a browser is a script that notes what it was started with."""
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{tmp_path}/opened"\n')
    script.chmod(0o755)
    return {"DISPLAY": ":99", "BROWSER": f"{script} %s"}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the address itself is opened")
def test_the_browser_opens_a_file_that_only_this_account_reads(tmp_path, fake_browser):
    studies, log = tmp_path / "studies", tmp_path / "log"

    def clam_app(port):
        return [sys.executable, "-m", "clam_core", "app", str(studies), "--port", str(port)]

    with started(tmp_path / "none", command=clam_app, log=log, **fake_browser) as port:
        printed = re.search(r"^CLAM Explorer: (\S+)$", log.read_text(), flags=re.MULTILINE)[1]
        token = urlsplit(printed).query.removeprefix("token=")
        assert len(token) > 40
        opened = lines_of(tmp_path / "opened", "\n").strip()
        assert opened.startswith("file://") and token not in opened
        file = studies / f".open-{port}.html"
        assert url2pathname(urlsplit(opened).path) == str(file)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert f'content="0;url={printed}"' in file.read_text()
        assert ask(port, f"/?token={token}").status == 303
        assert not file.exists()
        assert ask(port, "/", cookie(port, token)).status == 200


def test_declared_names_are_answered_and_need_the_token_as_well(tmp_path):
    with started(tmp_path, CLAM_TOKEN=TOKEN, CLAM_ALLOWED_HOSTS="clam.example, b.example") as port:
        given = {"Cookie": f"clam-token-web={TOKEN}"}
        for name in ("clam.example", "B.example"):
            assert ask(port, "/", given, host=name).status == 200
            own = {"Origin": f"https://{name}", **given}
            assert ask(port, STREAM, {**SOCKET, **own}, host=name).status == 101
            assert ask(port, "/", host=name).status == 403
        assert ask(port, "/", given, host="evil.example").status == 403
        assert ask(port, "/", given, host="a.clam.example").status == 403
        evil = {"Origin": "https://evil.example", **given}
        assert ask(port, STREAM, {**SOCKET, **evil}, host="clam.example").status == 403


def test_open_to_others_without_a_login_no_route_answers(tmp_path):
    wide = ("--server.address", "0.0.0.0")  # noqa: S104
    with started(tmp_path, *wide, CLAM_TOKEN=TOKEN) as port:
        assert ask(port, "/_stcore/health").status == 200
        for path in ("/", f"/?token={TOKEN}", "/media/0.png", "/static/js/index.js"):
            reply = ask(port, path, cookie(port))
            assert reply.status == 403 and "nobody has to log in" in reply.body
        assert ask(port, STREAM, {**SOCKET, **cookie(port)}).status == 403


def test_behind_a_proxy_the_name_must_be_declared(tmp_path):
    trusted = ("--server.trustedUserHeaders", '{"X-User": "email"}')
    with started(tmp_path, *trusted, CLAM_ALLOWED_HOSTS="clam.example") as port:
        for host in ("clam.example", f"127.0.0.1:{port}"):
            assert ask(port, "/", host=host).status == 200
            own = {"Origin": f"http://{host}"}
            assert ask(port, STREAM, {**SOCKET, **own}, host=host).status == 101
        assert ask(port, "/", host="evil.example").status == 403
        evil = {"Origin": "http://evil.example"}
        assert ask(port, STREAM, {**SOCKET, **evil}, host="evil.example").status == 403
        assert ask(port, STREAM, {**SOCKET, **evil}, host="clam.example").status == 403


def test_with_a_login_the_login_decides(tmp_path):
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('[auth]\ncookie_secret = "x"\nclient_id = "clam"\n')
    with started(tmp_path, "--secrets.files", str(secrets), CLAM_TOKEN=TOKEN) as port:
        assert ask(port, "/", host="ward.example").status == 200
        assert ask(port, "/").status == 200
    hosts = {"CLAM_ALLOWED_HOSTS": "ward.example"}
    with started(tmp_path, "--secrets.files", str(secrets), **hosts) as port:
        assert ask(port, "/", host="ward.example").status == 200
        assert ask(port, "/", host="evil.example").status == 403


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CLAM_TOKEN", "short", "at least 16 letters"),
        ("CLAM_TOKEN", "with a blank in it and long", "at least 16 letters"),
        ("CLAM_ALLOWED_HOSTS", "https://clam.example", "is not the name of a host"),
        ("CLAM_ALLOWED_HOSTS", "*", "is not the name of a host"),
    ],
)
def test_a_bad_variable_is_one_sentence(tmp_path, monkeypatch, capsys, name, value, said):
    from pages.shell.opening import Opening

    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stopped:
        Opening.from_environment()
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert name == "CLAM_ALLOWED_HOSTS" or value not in error


def test_each_start_has_a_token_of_its_own(monkeypatch):
    monkeypatch.delenv("CLAM_TOKEN", raising=False)
    assert take_token() != take_token()
    assert len(take_token()) >= 43
    monkeypatch.setenv("CLAM_TOKEN", TOKEN)
    assert take_token() == TOKEN
    assert "CLAM_TOKEN" not in __import__("os").environ  # jobs and readers do not inherit it


def test_without_a_token_the_names_are_checked_all_the_same(tmp_path):
    (tmp_path / "studies").mkdir()
    off = {"CLAM_TOKEN": "off"}
    with started(tmp_path / "studies", log=tmp_path / "log", **off) as port:
        assert ask(port, "/", READS).status == 200
        assert ask(port, "/", READS, host=f"evil.example:{port}").status == 403
        assert ask(port, STREAM, {**SOCKET, "Origin": "http://evil.example"}).status == 403
    assert "No token is asked for" in (tmp_path / "log").read_text()
