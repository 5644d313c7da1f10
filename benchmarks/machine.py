"""The machine that figures were measured on, and what a tree of processes uses of it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


def describe() -> str:
    """Processor, cores, memory, system and Python in one line."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    memory = ""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        memory = f", {total / (1 << 30):.0f} GiB"
    return (
        f"{model}, {os.cpu_count()} cores{memory}, {platform.system()}, "
        f"Python {platform.python_version()}"
    )


@contextmanager
def one_core() -> Iterator[bool]:
    """Keep this process and its children on one core, where the system can (Linux)."""
    if not hasattr(os, "sched_setaffinity"):
        yield False
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield True
    finally:
        os.sched_setaffinity(0, before)


@dataclass(frozen=True)
class Run:
    """One run of a command.

    Attributes:
        seconds: Wall time.
        peak_mib: Largest memory of the process and all below it at one time
            (proportional set size); None where the system does not tell.
        output: What it printed.
    """

    seconds: float
    peak_mib: float | None
    output: str


def run_command(*arguments: str) -> Run:
    """Run `python -m clam_core ...` and measure it.

    Args:
        arguments: Of the command line.

    Returns:
        Time, memory and output.

    Raises:
        RuntimeError: If it fails.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "clam_core", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    watch = _Watch(process.pid)
    watch.start()
    output, _ = process.communicate()
    seconds = time.perf_counter() - start
    watch.over.set()
    watch.join()
    if process.returncode != 0:
        raise RuntimeError(f"{arguments} ended with {process.returncode}: {output}")
    return Run(seconds, watch.peak_mib, output)


class _Watch(threading.Thread):
    """Adds up the memory of a tree of processes, twenty times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.over = threading.Event()
        self.peak_mib: float | None = None

    def run(self) -> None:
        while not self.over.wait(0.05):
            used = sum(_pss_mib(pid) for pid in _tree(self._pid))
            if used:
                self.peak_mib = max(self.peak_mib or 0.0, used)


def _tree(pid: int) -> list[int]:
    """The process and all below it."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [pid, *(below for child in text.split() for below in _tree(int(child)))]


def memory_mib(pid: int) -> float | None:
    """Memory of one process (proportional set size); None where the system does not tell."""
    return _pss_mib(pid) or None


def _pss_mib(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    lines = [line for line in text.splitlines() if line.startswith("Pss:")]
    return int(lines[0].split()[1]) / 1024 if lines else 0.0
