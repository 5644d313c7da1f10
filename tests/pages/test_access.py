"""Who is let in, and what those who are not are told."""

from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.shell import access

SCRIPT = """
import streamlit as st
from pages.shell.access import check_access
check_access()
st.write("the studies")
"""
WIDE, CLOSED = "0.0.0.0", "127.0.0.1"  # noqa: S104


class User(dict):
    """As `st.user`: a mapping with one attribute."""

    is_logged_in = False


def look(monkeypatch, address=CLOSED, trusted=None, user=(), sent=(), secrets=()):
    """What a visitor sees: the lines of the page, and its errors."""
    options = {"server.address": address, "server.trustedUserHeaders": trusted or {}}
    real = st.get_option
    monkeypatch.setattr(st, "get_option", lambda name: options.get(name, real(name)))
    who = User(user)
    who.is_logged_in = bool(who.get("is_logged_in"))
    monkeypatch.setattr(st, "user", who)
    monkeypatch.setattr(st, "context", SimpleNamespace(headers=dict(sent)))
    page = AppTest.from_string(SCRIPT, default_timeout=30)
    for name, value in dict(secrets).items():
        page.secrets[name] = value
    page.run()
    assert not page.exception
    return page


def is_let_in(page):
    return "the studies" in [one.value for one in page.markdown]


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1"])
def test_on_this_machine_alone_nobody_has_to_log_in(monkeypatch, address):
    assert is_let_in(look(monkeypatch, address))


@pytest.mark.parametrize("address", [WIDE, "10.0.0.5", "::", "", None, "server.ward.example"])
def test_open_to_others_without_a_login_nothing_is_shown(monkeypatch, address):
    page = look(monkeypatch, address)
    assert not is_let_in(page)
    assert "nobody has to log in" in page.error[0].value


@pytest.mark.parametrize("address", [CLOSED, WIDE])
def test_with_a_login_strangers_get_a_button_and_members_the_page(monkeypatch, address):
    auth = {"auth": {"client_id": "clam"}}
    stranger = look(monkeypatch, address, secrets=auth)
    assert not is_let_in(stranger)
    assert [button.label for button in stranger.button] == ["Log in"]
    member = {"is_logged_in": True, "email": "ward@example.org"}
    assert is_let_in(look(monkeypatch, address, user=member, secrets=auth))


def test_a_login_is_not_replaced_by_a_header(monkeypatch):
    page = look(
        monkeypatch,
        trusted={"X-User": "email"},
        user={"email": "forged@example.org"},
        secrets={"auth": {"client_id": "clam"}},
    )
    assert not is_let_in(page)


@pytest.mark.parametrize("said", [{}, {"email": None}, {"email": ""}, {"email": "  "}])
def test_a_proxy_that_names_nobody_lets_nobody_in(monkeypatch, said):
    page = look(monkeypatch, trusted={"X-User": "email"}, user=said)
    assert not is_let_in(page)
    assert "did not say who you are" in page.error[0].value


def test_a_proxy_on_this_machine_that_names_the_visitor_lets_in(monkeypatch):
    assert is_let_in(look(monkeypatch, trusted={"X-User": "email"}, user={"email": "a@b.org"}))


@pytest.mark.parametrize(
    ("key", "sent", "said"),
    [
        ("", {}, "anybody could claim any name"),
        ("", {access.KEY_HEADER: ""}, "anybody could claim any name"),
        ("s3cret", {}, "did not come through the proxy"),
        ("s3cret", {access.KEY_HEADER: "guessed"}, "did not come through the proxy"),
        ("s3cret", {access.KEY_HEADER: "ß"}, "did not come through the proxy"),
        ("s3cret", {access.KEY_HEADER: "s3cret"}, None),
    ],
)
def test_reached_past_the_proxy_only_its_key_makes_a_name_true(monkeypatch, key, sent, said):
    monkeypatch.setenv(access.PROXY_KEY, key)
    page = look(monkeypatch, WIDE, {"X-User": "email"}, {"email": "a@b.org"}, sent)
    assert is_let_in(page) == (said is None)
    assert said is None or said in page.error[0].value
