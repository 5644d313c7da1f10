"""What only a run with a network can do, and what a run of given numbers says instead."""

from __future__ import annotations

from clam_core.errors import NoNetworkError
from clam_core.settings.given_numbers import NO_MAPS, NO_NEW_SCANS
from clam_core.study import Run


def require_maps(run: Run) -> None:
    """Refuse maps of a run that has no network.

    Raises:
        NoNetworkError: In one sentence.
        MissingStepError: If the run has not been fitted.
    """
    if run.info().given is not None:
        raise NoNetworkError(f"The run {run.name!r} {NO_MAPS}.")


def require_placing(run: Run) -> None:
    """Refuse new scans of a run that cannot see them.

    Raises:
        NoNetworkError: In one sentence.
        MissingStepError: If the run has not been fitted.
    """
    if run.info().given is not None:
        raise NoNetworkError(f"The run {run.name!r} {NO_NEW_SCANS}.")
