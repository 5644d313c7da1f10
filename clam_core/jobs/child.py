"""The process of a job: `python -m clam_core.jobs.child ROOT STUDY`."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from clam_core.errors import ClamError
from clam_core.files.system_errors import as_sentence
from clam_core.jobs.record import CANCEL, REQUEST, JobState, Record
from clam_core.jobs.speeds import TIMED, Stopwatch, keep_speed
from clam_core.pipeline.declared_steps import STEPS, options_from_record, step_named

_BETWEEN_WRITES = 0.3
_NICE = 5


class Reporter:
    """Writes how far a job is, not more often than people can read.

    Args:
        record: Where to write.
        first: The state at the start.
    """

    def __init__(self, record: Record, first: JobState) -> None:
        self._record, self.state = record, first
        self._plan = STEPS[first.step].stages if first.step in STEPS else {}
        self._begun = self._written = time.monotonic()
        self.watch = Stopwatch(self._begun)
        record.write_state(first)

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take note of a stage; called by the step."""
        now = time.monotonic()
        self.watch.note(stage, done, total, now)
        is_new = stage != self.state.stage
        if not is_new and now - self._written < _BETWEEN_WRITES and done < total:
            return
        fraction = max(self.state.fraction, self._fraction(stage, done, total))
        remaining = None
        if fraction >= 0.02:
            remaining = (now - self._begun) * (1 - fraction) / fraction
        self._written = now
        self.state = replace(
            self.state,
            stage=stage,
            done=done,
            total=total,
            fraction=fraction,
            remaining_seconds=remaining,
            told=time.time(),
        )
        self._record.write_state(self.state)

    def _fraction(self, stage: str, done: int, total: int) -> float:
        """Share of the whole job, by the usual shares of its stages."""
        within = min(done / total, 1.0) if total else 0.0
        if stage not in self._plan:
            return within if not self._plan else 0.0
        names = list(self._plan)
        before = sum(self._plan[name] for name in names[: names.index(stage)])
        return (before + self._plan[stage] * within) / sum(self._plan.values())


def run(root: Path, study: str) -> None:
    """Do what the request of a study's job says, and write how it ends."""
    record = Record(root, study)
    with record.hold(timeout=10):
        request = record.read(REQUEST) or {}
        step, asked = str(request.get("step")), request.get("arguments", {})
        arguments = asked if isinstance(asked, dict) else {}
        record.write("process.json", {"pid": os.getpid()})
        first = JobState(step, "running", "Starting", arguments=arguments, started=time.time())
        reporter = Reporter(record, first)
        try:
            declared = step_named(step)
            options = options_from_record(declared, asked)
            sentences = declared(record.study_folder, reporter, options).sentences
            if step in TIMED:
                preset = str(arguments.get("preset", "default"))
                now = time.monotonic()
                keep_speed(root, record.study_folder, preset, reporter.watch, now)
            ended = replace(reporter.state, status="done", fraction=1.0, sentences=sentences)
        except KeyboardInterrupt:
            ended = replace(reporter.state, status="cancelled")
        except ClamError as error:
            ended = replace(reporter.state, status="failed", error=str(error))
        except Exception as error:
            known = as_sentence(error)
            text = (
                str(known)
                if known is not None
                else (
                    f"This is a fault of the software ({type(error).__name__}), not of your data; "
                    "nothing stored was lost. Please report it."
                )
            )
            ended = replace(reporter.state, status="failed", error=text)
        if ended.status == "failed" and (record.folder / CANCEL).is_file():
            # an interrupt inside the import of a library comes out as another error
            ended = replace(ended, status="cancelled", error="")
        record.write_state(replace(ended, remaining_seconds=None))


def _stop(number: int, frame: object) -> NoReturn:  # noqa: ARG001
    raise KeyboardInterrupt


def main() -> None:
    """Be the process of a job."""
    signal.signal(signal.SIGTERM, _stop)
    if hasattr(os, "nice"):
        os.nice(_NICE)
    run(Path(sys.argv[1]), sys.argv[2])


if __name__ == "__main__":
    main()
