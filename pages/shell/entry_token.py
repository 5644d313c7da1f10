"""The token that opens the app for those who were given its address, as notebooks have one."""

from __future__ import annotations

import hmac
import os
import re
import secrets

from clam_core.errors import SettingsError

TOKEN = "CLAM_TOKEN"  # noqa: S105  (the name of a variable)
"""Variable that sets the token, for servers of several processes; else each start makes one."""

OFF = "off"
"""Value of the variable that asks for no token, on a machine that only one person uses."""

PARAMETER = "token"
DAYS = 30
_WRITTEN = re.compile(r"[A-Za-z0-9_-]{16,256}", re.ASCII)


def take_token() -> str:
    """The token of this start; processes that are started from here do not inherit it.

    Returns:
        The token; empty where it was switched off (`OFF`).

    Raises:
        SettingsError: If the one that was set is too short to be secret.
    """
    given = os.environ.pop(TOKEN, "").strip()
    if given == OFF:
        return ""
    if given and not _WRITTEN.fullmatch(given):
        raise SettingsError(
            f"{TOKEN} must have at least 16 letters, digits, - or _; without it each start makes "
            "a token of its own."
        )
    return given or secrets.token_urlsafe(32)


def is_same(given: str, token: str) -> bool:
    """Compare in a time that tells nothing about the token."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())


def cookie_name(host: str) -> str:
    """Name of the cookie; browsers share cookies between the ports of a host.

    Args:
        host: What the browser says in `Host`.
    """
    port = host.rpartition(":")[2]
    return f"clam-token-{port if port.isdigit() else 'web'}"


def cookie(host: str, token: str, *, is_secure: bool) -> str:
    """The line that lets a browser remember the token; scripts cannot read it."""
    line = f"{cookie_name(host)}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={DAYS * 86400}"
    return f"{line}; Secure" if is_secure else line


def is_in_cookies(headers: list[str], host: str, token: str) -> bool:
    """Whether one of the cookies is the token.

    Args:
        headers: Every `Cookie` header of the request.
        host: What the browser says in `Host`.
        token: The token.
    """
    pairs = [pair.strip().partition("=") for line in headers for pair in line.split(";")]
    name = cookie_name(host)
    # any, not the first: another server of this host may have set one of the same name
    return any(is_same(value, token) for found, _, value in pairs if found == name)


def without_token(query: str) -> tuple[str, list[str]]:
    """The query of an address without the tokens in it, and these."""
    parts = [part for part in query.split("&") if part]
    found = [part for part in parts if part.partition("=")[0] == PARAMETER]
    return "&".join(p for p in parts if p not in found), [p.partition("=")[2] for p in found]
