"""Which benchmark to run, and what becomes of its figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from clam_core.benchmark import simulation, speed, table
from clam_core.benchmark.machine import describe
from clam_core.errors import SettingsError

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Result:
    """Figures in sentences and as plain JSON values."""

    sentences: tuple[str, ...]
    values: dict[str, Any]


@dataclass(frozen=True)
class BenchmarkOptions:
    """How much is measured.

    Attributes:
        data: Folder of real scans; needed by `speed`, adds real cohorts to `simulation`.
        to: Folder for the tables, or None.
        n_seeds: Simulated cohorts of each kind.
        quick: Fewer scans and runs.
        full: The largest cohorts too.
    """

    data: Path | None = None
    to: Path | None = None
    n_seeds: int = 5
    quick: bool = False
    full: bool = False


def run(what: str, options: BenchmarkOptions, progress: Progress) -> Result:
    """Run one benchmark.

    Args:
        what: `speed` or `simulation`.
        options: How much is measured, and where tables go.
        progress: Told which figure is measured.

    Returns:
        The tables as Markdown, and the figures.

    Raises:
        SettingsError: If there is no such benchmark, or no scan to measure on.
    """
    kinds = {"speed": _speed, "simulation": _simulation}
    if what not in kinds:
        raise SettingsError(f"There is no benchmark {what!r}; choose {' or '.join(kinds)}.")
    return kinds[what](options, progress)


def _speed(options: BenchmarkOptions, progress: Progress) -> Result:
    if options.data is None:
        raise SettingsError("Give the folder of real scans to measure on with --data.")
    figures = speed.measure(options.data, progress, quick=options.quick)
    machine = describe()
    if options.to is not None:
        table.write(figures, machine, options.to, "speed")
    values = {"machine": machine, "figures": [asdict(figure) for figure in figures]}
    return Result((table.to_markdown(figures, machine),), values)


def _simulation(options: BenchmarkOptions, progress: Progress) -> Result:
    machine = describe()
    plan = simulation.Plan(n_seeds=options.n_seeds)
    if options.quick:
        plan = simulation.Plan(("varying",), 1, ("chest",))
    rows = simulation.simulate(plan, progress)
    parts = [
        table.frame_to_markdown(simulation.summarize(rows, by), title)
        for title, by in (
            ("Accuracy by anatomy: mean (worst cohort)", ["anatomy"]),
            ("Varying anatomy, by scenario", ["anatomy", "scenario"]),
            ("By family", ["anatomy", "family"]),
        )
    ]
    found = {"simulation": rows}
    if options.data is not None:
        found["real"] = simulation.real(options.data, progress, full=options.full)
        shown = found["real"].round(3).set_index(["cohort", "way"])[["accuracy", "nmi"]]
        parts.append(table.frame_to_markdown(shown, "Real scans and pictures"))
    text = "\n".join([*parts, f"Machine: {machine}.", ""])
    if options.to is not None:
        _write(options.to, text, found)
    values = {name: rows.to_dict("records") for name, rows in found.items()}
    return Result((text,), {"machine": machine, **values})


def _write(folder: Path, text: str, tables: dict[str, pd.DataFrame]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "simulation.md").write_text(text, encoding="utf-8")
    for name, rows in tables.items():
        rows.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
