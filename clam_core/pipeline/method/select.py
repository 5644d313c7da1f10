"""Step `select`: how many clusters the features of a run speak for."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from clam_core.fitting.evident_number import by_evidence
from clam_core.how_many import Selection, select_clusters
from clam_core.pipeline.current import check_current
from clam_core.pipeline.json_values import plain_values
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.summary import Summary
from clam_core.settings import SelectSettings
from clam_core.settings.views import ZONAL
from clam_core.study import Run, Study


def compare(features: NDArray[np.float64], method: str, settings: SelectSettings) -> Selection:
    """The comparison for features of one method, by the clusterer that made its clusters."""
    if method not in ZONAL:
        return select_clusters(features, settings)
    others = tuple(name for name in settings.methods if name != "tied")
    settings = settings.model_copy(update={"methods": ("tied", *others)})
    return by_evidence(features, select_clusters(features, settings), "tied", settings.seed)


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
    selection = compare(features, run.info().method, settings)
    values = plain_values(asdict(selection))
    with run.lock():
        run.write_selection({"settings": settings.model_dump(mode="json"), **values})
    return Summary((selection.reason, *selection.notes), values)
