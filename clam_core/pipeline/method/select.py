"""Step `select`: how many clusters the features of a run speak for."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from clam_core.fitting.evident_number import select_of_run
from clam_core.pipeline.current import check_current
from clam_core.pipeline.json_values import plain_values
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.summary import Summary
from clam_core.settings import SelectSettings
from clam_core.study import Run, Study


def select(
    study: Study, name: str, settings: SelectSettings, progress: Progress = silent
) -> Summary:
    """Compare numbers of clusters on the features of a run, and store the comparison.

    Args:
        study: The study.
        name: A fitted run; its own number of clusters plays no part.
        settings: Numbers to try, resampling, seed.
        progress: Told what is going on.

    Returns:
        The recommendation with its reason, and a row per number.

    Raises:
        MissingStepError: If the run has not been fitted.
        StaleRunError: If it was fitted on other volumes.
        ClamError: If there are too few scans.
    """
    run = Run(study, name)
    check_current(study, run)
    progress("Comparing numbers of clusters", 0, 1)
    features = run.array("features").astype(np.float64)
    selection = select_of_run(features, run.info().clusterer, settings)
    values = plain_values(asdict(selection))
    with run.lock():
        run.write_selection({"settings": settings.model_dump(mode="json"), **values})
    return Summary((selection.reason, *selection.notes), values)
