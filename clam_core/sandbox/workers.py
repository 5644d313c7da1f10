"""WorkerPool: tasks of our own in warm processes, one thread each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from clam_core import errors
from clam_core.errors import ClamError, LimitError
from clam_core.sandbox.engine import Engine, InProcess, Reply
from clam_core.sandbox.pool import ENDED, Failure, ReaderPool
from clam_core.settings import ReadLimits

_LIMITS = ReadLimits(memory_bytes=1 << 40, base_seconds=24 * 3600.0)
"""Far above what a task needs: readers are limited for hostile files, and these are our own."""
_FASTER_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 28), "MALLOC_TRIM_THRESHOLD_": str(1 << 28)}
"""Activations are kept for the next ones instead of being handed out anew, page by page (glibc)."""


class WorkerPool(ReaderPool):
    """Processes that compute; what ends one is no fault of a file.

    Args:
        n_workers: Number of processes.
        preload: Modules that each process imports before its first task.
    """

    _asks_again = False

    def __init__(self, n_workers: int, preload: tuple[str, ...] = ()) -> None:
        super().__init__(n_workers, _LIMITS, preload, _FASTER_MEMORY)

    def _judge(self, failure: Failure) -> Reply:
        """The sentence on a process that ended, or on what the computer refused.

        Raises:
            RuntimeError: If a task raised what nobody foresaw: a fault of this software.
        """
        known = getattr(errors, failure.kind, None)
        if isinstance(known, type) and issubclass(known, ClamError):
            return Reply(error=known(failure.message))
        if failure.kind == "MemoryError":
            return Reply(error=LimitError(f"{_NO_MEMORY} {_GOES_ON}"))
        if failure.refused is not None:
            return Reply(error=failure.refused)
        if failure.kind in ENDED:
            return Reply(error=ClamError(f"{_ended(failure)} {_GOES_ON}"), crashed=True)
        raise RuntimeError(failure.message)


_GOES_ON = "Then start the step again; it goes on from what is done."
_NO_MEMORY = (
    "The memory of this computer is not enough for so many workers; close other programs, or take "
    "fewer workers."
)


def _ended(failure: Failure) -> str:
    code = f"code {failure.message}"
    return (
        f"A worker process was ended from outside, or crashed ({code}), most often for want of "
        "memory; close other programs, or take fewer workers."
    )


@contextmanager
def engine_with(n_workers: int, preload: tuple[str, ...] = ()) -> Iterator[Engine]:
    """Whoever carries out tasks: this process for one worker, else as many processes."""
    if n_workers == 1:
        yield InProcess()
        return
    with WorkerPool(n_workers, preload) as pool:
        yield pool
