"""What only a run with a network can do, and what a run of given numbers says instead."""

from __future__ import annotations

from clam_core.errors import NoNetworkError, SettingsError
from clam_core.settings import LocalizeSettings
from clam_core.settings.given_numbers import NO_MAPS, NO_NEW_SCANS
from clam_core.settings.map_variants import kinds_of_encoder
from clam_core.study import Run


def require_maps(run: Run) -> None:
    """Refuse maps of a run that has no network.

    Raises:
        NoNetworkError: In one sentence.
        MissingStepError: If the run has not been fitted.
    """
    if run.info().given is not None:
        raise NoNetworkError(f"The run {run.name!r} {NO_MAPS}.")


def maps_of_run(run: Run, settings: LocalizeSettings) -> LocalizeSettings:
    """The settings, with the kind of map that an encoder from elsewhere can have.

    Raises:
        SettingsError: If another kind, or a layer, is asked for.
        MissingStepError: If the run has not been fitted.
    """
    encoder = run.info().encoder
    if encoder is None:
        return settings
    known = kinds_of_encoder(encoder.maps)
    if settings.variant == "integrated" and settings.variant not in known:
        settings = settings.model_copy(update={"variant": known[0]})
    if settings.variant not in known:
        raise SettingsError(
            f"Maps of kind {settings.variant!r} need our own network; of the encoder of the run "
            f"{run.name!r} there can be {', '.join(known)}."
        )
    if settings.layer not in {None, 1}:
        raise SettingsError(
            f"The encoder of the run {run.name!r} returns one layer; leave out the layer."
        )
    return settings


def require_placing(run: Run) -> None:
    """Refuse new scans of a run that cannot see them.

    Raises:
        NoNetworkError: In one sentence.
        MissingStepError: If the run has not been fitted.
    """
    if run.info().given is not None:
        raise NoNetworkError(f"The run {run.name!r} {NO_NEW_SCANS}.")
