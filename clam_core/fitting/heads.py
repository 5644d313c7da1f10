"""Heads made from hard clusters: what a new scan is compared with."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from clam_core.clustering import cluster_centers, mixture_parameters, student_scale
from clam_core.fitting.discriminant import discriminant, temperature
from clam_core.models.heads import GaussianHead, Head, MixtureHead, StudentHead

SMALLEST_VARIANCE = 1e-4
"""Share of the mean variance of the features that is added to every variance."""


def student_head(
    features: NDArray[np.floating], labels: NDArray[np.int64], *, is_unit: bool = False
) -> StudentHead:
    """Student-t kernel around the mean of each cluster, in units of the spread within clusters.

    Args:
        features: Shape (n_scans, n_features).
        labels: Cluster of each scan, from 0 without gaps, shape (n_scans,).
        is_unit: Take distances as they are, as the paper does.

    Returns:
        A head with float32 centers.
    """
    centers = torch.from_numpy(cluster_centers(features, labels)).float()
    return StudentHead(centers, 1.0 if is_unit else student_scale(features, labels))


def mixture_head(features: NDArray[np.floating], labels: NDArray[np.int64]) -> MixtureHead:
    """One Gaussian per cluster, with the variances of its members.

    Args:
        features: Shape (n_scans, n_features).
        labels: Cluster of each scan, from 0 without gaps, shape (n_scans,).

    Returns:
        A head with float32 parameters.
    """
    mixture = mixture_parameters(features, labels)
    parts = (mixture.centers, mixture.variances, mixture.weights)
    centers, variances, weights = (torch.from_numpy(part).float() for part in parts)
    return MixtureHead(centers, variances, weights)


def gaussian_head(features: NDArray[np.floating], labels: NDArray[np.int64]) -> GaussianHead:
    """One Gaussian per cluster with a shrunken covariance.

    Soft and convex, where the hard clusters of a graph are neither.

    Args:
        features: Shape (n_scans, n_features).
        labels: Cluster of each scan, from 0 without gaps, shape (n_scans,).

    Returns:
        A head with float32 parameters.

    Source:
        Ledoit & Wolf (2004), "A well-conditioned estimator for large-dimensional
        covariance matrices", J. Multivar. Anal. 88.
    """
    from sklearn.covariance import ledoit_wolf

    values = features.astype(np.float64)
    spread = values.var(axis=0)
    floor = np.eye(values.shape[1]) * (SMALLEST_VARIANCE * spread.mean() + 1e-12)
    whitening = []
    for cluster in range(int(labels.max()) + 1):
        own = values[labels == cluster]
        # One or two scans span no more than a line; the spread of the cohort stands in there.
        covariance = ledoit_wolf(own)[0] if len(own) > 2 else np.diag(spread)
        whitening.append(np.linalg.cholesky(np.linalg.inv(covariance + floor)))
    parts = (cluster_centers(values, labels), np.array(whitening))
    centers, factors = (torch.from_numpy(part).float() for part in parts)
    shares = torch.from_numpy(np.bincount(labels) / len(labels))
    return GaussianHead(centers, factors, shares.log().float())


def discriminant_head(
    features: NDArray[np.floating], labels: NDArray[np.int64], *, is_whitened: bool = False
) -> GaussianHead:
    """One Gaussian per cluster, all with the spread that scans have within clusters.

    The log-odds of two clusters are then linear in the features, and what differs from
    scan to scan within clusters has little weight in them: a structure that every scan
    has, each at another place, is no evidence. They are divided by a temperature, so
    that they are as sure on average as the Student-t kernel (see `temperature`).

    Args:
        features: Shape (n_scans, n_features).
        labels: Cluster of each scan, from 0 without gaps, shape (n_scans,).
        is_whitened: As for `temperature`.

    Returns:
        A head with float32 parameters.

    Source:
        Fisher (1936), "The use of multiple measurements in taxonomic problems", Annals
        of Eugenics 7; covariance after Ledoit & Wolf (2004), J. Multivar. Anal. 88.
    """
    values = features.astype(np.float64)
    fitted = discriminant(values, labels)
    heat = temperature(values, labels, fitted, is_whitened=is_whitened)
    # The distance is squared in the exponent, so the root of the heat goes here and all of it
    # below; the volume term of `GaussianHead` is the same for all clusters and cancels.
    factor = torch.from_numpy(fitted.whitening / np.sqrt(heat)).float()
    return GaussianHead(
        torch.from_numpy(fitted.centers).float(),
        factor.expand(len(fitted.centers), -1, -1),
        torch.from_numpy(fitted.log_weights / heat).float(),
    )


def order_head(head: Head, soft_assignment: NDArray[np.floating]) -> list[int]:
    """Renumber the clusters of a head in place so that the largest comes first.

    Args:
        head: The head.
        soft_assignment: What it says about the cohort, shape (n_scans, n_clusters).

    Returns:
        The order: new cluster c is the old `order[c]`.
    """
    sizes = np.bincount(soft_assignment.argmax(axis=1), minlength=head.n_clusters)
    order = [int(c) for c in np.argsort(-sizes, kind="stable")]
    head.reorder(order)
    return order
