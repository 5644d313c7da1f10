"""Who may look: this machine alone, or people who have logged in."""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from typing import Literal

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

Way = Literal["login", "proxy", "token", "nobody"]
"""How visitors are known: by a login, by the name that a proxy tells, by the address that was
printed at the start (this machine alone), or not at all."""

PROXY_KEY, KEY_HEADER = "CLAM_PROXY_KEY", "X-Clam-Proxy-Key"
"""Where the server finds the key that it shares with the proxy, and where the proxy sends it."""

NOBODY = (
    "This server can be reached from other machines, but nobody has to log in, so it shows "
    "nothing. Start it with --server.address 127.0.0.1, or configure a login (README)."
)

_THIS_MACHINE = {"127.0.0.1", "localhost", "::1"}


def way_in() -> Way:
    """How visitors of this server are known."""
    if _has_login():
        return "login"
    if st.get_option("server.trustedUserHeaders"):
        return "proxy"
    return "token" if _is_closed() else "nobody"


def check_access() -> None:
    """Stop unless only this machine can connect, or the visitor is known.

    Visitors are known by `st.login` (OpenID Connect, section `[auth]` of the secrets) or
    by a header that a trusted proxy sets (`server.trustedUserHeaders`). A server that
    other machines reach past the proxy believes the header only beside the proxy's key.
    Where neither is configured, `Door` has asked for the token before any script runs.
    """
    way = way_in()
    if way == "login" and not st.user.is_logged_in:
        _offer_login()
    elif way == "proxy":
        _check_proxy(st.get_option("server.trustedUserHeaders"))
    elif way == "nobody":
        _refuse(NOBODY)


def visitor() -> str | None:
    """Who has logged in with `st.login`; None where nobody has to."""
    if not _has_login() or not st.user.is_logged_in:
        return None
    return str(st.user.get("email") or st.user.get("name") or "an unnamed account")


def _offer_login() -> None:
    st.title("CLAM Explorer", anchor=False)
    st.write("Log in to see the studies.")
    st.button("Log in", on_click=st.login, type="primary")
    st.stop()


def _check_proxy(headers: Mapping[str, str]) -> None:
    """Stop unless the proxy names the visitor, and nobody else can have written the name."""
    key = os.environ.get(PROXY_KEY, "")
    if not key and not _is_closed():
        _refuse(
            "This server can be reached past its proxy, where anybody could claim any name, so "
            "it shows nothing. Start it with --server.address 127.0.0.1, or give it and the "
            "proxy a common key (README)."
        )
    # With a key also other accounts of this machine, which reach its ports, can claim no name.
    sent = st.context.headers.get(KEY_HEADER, "")
    if key and not hmac.compare_digest(sent.encode(), key.encode()):
        _refuse("You did not come through the proxy of this server; log in there.")
    if not any(str(st.user.get(name) or "").strip() for name in headers.values()):
        _refuse("The proxy in front of this server did not say who you are; log in there.")


def _is_closed() -> bool:
    """Whether only programs of this machine can connect."""
    return st.get_option("server.address") in _THIS_MACHINE


def _refuse(sentence: str) -> None:
    st.error(sentence)
    st.stop()


def _has_login() -> bool:
    try:
        return "auth" in st.secrets
    except StreamlitSecretNotFoundError:
        return False
