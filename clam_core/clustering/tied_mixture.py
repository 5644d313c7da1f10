"""Mixture of Gaussians with one full covariance for all clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.clustering.feature_matrix import check_clusters, check_filled, sorted_rows
from clam_core.clustering.k_means import kmeans_rows
from clam_core.clustering.naming import order_by_size
from clam_core.clustering.spread import memberships

Values = NDArray[np.float64]
Labels = NDArray[np.int64]

FLOOR_SHARE = 1e-3
"""Share of the mean variance of the features that is added to every variance."""
MAX_ROUNDS = 300
TOLERANCE = 1e-5
MOST_SHARES = 1 << 20
"""Shares of scans in clusters that are held at once, over all starts."""
SOFTENED = 1e-3
"""Share of each hard start that is spread over all clusters, so that none starts empty."""


def tied(
    features: NDArray[np.floating], n_clusters: int, seed: int, n_init: int = 10
) -> NDArray[np.int64]:
    """Group scans by a mixture of Gaussians that share one covariance.

    What varies from scan to scan within every cluster, such as how deeply a person breathed
    in, counts less than a direction in which scans fall into groups. K-means takes whatever
    varies most.

    Args:
        features: Shape (n_scans, n_features), finite.
        n_clusters: Number of clusters.
        seed: The starts follow from it.
        n_init: Number of starts, each from one run of k-means, beside cuts along each
            principal axis; the likeliest result in which every cluster has two scans is
            kept, else the likeliest.

    Returns:
        Cluster of each scan, shape (n_scans,), from 0, the largest first.

    Raises:
        ClamError: If the scans cannot form that many clusters.

    Source:
        McLachlan & Peel (2000), "Finite Mixture Models", section 3.8.
    """
    rows = sorted_rows(features)
    check_clusters(rows, n_clusters)
    starts = [
        *(kmeans_rows(rows, n_clusters, seed + start, 1) for start in range(max(1, n_init))),
        *_cuts(rows.values, n_clusters),
    ]
    found = maximize(rows.values, starts, n_clusters)
    check_filled(found.labels, n_clusters, "tied")
    return order_by_size(rows.back(found.labels))


@dataclass(frozen=True, eq=False)
class TiedMixture:
    """Where expectation and maximization ended.

    Attributes:
        labels: Likeliest cluster of each scan, shape (n_scans,).
        log_likelihood: Mean over scans, in nats.
    """

    labels: Labels
    log_likelihood: float


def maximize(values: Values, starts: list[Labels], n_clusters: int) -> TiedMixture:
    """Expectation and maximization in turn, from several hard labelings; the best end.

    Args:
        values: Shape (n_scans, n_features).
        starts: Hard labels, each of shape (n_scans,).
        n_clusters: Number of clusters.
    """
    at_once = max(1, MOST_SHARES // (len(values) * n_clusters))
    ended = [
        end
        for first in range(0, len(starts), at_once)
        for end in _maximize(values, starts[first : first + at_once], n_clusters)
    ]

    def merit(found: TiedMixture) -> tuple[int, float]:
        # A cluster of one scan gets a likelihood that means nothing.
        smallest = int(np.bincount(found.labels, minlength=n_clusters).min())
        return min(2, smallest), found.log_likelihood

    return max(ended, key=merit)


def gaussian_log_likelihood(values: Values) -> float:
    """Mean log-likelihood of one Gaussian, in nats, with the floor that a mixture has."""
    one = np.zeros(len(values), dtype=np.int64)
    return _maximize(values, [one], 1)[0].log_likelihood


def _cuts(values: Values, n_clusters: int) -> list[Labels]:
    """Scans cut into equal parts along each principal axis: starts that k-means does not see."""
    _, _, axes = np.linalg.svd(values, full_matrices=False)
    places = [np.argsort(np.argsort(values @ axis, kind="stable")) for axis in axes]
    return [place * n_clusters // len(values) for place in places]


def _maximize(values: Values, starts: list[Labels], n_clusters: int) -> list[TiedMixture]:
    """Labels that each start ends at, and the mean log-likelihood there.

    All starts that still move take a step together: for a few hundred scans most of the time
    would go into calling numpy, not into its sums.
    """
    n_scans, n_features = values.shape
    floor = FLOOR_SHARE * float(values.var(axis=0).mean()) + np.finfo(np.float64).tiny
    products = values.T @ values
    squares = products + n_scans * floor * np.eye(n_features)
    shares = np.stack([_columns(start, n_clusters) for start in starts])
    shares = (1 - SOFTENED) * shares + SOFTENED / n_clusters
    moving = np.arange(len(starts))
    labels = np.zeros((len(starts), n_scans), dtype=np.int64)
    likelihood = np.full(len(starts), -np.inf)
    for _ in range(MAX_ROUNDS):
        counts = shares.sum(axis=1) + np.finfo(np.float64).tiny
        means = shares.transpose(0, 2, 1) @ values / counts[:, :, None]
        # Around the means: sum of x x^T less what the means have of it.
        taken = (means * counts[:, :, None]).transpose(0, 2, 1) @ means
        covariance = (squares - taken) / n_scans
        inverse = np.linalg.inv(covariance)
        # With one covariance the part that is quadratic in x is the same for all clusters.
        slopes = means @ inverse
        offsets = np.log(counts / n_scans) - 0.5 * (slopes * means).sum(axis=2)
        joint = values @ slopes.transpose(0, 2, 1) + offsets[:, None, :]
        highest = joint.max(axis=2, keepdims=True)
        weights = np.exp(joint - highest)
        sums = weights.sum(axis=2, keepdims=True)
        # The mean of x' S^-1 x over scans needs the sums of squares alone.
        common = (products * inverse).sum(axis=(1, 2)) / n_scans
        volume = np.linalg.slogdet(2 * np.pi * covariance)[1]
        now = (highest + np.log(sums)).mean(axis=(1, 2)) - 0.5 * (common + volume)
        goes_on = np.abs(now - likelihood[moving]) >= TOLERANCE
        labels[moving], likelihood[moving] = joint.argmax(axis=2), now
        if not goes_on.any():
            break
        moving, shares = moving[goes_on], (weights / sums)[goes_on]
    return [TiedMixture(*end) for end in zip(labels, likelihood.tolist(), strict=True)]


def _columns(labels: Labels, n_clusters: int) -> Values:
    """One column per cluster, empty ones included."""
    columns = np.zeros((len(labels), n_clusters))
    present = memberships(labels)
    columns[:, : present.shape[1]] = present
    return columns
