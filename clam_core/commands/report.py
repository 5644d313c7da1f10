"""The report of a run as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from clam_core.commands.options import Json, StudyPath
from clam_core.commands.terminal import Outcome, Progress, run_step


def report(
    study: StudyPath,
    to: Annotated[Path, typer.Option(help="File to write, such as report.html.")],
    run: Annotated[str, typer.Option("--run", help="Name of the run.")] = "default",
    sections: Annotated[
        str, typer.Option(help="Names of the sections, with commas; all if not given.")
    ] = "",
    examples: Annotated[
        int, typer.Option(help="Typical and borderline scans per cluster.", min=1, max=12)
    ] = 3,
    json: Json = False,
) -> None:
    """Write one HTML file with everything that was found; it opens without a network."""

    def step(progress: Progress) -> Outcome:
        from clam_core.pipeline.output.report import report as write_report
        from clam_core.report import ReportSettings
        from clam_core.study import Study

        values: dict[str, Any] = {"n_examples": examples}
        chosen = tuple(part.strip() for part in sections.split(",") if part.strip())
        if chosen:
            values["sections"] = chosen
        return write_report(Study(study), run, to, ReportSettings(**values), progress)

    run_step(step, as_json=json)
