"""Restricted mean survival time: time free of the event up to a horizon, by cluster.

Source:
    Royston & Parmar (2013), "Restricted mean survival time: an alternative to the hazard
    ratio", BMC Med Res Methodol 13:152; Uno et al. (2014), J Clin Oncol 32:2380.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from clam_core.statistics.effects.contingency import Z
from clam_core.statistics.result import Labels, NotTestableError, Values
from clam_core.statistics.significance.correction import correct


@dataclass(frozen=True, eq=False)
class RestrictedMeans:
    """Mean time free of the event until a horizon.

    Attributes:
        horizon: The horizon, in the unit of the time.
        means: cluster, mean, ci_low, ci_high.
        pairs: cluster_a, cluster_b, difference (a minus b), ci_low, ci_high, p_value,
            p_adjusted (Holm).
    """

    horizon: float
    means: pd.DataFrame
    pairs: pd.DataFrame


def restricted_means(
    time: Values, event: Values, labels: Labels, horizon: float | None = None
) -> RestrictedMeans:
    """Compare the mean time free of the event.

    Args:
        time: Shape (n,), none missing.
        event: 0 or 1, shape (n,).
        labels: Cluster of each row, from 1, shape (n,).
        horizon: Until when; None takes the longest time that every cluster reaches.

    Returns:
        Area under each Kaplan-Meier curve with Greenwood's variance, and all differences.

    Raises:
        NotTestableError: If the horizon is beyond the follow-up of a cluster.
    """
    numbers = np.unique(labels)
    longest = {int(number): float(time[labels == number].max()) for number in numbers}
    shared = min(longest.values())
    horizon = shared if horizon is None else horizon
    if horizon > shared:
        cluster = min(longest, key=lambda number: longest[number])
        raise NotTestableError(
            f"the horizon {horizon:g} is beyond the longest follow-up of cluster {cluster}, "
            f"{shared:g}"
        )
    if horizon <= 0:
        raise NotTestableError("a cluster has no follow-up")
    found = [_mean(time[labels == one], event[labels == one], horizon) for one in numbers]
    mean, variance = np.array(found).T
    width = Z * np.sqrt(variance)
    means = pd.DataFrame(
        {"cluster": numbers, "mean": mean, "ci_low": mean - width, "ci_high": mean + width}
    )
    return RestrictedMeans(horizon, means, _pairs(numbers, mean, variance))


def _mean(time: Values, event: Values, horizon: float) -> tuple[float, float]:
    """Area under the Kaplan-Meier curve until the horizon and its variance."""
    steps = np.unique(time[(event == 1) & (time <= horizon)])
    n_risk = (time[None, :] >= steps[:, None]).sum(axis=1)
    n_events = ((time[None, :] == steps[:, None]) & (event == 1)).sum(axis=1)
    height = np.concatenate([[1.0], np.cumprod(1 - n_events / n_risk)])
    areas = height * np.diff(np.concatenate([[0.0], steps, [horizon]]))
    after = np.cumsum(areas[::-1])[::-1][1:]
    left = n_risk - n_events
    # A curve that ends at zero has no area after it, so that its last step adds nothing.
    share = np.divide(n_events, n_risk * left, out=np.zeros(len(steps)), where=left > 0)
    return float(areas.sum()), float((after**2 * share).sum())


def _pairs(numbers: Labels, mean: Values, variance: Values) -> pd.DataFrame:
    from scipy.special import ndtr

    pairs = list(combinations(range(len(numbers)), 2))
    a, b = (np.array(side) for side in zip(*pairs, strict=True))
    gap, error = mean[a] - mean[b], np.sqrt(variance[a] + variance[b])
    ratio = np.divide(gap, error, out=np.full(len(gap), np.nan), where=error > 0)
    p_value = 2 * ndtr(-np.abs(ratio))
    return pd.DataFrame(
        {
            "cluster_a": numbers[a],
            "cluster_b": numbers[b],
            "difference": gap,
            "ci_low": gap - Z * error,
            "ci_high": gap + Z * error,
            "p_value": p_value,
            "p_adjusted": correct(p_value, "holm"),
        }
    )
