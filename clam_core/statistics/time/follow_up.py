"""Follow-up of a cohort: columns of the clinical table as time to an event, visits as slopes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from clam_core.errors import TableError
from clam_core.settings import AssociateSettings
from clam_core.statistics.cohort.assemble import Cohort
from clam_core.statistics.cohort.column_arrays import NUMBERS, codes_of, numbers_of
from clam_core.statistics.models.design import build_covariates
from clam_core.statistics.result import NotTestableError, Values
from clam_core.statistics.time.slopes import Slopes, compare_slopes
from clam_core.statistics.time.survival import Survival, Times, compare_survival
from clam_core.tables.text.header_words import word_set

MOST_VALUES = 20
"""Columns of a table of visits that are compared."""

_EVENTS = word_set(
    "1 yes y true t event dead died death deceased transplant transplanted progressed progression "
    "ja tot verstorben oui mort décédé sí si muerto"
)


def survival_of(cohort: Cohort, settings: AssociateSettings) -> Survival:
    """Compare the time to an event between the clusters of a cohort.

    Args:
        cohort: Rows with their clusters.
        settings: Names the two columns, and what the Cox model adjusts by.

    Returns:
        Curves, log-rank test, hazard ratios.

    Raises:
        TableError: If a column is not there, or no level of the event column says yes.
        NotTestableError: If there is nothing to compare.
    """
    time_name, event_name = str(settings.survival_time), str(settings.survival_event)
    for name in (time_name, event_name):
        if name not in cohort.columns:
            raise TableError(f"The clinical table has no column {name!r}; choose another one.")
    if cohort.columns[time_name].kind not in NUMBERS:
        raise NotTestableError(
            f"the column {time_name!r} holds no numbers; compute the time from the dates first"
        )
    if cohort.subjects is not None:
        raise NotTestableError("subjects have several rows; use one scan per subject")
    event = _events(cohort.frame[event_name], event_name, settings.event_level)
    covariates = build_covariates(cohort.frame, cohort.columns, settings.adjust)
    times = Times(numbers_of(cohort.frame[time_name]), event, cohort.labels)
    return compare_survival(times, covariates if covariates.names else None)


def _events(column: pd.Series[Any], name: str, level: str | None) -> Values:
    """1 where the event was seen, 0 where not, NaN where nothing is said."""
    codes, names = codes_of(column)
    found = [one for one in names if one == level or (level is None and one.casefold() in _EVENTS)]
    if len(found) != 1:
        raise TableError(
            f"Column {name!r} has the levels {', '.join(map(repr, names[:6]))}; state which one "
            "means that the event was seen."
        )
    return np.where(codes < 0, np.nan, (codes == names.index(found[0])).astype(np.float64))


def slopes_of(visits: pd.DataFrame, cohort: Cohort, subjects: pd.Series[str]) -> dict[str, Any]:
    """Compare the change over time of every value of a table of visits.

    Args:
        visits: subject_id, time, and one column per value.
        cohort: Rows with their clusters.
        subjects: Subject of each row of the cohort, in its order.

    Returns:
        Name of a value to its `Slopes`, or to the reason why there are none.
    """
    clusters = pd.Series(cohort.labels, index=subjects.to_numpy()).groupby(level=0).first()
    names = [name for name in visits.columns if name not in {"subject_id", "time"}]
    tested: dict[str, Any] = {}
    for name in names[:MOST_VALUES]:
        one = visits[["subject_id", "time"]].assign(value=visits[name].to_numpy())
        try:
            slopes: Slopes = compare_slopes(one, clusters)
            tested[name] = slopes
        except NotTestableError as error:
            tested[name] = f"not testable, because {error}"
    return tested
