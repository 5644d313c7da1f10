"""A synthetic cohort from nothing, and the benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clam_core.commands.options import N_WORKERS, Json, StudyPath, Workers
from clam_core.commands.terminal import Outcome, Progress, run_step


def demo(
    study: StudyPath,
    scans: Annotated[int, typer.Option(help="Number of synthetic scans.", min=4, max=2000)] = 48,
    seed: Annotated[int, typer.Option(help="Same seed, same scans.", min=0)] = 0,
    grid: Annotated[int, typer.Option(help="Voxels along each axis.", min=16, max=256)] = 48,
    workers: Workers = N_WORKERS,
    json: Json = False,
) -> None:
    """Make a synthetic cohort with a clinical table and run every step on it."""

    def step(progress: Progress) -> Outcome:
        from clam_core.phantom import CohortSettings
        from clam_core.pipeline.demo import make_demo

        cohort = CohortSettings(n_scans=scans, grid=(grid, grid, grid), seed=seed)
        return make_demo(study, cohort, workers, progress)

    run_step(step, as_json=json)


def benchmark(
    what: Annotated[str, typer.Argument(help="speed or simulation")],
    data: Annotated[Path | None, typer.Option(help="Folder of real scans to measure on.")] = None,
    to: Annotated[Path | None, typer.Option(help="Folder for the tables (CSV, Markdown).")] = None,
    seeds: Annotated[int, typer.Option(help="Simulated cohorts of each kind.", min=1)] = 5,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer scans and runs.")] = False,
    full: Annotated[bool, typer.Option("--full", help="The largest cohorts too.")] = False,
    json: Json = False,
) -> None:
    """Measure this software beside others on this machine."""

    def step(progress: Progress) -> Outcome:
        from clam_core.benchmark import BenchmarkOptions, run

        return run(what, BenchmarkOptions(data, to, seeds, quick, full), progress)

    run_step(step, as_json=json)
