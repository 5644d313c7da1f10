"""A client of raw requests: every header as it is given, also those that no browser would send."""

import os
import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-of-our-own-0123456789"  # noqa: S105  (of servers that these tests start)
SOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "streamlit",
}


class Reply:
    """An answer: its status, its head and body, and the headers by their names."""

    def __init__(self, content):
        self.head, _, self.body = content.decode("latin-1").partition("\r\n\r\n")
        self.status = int((re.match(r"HTTP/1.1 (\d+)", self.head) or [0, 0])[1])
        lines = [line.partition(": ") for line in self.head.split("\r\n")[1:]]
        self.headers = {name.lower(): value for name, _, value in lines}


def ask(port, path="/", headers=(), method="GET", body=b"", host=None):
    """Ask with exactly these headers, which may repeat; `host` None is the usual one, "" none."""
    host = f"127.0.0.1:{port}" if host is None else host
    lines = [("Host", host)] if host else []
    lines += [*dict(headers).items()] if isinstance(headers, dict) else [*headers]
    if "Connection" not in dict(lines):
        lines.append(("Connection", "close"))
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(head.encode("latin-1") + b"\r\n" + body)
        content = b""
        while b"101 Switching" not in content and (more := line.recv(1 << 16)):
            content += more
    return Reply(content)


@contextmanager
def started(studies, *options, command=None, log=None, **environment):
    """Port of a server that is started as people start it, with its output in a file."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    usual = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true",
             "--server.port", str(port)]  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if name not in {"CLAM_TOKEN"}}
    with Path(log or os.devnull).open("w") as out:
        child = subprocess.Popen(
            [*(usual if command is None else command(port)), *options],
            cwd=ROOT,
            env={**kept, "CLAM_STUDIES": str(studies), "PYTHONUNBUFFERED": "1", **environment},
            stdout=out,
            stderr=out,
        )
    try:
        _wait(port, child)
        yield port
    finally:
        child.terminate()
        child.wait(timeout=30)


def _wait(port, child, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and child.poll() is None:
        try:
            if ask(port, "/_stcore/health").status:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server did not start")
