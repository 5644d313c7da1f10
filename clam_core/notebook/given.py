"""What a step is given in a notebook: a study or its folder, a run or its name."""

from __future__ import annotations

import os
from pathlib import Path

from clam_core.errors import SettingsError
from clam_core.notebook.fitted_run import Run
from clam_core.notebook.opened_study import Study
from clam_core.pipeline.progress import Progress
from clam_core.study import Study as StoredStudy

PathLike = str | os.PathLike[str]
StudyLike = Study | PathLike
"""A study that is open, or its folder."""

Shown = Progress | bool
"""True shows a bar, False nothing; a function is told the stage, the number done, and of all."""


def stored_study(study: StudyLike) -> StoredStudy:
    """The study on disk."""
    return study.stored if isinstance(study, Study) else StoredStudy(Path(study))


def place_of(study: StudyLike | Run, run: str | None) -> tuple[StoredStudy, str]:
    """The study on disk and the name of the run."""
    if not isinstance(study, Run):
        return stored_study(study), "default" if run is None else run
    if run not in {None, study.name}:
        raise SettingsError(f"The run {study.name!r} was given, and {run!r} as its name; give one.")
    return study.stored.study, study.name
