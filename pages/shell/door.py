"""Every request passes here first: pages, uploads, media, parts of components, the websocket.

Asked are the name under which the server was looked up (a website can point its own name at
this machine), the page that asks, and, where nobody logs in, the token of this start (other
accounts of this machine reach its ports, too).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clam_core.command_line.host_names import host_of, is_loopback
from pages.shell.access import NOBODY, Way, way_in
from pages.shell.entry_token import cookie, is_in_cookies, is_same, without_token
from pages.shell.refusal import (
    FOREIGN_HOST,
    NEW_BROWSER,
    OLD_TOKEN,
    OTHER_PAGE,
    WHOLE_ADDRESS,
    moved,
    once_more,
    refusal,
)

_OUR_OWN = {"X-Frame-Options": "SAMEORIGIN", "Cross-Origin-Resource-Policy": "same-origin"}
"""Pages of other ports of this machine must not show ours within their own."""


class Door:
    """Lets in, or answers why not.

    Args:
        app: What is behind it.
        token: Opens it where nobody logs in; empty asks for none.
        hosts: Names under which it may be reached besides this machine's own.
        first_visit: Called whenever somebody has come in with the token.
    """

    def __init__(
        self, app: ASGIApp, token: str, hosts: frozenset[str], first_visit: Callable[[], None]
    ) -> None:
        self._app, self._token, self._hosts = app, token, hosts
        self._first_visit = first_visit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        way = way_in()
        answer = self._answer(_Asked(scope), way)
        if answer is None:
            await self._app(scope, receive, send if way == "login" else _guarded(send))
        elif scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
            await answer(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _answer(self, asked: _Asked, way: Way) -> Response | None:
        """What to say instead of the app; None lets in."""
        is_read = asked.is_read
        if not self._is_known(asked.host, way):
            return refusal(FOREIGN_HOST, is_read=is_read)
        if way == "login" or asked.is_health:
            return None
        if way == "nobody":
            return refusal(NOBODY, is_read=is_read)
        if not asked.is_own_page:
            return refusal(OTHER_PAGE, is_read=is_read)
        return None if way == "proxy" else self._by_token(asked)

    def _is_known(self, host: str, way: Way) -> bool:
        """Whether the server may be reached under this name; a login is bound to its own."""
        name = host_of(host)
        if way == "login" and not self._hosts:
            return True
        return name is not None and (is_loopback(name) or name in self._hosts)

    def _by_token(self, asked: _Asked) -> Response | None:
        if not self._token:
            return None
        knows = is_in_cookies(asked.all("cookie"), asked.host, self._token)
        query, given = without_token(asked.query) if asked.is_look else (asked.query, [])
        if any(is_same(one, self._token) for one in given):
            return self._let_in(asked, query)
        if knows:
            return moved(asked.address(query)) if given else None
        if asked.is_led_here:
            return once_more(asked.address(query))
        return refusal(
            WHOLE_ADDRESS, is_read=asked.is_read, first=OLD_TOKEN if given else NEW_BROWSER
        )

    def _let_in(self, asked: _Asked, query: str) -> Response:
        """Let the browser remember the token, and take it out of the address."""
        self._first_visit()
        address = asked.address(query)
        answer = once_more(address) if asked.is_led_here else moved(address)
        is_secure = asked.scope["scheme"] in {"https", "wss"}
        answer.headers["Set-Cookie"] = cookie(asked.host, self._token, is_secure=is_secure)
        return answer


class _Asked:
    """What a request says of itself.

    Args:
        scope: As the server tells it.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._headers = Headers(scope=scope)
        self.query = scope["query_string"].decode("latin-1")

    def all(self, name: str) -> list[str]:
        """Every header of a name."""
        return self._headers.getlist(name)

    @cached_property
    def host(self) -> str:
        """The header `Host`; empty if there is none, or more than one."""
        hosts = self.all("host")
        return hosts[0] if len(hosts) == 1 else ""

    @property
    def is_own_page(self) -> bool:
        """Whether no other page asks; programs that are no browser name none."""
        return all(
            urlsplit(origin).netloc.lower() == self.host.lower() for origin in self.all("origin")
        )

    @property
    def is_look(self) -> bool:
        """Whether something is asked for, and nothing sent."""
        return self.scope["type"] == "http" and self.scope["method"] in {"GET", "HEAD"}

    @property
    def is_read(self) -> bool:
        """Whether a person reads the answer."""
        return self.is_look and "text/html" in self._headers.get("accept", "")

    @property
    def is_led_here(self) -> bool:
        """Whether a link of another website, or a file, opens the app in a tab.

        The browser keeps the cookie back for that request and those that it is led on to.
        """
        fetched = [self._headers.get(f"sec-fetch-{one}") for one in ("site", "mode", "dest")]
        return self.is_look and fetched == ["cross-site", "navigate", "document"]

    @property
    def is_health(self) -> bool:
        """Whether only asked if the server is well, which tells nothing."""
        base = str(st.get_option("server.baseUrlPath") or "").strip("/")
        path = f"/{base}/_stcore/health" if base else "/_stcore/health"
        return self.is_look and self.scope["path"] == path

    def address(self, query: str) -> str:
        """This address with another query; never one of another server (`//elsewhere`)."""
        path: bytes = self.scope.get("raw_path") or self.scope["path"].encode()
        own = "/" + path.decode("latin-1").lstrip("/\\")
        return f"{own}?{query}" if query else own


def _guarded(send: Send) -> Send:
    """Send answers that no page of another origin may show or use."""

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _OUR_OWN.items():
                headers.setdefault(name, value)
        await send(message)

    return guarded
