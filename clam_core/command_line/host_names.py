"""Names under which the app may be reached: this machine's own, and those that are declared.

A browser says in the header `Host` which name it has looked up. A website can point a name of
its own at this machine (DNS rebinding); it cannot change what the browser then says.
"""

from __future__ import annotations

import re
from ipaddress import ip_address

from clam_core.errors import SettingsError

ALLOWED_HOSTS = "CLAM_ALLOWED_HOSTS"
"""Variable with further names under which the app is reached, such as that of its proxy."""

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+?)\.?(?::([0-9]{1,5}))?", re.ASCII)


def host_of(header: str) -> str | None:
    """The name in a `Host` header, without the port; None if it is none.

    Args:
        header: Such as `127.0.0.1:8501`, `LOCALHOST` or `[::1]:80`.
    """
    found = _HOST.fullmatch(header.lower())
    if found is None or int(found[2] or 0) > 65535:
        return None
    return found[1].strip("[]")


def is_loopback(name: str) -> bool:
    """Whether a name means this machine and nobody can make it mean another one."""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def declared_hosts(text: str) -> frozenset[str]:
    """Names out of a text such as `clam.example.org, 10.0.0.5`.

    Raises:
        SettingsError: If one of them is no name of a host.
    """
    return frozenset(_declared(word) for word in re.split(r"[\s,;]+", text) if word)


def _declared(word: str) -> str:
    try:  # browsers send names with other letters in this spelling
        name = word.lower() if word.isascii() else word.encode("idna").decode()
    except UnicodeError:
        name = ""
    bare = f"[{name}]" if name.count(":") > 1 and "[" not in name else name
    found = _HOST.fullmatch(bare)
    if found is None or found[2] is not None or set(found[1]) <= set(".-_"):
        raise SettingsError(
            f"{word!r} is not the name of a host; give names such as clam.example.org, without "
            f"https:// and port ({ALLOWED_HOSTS} takes several with commas)."
        )
    return found[1].strip("[]")
