"""Cost of every step of small synthetic cohorts, from hundreds of scans to tens of thousands."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.journal import Journal, Progress
from benchmarks.scale_cohort import make_cohort
from clam_core.settings import FitMethod

LARGEST = 32_000
MOST_MIB = 1536
STEEPEST = 1.1
WHAT = "Cost of each step by number of scans"


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Attributes:
        sizes: Numbers of scans.
        side: Voxels along each axis of a scan.
        method: How the scans are grouped.
        epochs: Passes over the cohort; the cost of one does not depend on the others.
    """

    sizes: tuple[int, ...] = (500, 2_000, 8_000)
    side: int = 16
    method: FitMethod = "profiles"
    epochs: int = 2


@dataclass(frozen=True)
class Cost:
    """What a command used.

    Attributes:
        cpu_seconds: Time of the processor, of the process and all that it started.
        peak_mib: Largest memory that one of its processes has held.
    """

    cpu_seconds: float
    peak_mib: float


def measure(plan: Plan, progress: Progress, kept: Path | None = None) -> pd.DataFrame:
    """Run every step on every size, each in a process of its own with one thread.

    Args:
        plan: Sizes, grid and method.
        progress: Told which step is measured.
        kept: Where the rows are kept as they come, or None.

    Returns:
        One row per step and size: `cpu_seconds`, `peak_mib`.
    """
    journal = Journal(kept, ("side", "method", "epochs", "scans", "step"))
    for place, n_scans in enumerate(plan.sizes):
        progress(f"{n_scans} scans", place, len(plan.sizes))
        with tempfile.TemporaryDirectory() as folder:
            _measure_size(plan, n_scans, Path(folder), journal)
    return journal.table()


def _measure_size(plan: Plan, n_scans: int, folder: Path, journal: Journal) -> None:
    facts = {"side": plan.side, "method": plan.method, "epochs": plan.epochs, "scans": n_scans}
    known = journal.table()
    steps = _steps(plan, folder)
    if len(known) and set(steps) <= set(known.loc[known["scans"] == n_scans, "step"]):
        return
    make_cohort(folder, n_scans, plan.side)
    for name, arguments in steps.items():
        cost = run_step(arguments)
        row = {"cpu_seconds": round(cost.cpu_seconds, 2), "peak_mib": round(cost.peak_mib)}
        journal.take({**facts, "step": name}, lambda row=row: [row])  # type: ignore[misc]


def _steps(plan: Plan, folder: Path) -> dict[str, list[str]]:
    """The command line of each step."""
    study, scans = str(folder / "study"), str(folder / "scans")
    first = str(folder / "scans" / "scan-00000.nii")
    table = ["--scans-table", str(folder / "scans.csv")]
    fit = ["--method", plan.method, "--epochs", str(plan.epochs)]
    return {
        "create": ["create", study, "--scans", scans, *table],
        "clinical": ["clinical", study, str(folder / "clinical.csv")],
        "preprocess": ["preprocess", study, "--grid", str(plan.side), "--mask", "given"],
        "fit": ["fit", study, *fit],
        "select": ["select", study],
        "localize": ["localize", study],
        "assign": ["assign", study, first, "--mask", first.replace("scan-", "mask-")],
        "associate": ["associate", study],
        "report": ["report", study, "--to", str(folder / "report.html")],
    }


def run_step(arguments: list[str]) -> Cost:
    """Run `python -m clam_core ...` on one thread and measure it.

    Raises:
        RuntimeError: If it fails.
    """
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "clam_core", *arguments],
            stdout=said,
            stderr=subprocess.STDOUT,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        watch = _Watch(process.pid)
        watch.start()
        # Not `wait`: this one tells what the process and those that it waited for have used.
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.over.set()
        watch.join()
        said.seek(0)
        if process.returncode not in (0, 1):
            raise RuntimeError(f"{arguments} ended with {process.returncode}: {said.read()!r}")
    return Cost(used.ru_utime + used.ru_stime, watch.peak_mib)


class _Watch(threading.Thread):
    """The largest memory that any process of a tree has held, looked up ten times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.over = threading.Event()
        self.peak_mib = 0.0

    def run(self) -> None:
        while not self.over.wait(0.1):
            self.peak_mib = max([self.peak_mib, *map(_highest_mib, tree(self._pid))])


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return [pid]
    return [pid, *(below for child in text.split() for below in tree(int(child)))]


def _highest_mib(pid: int) -> float:
    """What the system noted as the highest, so that nothing between two looks is missed."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    lines = [line for line in text.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) / 1024 if lines else 0.0


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per step: time and memory by number of scans, and how time grows at the end.

    Args:
        rows: As `measure` gives them.

    Returns:
        Per step `N: CPU s` and `N: MiB`, `exponent` of time between the two largest
        numbers, and whether exponent and memory stay within what was aimed at.
    """
    lines = []
    for step, group in rows.groupby("step", sort=False):
        part = group.sort_values("scans")
        line: dict[str, object] = {"step": step}
        for row in part.itertuples():
            line[f"{row.scans}: CPU s"] = row.cpu_seconds
            line[f"{row.scans}: MiB"] = row.peak_mib
        exponent = _exponent(part) if len(part) > 1 else float("nan")
        held = bool(exponent <= STEEPEST) and part["peak_mib"].max() <= MOST_MIB
        lines.append({**line, "exponent": round(exponent, 2), "reached": "yes" if held else "no"})
    return pd.DataFrame(lines).set_index("step")


def _exponent(part: pd.DataFrame) -> float:
    """E with time ~ n^E between the two largest cohorts, start of the process included."""
    (few, many), (fast, slow) = (part[name].to_numpy()[-2:] for name in ("scans", "cpu_seconds"))
    return float(np.log(slow / fast) / math.log(many / few))
