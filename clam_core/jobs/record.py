"""What is known of a job: a folder beside the studies, one per study."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from clam_core.files.given_names import check_name
from clam_core.study.locking import hold_file

Status = Literal["running", "done", "failed", "cancelled", "interrupted"]

JOBS, REQUEST, STATE, CANCEL, LOCK = ".jobs", "request.json", "state.json", "cancel", "lock"
STARTING = "starting"


@dataclass(frozen=True)
class JobState:
    """How a job stands.

    Attributes:
        step: Name of the step.
        status: `running` only while its process lives; a process that was killed reads
            as `interrupted`, and the same step goes on where it was.
        stage: What it is doing, in words.
        done: Parts of the stage that are done.
        total: Parts of the stage.
        fraction: Share of the whole job that is done, 0 to 1.
        remaining_seconds: Estimate when it was told; None while there is none.
        told: When that was, in seconds since 1970.
        sentences: What it ended with.
        error: Why it failed, one sentence; empty otherwise.
        arguments: What it was started with.
        started: Seconds since 1970.
    """

    step: str
    status: Status
    stage: str = ""
    done: int = 0
    total: int = 0
    fraction: float = 0.0
    remaining_seconds: float | None = None
    told: float = 0.0
    sentences: tuple[str, ...] = ()
    error: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    started: float = 0.0


class Record:
    """Files of the job of one study.

    Args:
        root: Folder of the studies.
        study: Name of a study, which need not exist yet.

    Raises:
        StudyError: If the name cannot be that of a study.
    """

    def __init__(self, root: Path, study: str) -> None:
        check_name(study, "study")
        self.study, self.study_folder = study, root / study
        self.folder = root / JOBS / study

    @contextmanager
    def hold(self, timeout: float, name: str = LOCK) -> Iterator[None]:
        """Be the one process that works on the study, or (`STARTING`) that starts its job.

        Raises:
            BusyError: If another one does.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        busy = (
            f"A step is already working on the study {self.study!r}; wait until it has ended, "
            "or cancel it."
        )
        with hold_file(self.folder / name, timeout, busy):
            yield

    def is_held(self) -> bool:
        """Whether a process works on the study; asking does not disturb it."""
        path = self.folder / LOCK
        if not path.is_file():
            return False
        try:
            import fcntl
        except ImportError:  # Windows
            return self._is_held_elsewhere()
        with path.open("rb") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
            fcntl.flock(stream, fcntl.LOCK_UN)
        return False

    def _is_held_elsewhere(self) -> bool:
        try:
            with FileLock(self.folder / LOCK, timeout=0):
                return False
        except Timeout:
            return True

    def write(self, name: str, value: dict[str, Any]) -> None:
        """Replace a file whole."""
        beside = self.folder / f".{name}.{os.getpid()}"
        beside.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
        beside.replace(self.folder / name)

    def write_state(self, state: JobState) -> None:
        """Replace the state."""
        self.write(STATE, {**asdict(state), "written": time.time()})

    def read(self, name: str) -> dict[str, Any] | None:
        """Content of a file; None if it is not there or damaged."""
        try:
            value = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return value if isinstance(value, dict) else None

    def read_state(self) -> JobState | None:
        """The state as it was last written; None if no job was started, or it is damaged."""
        value = self.read(STATE)
        if value is None:
            return None
        names = JobState.__dataclass_fields__
        known = {name: item for name, item in value.items() if name in names}
        try:
            return JobState(**{**known, "sentences": tuple(known.get("sentences", ()))})
        except TypeError:  # it lacks its step or status, or is damaged
            return None
