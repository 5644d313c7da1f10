"""The answer that means that the event was seen, as it was stated for an earlier comparison."""

from __future__ import annotations

from clam_core.errors import ClamError
from clam_core.pipeline.clinical.needed_table import needed_table
from clam_core.settings import AssociateSettings
from clam_core.study import Run, Study, run_names
from clam_core.study.associations import has_associations, read_associations


def with_known_event(study: Study, settings: AssociateSettings) -> AssociateSettings:
    """The same with the answer that was stated for its column before, where none is stated now.

    A statement outlives the table: a new reading of it need not ask again.

    Args:
        study: A study with a clinical table.
        settings: Names the column of the event.
    """
    name = settings.survival_event
    if name is None or settings.event_level is not None:
        return settings
    answers = [info.levels for info in needed_table(study)[1] if info.name == name]
    stated = stated_event(study, name)
    if stated is None or not any(stated in levels for levels in answers):
        return settings
    return settings.model_copy(update={"event_level": stated})


def stated_event(study: Study, column: str) -> str | None:
    """The answer of a column that was last stated to be the event, in any run of the study."""
    found: list[tuple[float, str]] = []
    for name in run_names(study):
        run = Run(study, name)
        try:
            if not has_associations(run):
                continue
            about = read_associations(run).about["settings"]
        except ClamError:
            continue  # damaged: `check` tells so
        if about["survival_event"] == column and about["event_level"] is not None:
            when = max(path.stat().st_mtime for path in run.folder.glob("associations*"))
            found.append((when, str(about["event_level"])))
    return max(found)[1] if found else None
