"""Competing events: cumulative incidence by cluster and Gray's test.

Source:
    Aalen & Johansen (1978), Scand J Stat 5:141; Marubini & Valsecchi (1995), Analysing survival
    data from clinical trials and observational studies, for the variance; Gray (1988), "A class
    of K-sample tests for comparing the cumulative incidence of a competing risk", Ann Stat
    16:1141.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clam_core.statistics.effects.contingency import Z
from clam_core.statistics.result import Labels, NotTestableError, Values

FEWEST_EVENTS = 5


@dataclass(frozen=True, eq=False)
class Incidence:
    """How many have had the event by a time, where another event may come first.

    Attributes:
        curves: cluster, cause (`event` or `competing`), time, n_risk, incidence, ci_low,
            ci_high (log-log), a row per time of an event, and one at time 0.
        statistic: Gray's chi-square for the event.
        df: Clusters minus 1.
        p_value: Its p-value.
        competing_statistic: The same for the competing event; NaN where it is too rare.
        competing_p_value: Its p-value.
    """

    curves: pd.DataFrame
    statistic: float
    df: int
    p_value: float
    competing_statistic: float
    competing_p_value: float


@dataclass(frozen=True, eq=False)
class _Counts:
    """Rows at risk and events per cluster (rows) and time of any event (columns)."""

    times: Values
    n_risk: Values
    event: Values
    other: Values

    @property
    def free(self) -> Values:
        """Share free of both events after each time."""
        left = 1 - (self.event + self.other) / np.maximum(self.n_risk, 1)
        return np.asarray(np.cumprod(left, axis=1), dtype=np.float64)

    def turned(self) -> _Counts:
        """The competing event as the event."""
        return _Counts(self.times, self.n_risk, self.other, self.event)


def compare_incidence(time: Values, cause: Labels, labels: Labels) -> Incidence:
    """Compare how often the event comes between clusters.

    Args:
        time: Time to the first event or to the last contact, shape (n,), none missing.
        cause: 0 where neither was seen, 1 for the event, 2 for the competing event, shape (n,).
        labels: Cluster of each row, from 1, shape (n,).

    Returns:
        Curves of both events, and Gray's test (rho = 0).

    Raises:
        NotTestableError: If fewer than five events, or no competing event, were seen.
    """
    n_events, n_other = int((cause == 1).sum()), int((cause == 2).sum())
    if n_events < FEWEST_EVENTS:
        raise NotTestableError(f"only {n_events} events were seen, {FEWEST_EVENTS} are needed")
    if not n_other:
        raise NotTestableError("no competing event was seen")
    numbers = np.unique(labels)
    counts = _count(time, cause, labels)
    curves = [
        _curve(one, int(number), place, name)
        for name, one in (("event", counts), ("competing", counts.turned()))
        for place, number in enumerate(numbers)
    ]
    statistic, df, p_value = gray_test(time, cause, labels)
    rare = n_other < FEWEST_EVENTS
    turned = np.where(cause > 0, 3 - cause, 0)
    other = (np.nan, 0, np.nan) if rare else gray_test(time, turned, labels)
    return Incidence(
        pd.concat(curves, ignore_index=True), statistic, df, p_value, other[0], other[2]
    )


def _count(time: Values, cause: Labels, labels: Labels) -> _Counts:
    times = np.unique(time[cause > 0])
    numbers = np.unique(labels)
    n_risk, event, other = (np.zeros((len(numbers), len(times))) for _ in range(3))
    for place, number in enumerate(numbers):
        own, seen = time[labels == number], cause[labels == number]
        n_risk[place] = len(own) - np.searchsorted(np.sort(own), times, side="left")
        for table, code in ((event, 1), (other, 2)):
            where = np.searchsorted(times, own[seen == code])
            table[place] = np.bincount(where, minlength=len(times))
    return _Counts(times, n_risk, event, other)


def _before(after: Values, start: float) -> Values:
    """Values just before each time."""
    before: Values = np.column_stack([np.full(len(after), start), after[:, :-1]])
    return before


def _curve(counts: _Counts, number: int, place: int, name: str) -> pd.DataFrame:
    """Aalen-Johansen estimate of one cluster, its variance by the delta method."""
    seen = (counts.event[place] + counts.other[place]) > 0
    n_risk, event = counts.n_risk[place, seen], counts.event[place, seen]
    both = event + counts.other[place, seen]
    free = np.cumprod(1 - both / n_risk)
    before = np.concatenate([[1.0], free[:-1]])[: len(free)]
    incidence = np.cumsum(before * event / n_risk)
    left = np.maximum(n_risk - both, 1e-300)
    spread = np.where(n_risk > both, both / (n_risk * left), 0.0)
    variance = np.empty(len(incidence))
    for end, value in enumerate(incidence):
        until = slice(0, end + 1)
        gap = value - incidence[until]
        risk, hit, was = n_risk[until], event[until], before[until]
        variance[end] = (
            (gap**2 * spread[until]).sum()
            + (was**2 * hit * (risk - hit) / risk**3).sum()
            - 2 * (gap * was * hit / risk**2).sum()
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        left_over = 1 - incidence
        reach = Z * np.sqrt(variance) / left_over / np.abs(np.log(left_over))
        low, high = 1 - left_over ** np.exp(-reach), 1 - left_over ** np.exp(reach)
    known = (incidence > 0) & (incidence < 1)
    return pd.DataFrame(
        {
            "cluster": number,
            "cause": name,
            "time": np.concatenate([[0.0], counts.times[seen]]),
            "n_risk": np.concatenate([[counts.n_risk[place, 0]], n_risk]).astype(np.int64),
            "incidence": np.concatenate([[0.0], incidence]),
            "ci_low": np.concatenate([[0.0], np.where(known, low, incidence)]),
            "ci_high": np.concatenate([[0.0], np.where(known, high, incidence)]),
        }
    )


def gray_test(time: Values, cause: Labels, labels: Labels) -> tuple[float, int, float]:
    """Whether the cumulative incidence of the first cause is the same in all clusters.

    Args:
        time: Shape (n,).
        cause: 0, 1 or 2, shape (n,).
        labels: Cluster of each row, shape (n,).

    Returns:
        Chi-square, its degrees of freedom, p-value.
    """
    from scipy.special import chdtrc

    counts = _count(time, cause, labels)
    k = len(counts.n_risk)
    at_risk = np.maximum(counts.n_risk, 1)
    free = counts.free
    was_free = _before(free, 1.0)
    safe = np.where(was_free > 0, was_free, 1.0)
    own = np.cumsum(was_free * counts.event / at_risk, axis=1)
    # Rows at risk of the subdistribution: those who had the other event stay in part.
    weight = np.where(counts.n_risk > 0, counts.n_risk / safe, 0.0)
    kept = weight * (1 - _before(own, 0.0))
    n_events = counts.event.sum(axis=0)
    expected = kept * n_events / np.maximum(kept.sum(axis=0), 1e-300)
    score = (counts.event - expected).sum(axis=1)
    # Under the null hypothesis all clusters share one incidence, which weighs the variance.
    step = n_events / np.maximum(weight.sum(axis=0), 1e-300)
    pooled = np.cumsum(step)
    hazard = step / (1 - (pooled - step))
    covariance = np.zeros((k, k))
    for r in range(k):
        share = np.eye(k)[:, [r]] - weight / np.maximum(weight.sum(axis=0), 1e-300)
        sums = np.cumsum(share * weight[r] * hazard, axis=1)
        later = (sums[:, -1:] - sums) * safe[r] / at_risk[r]
        ratio = np.where(free[r] > 0, (1 - pooled) / np.where(free[r] > 0, free[r], 1.0), 0.0)
        by_event = share + np.where(free[r] > 0, 1 - ratio, 1.0) * later
        by_other = -ratio * later
        ties = [
            1 - np.maximum(n_events - 1, 0) / np.maximum(weight.sum(axis=0) * was_free[r] - 1, 1),
            1 - np.maximum(counts.other[r] - 1, 0) / np.maximum(counts.n_risk[r] - 1, 1),
        ]
        there = counts.n_risk[r] > 0
        covariance += (by_event * step * weight[r] * ties[0] * there) @ by_event.T
        covariance += (by_other * counts.other[r] * ties[1] * there) @ by_other.T
    statistic = float(score[1:] @ np.linalg.pinv(covariance[1:, 1:]) @ score[1:])
    return statistic, k - 1, float(chdtrc(k - 1, statistic))
