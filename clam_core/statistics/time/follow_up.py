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
from clam_core.statistics.time.competing import Incidence, compare_incidence
from clam_core.statistics.time.event import SeenEvent, event_sentence, find_competing, find_event
from clam_core.statistics.time.rates import Rates, compare_rates
from clam_core.statistics.time.slopes import Slopes, compare_slopes
from clam_core.statistics.time.survival import Survival, Times, compare_survival
from clam_core.tables.text.raw_table import some

MOST_VALUES = 20
"""Columns of a table of visits that are compared."""


def event_of(cohort: Cohort, settings: AssociateSettings) -> SeenEvent:
    """Where the event was seen, and which answer says so.

    Args:
        cohort: Rows with their clusters.
        settings: Names the columns of time and event, and the answer where it was stated.

    Raises:
        TableError: If a column is not there, or which answer means the event must be stated.
    """
    time_name, name = str(settings.survival_time), str(settings.survival_event)
    for one in (time_name, name):
        if one not in cohort.columns:
            raise TableError(f"The clinical table has no column {one!r}; choose another one.")
    codes, levels = codes_of(cohort.frame[name])
    counts = [int((codes == code).sum()) for code in range(len(levels))]
    names = (name, cohort.columns[name].label)
    level, how = find_event(names, levels, counts, settings.event_level)
    seen = np.where(codes < 0, np.nan, (codes == levels.index(level)).astype(np.float64))
    # Rows without a time are not compared, so their events are not counted either.
    timed = np.isfinite(_times(cohort, time_name))
    others = [one for one in levels if one != level]
    counted = np.where(timed, seen, np.nan)
    named = find_competing(name, levels, level, settings.competing_levels)
    others = [one for one in others if one not in named]
    sentence = event_sentence(name, level, how, counted, cohort.labels, others)
    if not named:
        return SeenEvent(level, seen, sentence)
    are = "Competing event" if len(named) == 1 else "Competing events"
    sentence += f" {are}: {some([repr(one) for one in named], 8)}."
    first = np.isin(codes, [levels.index(one) for one in named]).astype(np.float64)
    return SeenEvent(level, seen, sentence, first)


def _times(cohort: Cohort, name: str) -> Values:
    if cohort.columns[name].kind not in NUMBERS:
        raise NotTestableError(
            f"the column {name!r} holds no numbers; compute the time from the dates first"
        )
    return numbers_of(cohort.frame[name])


def survival_of(cohort: Cohort, event: SeenEvent, settings: AssociateSettings) -> Survival:
    """Compare the time to an event between the clusters of a cohort.

    Args:
        cohort: Rows with their clusters.
        event: What `event_of` found.
        settings: Names the column of the time, and what the Cox model adjusts by.

    Returns:
        Curves, log-rank test, hazard ratios, restricted means.

    Raises:
        NotTestableError: If there is nothing to compare.
    """
    if cohort.subjects is not None:
        raise NotTestableError("subjects have several rows; use one scan per subject")
    covariates = build_covariates(cohort.frame, cohort.columns, settings.adjust)
    times = Times(_times(cohort, str(settings.survival_time)), event.seen, cohort.labels)
    return compare_survival(
        times, covariates if covariates.names else None, settings.survival_horizon
    )


def incidence_of(cohort: Cohort, event: SeenEvent, settings: AssociateSettings) -> Incidence:
    """Compare how often the event comes where a competing event may come first.

    Args:
        cohort: Rows with their clusters.
        event: What `event_of` found, with competing events.
        settings: Names the column of the time.

    Returns:
        Cumulative incidence of both, Gray's test.

    Raises:
        NotTestableError: If there is nothing to compare.
    """
    if cohort.subjects is not None:
        raise NotTestableError("subjects have several rows; use one scan per subject")
    time = _times(cohort, str(settings.survival_time))
    first = np.zeros(len(time)) if event.competing is None else event.competing
    known = np.isfinite(time) & np.isfinite(event.seen)
    cause = np.where(event.seen == 1, 1, 2 * first).astype(np.int64)
    return compare_incidence(time[known], cause[known], cohort.labels[known])


def rates_of(cohort: Cohort, settings: AssociateSettings) -> Rates:
    """Compare the number of events per unit of time.

    Args:
        cohort: Rows with their clusters.
        settings: Names the columns of counts and of the time at risk, and the covariates.

    Returns:
        Rates, their ratios, and the test.

    Raises:
        TableError: If a column is not there.
        NotTestableError: If there is nothing to compare.
    """
    names = (str(settings.rate_count), str(settings.rate_time))
    for one in names:
        if one not in cohort.columns:
            raise TableError(f"The clinical table has no column {one!r}; choose another one.")
    if cohort.subjects is not None:
        raise NotTestableError("subjects have several rows; use one scan per subject")
    counts, time = (_times(cohort, one) for one in names)
    others = [one for one in settings.adjust if one not in names]
    covariates = build_covariates(cohort.frame, cohort.columns, others)
    return compare_rates(counts, time, cohort.labels, covariates if covariates.names else None)


def slopes_of(
    visits: pd.DataFrame, cohort: Cohort, subjects: pd.Series[str], settings: AssociateSettings
) -> dict[str, Any]:
    """Compare the change over time of every value of a table of visits.

    Args:
        visits: subject_id, time, and one column per value.
        cohort: Rows with their clusters.
        subjects: Subject of each row of the cohort, in its order.
        settings: Names what slopes are adjusted by.

    Returns:
        Name of a value to its `Slopes`, or to the reason why there are none.
    """
    clusters = pd.Series(cohort.labels, index=subjects.to_numpy()).groupby(level=0).first()
    built = build_covariates(cohort.frame, cohort.columns, settings.adjust)
    known = pd.DataFrame(built.matrix(len(cohort.frame)), index=subjects.to_numpy())
    # A subject with several scans has the values of its first one.
    known = known[~known.index.duplicated()]
    names = [name for name in visits.columns if name not in {"subject_id", "time"}]
    tested: dict[str, Any] = {}
    for name in names[:MOST_VALUES]:
        one = visits[["subject_id", "time"]].assign(value=visits[name].to_numpy())
        try:
            slopes: Slopes = compare_slopes(one, clusters, known)
            tested[name] = slopes
        except NotTestableError as error:
            tested[name] = f"not testable, because {error}"
    return tested
