"""What other people and other programs get."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from clam_core.pipeline.declared_steps.declaration import Option, step
from clam_core.pipeline.declared_steps.shared_options import Overwrite, RunName
from clam_core.pipeline.declared_steps.written import NAMES
from clam_core.pipeline.progress import Progress
from clam_core.pipeline.summary import Summary


@step(
    "Writing files",
    needs="a run",
    writes="CSV, SVG and PDF, or NIfTI, in a folder",
    stages={},
)
def export(
    study: Path,
    *,
    to: Annotated[Path, Option("Folder to write to.")],
    run: RunName = "default",
    what: Annotated[str, Option("tables, figures, maps, latent, features or anndata.")] = "tables",
    overwrite: Overwrite = False,
    progress: Progress,
) -> Summary:
    """Write clusters (CSV), maps (NIfTI on each scan's own grid), codes (CSV) or AnnData."""
    from clam_core.pipeline.output.export import export as run_export
    from clam_core.study import Study

    return run_export(Study(study), run, what, to, progress, overwrite=overwrite)


@step("Checking the study", needs="a study", writes="nothing: it reads every file", stages={})
def check(study: Path, *, progress: Progress) -> Summary:
    """Read every file of a study; say what is damaged and what makes it again."""
    from clam_core.pipeline.scans.check_study import check as check_study
    from clam_core.study import Study

    return check_study(Study(study), progress)


@step("Writing the report", needs="a run", writes="one HTML file", stages={})
def report(
    study: Path,
    *,
    to: Annotated[Path, Option("File to write, such as report.html.")],
    run: RunName = "default",
    sections: Annotated[
        tuple[str, ...],
        Option("Names of the sections, with commas; all if not given.", written=NAMES),
    ] = (),
    examples: Annotated[
        int, Option("Typical and borderline scans per cluster.", lowest=1, highest=12)
    ] = 3,
    overwrite: Overwrite = False,
    progress: Progress,
) -> Summary:
    """Write one HTML file with everything that was found; it opens without a network."""
    from clam_core.pipeline.output.report import report as write_report
    from clam_core.report import ReportSettings
    from clam_core.study import Study

    values: dict[str, Any] = {"n_examples": examples}
    if sections:
        values["sections"] = sections
    return write_report(
        Study(study), run, to, ReportSettings(**values), progress, overwrite=overwrite
    )
