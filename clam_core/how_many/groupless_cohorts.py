"""Cohorts without groups, and how far the real one is from them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import ClamError
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
    """

    silhouette_p: dict[int, float]
    gap: dict[int, float]
    gap_se: dict[int, float]


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
) -> Compared:
    """Compare silhouettes and within-cluster distances with those of references.

    Args:
        values: Features, centered, shape (n_scans, n_features).
        labels: Cluster of each scan for each number of clusters.
        cluster_each: The same clusterer for a reference.
        n_references: Cohorts drawn from the box, and again from the Gaussian.
        random: Where the numbers come from.

    Returns:
        The p-values and the gap statistic.

    Source:
        Tibshirani, Walther & Hastie (2001), "Estimating the number of clusters in a
        data set via the gap statistic", J. R. Statist. Soc. B 63, equations 3 and 4.
    """
    own_width, own_within = _measure(values, labels)
    widths: dict[str, list[dict[int, float]]] = {"box": [], "gaussian": []}
    withins: list[dict[int, float]] = []
    for _ in range(n_references):
        for name, draw in (("box", boxed), ("gaussian", gaussian)):
            reference = draw(values, random)
            try:
                width, within = _measure(reference, cluster_each(reference))
            except ClamError:
                continue
            widths[name].append(width)
            # The gap statistic is defined with the box alone.
            if name == "box":
                withins.append(within)
    p_values = {
        # The larger p: a cohort without groups may resemble either of the two.
        k: max(exceeded(own, [width[k] for width in drawn]) for drawn in widths.values())
        for k, own in own_width.items()
    }
    gaps = {k: gap(own, [within[k] for within in withins]) for k, own in own_within.items()}
    return Compared(
        p_values, {k: pair[0] for k, pair in gaps.items()}, {k: pair[1] for k, pair in gaps.items()}
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


def _measure(
    values: NDArray[np.float64], labels: dict[int, Labels]
) -> tuple[dict[int, float], dict[int, float]]:
    """Mean silhouette and log W_k for each number of clusters; log W_k for 1 too."""
    widths = mean_silhouettes(values, labels)
    withins = {k: log_within(values, found) for k, found in labels.items()}
    return widths, {1: log_within(values, np.zeros(len(values), dtype=np.int64)), **withins}
