"""Settings of maps: as stored with a run, and as asked of a whole cohort."""

from __future__ import annotations

from typing import Any

from clam_core.settings import LocalizeSettings
from clam_core.settings.on_disk import read_stored


def stored_settings(values: dict[str, Any]) -> LocalizeSettings:
    """Settings of maps from values that were stored of them."""
    return read_stored(LocalizeSettings, values, "The description of the maps")


def asked_of_all(settings: LocalizeSettings) -> LocalizeSettings:
    """All clusters against the rest at once, unless a pair of clusters is asked for."""
    # One pass over the cohort then serves the maps of all clusters.
    is_pair = isinstance(settings.target, tuple)
    return settings if is_pair else settings.model_copy(update={"target": "own"})
