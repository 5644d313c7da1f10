"""Start, watch and cancel jobs: what the pages call."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from clam_core.errors import BusyError, StudyError
from clam_core.jobs.record import CANCEL, REQUEST, STARTING, STATE, JobState, Record

START_SECONDS, STOP_SECONDS = 30.0, 5.0
_TURN = 0.05


def start(root: Path, study: str, step: str, arguments: dict[str, Any]) -> None:
    """Start a step in a process of its own, which outlives this one.

    Args:
        root: Folder of the studies.
        study: Name of the study; `demo` and `create` make it.
        step: Name of one of `clam_core.pipeline.declared_steps.STEPS`.
        arguments: Its options by name, as JSON values.

    Raises:
        BusyError: If a job of this study is running.
        StudyError: If the name cannot be that of a study, or no process can be started.
    """
    record = Record(root, study)
    with record.hold(START_SECONDS, STARTING):
        _wait_for_end(record)
        for name in (CANCEL, STATE):
            (record.folder / name).unlink(missing_ok=True)
        record.write(REQUEST, {"step": step, "arguments": arguments})
        _wait_for_begin(record, _spawn(root, study))


def _spawn(root: Path, study: str) -> subprocess.Popen[bytes]:
    """The process of the job, in a session of its own."""
    child = subprocess.Popen(
        [sys.executable, "-m", "clam_core.jobs.child", str(root.absolute()), study],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, **_threads()},
    )
    threading.Thread(target=child.wait, daemon=True).start()  # so that no zombie stays
    return child


def _wait_for_begin(record: Record, child: subprocess.Popen[bytes]) -> None:
    """Return once the job has written its first state.

    Raises:
        StudyError: If it does not.
    """
    deadline = time.monotonic() + START_SECONDS
    while record.read_state() is None:
        if child.poll() is not None or time.monotonic() > deadline:
            child.kill()
            raise StudyError("The step could not be started on this machine; try again.")
        time.sleep(_TURN)


def state(root: Path, study: str) -> JobState | None:
    """How the last job of a study stands; None if there was none.

    Args:
        root: Folder of the studies.
        study: Name of the study.

    Raises:
        StudyError: If the name cannot be that of a study.
    """
    record = Record(root, study)
    is_held = record.is_held()  # before the state is read, which may end in between
    last = record.read_state()
    if last is None or last.status != "running" or is_held:
        return last
    was_cancelled = (record.folder / CANCEL).is_file()
    return replace(last, status="cancelled" if was_cancelled else "interrupted")


def cancel(root: Path, study: str) -> None:
    """End the job of a study; what it had stored stays, and it can be gone on with.

    Args:
        root: Folder of the studies.
        study: Name of the study.
    """
    record = Record(root, study)
    pid = (record.read("process.json") or {}).get("pid")
    if not record.is_held() or not isinstance(pid, int):
        return
    (record.folder / CANCEL).touch()
    _signal(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while record.is_held():
        if time.monotonic() > deadline:
            _signal(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
            deadline += STOP_SECONDS
        time.sleep(_TURN)


def forget(root: Path, study: str) -> None:
    """Take the last job off the screen; one that is running stays."""
    record = Record(root, study)
    if not record.is_held():
        (record.folder / STATE).unlink(missing_ok=True)


def _wait_for_end(record: Record) -> None:
    """Let a process that has written its end go.

    Raises:
        BusyError: If it has not written its end.
    """
    deadline = time.monotonic() + STOP_SECONDS
    while record.is_held():
        last = record.read_state()
        if last is None or last.status == "running" or time.monotonic() > deadline:
            raise BusyError(
                f"A step is already working on the study {record.study!r}; wait until it has "
                "ended, or cancel it."
            )
        time.sleep(_TURN)


def _signal(pid: int, number: int) -> None:
    """Send a signal to the job and its readers."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        return


def _threads() -> dict[str, str]:
    """One thread on a busy machine: two that wait for each other are many times slower."""
    if "OMP_NUM_THREADS" in os.environ or not hasattr(os, "getloadavg"):
        return {}
    free = (os.cpu_count() or 1) - os.getloadavg()[0]
    return {"OMP_NUM_THREADS": str(max(1, round(free)))}
