"""`create` and `preprocess` in a process of their own, so that their memory can be measured."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.settings import PreprocessSettings
from clam_core.study import Study
from tests.memory import peak_mb

REPOSITORY = Path(__file__).resolve().parents[2]
Rows = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Run:
    """What became of a folder.

    Attributes:
        folder: The study.
        rows: For each mask mode, the scans table after preprocessing with it.
        skipped: Where skipped files lie, and why each is no scan.
        said: Every sentence and value that the steps gave, as one text.
        pause_s: Longest time without a word of progress, seconds.
        peak_mb: Largest memory of a single process (the steps, or a reader), MB.
    """

    folder: Path
    rows: dict[str, Rows]
    skipped: list[tuple[str, str]]
    said: str
    pause_s: float
    peak_mb: float

    def __getitem__(self, scan_id: str) -> dict[str, Any]:
        """Row of a scan after the first preprocessing."""
        return next(iter(self.rows.values()))[scan_id]

    def ready(self, scan_id: str, mask: str = "") -> str:
        """Notes and warnings of a scan that must be ready."""
        row = self.rows[mask][scan_id] if mask else self[scan_id]
        assert (row["status"], row["reason"]) == ("ready", "")
        return f"{row['notes']} {row['warnings']}".strip()

    def failed(self, scan_id: str) -> str:
        """Reason of a scan that must have failed."""
        row = self[scan_id]
        assert row["status"] == "failed", row
        assert is_sentence(row["reason"]), row["reason"]
        return str(row["reason"])

    def why_skipped(self, source: str) -> str:
        """Reason of the skipped files at a place."""
        (reason,) = (why for where, why in self.skipped if where == source)
        assert is_sentence(reason), reason
        return reason

    def check_cost(self) -> None:
        """No case was stopped by its time, waited long or took much memory."""
        assert self.pause_s < 60
        assert self.peak_mb < 600
        assert "took more than" not in self.said
        assert "made the reader stop" not in self.said
        assert "cannot be read (" not in self.said  # an error that nobody foresaw


def is_sentence(text: str) -> bool:
    """Begins and ends as a sentence and shows no trace of the program's inside."""
    inside = ("Error", "Exception", "Traceback", "None", "{", "<", "/tmp")
    return bool(text) and text[-1] in ".)" and not any(word in text for word in inside)


def run_steps(study: Path, root: Path, masks: str = "auto", table: Path | None = None) -> Run:
    """Both steps on a folder; preprocessing once for each of some mask modes."""
    command = [sys.executable, "-m", __name__, str(study), str(root), masks]
    done = subprocess.run(
        [*command, *([str(table)] if table else [])],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout)
    return Run(study, **{**values, "said": values["said"] + done.stderr})


class _Clock:
    """A progress function that keeps the longest pause between two words."""

    def __init__(self) -> None:
        self._last, self.longest = time.monotonic(), 0.0

    def __call__(self, *_: object) -> None:
        now = time.monotonic()
        self._last, self.longest = now, max(self.longest, now - self._last)


def _rows(study: Study) -> Rows:
    return {str(name): json.loads(row.to_json()) for name, row in study.scans().iterrows()}


def _main(folder: str, root: str, masks: str, table: str = "") -> None:
    clock = _Clock()
    options = CreateOptions(n_workers=1)
    steps = [create(Path(folder), Path(root), Path(table) if table else None, options, clock)]
    rows = {}
    for mask in masks.split(","):
        settings = PreprocessSettings(grid=(16, 16, 16), mask=mask)
        steps.append(preprocess(Study(folder), settings, 1, clock))
        rows[mask] = _rows(Study(folder))
    clock()
    skipped = Study(folder).skipped()
    readers_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    result = {
        "rows": rows,
        "skipped": list(zip(skipped["source"], skipped["reason"], strict=True)),
        "said": json.dumps([[s.sentences, s.values] for s in steps], ensure_ascii=False),
        "pause_s": clock.longest,
        "peak_mb": max(peak_mb(), readers_mb),
    }
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    _main(*sys.argv[1:])
