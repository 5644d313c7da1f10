"""DaskEngine: tasks on the workers of a scheduler, a bounded number at a time."""

from __future__ import annotations

import contextlib
import queue
import time
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from typing import Any

from clam_core.errors import ClamError
from clam_core.sandbox.cluster.on_worker import (
    carry_out,
    end_post,
    pack_request,
    pack_shared,
    unpack_reply,
)
from clam_core.sandbox.cluster.same_everywhere import Expected
from clam_core.sandbox.cluster.scheduler import PATIENCE_SECONDS
from clam_core.sandbox.engine import Reply, Shared, Task
from clam_core.settings import ReadLimits

_LOOK_SECONDS = 2.0
_MOST_TRIES = 5
_GOES_ON = "Start the step again when it is back; it goes on from what is done."


class DaskEngine:
    """Tasks on many computers.

    A worker that dies is replaced by another one, and its task is done again there. A scheduler
    that is started again in time is found again. Nothing is stored on workers.

    Args:
        client: Of a scheduler.
        expected: What each worker must have.
        preload: Modules that each process of a worker imports before its first task.
        limits: What one file may cost; None for tasks of our own.
        waits: Whether to wait for the first worker without end, as behind a queue.
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401
        expected: Expected,
        preload: tuple[str, ...],
        limits: ReadLimits | None,
        *,
        waits: bool = False,
    ) -> None:
        self._client, self._waits = client, waits
        self._token = uuid.uuid4().hex
        self._always = {
            "token": self._token,
            "expected": expected.plain(),
            "limits": None if limits is None else limits.model_dump(),
            "preload": list(preload),
        }

    def map(
        self, tasks: Iterable[Task], shared: Shared | None = None
    ) -> Iterator[tuple[Task, Reply]]:
        """Carry out tasks; replies come as they are ready.

        Raises:
            ClamError: If scheduler or workers stay away, or a worker has other software or files.
        """
        call = _Call(self._client, self._always, shared)
        source = iter(tasks)
        try:
            while True:
                if not call.waiting:
                    self._wait_for_workers()
                most = 2 * max(1, self._n_threads())
                while len(call.waiting) < most and (task := next(source, None)) is not None:
                    call.submit(task)
                if not call.waiting:
                    return
                yield from self._take(call)
        finally:
            call.give_up()

    def close(self) -> None:
        """End the processes that workers kept for these tasks."""
        with contextlib.suppress(Exception):  # whoever is gone has none
            if self._client.status == "running":
                self._client.run(end_post, self._token, on_error="ignore")

    def _take(self, call: _Call) -> Iterator[tuple[Task, Reply]]:
        """What is ready next; lost tasks are given out again."""
        try:
            future = call.done.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            if not self._n_threads():
                self._wait_for_workers()
            return
        if future not in call.waiting:
            return
        if future.status in {"cancelled", "lost"}:
            self._wait_for_workers()
            call.again()
            return
        try:
            message = future.result(timeout=PATIENCE_SECONDS)
        except (CancelledError, TimeoutError, OSError):
            self._wait_for_workers()
            call.again()
            return
        except Exception as error:
            raise _judged(error) from error
        task = call.take(future)
        yield task, unpack_reply(message)

    def _n_threads(self) -> int:
        """Of all workers that are there; 0 while the scheduler is away."""
        if self._client.status != "running":
            return 0
        try:
            return sum(self._client.nthreads().values())
        except Exception:  # the connection may end between the two lines
            return 0

    def _wait_for_workers(self) -> None:
        """Until there is one.

        Raises:
            ClamError: If there is none in time.
        """
        until = time.monotonic() + PATIENCE_SECONDS
        while not self._n_threads():
            if self._client.status in {"closed", "closing"}:
                raise ClamError(f"The scheduler has ended or cannot be reached. {_GOES_ON}")
            is_away = self._client.status != "running"
            if time.monotonic() > until and (is_away or not self._waits):
                who = (
                    "The scheduler cannot be reached" if is_away else "The scheduler has no workers"
                )
                raise ClamError(f"{who} since {PATIENCE_SECONDS:.0f} s. {_GOES_ON}")
            time.sleep(0.2)


class _Call:
    """The tasks of one call of `map` that are out."""

    def __init__(self, client: Any, always: dict[str, Any], shared: Shared | None) -> None:  # noqa: ANN401
        self._client, self._always = client, always
        self._message = None if shared is None else pack_shared(shared)
        self._key = None if shared is None else uuid.uuid4().hex
        self._sent: Any = None
        self._n_tries = 0
        self.waiting: dict[Any, Task] = {}
        self.done: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def submit(self, task: Task) -> None:
        """Give a task out."""
        if self._message is not None and self._sent is None:
            (self._sent,) = self._client.scatter([self._message], broadcast=True, hash=False)
        request = pack_request(task, self._always, self._key)
        key = f"clam-{uuid.uuid4().hex}"
        future = self._client.submit(carry_out, request, self._sent, key=key, pure=False)
        self.waiting[future] = task
        future.add_done_callback(self.done.put)

    def take(self, future: Any) -> Task:  # noqa: ANN401
        """Its task, which is out no longer."""
        self._n_tries = 0
        return self.waiting.pop(future)

    def again(self) -> None:
        """Give out all tasks again, and what they share.

        Raises:
            ClamError: If that was done often and nothing came of it.
        """
        self._n_tries += 1
        if self._n_tries > _MOST_TRIES:
            raise ClamError(f"Workers of the cluster are lost again and again. {_GOES_ON}")
        tasks = list(self.waiting.values())
        self.give_up()
        self._sent = None
        for task in tasks:
            self.submit(task)

    def give_up(self) -> None:
        """Nobody will take what is out."""
        lost, self.waiting = list(self.waiting), {}
        with contextlib.suppress(Exception):  # the scheduler may be gone
            if lost and self._client.status == "running":
                self._client.cancel(lost, force=True)


def _judged(error: Exception) -> Exception:
    """An exception that Dask hands on, as a sentence where it is none of ours."""
    if type(error).__name__ == "KilledWorker":
        return ClamError(
            "Workers of the cluster ended again and again at the same task, most often for want "
            f"of memory; give them more. {_GOES_ON}"
        )
    if isinstance(error, ImportError | AttributeError):
        return ClamError(
            f"A worker of the cluster cannot run this software ({error}); install it there in the "
            "same version, and start the workers with its Python."
        )
    return error
