"""Which benchmark to run, and what becomes of its figures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import (
    associations,
    cohort_speed,
    faithfulness,
    map_speed,
    patterns,
    scale,
    simulation,
    speed,
    table,
    train_speed,
)
from benchmarks.app import interface
from benchmarks.app.own_resolution import Sizes
from benchmarks.claim_rates import measure as claims
from benchmarks.journal import Progress
from benchmarks.machine import describe
from benchmarks.two_scanners import compare_ways as harmonise
from clam_core.errors import SettingsError

N_REAL_SEEDS = 3
MAPS_TITLE = "Maps of scans with a lesion and an equal blob: means over cohorts (worst cohort)"
REAL_TITLE = "Real scans and pictures: accuracy, mean (worst seed), and NMI, mean"


@dataclass(frozen=True)
class Result:
    """Figures in sentences and as plain JSON values."""

    sentences: tuple[str, ...]
    values: dict[str, Any]
    has_failures: bool = False


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
        what: `speed`, `simulation`, `faithfulness`, `associations`, `interface`,
            `scale`, `patterns`, `claims` or `harmonise`.
        options: How much is measured, and where tables go.
        progress: Told which figure is measured.

    Returns:
        The tables as Markdown, and the figures.

    Raises:
        SettingsError: If there is no such benchmark, or no scan to measure on.
    """
    kinds = {
        "speed": _speed,
        "simulation": _simulation,
        "faithfulness": _faithfulness,
        "associations": _associations,
        "interface": _interface,
        "scale": _scale,
        "patterns": _patterns,
        "claims": _claims,
        "harmonise": _harmonise,
    }
    if what not in kinds:
        raise SettingsError(f"There is no benchmark {what!r}; choose {', '.join(kinds)}.")
    return kinds[what](options, progress)


def _speed(options: BenchmarkOptions, progress: Progress) -> Result:
    if options.data is None:
        raise SettingsError("Give the folder of real scans to measure on with --data.")
    figures = speed.measure(options.data, progress, quick=options.quick)
    figures += _method_speed(options, progress)
    machine = describe()
    if options.to is not None:
        table.write(figures, machine, options.to, "speed")
    values = {"machine": machine, "figures": [asdict(figure) for figure in figures]}
    return Result((table.to_markdown(figures, machine),), values)


def _method_speed(options: BenchmarkOptions, progress: Progress) -> list[table.Figure]:
    """Figures of maps, training and whole cohorts."""
    progress("Maps of one scan", 0, 3)
    figures = map_speed.measure(2 if options.quick else 7)
    progress("Training", 1, 3)
    figures += train_speed.measure(3 if options.quick else 60)
    progress("Cohorts", 2, 3)
    sizes, n_runs = ((50, 200), 1) if options.quick else ((50, 2000), 5)
    return figures + cohort_speed.measure(sizes, n_runs)


def _associations(options: BenchmarkOptions, progress: Progress) -> Result:
    plan = associations.Plan()
    if options.quick:
        plan = associations.Plan(
            n_shuffles=20, n_cohorts=2, n_null=1, n_variables=50, n_subjects=200
        )
    figures, p_values = associations.measure(plan, progress, _kept(options, "null_cohorts"))
    machine = describe()
    if options.to is not None:
        table.write(figures, machine, options.to, "associations")
        p_values.to_csv(options.to / "null_p_values.csv", index=False, lineterminator="\n")
    values = {"machine": machine, "figures": [asdict(figure) for figure in figures]}
    return Result((table.to_markdown(figures, machine),), values)


def _interface(options: BenchmarkOptions, progress: Progress) -> Result:
    plan = interface.Plan()
    if options.quick:
        own = Sizes(few=20, many=60, n_people=3, n_runs=2)
        plan = interface.Plan(1_000, 5_000, n_runs=2, n_sessions=4, n_rounds=2, own=own)
    figures = interface.measure(plan, progress)
    machine = describe()
    if options.to is not None:
        table.write(figures, machine, options.to, "interface")
    values = {"machine": machine, "figures": [asdict(figure) for figure in figures]}
    return Result((table.to_markdown(figures, machine),), values)


def _simulation(options: BenchmarkOptions, progress: Progress) -> Result:
    machine = describe()
    plan = simulation.Plan(n_seeds=options.n_seeds)
    if options.quick:
        plan = simulation.Plan(("varying",), 1, ("chest",))
    tables = {name: _kept(options, name) for name in ("simulation", "real")}
    rows = simulation.simulate(plan, progress, tables["simulation"])
    parts = [
        table.frame_to_markdown(simulation.summarize(rows, by), title)
        for title, by in (
            ("Accuracy by anatomy: mean (worst cohort)", ["anatomy"]),
            ("Varying anatomy, by scenario", ["anatomy", "scenario"]),
            ("By family", ["anatomy", "family"]),
        )
    ]
    frames = {"simulation": rows}
    if options.data is not None:
        n_seeds = min(plan.n_seeds, N_REAL_SEEDS)
        frames["real"] = simulation.real(
            options.data, progress, tables["real"], n_seeds=n_seeds, full=options.full
        )
        parts.append(table.frame_to_markdown(simulation.summarize_real(frames["real"]), REAL_TITLE))
    text = "\n".join([*parts, f"Machine: {machine}.", ""])
    if options.to is not None:
        _write(options.to, "simulation", text)
    values = {name: rows.to_dict("records") for name, rows in frames.items()}
    return Result((text,), {"machine": machine, **values})


def _faithfulness(options: BenchmarkOptions, progress: Progress) -> Result:
    plan = faithfulness.Plan(options.n_seeds)
    if options.quick:
        plan = faithfulness.Plan(1, ("chest",), ("integrated", "paper"))
    rows = faithfulness.measure(plan, progress, _kept(options, "faithfulness"))
    machine = describe()
    text = table.frame_to_markdown(faithfulness.summary(rows), MAPS_TITLE)
    text += f"\nMachine: {machine}.\n"
    if options.to is not None:
        _write(options.to, "faithfulness", text)
    return Result((text,), {"machine": machine, "rows": rows.to_dict("records")})


def _patterns(options: BenchmarkOptions, progress: Progress) -> Result:
    n_seeds = 1 if options.quick else options.n_seeds
    rows = patterns.measure(n_seeds, progress, _kept(options, "patterns"))
    machine = describe()
    text = table.frame_to_markdown(patterns.summarize_patterns(rows), patterns.TITLE)
    text += f"\nMachine: {machine}.\n"
    if options.to is not None:
        _write(options.to, "patterns", text)
    return Result((text,), {"machine": machine, "rows": rows.to_dict("records")})


def _harmonise(options: BenchmarkOptions, progress: Progress) -> Result:
    n_seeds = 1 if options.quick else options.n_seeds
    rows = harmonise.measure(n_seeds, progress, _kept(options, "harmonise"))
    machine = describe()
    text = "\n".join(
        (
            table.frame_to_markdown(harmonise.summarize(rows), harmonise.TITLE),
            table.frame_to_markdown(harmonise.claims(rows), harmonise.NULL_TITLE),
            f"Machine: {machine}.\n",
        )
    )
    if options.to is not None:
        _write(options.to, "harmonise", text)
    return Result((text,), {"machine": machine, "rows": rows.to_dict("records")})


def _claims(options: BenchmarkOptions, progress: Progress) -> Result:
    n = options.n_seeds
    plan = claims.Plan(2, 1, 1) if options.quick else claims.Plan(20 * n, 4 * n, 4 * n)
    rows = claims.measure(plan, progress, _kept(options, "claims"))
    machine = describe()
    text = "\n".join(
        table.frame_to_markdown(frame, title)
        for frame, title in (
            (claims.nulls(rows).set_index("cohorts"), claims.NULL_TITLE),
            (claims.power(rows), claims.POWER_TITLE),
        )
    )
    text += f"\nMachine: {machine}.\n"
    if options.to is not None:
        _write(options.to, "claims", text)
    return Result((text,), {"machine": machine, "rows": rows.to_dict("records")})


def _scale(options: BenchmarkOptions, progress: Progress) -> Result:
    plan = scale.Plan()
    if options.quick:
        plan = scale.Plan((50, 100))
    elif options.full:
        plan = scale.Plan((*plan.sizes, scale.LARGEST))
    rows = scale.measure(plan, progress, _kept(options, "scale"))
    machine = describe()
    text = table.frame_to_markdown(scale.summary(rows), scale.WHAT)
    text += f"\nMachine: {machine}.\n"
    if options.to is not None:
        _write(options.to, "scale", text)
    return Result((text,), {"machine": machine, "rows": rows.to_dict("records")})


def _kept(options: BenchmarkOptions, name: str) -> Path | None:
    """Where the rows of a benchmark are kept as they come."""
    return None if options.to is None else options.to / f"{name}.csv"


def _write(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(text, encoding="utf-8")
