"""Survival, rates and visits of a cohort as tables that are stored."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pandas as pd

from clam_core.settings import AssociateSettings
from clam_core.statistics import (
    Cohort,
    NotTestableError,
    Slopes,
    event_of,
    incidence_of,
    rates_of,
    slopes_of,
    survival_of,
)
from clam_core.statistics.time.event import SeenEvent
from clam_core.statistics.time.follow_up import MOST_VALUES
from clam_core.study.visits import COLUMNS, TIME_UNIT
from clam_core.tables.column_info import ColumnInfo, doubt_words

Tables = dict[str, pd.DataFrame]


def follow_up(
    cohort: Cohort,
    visits: pd.DataFrame | None,
    subjects: pd.Series[Any],
    settings: AssociateSettings,
) -> tuple[Tables, dict[str, Any]]:
    """Compare survival and change over time between the clusters, where there is any.

    Args:
        cohort: Rows with their clusters.
        visits: subject_id, time and values; or None.
        subjects: Subject of each scan, indexed by scan_id.
        settings: Names the columns of time and event, and of counts and time at risk.

    Returns:
        Tables to store, and `values`, `notes` and `doubts` about them.
    """
    tables: Tables = {}
    values: dict[str, Any] = {}
    notes: list[str] = []
    doubts: list[str] = []
    if settings.survival_time is not None:
        more, values["survival"], said = _survival(cohort, settings)
        tables |= more
        notes += said
    if settings.rate_count is not None:
        more, values["rates"] = _rates(cohort, settings)
        tables |= more
    if visits is not None:
        more, values["slopes"] = _slopes(
            slopes_of(visits, cohort, subjects[cohort.frame.index], settings)
        )
        tables |= more
        doubts = _doubts_of_visits(visits, values["slopes"])
        notes += doubts
        values[TIME_UNIT] = str(visits.attrs.get(TIME_UNIT, "unit of time"))
        n_values = len(visits.columns) - 2
        if n_values > MOST_VALUES:
            notes.append(f"Only the first {MOST_VALUES} of {n_values} values of the visits were "
                         "compared over time.")  # fmt: skip
    return tables, {"values": values, "notes": notes, "doubts": doubts}


def _doubts_of_visits(visits: pd.DataFrame, slopes: dict[str, Any]) -> list[str]:
    """Why numbers of the visits may be wrong; each value gets its own, and those of the time."""
    infos = [ColumnInfo.from_json(one) for one in visits.attrs.get(COLUMNS, [])]
    by_name = {info.name: info for info in infos}
    times = [info for info in infos if info.name not in visits.columns]
    used = [by_name[name] for name in slopes if name in by_name]
    for info in used:
        slopes[info.name]["doubts"] = doubt_words([*times, info])
    return [f"Visits, {text}" for text in doubt_words([*times, *used])]


def _survival(
    cohort: Cohort, settings: AssociateSettings
) -> tuple[Tables, dict[str, Any], list[str]]:
    """Tables, values and notes; the event is told even where there is no test."""
    event = None
    try:
        event = event_of(cohort, settings)
        survival = survival_of(cohort, event, settings)
    except NotTestableError as error:
        about = {"reason": f"not testable, because {error}"}
        told = [f"Time to the event is {about['reason']}."]
        if event is not None:
            about |= {"event_level": event.level, "event_words": event.sentence}
            told.insert(0, event.sentence)
        return {}, about, told
    used = (settings.survival_time, settings.survival_event)
    doubts = doubt_words(cohort.columns[str(name)] for name in used)
    at_risk = survival.at_risk.set_axis(
        [f"{t:g}" for t in survival.at_risk.columns], axis="columns"
    )
    tables = {"curves": survival.curves, "at_risk": at_risk.reset_index(), "cox": survival.cox}
    means = survival.means
    if means is not None:
        tables |= {"restricted_means": means.means, "restricted_pairs": means.pairs}
    values: dict[str, Any] = {
        "time": settings.survival_time,
        "event": settings.survival_event,
        "event_level": event.level,
        "event_words": event.sentence,
        "logrank_statistic": survival.logrank_statistic,
        "logrank_df": survival.logrank_df,
        "logrank_p_value": survival.logrank_p_value,
        "proportional_p_value": survival.proportional_p_value,
        "horizon": None if means is None else means.horizon,
        "adjust": list(settings.adjust),
        "notes": [*survival.notes, *doubts],
    }
    if settings.competing_levels:
        more, values["incidence"] = _incidence(cohort, event, settings)
        tables |= more
    return tables, values, [event.sentence]


def _incidence(
    cohort: Cohort, event: SeenEvent, settings: AssociateSettings
) -> tuple[Tables, dict[str, Any]]:
    """Cumulative incidence beside the competing event, or why there is none."""
    try:
        found = incidence_of(cohort, event, settings)
    except NotTestableError as error:
        return {}, {"reason": f"not testable, because {error}"}
    return {"incidence": found.curves}, {
        "competing_levels": list(settings.competing_levels),
        "statistic": found.statistic,
        "df": found.df,
        "p_value": found.p_value,
        "competing_statistic": found.competing_statistic,
        "competing_p_value": found.competing_p_value,
    }


def _rates(cohort: Cohort, settings: AssociateSettings) -> tuple[Tables, dict[str, Any]]:
    """Events per unit of time, or why they were not compared."""
    names = (str(settings.rate_count), str(settings.rate_time))
    values: dict[str, Any] = {"count": names[0], "time": names[1]}
    try:
        found = rates_of(cohort, settings)
    except NotTestableError as error:
        return {}, values | {"reason": f"not testable, because {error}"}
    said = asdict(found)
    values |= {key: said[key] for key in said if key not in {"rates", "pairs", "notes"}}
    doubts = doubt_words(cohort.columns[name] for name in names)
    values["notes"] = [*found.notes, *doubts]
    return {"rates": found.rates, "rate_pairs": found.pairs}, values


def _slopes(found: dict[str, Any]) -> tuple[Tables, dict[str, Any]]:
    """Slopes of all values below each other; models and reasons by name."""
    slopes, pairs, values = [], [], {}
    for name, one in found.items():
        if not isinstance(one, Slopes):
            values[name] = {"reason": one}
            continue
        slopes.append(one.slopes.assign(value=name))
        pairs.append(one.pairs.assign(value=name))
        said = asdict(one)
        values[name] = {key: said[key] for key in said if key not in {"slopes", "pairs"}}
    if not slopes:
        return {}, values
    parts = (("slopes", slopes), ("slope_pairs", pairs))
    return {name: pd.concat(part, ignore_index=True) for name, part in parts}, values
