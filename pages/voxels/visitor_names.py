"""Who a visitor is: for the page that is being made, and for a request beside the pages.

Both give the same text for the same person, so that a ticket is good for nobody else.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Mapping
from typing import Any

import streamlit as st
from starlette.requests import Request

from pages.shell.access import KEY_HEADER, PROXY_KEY, way_in

_COOKIE = "_streamlit_user"


def visitor_of_session() -> str:
    """The visitor whose page is being made; empty where nobody logs in."""
    return _name(dict(st.user.to_dict())) if way_in() in {"login", "proxy"} else ""


def visitor_of_request(request: Request) -> str | None:
    """Who asks; empty where nobody logs in, None for whoever may see nothing."""
    way = way_in()
    if way == "token":  # `Door` has asked for it
        return ""
    if way == "nobody":
        return None
    told = _of_cookie(request.cookies) if way == "login" else {}
    if way == "login" and not told.get("is_logged_in"):
        return None
    headers: Mapping[str, str] = st.get_option("server.trustedUserHeaders") or {}
    told |= {name: request.headers.get(header) for header, name in headers.items()}
    if way == "proxy":
        key = os.environ.get(PROXY_KEY, "")
        sent = request.headers.get(KEY_HEADER, "")
        if key and not hmac.compare_digest(sent.encode(), key.encode()):
            return None
        if not any(str(told.get(name) or "").strip() for name in headers.values()):
            return None
    return _name(told)


def _name(told: Mapping[str, Any]) -> str:
    """All by which an account is known: two may have one name."""
    known = {name: str(told[name]) for name in ("iss", "sub", "email", "name") if told.get(name)}
    headers: Mapping[str, str] = st.get_option("server.trustedUserHeaders") or {}
    known |= {name: str(told[name]) for name in headers.values() if told.get(name)}
    return json.dumps(known, sort_keys=True) if known else "an unnamed account"


def _of_cookie(cookies: Mapping[str, str]) -> dict[str, Any]:
    """What Streamlit's own cookie of a login says; nothing if it is forged, or has expired."""
    from streamlit.auth_util import get_cookie_with_chunks
    from streamlit.web.server.server_util import get_cookie_secret
    from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value

    def one(name: str) -> bytes | None:
        value = cookies.get(name)
        if value is None:
            return None
        return decode_signed_value(get_cookie_secret(), name, value.encode("latin-1"))

    content = get_cookie_with_chunks(one, _COOKIE)
    try:
        told = json.loads(content) if content else {}
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
