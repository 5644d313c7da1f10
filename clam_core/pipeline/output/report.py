"""Step `report`: everything that is stored of a run as one HTML file."""

from __future__ import annotations

from pathlib import Path

from clam_core.errors import StudyError
from clam_core.pipeline.current import check_current
from clam_core.pipeline.output.destination import Destination
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.summary import Summary
from clam_core.report import GENERATOR, ReportSettings, build_report, outline
from clam_core.study import Run, Study
from clam_core.study.atomic import write_bytes


def report(
    study: Study,
    name: str,
    to: Path,
    settings: ReportSettings,
    progress: Progress = silent,
    *,
    overwrite: bool = False,
) -> Summary:
    """Write the report of a run; nothing is computed, only what is stored is shown.

    Args:
        study: The study.
        name: A fitted run.
        to: The file; its folder must be there.
        settings: Which sections, how many examples.
        progress: Told which section is being written.
        overwrite: Whether a file that is there may be replaced; a report always is.

    Returns:
        Where it is, and which steps are missing in it.

    Raises:
        MissingStepError: If the run has not been fitted.
        StaleRunError: If it was fitted on other volumes.
        StudyError: If the file cannot be written, or another one stands in its place.
    """
    run = Run(study, name)
    check_current(study, run)
    missing = {row.name: row.missing for row in outline(run) if row.missing}
    if not to.parent.is_dir() or to.is_dir():
        raise StudyError(
            f"The report cannot be written to {to.name!r}; give a file in a folder that exists."
        )
    target = Destination(study, to.parent, overwrite=overwrite or _is_report(to)).place(to.name)
    content = build_report(run, settings, progress)
    write_bytes(target, content)
    size = len(content) / 1e6
    gaps = [text for part, text in missing.items() if part in settings.sections]
    first = f"Report written to {to.name!r} ({len(settings.sections)} sections, {size:.1f} MB)."
    values = {"file": to.name, "bytes": len(content), "missing": gaps}
    return Summary((first, *dict.fromkeys(gaps)), values)


def _is_report(path: Path) -> bool:
    """Whether a file is a report of this program, which a new one may replace."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return GENERATOR.encode() in stream.read(4096)
