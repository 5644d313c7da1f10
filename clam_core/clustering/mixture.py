"""Mixture of Gaussians with one variance per cluster and feature, steadied for few scans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.clustering.feature_matrix import check_clusters, check_filled, sorted_rows
from clam_core.clustering.k_means import kmeans_rows
from clam_core.clustering.naming import order_by_size
from clam_core.clustering.spread import cluster_centers, memberships

PRIOR_SCANS = 1.0
"""Every variance is estimated as if this many scans with the cohort's variance were added."""
FLOOR_SHARE = 1e-3
"""No variance falls below this share of the mean variance of the cohort's features."""
MAX_ROUNDS = 300
TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Mixture:
    """Parameters of a mixture of Gaussians with diagonal covariances.

    Attributes:
        centers: Means, shape (n_clusters, n_features).
        variances: Shape (n_clusters, n_features), > 0.
        weights: Share of each cluster, shape (n_clusters,), summing to 1.
    """

    centers: NDArray[np.float64]
    variances: NDArray[np.float64]
    weights: NDArray[np.float64]

    def log_joint(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Logarithm of weight times density, shape (n_scans, n_clusters)."""
        precisions = 1 / self.variances
        squared = (
            # (x - m)^2 p multiplied out, which needs no array of scans x clusters x features.
            np.square(features) @ precisions.T
            - 2 * features @ (self.centers * precisions).T
            + (np.square(self.centers) * precisions).sum(axis=1)
        )
        constant = np.log(2 * np.pi * self.variances).sum(axis=1)
        log_weights = np.log(np.maximum(self.weights, np.finfo(np.float64).tiny))
        joint: NDArray[np.float64] = log_weights - 0.5 * (squared + constant)
        return joint


def gmm(
    features: NDArray[np.floating], n_clusters: int, seed: int, n_init: int = 10
) -> NDArray[np.int64]:
    """Group scans by a mixture of Gaussians with diagonal covariances.

    Args:
        features: Shape (n_scans, n_features), finite.
        n_clusters: Number of clusters.
        seed: The starts follow from it.
        n_init: Number of starts, each from one run of k-means; the likeliest result
            in which every cluster has two scans is kept, else the likeliest.

    Returns:
        Cluster of each scan, shape (n_scans,), from 0, the largest first.

    Raises:
        ClamError: If the scans cannot form that many clusters.

    Source:
        Fraley & Raftery (2007), "Bayesian regularization for normal mixture estimation
        and model-based clustering", J. Classification 24.
    """
    rows = sorted_rows(features)
    check_clusters(rows, n_clusters)
    starts = (kmeans_rows(rows, n_clusters, seed + start, 1) for start in range(max(1, n_init)))
    ended = [_maximize(rows.values, start) for start in starts]

    def merit(found: tuple[NDArray[np.int64], float]) -> tuple[int, float]:
        # A cluster of one scan gets a tiny variance and thereby a likelihood that means nothing.
        return min(2, int(np.bincount(found[0], minlength=n_clusters).min())), found[1]

    best, _ = max(ended, key=merit)
    check_filled(best, n_clusters, "gmm")
    return order_by_size(rows.back(best))


def refine_mixture(
    features: NDArray[np.floating], labels: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Let a mixture of Gaussians redraw the borders between given clusters.

    Args:
        features: Shape (n_scans, n_features), finite.
        labels: Cluster of each scan, from 0 without gaps, shape (n_scans,).

    Returns:
        Cluster of each scan, from 0, the largest first. Where a cluster would lose
        all its scans, the given clusters.

    Raises:
        ClamError: If the two do not fit together.
    """
    rows = sorted_rows(features)
    cluster_centers(rows.values, labels)
    found, _ = _maximize(rows.values, np.asarray(labels, dtype=np.int64)[rows.order])
    emptied = len(np.unique(found)) != len(np.unique(labels))
    return order_by_size(labels if emptied else rows.back(found))


def mixture_parameters(features: NDArray[np.floating], labels: NDArray[np.integer]) -> Mixture:
    """Mean, variance and share of each cluster.

    Args:
        features: Shape (n_scans, n_features).
        labels: Cluster of each scan, from 0 without gaps, shape (n_scans,).

    Returns:
        The mixture. Variances are drawn toward the cohort's by `PRIOR_SCANS` and kept
        above `FLOOR_SHARE`, so that a cluster of one scan or a constant feature is sound.

    Raises:
        AlignmentError: If the two do not fit together.

    Source:
        Fraley & Raftery (2007), J. Classification 24, section 2: the posterior mode,
        without its constant.
    """
    cluster_centers(features, labels)
    values = np.asarray(features, dtype=np.float64)
    middle = values.mean(axis=0)
    # `_weigh` subtracts squares, which lose their digits where the mean is large.
    mixture = _weigh(values - middle, memberships(labels))
    return Mixture(mixture.centers + middle, mixture.variances, mixture.weights)


def _weigh(values: NDArray[np.float64], shares: NDArray[np.float64]) -> Mixture:
    """Parameters from the share of each scan in each cluster (M step)."""
    counts = np.maximum(shares.sum(axis=0), np.finfo(np.float64).eps)
    centers = shares.T @ values / counts[:, None]
    squares = shares.T @ np.square(values) - counts[:, None] * np.square(centers)
    cohort = values.var(axis=0)
    floor = max(FLOOR_SHARE * float(cohort.mean()), float(np.finfo(np.float32).tiny))
    prior = PRIOR_SCANS * cohort
    # Rounding can leave the difference of squares just below zero.
    variances = (np.maximum(squares, 0) + prior) / (counts[:, None] + PRIOR_SCANS)
    return Mixture(centers, np.maximum(variances, floor), counts / counts.sum())


def _maximize(
    values: NDArray[np.float64], labels: NDArray[np.int64]
) -> tuple[NDArray[np.int64], float]:
    """Expectation and maximization in turn, from hard labels to hard labels."""
    from scipy.special import logsumexp

    mixture, before = _weigh(values, memberships(labels)), -np.inf
    for _ in range(MAX_ROUNDS):
        joint = mixture.log_joint(values)
        log_density = logsumexp(joint, axis=1, keepdims=True)
        now = float(log_density.mean())
        if abs(now - before) < TOLERANCE:
            break
        mixture, before = _weigh(values, np.exp(joint - log_density)), now
    return mixture.log_joint(values).argmax(axis=1), now
