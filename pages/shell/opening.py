"""How a start of the app is announced: its address in the terminal, and a browser that opens it."""

from __future__ import annotations

import logging
import os
import platform
import sys
import tempfile
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from html import escape
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from clam_core.command_line.host_names import ALLOWED_HOSTS, declared_hosts
from clam_core.errors import SettingsError
from pages.shell.access import NOBODY, way_in
from pages.shell.door import Door
from pages.shell.entry_token import PARAMETER, take_token
from pages.shell.place import studies_root

_PAGE = """<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url={0}">
<title>CLAM Explorer</title>
<a href="{0}">Open CLAM Explorer</a>
"""


class Opening:
    """One start of the app: its token, and the file that leads a browser to it.

    Args:
        token: Opens the app where nobody logs in.
        hosts: Names under which it may be reached besides this machine's own.
    """

    def __init__(self, token: str, hosts: frozenset[str]) -> None:
        self._token, self._hosts = token, hosts
        self._file: Path | None = None

    @classmethod
    def from_environment(cls) -> Opening:
        """As the variables say; a bad one ends the program with a sentence."""
        logging.getLogger("uvicorn.error").addFilter(_is_no_refusal)
        try:
            return cls(take_token(), declared_hosts(os.environ.get(ALLOWED_HOSTS, "")))
        except SettingsError as error:
            sys.stderr.write(f"Error: {error}\n")
            raise SystemExit(2) from None

    @property
    def middleware(self) -> list[Middleware]:
        """What every request passes."""
        return [Middleware(Door, self._token, self._hosts, self._forget_file)]

    @property
    def lifespan(self) -> Callable[[st.App], AbstractAsyncContextManager[None]]:
        """Says the address when the server starts, and takes the file away when it ends."""

        @asynccontextmanager
        async def announced(_: st.App) -> AsyncIterator[None]:
            self._announce()
            try:
                yield
            finally:
                self._forget_file()

        return announced

    def _announce(self) -> None:
        way = way_in()
        if way == "nobody":
            lines = [f"CLAM Explorer: {NOBODY}"]
        elif way == "token" and not self._token:
            lines = [
                f"CLAM Explorer: {_plain_address()}",
                "No token is asked for: every account of this machine can see the studies.",
            ]
        elif way == "token":
            lines = [
                f"CLAM Explorer: {self._address()}",
                "Whoever has this address can see the studies. Stop the app with Ctrl-C.",
            ]
        else:
            lines = [f"CLAM Explorer: {_plain_address()} (people log in)"]
        sys.stdout.write("\n".join(["", *lines, "", ""]))
        sys.stdout.flush()
        if way != "nobody" and not st.get_option("server.headless") and _has_screen():
            asks = way == "token" and self._token
            place = self._address_for_browser() if asks else _plain_address()
            if place:
                threading.Thread(target=webbrowser.open, args=(place,), daemon=True).start()

    def _address(self) -> str:
        return f"{_plain_address()}/?{PARAMETER}={self._token}"

    def _address_for_browser(self) -> str:
        """What a browser is started with: every account sees the words of a command on Linux.

        There it is a file that only this account can read. Empty if none can be made.
        """
        is_windows_below = "microsoft" in platform.release().lower()
        if sys.platform in {"win32", "darwin"} or is_windows_below:
            return self._address()
        name = f".open-{st.get_option('server.port')}.html"
        content = _PAGE.format(escape(self._address()))
        # browsers in a cage see the folder of studies rather than hidden or temporary ones
        for folder in (studies_root(), Path(tempfile.gettempdir())):
            path = folder.absolute() / name
            if _write_for_me_alone(path, content):
                self._file = path
                return path.as_uri()
        return ""

    def _forget_file(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.unlink(missing_ok=True)
            self._file = None


def _is_no_refusal(record: logging.LogRecord) -> bool:
    """Not a websocket that was refused with a sentence, which the web server holds for a fault."""
    return record.msg != "ASGI callable returned without completing handshake."


def _plain_address() -> str:
    """Where the server answers, without the token."""
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    host = str(st.get_option("server.address") or "")
    if host in {"", "0.0.0.0", "::"}:  # noqa: S104  (it listens everywhere, also here)
        host = "localhost"
    host = f"[{host}]" if ":" in host else host
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"{scheme}://{host}:{st.get_option('server.port')}{'/' if base else ''}{base}"


def _has_screen() -> bool:
    """Whether a browser would be seen; without a screen one of the terminal would start."""
    if sys.platform in {"win32", "darwin"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _write_for_me_alone(path: Path, content: str) -> bool:
    """Whether a file that no other account can read could be written."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as stream:
            if os.fstat(stream.fileno()).st_mode & 0o077:  # a disk that knows no rights
                path.unlink()
                return False
            stream.write(content)
    except OSError:
        return False
    return True
