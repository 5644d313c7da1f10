"""Material: what is stored of a run, read once for all sections of a report."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import pandas as pd

from clam_core.errors import ClamError, MissingStepError
from clam_core.report.settings import ReportSettings
from clam_core.settings import AssociateSettings, FitSettings
from clam_core.settings.on_disk import read_stored
from clam_core.statistics import Cohort, assemble
from clam_core.study import Run, Study
from clam_core.study.associations import Associations, read_associations, why_old
from clam_core.study.names import read_names
from clam_core.study.readings.reading import Reading, readings_of
from clam_core.tables.column_info import ColumnInfo

T = TypeVar("T")


class Material:
    """Everything that a report is written from; a part whose step is missing is None.

    Args:
        run: A fitted run.
        settings: What the report holds.

    Raises:
        MissingStepError: If the run has not been fitted.
    """

    def __init__(self, run: Run, settings: ReportSettings) -> None:
        self.run, self.settings = run, settings
        self.study: Study = run.study
        self.info = run.info()
        self.members = run.scans()

    @cached_property
    def fit_settings(self) -> FitSettings:
        """What the run was fitted with."""
        where = f"'run.json' of the run {self.run.name!r}"
        return read_stored(FitSettings, self.info.settings, where)

    @cached_property
    def scans(self) -> pd.DataFrame:
        """One row per scan of the study."""
        return self.study.scans()

    @cached_property
    def skipped(self) -> pd.DataFrame:
        """Files that are no scan."""
        return self.study.skipped()

    @cached_property
    def history(self) -> pd.DataFrame:
        """Training log; empty where nothing was trained."""
        return pd.DataFrame(self.run.history())

    @cached_property
    def selection(self) -> dict[str, Any] | None:
        """What the step `select` found."""
        return _or_none(self.run.selection)

    @cached_property
    def maps(self) -> pd.DataFrame | None:
        """What was measured of each map."""
        return _or_none(self.run.maps)

    @cached_property
    def associations(self) -> Associations | None:
        """What the step `associate` found."""
        return _or_none(lambda: read_associations(self.run))

    @cached_property
    def why_associations_are_old(self) -> str:
        """Why what was compared is not what would be found now; empty where it is."""
        return "" if self.associations is None else why_old(self.run, self.associations)

    @cached_property
    def readings(self) -> list[Reading]:
        """Reading studies whose scores all readers have locked."""
        return [one for one in readings_of(self.study) if _or_false(one.is_locked)]

    @cached_property
    def columns(self) -> list[ColumnInfo] | None:
        """Columns of the clinical table; None without one."""
        stored = self.study.clinical()
        if stored is None:
            return None
        return [ColumnInfo.from_json(one) for one in stored[1]["columns"]]

    @cached_property
    def compared(self) -> Cohort | None:
        """The rows that were compared, with their clusters and clinical values."""
        stored = self.study.clinical()
        if stored is None or self.associations is None:
            return None
        settings = read_stored(
            AssociateSettings,
            self.associations.about["settings"],
            "'about.json' of the associations",
        )
        subjects = self.scans["subject_id"].reindex(self.members.index)
        clusters = self.members[["cluster", "confidence"]].assign(subject_id=subjects)
        try:
            return assemble(clusters, stored[0], stored[1], settings)
        except ClamError:
            return None

    @cached_property
    def names(self) -> dict[int, str]:
        """Names that a person gave to clusters."""
        return read_names(self.run)

    def title(self, number: int) -> str:
        """`Cluster 2`, with its name where it has one."""
        name = self.names.get(number, "")
        return f"Cluster {number}: {name}" if name else f"Cluster {number}"

    @property
    def numbers(self) -> list[int]:
        """Numbers of the clusters, from 1."""
        return list(range(1, self.info.n_clusters + 1))

    @cached_property
    def sizes(self) -> dict[int, int]:
        """Scans in each cluster."""
        counts = self.members["cluster"].value_counts()
        return {number: int(counts.get(number, 0)) for number in self.numbers}


def _or_false(read: Callable[[], bool]) -> bool:
    """What is said, or False where it cannot be read."""
    try:
        return read()
    except ClamError:
        return False


def _or_none(read: Callable[[], T]) -> T | None:
    """What a step has stored, or None where it has not been run."""
    try:
        return read()
    except MissingStepError:
        return None
