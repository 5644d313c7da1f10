"""Functions that misbehave in a reader process, called by name from test_sandbox.py."""

import ctypes
import os
import socket
import time
from pathlib import Path
from typing import Any

import numpy as np

from clam_core.errors import GeometryError


def crash() -> None:
    ctypes.string_at(0)


def abort() -> None:
    os.abort()


def sleep(seconds: float) -> tuple[dict[str, Any], dict[str, Any]]:
    time.sleep(seconds)
    return {}, {}


def sleep_at_first(mark: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Wait without end when asked for the first time, which leaves a mark."""
    if not Path(mark).exists():
        Path(mark).touch()
        time.sleep(3600)
    return {"asked": 2}, {}


def spin() -> None:
    while True:
        pass


def allocate(n_bytes: int) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"size": int(np.ones(n_bytes, np.uint8).sum())}, {}


def refuse(message: str) -> None:
    raise GeometryError(message)


def stumble() -> None:
    raise KeyError("DOE^JANE")


def recurse() -> None:
    recurse()


def own_number() -> tuple[dict[str, Any], dict[str, Any]]:
    """The number of the process."""
    return {"pid": os.getpid()}, {}


def chatter() -> tuple[dict[str, Any], dict[str, Any]]:
    os.write(1, b"a library prints to standard output\n")
    return {"said": True}, {"a": np.arange(6, dtype=np.int16).reshape(2, 3)}


def echo(value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"value": value, "pid": os.getpid()}, {}


def connect(port: int) -> tuple[dict[str, Any], dict[str, Any]]:
    with socket.socket() as client:
        client.settimeout(2)
        return {"code": client.connect_ex(("127.0.0.1", port))}, {}
