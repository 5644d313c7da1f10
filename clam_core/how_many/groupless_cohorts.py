"""Cohorts without groups, and how far the real one is from them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import ClamError
from clam_core.how_many.dip import separation
from clam_core.how_many.indices import log_within, mean_silhouettes

Labels = NDArray[np.int64]
ClusterEach = Callable[[NDArray[np.float64]], dict[int, Labels]]


@dataclass(frozen=True, eq=False)
class Compared:
    """The cohort beside cohorts without groups.

    Attributes:
        silhouette_p: Per number of clusters, see `NumberRow`.
        gap: Gap statistic per number of clusters, 1 included.
        gap_se: Its standard error per number of clusters, 1 included.
        dip_p: See `NumberRow`, for the numbers that it was asked for.
    """

    silhouette_p: dict[int, float]
    gap: dict[int, float]
    gap_se: dict[int, float]
    dip_p: dict[int, float]


def boxed(values: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """Scans drawn evenly from the box around the cohort along its principal axes.

    Args:
        values: Shape (n_scans, n_features), centered.
        random: Where the numbers come from.

    Returns:
        Shape (n_scans, n_features).

    Source:
        Tibshirani, Walther & Hastie (2001), J. R. Statist. Soc. B 63, section 3, choice (b).
    """
    # Along the principal axes: where features are correlated, a box along them is far too wide.
    _, _, axes = np.linalg.svd(values, full_matrices=False)
    scores = values @ axes.T
    drawn = random.uniform(scores.min(axis=0), scores.max(axis=0), scores.shape)
    placed: NDArray[np.float64] = drawn @ axes
    return placed


def gaussian(values: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """Scans drawn from one Gaussian with the cohort's covariance.

    Args:
        values: Shape (n_scans, n_features), centered.
        random: Where the numbers come from.

    Returns:
        Shape (n_scans, n_features).

    Source:
        Liu, Hayes, Nobel & Marron (2008), "Statistical significance of clustering for
        high-dimension, low-sample size data", J. Am. Statist. Assoc. 103.
    """
    _, lengths, axes = np.linalg.svd(values, full_matrices=False)
    # Singular values over sqrt(n - 1) are the standard deviations along the axes.
    spread = lengths / np.sqrt(len(values) - 1)
    placed: NDArray[np.float64] = (random.normal(size=(len(values), len(spread))) * spread) @ axes
    return placed


def compare(
    values: NDArray[np.float64],
    labels: dict[int, Labels],
    cluster_each: ClusterEach,
    n_references: int,
    random: np.random.Generator,
    dipped: Collection[int] = (),
) -> Compared:
    """Compare silhouettes, within-cluster distances and gaps with those of references.

    Args:
        values: Features, centered, shape (n_scans, n_features).
        labels: Cluster of each scan for each number of clusters.
        cluster_each: The same clusterer for a reference.
        n_references: Cohorts drawn from the box, and again from the Gaussian.
        random: Where the numbers come from.
        dipped: Numbers of clusters whose `separation` is compared, too, which takes time.

    Returns:
        The p-values and the gap statistic.

    Source:
        Tibshirani, Walther & Hastie (2001), "Estimating the number of clusters in a
        data set via the gap statistic", J. R. Statist. Soc. B 63, equations 3 and 4.
    """
    own = _measure(values, labels, dipped)
    drawn: dict[str, list[_Measured]] = {"box": [], "gaussian": []}
    for _ in range(n_references):
        for name, draw in (("box", boxed), ("gaussian", gaussian)):
            reference = draw(values, random)
            try:
                drawn[name].append(_measure(reference, cluster_each(reference), dipped))
            except ClamError:
                continue
    # The gap statistic is defined with the box alone.
    gaps = {k: gap(one, [each.within[k] for each in drawn["box"]]) for k, one in own.within.items()}
    # The larger p: a cohort without groups may resemble either of the two.
    kinds = drawn.values()
    return Compared(
        {
            k: max(exceeded(one, [each.width[k] for each in kind]) for kind in kinds)
            for k, one in own.width.items()
        },
        {k: pair[0] for k, pair in gaps.items()},
        {k: pair[1] for k, pair in gaps.items()},
        {
            k: max(exceeded(one, [each.apart[k] for each in kind]) for kind in kinds)
            for k, one in own.apart.items()
        },
    )


def exceeded(own: float, references: list[float]) -> float:
    """Share of references at or above the own value, one added to both counts."""
    n_above = sum(reference >= own for reference in references)
    return (n_above + 1) / (len(references) + 1)


def gap(own: float, references: list[float]) -> tuple[float, float]:
    """Gap statistic and its standard error s_k, from log W_k; NaN without references."""
    if not references:
        return float("nan"), float("nan")
    drawn = np.array(references)
    # s_k is the sd with 1/B, times sqrt(1 + 1/B) for the error of the mean itself.
    return float(drawn.mean() - own), float(drawn.std() * np.sqrt(1 + 1 / len(drawn)))


def gap_choice(gaps: dict[int, float], errors: dict[int, float]) -> int:
    """Smallest number k with gap(k) >= gap(k + 1) - s(k + 1), else the largest number."""
    numbers = sorted(gaps)
    for one, following in itertools.pairwise(numbers):
        if gaps[one] >= gaps[following] - errors[following]:
            return one
    return numbers[-1]


@dataclass(frozen=True)
class _Measured:
    """Mean silhouette, log W_k (for 1 too) and separation for each number of clusters."""

    width: dict[int, float]
    within: dict[int, float]
    apart: dict[int, float]


def _measure(
    values: NDArray[np.float64], labels: dict[int, Labels], dipped: Collection[int]
) -> _Measured:
    """One cohort in numbers."""
    one = np.zeros(len(values), dtype=np.int64)
    return _Measured(
        mean_silhouettes(values, labels),
        {k: log_within(values, found) for k, found in {1: one, **labels}.items()},
        {k: separation(values, labels[k]) for k in dipped},
    )
