"""ReaderPool: untrusted files are parsed in warm child processes with limits.

A file may make its reader crash, hang or ask for too much memory. The pool turns
each of these into an error with a sentence, starts a new reader and goes on.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from clam_core import errors
from clam_core.errors import ClamError, LimitError, ReadError
from clam_core.sandbox import wire
from clam_core.sandbox.worker import FOLDER_PREFIX
from clam_core.settings import ReadLimits

_THREADS = ["OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "VECLIB_MAXIMUM", "ITK_GLOBAL_DEFAULT_NUMBER_OF"]
_ONE_THREAD = {f"{name}_THREADS": "1" for name in _THREADS}
"""Readers use one thread each: the pool is parallel over files, and bytes repeat."""
_PATIENCE = 4
"""Wall time for each second of processor time: other programs want the processors, too."""
_START_SECONDS = 60.0


@dataclass(frozen=True)
class Task:
    """One call in a reader process.

    Attributes:
        function: `package.module:function`, called with `arguments`; it returns
            (values for JSON, named arrays).
        arguments: Plain JSON values.
        n_bytes: Size of the files that it reads, from which its time follows.
        key: Anything by which the caller knows the task again.
    """

    function: str
    arguments: dict[str, Any]
    n_bytes: int = 0
    key: Any = None


@dataclass(frozen=True)
class Reply:
    """What came of a task: a result, or an error that a user can act on."""

    values: dict[str, Any] = field(default_factory=dict)
    arrays: wire.Arrays = field(default_factory=dict)
    error: ClamError | None = None
    crashed: bool = False

    def unwrap(self) -> tuple[dict[str, Any], wire.Arrays]:
        """The result; raises the error if there is one."""
        if self.error is not None:
            raise self.error
        return self.values, self.arrays


class ReaderPool:
    """Warm reader processes, one file at a time each.

    Args:
        n_workers: Number of processes.
        limits: What one task may cost.
        preload: Modules that each process imports before its first task.
    """

    def __init__(
        self,
        n_workers: int = 1,
        limits: ReadLimits | None = None,
        preload: tuple[str, ...] = ("clam_core.find.inspect",),
    ) -> None:
        self._limits = limits or ReadLimits()
        self._preload = preload
        self._threads = ThreadPoolExecutor(n_workers, thread_name_prefix="reader")
        self._n_workers = n_workers
        self._idle: queue.SimpleQueue[_Reader | None] = queue.SimpleQueue()
        for _ in range(n_workers):
            self._idle.put(None)

    def __enter__(self) -> ReaderPool:
        """Start the processes; they import their modules while the caller goes on."""
        for _ in range(self._n_workers):
            self._idle.get()
            self._idle.put(_Reader(self._limits, self._preload))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all processes; unfinished tasks are given up."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        for _ in range(self._n_workers):
            reader = self._idle.get()
            if reader is not None:
                reader.stop()

    def run(self, task: Task) -> Reply:
        """Run one task and wait for its reply."""
        reader = self._idle.get()
        try:
            if reader is None or not reader.alive:
                reader = _Reader(self._limits, self._preload)
            return reader.run(task)
        finally:
            if reader is not None and not reader.alive:
                reader.stop()
                reader = None
            self._idle.put(reader)

    def map(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Reply]]:
        """Run many tasks; replies come as they are ready.

        At most two tasks per process are waiting or done but not yet taken,
        so that memory does not grow with the number of tasks.
        """
        waiting: dict[Future[Reply], Task] = {}
        source = iter(tasks)
        try:
            while True:
                for task in source:
                    waiting[self._threads.submit(self.run, task)] = task
                    if len(waiting) >= 2 * self._n_workers:
                        break
                if not waiting:
                    return
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield waiting.pop(future), future.result()
        finally:
            for future in waiting:
                future.cancel()


class _Reader:
    """One child process and the pipe to it."""

    def __init__(self, limits: ReadLimits, preload: tuple[str, ...]) -> None:
        self._limits = limits
        self._folder = tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "clam_core.sandbox.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_ONE_THREAD, "TMPDIR": self._folder.name},
        )
        self._started = False
        self.alive = True
        with contextlib.suppress(OSError):
            wire.send(self._input, {"memory_bytes": limits.memory_bytes, "preload": list(preload)})

    @property
    def _input(self) -> Any:  # noqa: ANN401
        return self._process.stdin

    def run(self, task: Task) -> Reply:
        """Send the task, wait for its reply, kill the process when its time is over."""
        seconds = self._limits.seconds_for(task.n_bytes)
        wall = _PATIENCE * seconds + (0 if self._started else _START_SECONDS)
        overtime = threading.Event()

        def end() -> None:
            overtime.set()
            self._process.kill()

        timer = threading.Timer(wall, end)
        timer.start()
        try:
            wire.send(
                self._input,
                {"function": task.function, "arguments": task.arguments, "seconds": seconds},
            )
            values, arrays = wire.receive(self._process.stdout)  # type: ignore[arg-type]
        except (wire.WireError, OSError):
            return self._died(seconds, overtime=overtime.is_set())
        finally:
            timer.cancel()
        self._started = True
        return self._reply(values, arrays)

    def _reply(self, values: dict[str, Any], arrays: wire.Arrays) -> Reply:
        if values.get("ok") is True:
            return Reply(values=values["result"], arrays=arrays)
        kind, message = str(values.get("kind")), str(values.get("message"))
        known = getattr(errors, kind, None)
        if isinstance(known, type) and issubclass(known, ClamError):
            return Reply(error=known(message))
        if kind == "MemoryError":
            self.alive = False  # its heap may be full of holes: start afresh
            return Reply(error=LimitError(self._too_much_memory()))
        if kind == "RecursionError":
            return Reply(error=ReadError("Its header is nested too deeply to be a real scan."))
        return Reply(error=ReadError(f"Its content cannot be read ({message}); it is damaged."))

    def _died(self, seconds: float, *, overtime: bool) -> Reply:
        self.alive = False
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:  # it closed the pipe, or sent junk, and lives
            self._process.kill()
            code = self._process.wait()
        if overtime or code == -getattr(signal, "SIGXCPU", 24):
            message = (
                f"Reading it took more than the {seconds:.0f} s that a file of its size may take; "
                "it is damaged, or its header asks for more than it holds."
            )
            return Reply(error=LimitError(message), crashed=True)
        message = f"Its content made the reader stop (code {code}); it is damaged."
        return Reply(error=ReadError(message), crashed=True)

    def _too_much_memory(self) -> str:
        gib = self._limits.memory_bytes / (1 << 30)
        return f"Reading it needs more than the {gib:.0f} GiB of memory that one file may use."

    def stop(self) -> None:
        """End the process and remove its temporary folder."""
        self.alive = False
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        with contextlib.suppress(OSError):
            self._folder.cleanup()
