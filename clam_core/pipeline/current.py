"""Whether a run still belongs to the volumes that its study holds now."""

from __future__ import annotations

from collections.abc import Sequence

from clam_core.errors import StaleRunError
from clam_core.pipeline.fingerprints import of_inputs
from clam_core.study import Run, Study


def inputs_digest(study: Study, scan_ids: Sequence[str]) -> str:
    """Digest of the volumes and masks that a run is fitted on."""
    prepared = study.info.prepared
    return of_inputs(prepared.fingerprint if prepared else "", scan_ids)


def why_stale(study: Study, run: Run) -> str:
    """Why a run does not belong to the volumes of its study; empty if it does.

    Args:
        study: The study as it is now.
        run: A fitted run of it.

    Returns:
        One sentence with the remedy, or nothing.

    Raises:
        MissingStepError: If the run has not been fitted.
    """
    fitted_on = [str(scan_id) for scan_id in run.scans().index]
    if run.info().inputs == inputs_digest(study, fitted_on) and set(fitted_on) <= set(
        study.ready()
    ):
        return ""
    return (
        f"The run {run.name!r} was fitted on other volumes than the study {study.name!r} holds "
        "now; fit a new run under another name, or run 'preprocess' with the settings of that time."
    )


def check_current(study: Study, run: Run) -> None:
    """Refuse to compute with a run of other volumes.

    Raises:
        StaleRunError: If the study's volumes are not those that the run was fitted on.
        MissingStepError: If the run has not been fitted.
    """
    why = why_stale(study, run)
    if why:
        raise StaleRunError(why)
