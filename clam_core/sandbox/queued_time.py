"""Time that a process waited for a processor."""

from __future__ import annotations

import contextlib
from pathlib import Path


def seconds_in_queue(pid: int) -> float:
    """Time that a process was ready but other programs had the processors, in seconds.

    On a busy computer a sound file takes long, too; that time is not the file's. Linux
    counts it for each thread; elsewhere 0.
    """
    waited = 0
    for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            waited += int(thread.read_text().split()[1])  # nanoseconds
    return waited / 1e9
