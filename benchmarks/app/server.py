"""The app on a server of its own for the benchmark, and what its process takes."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import memory_mib

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0


@dataclass(frozen=True)
class Server:
    """A running app.

    Attributes:
        address: Where it answers.
        cookie: Name and value of what lets a browser in.
        pid: Its process.
        started: When it was started (`time.perf_counter`).
    """

    address: str
    cookie: tuple[str, str]
    pid: int
    started: float

    @property
    def memory_mib(self) -> float | None:
        """Memory of its process; None where the system does not tell."""
        return memory_mib(self.pid)


@contextmanager
def served(studies: Path) -> Iterator[Server]:
    """Start the app on a free port of this machine, and end it.

    Args:
        studies: Folder of studies that it shows.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    token = secrets.token_hex()
    started = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--server.address", "127.0.0.1", "--server.port", str(port)],
        cwd=ROOT,
        env={**os.environ, "CLAM_STUDIES": str(studies), "CLAM_TOKEN": token},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    cookie = (f"clam-token-{port}", token)
    server = Server(f"http://127.0.0.1:{port}", cookie, process.pid, started)
    try:
        _wait(server, process)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    """Until it answers.

    Raises:
        RuntimeError: If it ends, or says nothing for two minutes.
    """
    while time.perf_counter() < server.started + PATIENCE and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{server.address}/_stcore/health", timeout=2):  # noqa: S310
                return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("The server of the app did not start.")
