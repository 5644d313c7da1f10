"""What carries out tasks: one protocol, whoever does the work.

A step gives an engine its tasks and takes what came of each. It alone writes to the study:
engines compute. `InProcess` calls the functions here, `WorkerPool` in processes, `DaskEngine`
(`sandbox.cluster`) on other computers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from clam_core.errors import ClamError
from clam_core.sandbox import wire
from clam_core.sandbox.worker import find_function


@dataclass(frozen=True)
class Task:
    """One call of a function, perhaps in another process.

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


@dataclass(frozen=True, eq=False)
class Shared:
    """Arrays that all tasks of a call need; sent once to whoever works, not with each task.

    The function of a task takes them as its argument `shared`. Two are the same only if
    they are one object.
    """

    arrays: wire.Arrays


class Engine(Protocol):
    """Whatever carries out tasks."""

    def map(
        self, tasks: Iterable[Task], shared: Shared | None = None
    ) -> Iterator[tuple[Task, Reply]]:
        """Carry out many tasks; replies come as they are ready, in any order.

        A bounded number of tasks is taken from `tasks` before a reply is taken, so that
        memory does not grow with their number.
        """
        ...


def run_task(engine: Engine, task: Task) -> Reply:
    """Carry out one task and wait for its reply."""
    ((_, reply),) = engine.map([task])
    return reply


class InProcess:
    """Tasks one by one in this process, in their order."""

    def map(
        self, tasks: Iterable[Task], shared: Shared | None = None
    ) -> Iterator[tuple[Task, Reply]]:
        """Carry out each task when its reply is asked for."""
        given = {} if shared is None else {"shared": shared.arrays}
        for task in tasks:
            yield task, _call(task, given)


def _call(task: Task, given: dict[str, Any]) -> Reply:
    try:
        values, arrays = find_function(task.function)(**task.arguments, **given)
    except ClamError as error:
        return Reply(error=error)
    return Reply(values, arrays)
