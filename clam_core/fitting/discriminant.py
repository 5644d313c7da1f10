"""Linear discriminants of clusters, and how sure they may be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.clustering import cluster_centers, student_scale

Values = NDArray[np.float64]
Labels = NDArray[np.int64]

COLDEST, HOTTEST = 0.01, 1e4
SMALLEST_VARIANCE = 1e-4
"""Share of the mean variance of the features that is added to every variance."""


@dataclass(frozen=True, eq=False)
class Discriminant:
    """Gaussians with one covariance.

    Attributes:
        centers: Means, shape (n_clusters, n_features).
        whitening: W with W W^T the inverse covariance, shape (n_features, n_features).
        log_weights: Logarithm of each cluster's share, shape (n_clusters,).
    """

    centers: Values
    whitening: Values
    log_weights: Values

    def log_joint(self, features: Values) -> Values:
        """Log-density and share, up to what all clusters share, shape (n, n_clusters)."""
        white = (features[:, None] - self.centers) @ self.whitening
        joint: Values = self.log_weights - 0.5 * np.square(white).sum(axis=2)
        return joint


def discriminant(features: Values, labels: Labels) -> Discriminant:
    """Means of the clusters and the covariance within them.

    Args:
        features: Shape (n_scans, n_features).
        labels: Cluster of each scan, from 0 without gaps, shape (n_scans,).

    Source:
        Ledoit & Wolf (2004), "A well-conditioned estimator for large-dimensional
        covariance matrices", J. Multivar. Anal. 88.
    """
    from sklearn.covariance import ledoit_wolf

    centers = cluster_centers(features, labels)
    # One covariance for all: residuals of all clusters pooled, each around its own center.
    covariance = ledoit_wolf(features - centers[labels], assume_centered=True)[0]
    floor = SMALLEST_VARIANCE * features.var(axis=0).mean() + 1e-12
    inverse = np.linalg.inv(covariance + floor * np.eye(features.shape[1]))
    shares = np.bincount(labels) / len(labels)
    # L of inverse = L L^T: |(x - m) L|^2 is the squared Mahalanobis distance.
    return Discriminant(centers, np.linalg.cholesky(inverse), np.log(shares))


def temperature(
    features: Values, labels: Labels, found: Discriminant, *, is_whitened: bool = False
) -> float:
    """What to divide log-odds by, so that on average they are as sure as the paper's kernel.

    Clusters are cut where the data are: the spread within them is too small, and the
    posterior of their Gaussians too sure (0.94 on uniform data). The Student-t kernel
    in units of that spread is not; it says how sure, the discriminant in which direction.

    Args:
        features: Shape (n_scans, n_features).
        labels: Cluster of each scan, from 0, shape (n_scans,).
        found: The discriminant of all scans.
        is_whitened: Whether the kernel takes distances in units of the spread within clusters
            in each direction, as the clusters themselves were found (`tied`). Else the direction
            that varies most decides how sure clusters are that are apart in another one.

    Returns:
        A number > 0; clusters that are equally likely everywhere give the largest, 1e4.

    Source:
        Guo et al. (2017), "On calibration of modern neural networks", ICML, section 4.2.
    """
    from scipy.optimize import brentq
    from scipy.special import softmax

    away = features[:, None] - found.centers
    if is_whitened:
        away = away @ found.whitening
        own = np.square(away[np.arange(len(labels)), labels]).sum(axis=1)
        scale = max(float(own.mean()), 1e-12)
    else:
        scale = student_scale(features, labels)
    kernel = 1 / (1 + np.square(away).sum(axis=2) / scale)
    goal = float((kernel / kernel.sum(axis=1, keepdims=True)).max(axis=1).mean())
    joint = found.log_joint(features)

    def excess(log_heat: float) -> float:
        return float(softmax(joint / np.exp(log_heat), axis=1).max(axis=1).mean()) - goal

    # Confidence only falls as heat rises, so there is one root; in logs, as heat spans decades.
    low, high = np.log(COLDEST), np.log(HOTTEST)
    if excess(low) <= 0 or excess(high) >= 0:
        return COLDEST if excess(low) <= 0 else HOTTEST
    return float(np.exp(brentq(excess, low, high)))
