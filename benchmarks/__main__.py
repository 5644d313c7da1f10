"""Command line: `python -m benchmarks WHAT [options]`: figures beside other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clam_core.command_line.sub_command import JSON
from clam_core.command_line.terminal import Outcome, Progress, run_step


def benchmark(
    what: Annotated[
        str,
        typer.Argument(
            help="speed, simulation, faithfulness, associations, interface, scale, patterns, "
            "claims or harmonise"
        ),
    ],
    data: Annotated[Path | None, typer.Option(help="Folder of real scans to measure on.")] = None,
    to: Annotated[Path | None, typer.Option(help="Folder for the tables (CSV, Markdown).")] = None,
    seeds: Annotated[int, typer.Option(help="Simulated cohorts of each kind.", min=1)] = 5,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer scans and runs.")] = False,
    full: Annotated[bool, typer.Option("--full", help="The largest cohorts too.")] = False,
    json: JSON = False,
) -> None:
    """Measure this software beside others on this machine."""

    def step(progress: Progress) -> Outcome:
        from benchmarks.run import BenchmarkOptions, run

        return run(what, BenchmarkOptions(data, to, seeds, quick, full), progress)

    run_step(step, as_json=json)


if __name__ == "__main__":
    typer.run(benchmark)
