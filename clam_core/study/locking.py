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
    lock = FileLock(folder / LOCK, timeout=timeout)
    try:
        lock.acquire()
    except Timeout:
        raise BusyError(
            f"Another process is {doing} {folder.name!r}; wait until it has ended."
        ) from None
    try:
        yield
    finally:
        lock.release()
