"""Soft assignment, target distribution and log-odds: the formulas of deep embedded clustering."""

from __future__ import annotations

import torch
from torch import Tensor

from clam_core.errors import AlignmentError


def soft_assign(
    latent: Tensor, centers: Tensor, dof: float = 1.0, scale: Tensor | float = 1.0
) -> Tensor:
    """Assign each latent code to every cluster with a Student-t kernel.

    Args:
        latent: Latent codes, shape (n_scans, n_latent), float, no unit.
        centers: Cluster centers, shape (n_clusters, n_latent), float.
        dof: Degrees of freedom of the kernel, > 0. The paper keeps 1.
        scale: Squared distances are divided by it; the paper keeps 1.

    Returns:
        Probabilities, shape (n_scans, n_clusters). Rows sum to 1.

    Raises:
        AlignmentError: If the two arguments have different n_latent.

    Source:
        Xie, Girshick & Farhadi (2016), "Unsupervised deep embedding for
        clustering analysis", ICML, equation 1.
    """
    return log_soft_assign(latent, centers, dof, scale).exp()


def log_soft_assign(
    latent: Tensor, centers: Tensor, dof: float = 1.0, scale: Tensor | float = 1.0
) -> Tensor:
    """Logarithm of `soft_assign`, exact also where a probability is too small for a float."""
    if latent.ndim != 2 or centers.ndim != 2 or latent.shape[1] != centers.shape[1]:
        raise AlignmentError(
            f"Latent codes of shape {tuple(latent.shape)} do not fit centers of shape "
            f"{tuple(centers.shape)}; both need (rows, n_latent) with one n_latent."
        )
    squared = (latent[:, None, :] - centers[None, :, :]).square().sum(dim=2)
    # Equation 1 in logarithms; the softmax divides by the sum over clusters.
    log_kernel = -(dof + 1) / 2 * torch.log1p(squared / (scale * dof))
    return log_kernel.log_softmax(dim=1)


def target_distribution(soft_assignment: Tensor) -> Tensor:
    """Sharpen soft assignments: squared, over cluster frequency, normalised per scan.

    Args:
        soft_assignment: Shape (n_scans, n_clusters). Rows sum to 1.

    Returns:
        Probabilities of the same shape. Rows sum to 1. A cluster that no scan
        belongs to gets none.

    Source:
        Xie, Girshick & Farhadi (2016), ICML, equation 3.
    """
    tiny = torch.finfo(soft_assignment.dtype).tiny
    weight = soft_assignment.square() / soft_assignment.sum(dim=0).clamp_min(tiny)
    return weight / weight.sum(dim=1, keepdim=True).clamp_min(tiny)


def log_odds(log_assignment: Tensor, cluster: Tensor, other: Tensor | None = None) -> Tensor:
    """Log-odds of one cluster against all others together, or against one other.

    Args:
        log_assignment: Logarithms of probabilities, shape (n_scans, n_clusters).
        cluster: Cluster of each scan, from 0, shape (n_scans,).
        other: The cluster to hold against it, shape (n_scans,); None takes all others.

    Returns:
        `log q_c - log sum_{j != c} q_j`, or `log q_c - log q_other`, shape (n_scans,).

    Raises:
        AlignmentError: If there are fewer than two clusters.
    """
    if log_assignment.shape[1] < 2:
        raise AlignmentError("Log-odds need at least two clusters; there is one.")
    own = log_assignment.gather(1, cluster[:, None])[:, 0]
    if other is not None:
        return own - log_assignment.gather(1, other[:, None])[:, 0]
    # log 0 takes the own cluster out of the sum, exact where 1 - q_c would round to zero.
    rest = log_assignment.scatter(1, cluster[:, None], float("-inf"))
    return own - rest.logsumexp(dim=1)
