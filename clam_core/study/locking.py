"""One process at a time writes to a study, or to a run of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from clam_core.errors import BusyError

LOCK = ".lock"


@contextmanager
def hold(folder: Path, timeout: float = 0, doing: str = "writing to the study") -> Iterator[None]:
    """Hold the folder of a study or a run for writing, waiting for at most `timeout` seconds.

    Args:
        folder: The folder.
        timeout: Seconds.
        doing: What another process is doing while it holds the folder, for the message.

    Raises:
        BusyError: If another process holds it.
    """
    busy = f"Another process is {doing} {folder.name!r}; wait until it has ended."
    with hold_file(folder / LOCK, timeout, busy):
        yield


@contextmanager
def hold_file(path: Path, timeout: float, busy: str) -> Iterator[None]:
    """Hold one lock file; the lock goes with the process, so a killed one leaves none.

    Args:
        path: The file, in a folder that is there.
        timeout: Seconds to wait.
        busy: What is said if another process holds it.

    Raises:
        BusyError: If another process holds it.
    """
    lock = FileLock(path, timeout=timeout)
    try:
        lock.acquire()
    except Timeout:
        raise BusyError(busy) from None
    try:
        yield
    finally:
        lock.release()
