"""One process at a time writes to a study."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from clam_core.errors import BusyError

LOCK = ".lock"


@contextmanager
def hold(folder: Path, timeout: float = 0) -> Iterator[None]:
    """Hold a study's folder for writing, waiting for at most `timeout` seconds.

    Raises:
        BusyError: If another process holds it.
    """
    lock = FileLock(folder / LOCK, timeout=timeout)
    try:
        lock.acquire()
    except Timeout:
        raise BusyError(
            f"Another process is writing to the study {folder.name!r}; wait until it has ended."
        ) from None
    try:
        yield
    finally:
        lock.release()
