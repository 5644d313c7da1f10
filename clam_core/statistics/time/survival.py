"""Time to an event by cluster: Kaplan-Meier, log-rank test, Cox model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clam_core.statistics.effects.contingency import Z
from clam_core.statistics.models.design import Covariates
from clam_core.statistics.result import Labels, NotTestableError, Values
from clam_core.statistics.time.hazard_ratios import hazard_ratios
from clam_core.statistics.time.restricted_mean import RestrictedMeans, restricted_means

_FEWEST_EVENTS = 5


@dataclass(frozen=True, eq=False)
class Times:
    """Follow-up of every row.

    Attributes:
        time: Time to the event or to the last contact, 0 or more, shape (n,).
        event: Whether the event was seen, 0 or 1, shape (n,).
        labels: Cluster of each row, from 1, shape (n,).
    """

    time: Values
    event: Values
    labels: Labels


@dataclass(frozen=True, eq=False)
class Survival:
    """Survival by cluster.

    Attributes:
        curves: cluster, time, n_risk, n_events, survival, ci_low, ci_high (log-log), a row
            per time of an event, and one at time 0.
        at_risk: Rows at risk per cluster at times from 0 to the last, one column per time.
        logrank_statistic: Chi-square.
        logrank_df: Clusters minus 1.
        logrank_p_value: P-value.
        cox: cluster_a, cluster_b, hazard_ratio of a over b, ci_low, ci_high, p_value and
            their adjusted versions, missing where that model has no estimate; empty where
            neither has.
        proportional_p_value: P that the hazard ratios change over time (joint score test).
        means: Mean time free of the event; None where its horizon cannot be.
        notes: What was left out or could not be estimated, in sentences.
    """

    curves: pd.DataFrame
    at_risk: pd.DataFrame
    logrank_statistic: float
    logrank_df: int
    logrank_p_value: float
    cox: pd.DataFrame
    proportional_p_value: float
    means: RestrictedMeans | None
    notes: tuple[str, ...]


def compare_survival(
    times: Times, covariates: Covariates | None = None, horizon: float | None = None
) -> Survival:
    """Compare the time to an event between clusters.

    Args:
        times: Follow-up; rows with a missing time or event are left out and counted.
        covariates: What the Cox model adjusts by.
        horizon: Until when the mean time free of the event is taken; None takes the longest
            time that every cluster reaches.

    Returns:
        Curves, log-rank test, Cox model (Efron's ties) and restricted means.

    Raises:
        NotTestableError: If a time is negative, an event is neither 0 nor 1, fewer than two
            clusters have rows, or too few events were seen.

    Source:
        Kaplan & Meier (1958), J Am Stat Assoc 53:457; Mantel (1966), Cancer Chemother Rep
        50:163; Cox (1972), J R Stat Soc B 34:187; Efron (1977), J Am Stat Assoc 72:557.
    """
    known = np.isfinite(times.time) & np.isfinite(times.event) & (times.labels >= 1)
    n_lost = int((~known).sum())
    lost = "1 row lacks" if n_lost == 1 else f"{n_lost} rows lack"
    notes = [f"{lost} a time or an event."] if n_lost else []
    kept = Times(times.time[known], times.event[known], times.labels[known])
    _check(kept)
    curves = pd.concat([_curve(kept, int(c)) for c in np.unique(kept.labels)], ignore_index=True)
    statistic, df, p_value = _logrank(kept)
    matrix = None if covariates is None else covariates.matrix(len(known))[known]
    ratios = hazard_ratios(kept.time, kept.event, kept.labels, matrix)
    notes += ratios.notes
    means = None
    try:
        means = restricted_means(kept.time, kept.event, kept.labels, horizon)
    except NotTestableError as error:
        notes.append(f"There is no mean time free of the event, because {error}.")
    return Survival(
        curves,
        _at_risk(kept),
        statistic,
        df,
        p_value,
        ratios.table,
        ratios.proportional_p_value,
        means,
        tuple(notes),
    )


def _check(times: Times) -> None:
    if len(np.unique(times.labels)) < 2:
        raise NotTestableError("fewer than two clusters have follow-up")
    if (times.time < 0).any():
        raise NotTestableError(f"{int((times.time < 0).sum())} times are negative")
    if not np.isin(times.event, [0, 1]).all():
        raise NotTestableError("an event is neither 0 nor 1")
    n_events = int(times.event.sum())
    if n_events < _FEWEST_EVENTS:
        raise NotTestableError(f"only {n_events} events were seen, {_FEWEST_EVENTS} are needed")


def _curve(times: Times, number: int) -> pd.DataFrame:
    """Kaplan-Meier estimate of one cluster, log-log intervals of Greenwood's variance."""
    from statsmodels.duration.survfunc import SurvfuncRight

    own = times.labels == number
    if not times.event[own].any():
        steps = n_risk = n_events = np.empty(0)
        survival = error = np.empty(0)
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            found = SurvfuncRight(times.time[own], times.event[own])
        steps, n_risk, n_events = found.surv_times, found.n_risk, found.n_events
        survival, error = found.surv_prob, found.surv_prob_se
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = Z * error / survival / np.abs(np.log(survival))
        low, high = survival ** np.exp(reach), survival ** np.exp(-reach)
    return pd.DataFrame(
        {
            "cluster": number,
            "time": np.concatenate([[0.0], steps]),
            "n_risk": np.concatenate([[own.sum()], n_risk]).astype(np.int64),
            "n_events": np.concatenate([[0], n_events]).astype(np.int64),
            "survival": np.concatenate([[1.0], survival]),
            "ci_low": np.concatenate([[1.0], low]),
            "ci_high": np.concatenate([[1.0], high]),
        }
    )


def _at_risk(times: Times) -> pd.DataFrame:
    ticks = np.linspace(0, float(times.time.max()), 6)
    rows = {
        int(number): [int((times.time[times.labels == number] >= tick).sum()) for tick in ticks]
        for number in np.unique(times.labels)
    }
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=ticks.tolist())
    return frame.rename_axis(index="cluster", columns="time")


def _logrank(times: Times) -> tuple[float, int, float]:
    from statsmodels.duration.survfunc import survdiff

    # Who left before the first event was never compared, and its variance is zero.
    last = times.time >= times.time[times.event == 1].min()
    there = np.isin(times.labels, np.unique(times.labels[last]))
    df = len(np.unique(times.labels[there])) - 1
    if df < 1:
        return np.nan, 0, np.nan
    statistic, p_value = survdiff(times.time[there], times.event[there], times.labels[there])
    return float(statistic), df, float(p_value)
