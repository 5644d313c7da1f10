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
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from clam_core import errors
from clam_core.errors import ClamError, LimitError, ReadError, StudyError
from clam_core.sandbox import wire
from clam_core.sandbox.engine import Reply, Shared, Task
from clam_core.sandbox.queued_time import seconds_in_queue
from clam_core.sandbox.worker import FOLDER_PREFIX
from clam_core.settings import ReadLimits

_THREADS = ["OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "VECLIB_MAXIMUM", "ITK_GLOBAL_DEFAULT_NUMBER_OF"]
_ONE_THREAD = {f"{name}_THREADS": "1" for name in _THREADS}
"""Readers use one thread each: the pool is parallel over files, and bytes repeat."""
_PATIENCE = 4
"""Wall time for each second of processor time: other programs want the processors, too."""
_START_SECONDS = 60.0
ENDED = ("overtime", "stalled", "died")
_LEAST_WAIT = 0.05


__all__ = ["ENDED", "Failure", "ReaderPool", "Reply", "Task"]


@dataclass(frozen=True)
class Failure:
    """A task without a result.

    Attributes:
        kind: `died`, `overtime` (of the processor), `stalled` (it hardly used the processor), or
            the name of the exception.
        message: The exit code of a process that died; else what the exception says, and where.
        seconds: Time that the task was allowed.
        refused: What the computer refused, as an error with a sentence, or None.
    """

    kind: str
    message: str
    seconds: float
    refused: ClamError | None = None


class ReaderPool:
    """Warm reader processes, one file at a time each.

    Args:
        n_workers: Number of processes.
        limits: What one task may cost.
        preload: Modules that each process imports before its first task.
        environment: More variables of the processes.
    """

    _asks_again = True
    """After a stall: the disk, the network or the whole computer may have stood still."""

    def __init__(
        self,
        n_workers: int = 1,
        limits: ReadLimits | None = None,
        preload: tuple[str, ...] = ("clam_core.find.inspect",),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._limits = limits or ReadLimits()
        self._preload = preload
        self._environment = environment or {}
        self._busy: set[_Reader] = set()
        self._threads = ThreadPoolExecutor(n_workers, thread_name_prefix="reader")
        self._n_workers = n_workers
        self._idle: queue.SimpleQueue[_Reader | None] = queue.SimpleQueue()
        for _ in range(n_workers):
            self._idle.put(None)

    def __enter__(self) -> ReaderPool:
        """Start the processes; they import their modules while the caller goes on."""
        for _ in range(self._n_workers):
            self._idle.get()
            self._idle.put(self._start())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all processes; unfinished tasks are given up."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for busy in tuple(self._busy):
            busy.kill()  # whoever cancels does not wait for what nobody will take
        self._threads.shutdown(wait=True)
        for _ in range(self._n_workers):
            reader = self._idle.get()
            if reader is not None:
                reader.stop()

    def run(self, task: Task, shared: Shared | None = None) -> Reply:
        """Run one task and wait for its reply."""
        came = self._run_once(task, shared)
        if self._asks_again and isinstance(came, Failure) and came.kind == "stalled":
            came = self._run_once(task, shared)
        return came if isinstance(came, Reply) else self._judge(came)

    def _run_once(self, task: Task, shared: Shared | None) -> Reply | Failure:
        reader = self._idle.get()
        try:
            if reader is None or reader.has_ended():  # perhaps while it was idle
                if reader is not None:
                    reader.stop()
                reader = self._start()
            self._busy.add(reader)
            return reader.run(task, shared)
        finally:
            if reader is not None:
                self._busy.discard(reader)
            if reader is not None and not reader.alive:
                reader.stop()
                reader = None
            self._idle.put(reader)

    def _start(self) -> _Reader:
        return _Reader(self._limits, self._preload, self._environment)

    def _judge(self, failure: Failure) -> Reply:
        """What a failure says about the file that was read."""
        gib = self._limits.memory_bytes / (1 << 30)
        kind, message = failure.kind, failure.message
        known = getattr(errors, kind, None)
        if isinstance(known, type) and issubclass(known, ClamError):
            return Reply(error=known(message))
        sentences: dict[str, ReadError] = {
            "MemoryError": LimitError(
                f"Reading it needs more than the {gib:.0f} GiB of memory that one file may use."
            ),
            "RecursionError": ReadError("Its header is nested too deeply to be a real scan."),
            "overtime": LimitError(
                f"Reading it took more than the {failure.seconds:.0f} s that a file of its size "
                "may take; it is damaged, or its header asks for more than it holds."
            ),
            "stalled": LimitError(
                f"Reading it stood still for {_PATIENCE * failure.seconds:.0f} s, twice: the disk "
                "or network that it lies on does not answer. Run the step again when it does."
            ),
            "died": ReadError(f"Its content made the reader stop (code {message}); it is damaged."),
        }
        damaged = ReadError(f"Its content cannot be read ({message}); it is damaged.")
        return Reply(error=sentences.get(kind, damaged), crashed=kind in ENDED)

    def map(
        self, tasks: Iterable[Task], shared: Shared | None = None
    ) -> Iterator[tuple[Task, Reply]]:
        """Run many tasks; replies come as they are ready.

        At most two tasks per process are waiting or done but not yet taken,
        so that memory does not grow with the number of tasks.
        """
        waiting: dict[Future[Reply], Task] = {}
        source = iter(tasks)
        try:
            while True:
                for task in source:
                    waiting[self._threads.submit(self.run, task, shared)] = task
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

    def __init__(
        self, limits: ReadLimits, preload: tuple[str, ...], environment: Mapping[str, str]
    ) -> None:
        self._limits = limits
        self._shared: Shared | None = None
        self._folder = tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "clam_core.sandbox.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_ONE_THREAD, **environment, "TMPDIR": self._folder.name},
        )
        self._started = False
        self.alive = True
        with contextlib.suppress(OSError):
            wire.send(self._input, {"memory_bytes": limits.memory_bytes, "preload": list(preload)})

    @property
    def _input(self) -> Any:  # noqa: ANN401
        return self._process.stdin

    def run(self, task: Task, shared: Shared | None = None) -> Reply | Failure:
        """Send the task, wait for its reply, kill the process when its time is over."""
        seconds = self._limits.seconds_for(task.n_bytes)
        wall = _PATIENCE * seconds + (0 if self._started else _START_SECONDS)
        done, stalled = threading.Event(), threading.Event()
        threading.Thread(target=self._watch, args=(wall, done, stalled), daemon=True).start()
        try:
            self._send(task, shared, seconds)
            values, arrays = wire.receive(self._process.stdout)  # type: ignore[arg-type]
        except (wire.WireError, OSError):
            return self._died(seconds, stalled=stalled.is_set())
        finally:
            done.set()
        self._started = True
        return self._reply(values, arrays, seconds)

    def _watch(self, wall: float, done: threading.Event, stalled: threading.Event) -> None:
        """Kill the process after `wall` seconds in which a processor was free for it."""
        begin, queued = time.monotonic(), seconds_in_queue(self._process.pid)
        left = wall
        while not done.wait(max(left, _LEAST_WAIT)):
            waited = seconds_in_queue(self._process.pid) - queued
            left = wall + waited - (time.monotonic() - begin)
            if left <= 0:
                stalled.set()
                self._process.kill()
                return

    def _send(self, task: Task, shared: Shared | None, seconds: float) -> None:
        """The task, with what tasks share where the process has not got it yet."""
        asked = {"function": task.function, "arguments": task.arguments, "seconds": seconds}
        is_new = shared is not None and shared is not self._shared
        sent = shared.arrays if shared is not None and is_new else None
        wire.send(self._input, {**asked, "shares": shared is not None, "is_new": is_new}, sent)
        self._shared = shared if is_new else self._shared

    def _reply(
        self, values: dict[str, Any], arrays: wire.Arrays, seconds: float
    ) -> Reply | Failure:
        if values.get("ok") is True:
            return Reply(values=values["result"], arrays=arrays)
        kind = str(values.get("kind"))
        if kind == "MemoryError":
            self.alive = False  # its heap may be full of holes: start afresh
        refused = values.get("refused")
        return Failure(
            kind,
            str(values.get("message")),
            seconds,
            None if refused is None else StudyError(str(refused)),
        )

    def _died(self, seconds: float, *, stalled: bool) -> Failure:
        self.alive = False
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:  # it closed the pipe, or sent junk, and lives
            self._process.kill()
            code = self._process.wait()
        spent = code == -getattr(signal, "SIGXCPU", 24)
        kind = "overtime" if spent else "stalled" if stalled else "died"
        return Failure(kind, str(code), seconds)

    def has_ended(self) -> bool:
        """Whether there is no process any more that could take a task."""
        return not self.alive or self._process.poll() is not None

    def kill(self) -> None:
        """End the process; whoever waits for it is told that it died."""
        self._process.kill()

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
