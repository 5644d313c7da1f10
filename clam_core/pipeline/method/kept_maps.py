"""Maps that a run has already, where only some scans are to be mapped."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clam_core.errors import StudyError
from clam_core.pipeline.map_settings import stored_settings
from clam_core.settings import LocalizeSettings
from clam_core.study import Run
from clam_core.wording import plural

SHARES = ("zones", "bands")
"""Parts of a map's line that are spread over columns of the table: `zones: right upper`."""


def kept_lines(run: Run, settings: LocalizeSettings, wanted: set[str]) -> dict[str, dict[str, Any]]:
    """Lines of the stored maps of the other scans, which stay.

    Args:
        run: A fitted run.
        settings: Of the maps that are to be made.
        wanted: Scans that are to be mapped.

    Returns:
        What is known of each stored map, by scan, without those that are made anew.

    Raises:
        StudyError: If the stored maps were made with other settings: one run has one kind.
    """
    localized = run.info().localized
    if localized is None:
        return {}
    table = run.maps()
    others = table[table["done"].to_numpy() & ~table.index.isin(sorted(wanted))]
    if others.empty:
        return {}
    if stored_settings(localized["settings"]) != settings:
        raise StudyError(
            f"The run {run.name!r} holds maps of {plural(len(others), 'other scan')} that were "
            "made with other settings, and a run keeps maps of one kind; make the maps of all "
            "scans, or of these with the settings of those."
        )
    return {str(scan_id): _line(others.loc[scan_id]) for scan_id in others.index}


def _line(row: pd.Series[Any]) -> dict[str, Any]:
    """The line of a map from its row of the table."""
    line: dict[str, Any] = {name: {} for name in SHARES}
    for name, value in row.items():
        share, _, part = str(name).partition(": ")
        if share in SHARES and part:
            if pd.notna(value):
                line[share][part] = float(value)
        elif name != "done":
            line[str(name)] = value
    return {**line, **{name: line[name] or None for name in SHARES}}
