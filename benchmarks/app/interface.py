"""How long a person waits for the app: pages, the map of the cohort, the viewer, many at once."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.app.browser import Visitor, chromium, has_playwright
from benchmarks.app.own_resolution import Sizes, measure_own
from benchmarks.app.server import ROOT, Server, served
from benchmarks.app.sessions import PAUSE
from benchmarks.app.studies import RUN, Shown, make_study
from benchmarks.table import Figure, reached
from clam_core.errors import SettingsError

Progress = Callable[[str, int, int], None]
HEADLESS = "headless Chromium without a GPU"
PAGES = ("Clusters", "Associations", "Cohort", "Explore")


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        n_few: Scans of the map on which scans are clicked.
        n_many: Scans of the map on which a frame is drawn.
        n_runs: Cold starts, rounds through the pages, clicks and frames.
        n_sessions: People at the same time.
        n_rounds: What each of them does: map, two scans, clusters, so many times.
        own: Scans at their own resolution.
    """

    n_few: int = 5_000
    n_many: int = 50_000
    n_runs: int = 5
    n_sessions: int = 30
    n_rounds: int = 4
    own: Sizes = field(default_factory=Sizes)


def measure(plan: Plan, progress: Progress) -> list[Figure]:
    """All figures of this benchmark.

    Args:
        plan: How much is measured.
        progress: Told which figure is measured.

    Raises:
        SettingsError: If there is no browser to be driven.
    """
    if not has_playwright():
        raise SettingsError(
            "This benchmark drives a browser; install playwright (requirements-dev.txt)."
        )
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        progress("Making studies", 0, 4)
        few = make_study(root, "few", plan.n_few)
        many = make_study(root, "many", plan.n_many)
        progress("Cold starts", 1, 4)
        figures = [_cold(root, plan.n_runs)]
        with served(root) as server:
            progress("Pages, map and viewer", 2, 4)
            with chromium() as page:
                visitor = Visitor(page, server)
                figures += [_switch(visitor, few, plan.n_runs)]
                figures += _clicks(visitor, few, plan.n_runs)
                figures += _viewer(visitor)
                figures.append(_frame(visitor, many, plan.n_runs))
        with served(root) as server:
            progress("Many people at once", 3, 4)
            figures += _crowd(server, few, plan)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "studies"
        root.mkdir()
        figures += measure_own(root, plan.own, progress)
    return figures


def _seconds(what: str, seconds: list[float], target: float, how: str) -> Figure:
    value = statistics.median(seconds)
    note = f"median of {len(seconds)} (slowest {max(seconds):.2f} s), {how}"
    return Figure(what, f"{value:.2f} s", f"<= {target:g} s", reached(value, target), note)


def _milliseconds(what: str, seconds: list[float], target: float, how: str) -> Figure:
    value = 1000 * statistics.median(seconds)
    note = f"median of {len(seconds)} (slowest {1000 * max(seconds):.0f} ms), {how}"
    return Figure(what, f"{value:.0f} ms", f"<= {target:g} ms", reached(value, target), note)


def _cold(root: Path, n_runs: int) -> Figure:
    seconds = []
    for _ in range(n_runs):
        with chromium() as page, served(root) as server:
            seconds.append(Visitor(page, server).first_page())
    how = f"start of the server's process included, {HEADLESS}"
    return _seconds("Cold server to the painted first page", seconds, 4, how)


def _switch(visitor: Visitor, shown: Shown, n_runs: int) -> Figure:
    visitor.open("explore", shown)
    for title in PAGES:
        visitor.switch(title)
    seconds = [visitor.switch(title) for _ in range(n_runs) for title in PAGES]
    pages = ", ".join(PAGES)
    return _seconds("Page switch on a warm server", seconds, 1, f"{pages}, until nothing moves")


def _clicks(visitor: Visitor, shown: Shown, n_runs: int) -> list[Figure]:
    """A click on a point of the map: its line, and its slices with the map on them."""
    visitor.open("explore", shown)
    first = visitor.click_scan(shown, 0)
    rest = [visitor.click_scan(shown, 1 + n % (len(shown.places) - 1)) for n in range(n_runs)]
    n_scans = f"{shown.n_scans:,}"
    named, seen = zip(*rest, strict=True)
    how = f"stored map, {HEADLESS}"
    return [
        _seconds(
            f"Click on a map of {n_scans} to painted slices of 88 cubed with the overlay",
            list(seen),
            1.5,
            f"{how}; the very first click {first[1]:.2f} s",
        ),
        _seconds(f"Click on a map of {n_scans} to the scan's line", list(named), 0.5, how),
    ]


def _viewer(visitor: Visitor) -> list[Figure]:
    wheel, n_told = visitor.wheel()
    figures = [
        _milliseconds("Slice change by wheel, 88 cubed with overlay", wheel, 100, HEADLESS),
        Figure(
            "Messages to the server while the wheel turned",
            str(n_told),
            "0",
            reached(n_told, 0),
            f"{len(wheel)} slices",
        ),
    ]
    for name in ("opacity", "threshold"):
        what = f"Change of {name}, 88 cubed"
        figures.append(_milliseconds(what, visitor.slide(name), 350, HEADLESS))
    return figures


def _frame(visitor: Visitor, shown: Shown, n_runs: int) -> Figure:
    seconds = []
    for _ in range(n_runs):
        visitor.open("explore", shown)
        seconds.append(visitor.box_select())
    what = f"Frame around most of {shown.n_scans:,} points to the list of the selected"
    return _seconds(what, seconds, 2, HEADLESS)


def _crowd(server: Server, shown: Shown, plan: Plan) -> list[Figure]:
    """People at once; the load is made by a process on the same machine."""
    _browse(server, shown, (1, 1), [])
    before = server.memory_mib
    peaks: list[float] = []
    seconds, errors = _browse(server, shown, (plan.n_sessions, plan.n_rounds), peaks)
    slow = float(np.quantile(seconds, 0.95))
    what = f"{plan.n_sessions} people at once (map, two scans, clusters): 95 % of answers within"
    figures = [
        Figure(
            what,
            f"{slow:.2f} s",
            "<= 1.5 s",
            reached(slow, 1.5),
            f"{len(seconds)} answers, median {statistics.median(seconds):.2f} s, "
            f"{PAUSE[0]:g} to {PAUSE[1]:g} s between clicks, load made on the same machine",
        ),
        Figure("Errors meanwhile", str(errors), "0", reached(errors, 0), ""),
    ]
    if before is not None and peaks:
        each = (max(peaks) - before) / plan.n_sessions
        figures.append(
            Figure(
                "Memory of the server per person",
                f"{each:.1f} MiB",
                "<= 15 MB",
                reached(each * (1 << 20), 15e6),
                f"{before:.0f} MiB after one person, {max(peaks):.0f} MiB at most",
            )
        )
    return figures


def _browse(
    server: Server, shown: Shown, size: tuple[int, int], peaks: list[float]
) -> tuple[list[float], int]:
    """Let people browse; how long each answer took, and how many failed."""
    n_sessions, n_rounds = size
    visit = {
        "address": server.address.replace("http", "ws", 1),
        "cookie": "=".join(server.cookie),
        "query": f"study={shown.name}&run={RUN}",
        "scan_ids": shown.scan_ids,
        "n_sessions": n_sessions,
        "n_rounds": n_rounds,
    }
    process = subprocess.Popen(
        [sys.executable, "-c", "from benchmarks.app.sessions import main; main()"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("The process has no pipes.")
    process.stdin.write(json.dumps(visit) + "\n")
    process.stdin.close()
    while process.poll() is None:
        used = server.memory_mib
        peaks += [] if used is None else [used]
        time.sleep(0.25)
    timed = json.loads(process.stdout.read())
    return timed["seconds"], timed["errors"]
