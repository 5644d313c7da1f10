"""Time to an event by cluster: Kaplan-Meier, log-rank test, Cox model."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clam_core.statistics.effects.contingency import Z
from clam_core.statistics.models.design import Covariates, cluster_columns, drop_idle_columns
from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.result import Labels, NotTestableError, Values

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
            their adjusted versions; empty where the Cox model has no estimate.
        proportional_p_value: Smallest p (Bonferroni) that a hazard ratio changes over time.
        notes: What was left out or could not be estimated, in sentences.
    """

    curves: pd.DataFrame
    at_risk: pd.DataFrame
    logrank_statistic: float
    logrank_df: int
    logrank_p_value: float
    cox: pd.DataFrame
    proportional_p_value: float
    notes: tuple[str, ...]


def compare_survival(times: Times, covariates: Covariates | None = None) -> Survival:
    """Compare the time to an event between clusters.

    Args:
        times: Follow-up; rows with a missing time or event are left out and counted.
        covariates: What the Cox model adjusts by.

    Returns:
        Curves, log-rank test and Cox model (Efron's ties).

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
    try:
        cox, proportional = _cox(kept, matrix)
    except NotEstimableError as error:
        cox, proportional = pd.DataFrame(), np.nan
        notes.append(f"There is no Cox model, because {error}.")
    return Survival(curves, _at_risk(kept), statistic, df, p_value, cox, proportional, tuple(notes))


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
    """Kaplan-Meier estimate of one cluster with Greenwood's variance."""
    own = times.labels == number
    time, event = times.time[own], times.event[own]
    steps = np.unique(time[event == 1])
    n_risk = (time[None, :] >= steps[:, None]).sum(axis=1)
    n_events = ((time[None, :] == steps[:, None]) & (event == 1)).sum(axis=1)
    survival = np.cumprod(1 - n_events / n_risk)
    left = np.maximum(n_risk - n_events, 1e-300)
    greenwood = np.cumsum(np.where(n_risk > n_events, n_events / (n_risk * left), np.nan))
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.log(survival)
        reach = Z * np.sqrt(greenwood) / np.abs(log)
        low, high = survival ** np.exp(reach), survival ** np.exp(-reach)
    return pd.DataFrame(
        {
            "cluster": number,
            "time": np.concatenate([[0.0], steps]),
            "n_risk": np.concatenate([[len(time)], n_risk]),
            "n_events": np.concatenate([[0], n_events]),
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
    """Chi-square of observed against expected events, hypergeometric variance."""
    from scipy.special import chdtrc

    member = (times.labels[:, None] == np.unique(times.labels)[None, :]).astype(np.float64)
    steps = np.unique(times.time[times.event == 1])
    excess = np.zeros(member.shape[1])
    variance = np.zeros((member.shape[1], member.shape[1]))
    for step in steps:
        risk = member[times.time >= step].sum(axis=0)
        dying = member[(times.time == step) & (times.event == 1)].sum(axis=0)
        n, d = risk.sum(), dying.sum()
        share = risk / n
        excess += dying - d * share
        if n > 1:
            variance += d * (n - d) / (n - 1) * (np.diag(share) - np.outer(share, share))
    df = len(excess) - 1
    statistic = float(excess[1:] @ np.linalg.pinv(variance[1:, 1:]) @ excess[1:])
    return statistic, df, float(chdtrc(df, statistic))


def _cox(times: Times, matrix: Values | None) -> tuple[pd.DataFrame, float]:
    """Hazard ratios of the first cluster over each other one, crude and adjusted."""
    used = np.empty((len(times.time), 0)) if matrix is None else matrix
    rows = np.asarray(np.isfinite(used).all(axis=1), dtype=bool)
    kept = Times(times.time[rows], times.event[rows], times.labels[rows])
    numbers = np.unique(kept.labels)
    silent = [int(c) for c in numbers if kept.event[kept.labels == c].sum() == 0]
    if silent:
        raise NotEstimableError(f"cluster {silent[0]} has no event")
    tested = cluster_columns(kept.labels)
    crude = _hazards(kept, tested, tested.shape[1])
    adjusted = crude
    if used.shape[1]:
        design = np.column_stack([tested, drop_idle_columns(used[rows])])
        adjusted = _hazards(kept, design, tested.shape[1])
    columns: dict[str, object] = {"cluster_a": int(numbers[0]), "cluster_b": numbers[1:]}
    for prefix, found in (("", crude), ("adjusted_", adjusted)):
        for name, values in zip(("hazard_ratio", "ci_low", "ci_high", "p_value"), found[0].T,
                                strict=True):  # fmt: skip
            columns[prefix + name] = values
    return pd.DataFrame(columns), adjusted[1]


def _hazards(times: Times, design: Values, n_tested: int) -> tuple[Values, float]:
    """Ratio, its interval and p per tested column; and p of proportional hazards."""
    from scipy.special import ndtr
    from statsmodels.duration.hazard_regression import PHReg

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            fitted = PHReg(times.time, design, status=times.event, ties="efron").fit(disp=0)
        except (np.linalg.LinAlgError, ValueError) as error:
            raise NotEstimableError(str(error).rstrip(".")) from None
    log, spread = -fitted.params[:n_tested], fitted.bse[:n_tested]
    if any("onverge" in str(one.message) for one in said) or not (np.abs(log) < 15).all():
        raise NotEstimableError("a combination of columns separates the events")
    p_value = 2 * ndtr(-np.abs(log / spread))
    table = np.column_stack(
        [np.exp(log), np.exp(log - Z * spread), np.exp(log + Z * spread), p_value]
    )
    return table, _proportional(np.asarray(fitted.schoenfeld_residuals)[:, :n_tested], times)


def _proportional(residuals: Values, times: Times) -> float:
    """Whether Schoenfeld residuals go along with the order of the events.

    Source:
        Grambsch & Therneau (1994), Biometrika 81:515, in the simple form of a correlation
        with the ranks of the times.
    """
    from scipy.stats import rankdata, t

    seen = np.isfinite(residuals).all(axis=1) & (times.event == 1)
    n = int(seen.sum())
    if n < 2 * _FEWEST_EVENTS:
        return np.nan
    order = rankdata(times.time[seen])
    smallest = 1.0
    for column in residuals[seen].T:
        r = float(np.corrcoef(order, column)[0, 1])
        if np.isfinite(r) and abs(r) < 1:
            statistic = r * np.sqrt((n - 2) / (1 - r**2))
            smallest = min(smallest, float(2 * t.sf(abs(statistic), n - 2)))
    return float(min(1.0, smallest * residuals.shape[1]))
