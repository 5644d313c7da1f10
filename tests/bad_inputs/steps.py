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

from clam_core.pipeline.create import CreateOptions, create
from clam_core.pipeline.preprocess import preprocess
from clam_core.settings import PreprocessSettings
from clam_core.study import Study

REPOSITORY = Path(__file__).resolve().parents[2]
GRID = (16, 16, 16)


@dataclass(frozen=True)
class Run:
    """What became of a folder.

    Attributes:
        folder: The study.
        rows: The scans table after preprocessing, one dictionary per scan.
        unmasked: The same after a second run with mask `none`.
        skipped: Reasons of skipped files by where they lie.
        said: Every sentence and value that the steps gave, as one text.
        pause_s: Longest time without a word of progress, seconds.
        peak_mb: Largest memory of this process or a reader, MB.
    """

    folder: Path
    rows: dict[str, dict[str, Any]]
    unmasked: dict[str, dict[str, Any]]
    skipped: dict[str, str]
    said: str
    pause_s: float
    peak_mb: float

    def ready(self, scan_id: str) -> str:
        """Warnings of a scan that must be ready."""
        row = self.rows[scan_id]
        assert row["status"] == "ready", row["reason"]
        return str(row["warnings"])

    def failed(self, scan_id: str) -> str:
        """Reason of a scan that must have failed."""
        row = self.rows[scan_id]
        assert row["status"] == "failed", row["warnings"]
        assert row["reason"]
        return str(row["reason"])


def run_steps(study: Path, root: Path, table: Path | None = None) -> Run:
    """Both steps on a folder, with lung masks and then without."""
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(study), str(root), *([str(table)] if table else [])],
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


def _rows(study: Study) -> dict[str, dict[str, Any]]:
    scans = study.scans()
    return {str(name): json.loads(row.to_json()) for name, row in scans.iterrows()}


def _main(folder: str, root: str, *table: str) -> None:
    clock = _Clock()
    options = CreateOptions(n_workers=1)
    made = create(Path(folder), Path(root), Path(table[0]) if table else None, options, clock)
    study = Study(folder)
    with_mask = preprocess(study, PreprocessSettings(grid=GRID), 1, clock)
    rows = _rows(study)
    without = preprocess(study, PreprocessSettings(grid=GRID, mask="none"), 1, clock)
    clock()
    skipped = study.skipped()
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    said = [[step.sentences, step.values] for step in (made, with_mask, without)]
    result = {
        "rows": rows,
        "unmasked": _rows(study),
        "skipped": dict(zip(skipped["source"], skipped["reason"], strict=True)),
        "said": json.dumps(said, ensure_ascii=False),
        "pause_s": clock.longest,
        "peak_mb": max(peaks) / 1024,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    _main(*sys.argv[1:])
