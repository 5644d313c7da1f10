"""Who may look: this machine alone, or people who have logged in."""

from __future__ import annotations

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

_THIS_MACHINE = {"127.0.0.1", "localhost", "::1"}


def check_access() -> None:
    """Stop unless only this machine can connect, or the visitor is known.

    Visitors are known by `st.login` (OpenID Connect, section `[auth]` of the secrets) or
    by a header that a trusted proxy sets (`server.trustedUserHeaders`).
    """
    if _has_login():
        if not st.user.is_logged_in:
            st.title("CLAM Explorer")
            st.write("Log in to see the studies.")
            st.button("Log in", on_click=st.login, type="primary")
            st.stop()
        return
    headers = st.get_option("server.trustedUserHeaders")
    if headers:
        if not any(st.user.get(name) for name in headers.values()):
            st.error("The proxy in front of this server did not say who you are; log in there.")
            st.stop()
        return
    if st.get_option("server.address") not in _THIS_MACHINE:
        st.error(
            "This server can be reached from other machines, but nobody has to log in, so it shows "
            "nothing. Start it with --server.address 127.0.0.1, or configure a login (README)."
        )
        st.stop()


def _has_login() -> bool:
    try:
        return "auth" in st.secrets
    except StreamlitSecretNotFoundError:
        return False
