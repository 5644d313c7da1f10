"""Heads: from features of a scan to the logarithm of its cluster probabilities."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from clam_core.errors import AlignmentError
from clam_core.models.assignment import log_soft_assign


class Head(nn.Module):
    """Base of the heads; all are differentiable functions of the features.

    Attributes:
        kind: Name under which a run stores it.
        centers: Center of each cluster, shape (n_clusters, n_features).
    """

    kind: str
    centers: Tensor

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(self.centers.shape[0])

    def forward(self, features: Tensor) -> Tensor:
        """Logarithms of the probabilities, shape (n_scans, n_clusters)."""
        raise NotImplementedError

    def reorder(self, order: list[int]) -> None:
        """Renumber the clusters: new cluster c is the old `order[c]`."""
        with torch.no_grad():
            for name, value in self.named_tensors().items():
                if value.ndim and value.shape[0] == self.n_clusters:
                    getattr(self, name).copy_(value[order].clone())

    def named_tensors(self) -> dict[str, Tensor]:
        """Parameters and buffers by name."""
        return {**dict(self.named_parameters()), **dict(self.named_buffers())}


class StudentHead(Head):
    """Student-t kernel around each center.

    Args:
        centers: Shape (n_clusters, n_features).
        scale: Squared distances are divided by it: 1 in the paper; the mean squared
            distance within clusters where features have a scale of their own.

    Source:
        Xie, Girshick & Farhadi (2016), ICML, equation 1.
    """

    kind = "student"
    scale: Tensor

    def __init__(self, centers: Tensor, scale: float = 1.0) -> None:
        super().__init__()
        # A parameter, as DCEC trains its centers; those of the other heads are buffers and stay.
        self.centers = nn.Parameter(centers.clone())
        self.register_buffer("scale", torch.as_tensor(float(scale), dtype=centers.dtype))

    def forward(self, features: Tensor) -> Tensor:
        """Logarithms of the probabilities, shape (n_scans, n_clusters)."""
        return log_soft_assign(features, self.centers, scale=self.scale)


class MixtureHead(Head):
    """Posterior of a mixture of Gaussians with one variance per cluster and feature.

    Args:
        centers: Means, shape (n_clusters, n_features).
        variances: Shape (n_clusters, n_features), > 0.
        weights: Share of each cluster, shape (n_clusters,), summing to 1.

    Raises:
        AlignmentError: If the shapes differ, or a variance is not positive.
    """

    kind = "mixture"
    variances: Tensor
    weights: Tensor

    def __init__(self, centers: Tensor, variances: Tensor, weights: Tensor) -> None:
        super().__init__()
        if centers.shape != variances.shape or weights.shape != centers.shape[:1]:
            raise AlignmentError(
                f"Centers {tuple(centers.shape)}, variances {tuple(variances.shape)} and weights "
                f"{tuple(weights.shape)} do not fit together."
            )
        if not bool((variances > 0).all()):
            raise AlignmentError("Every variance must be positive.")
        self.register_buffer("centers", centers.clone())
        self.register_buffer("variances", variances.clone())
        self.register_buffer("weights", weights.clone())

    def forward(self, features: Tensor) -> Tensor:
        """Logarithms of the posterior probabilities, shape (n_scans, n_clusters)."""
        deviation = (features[:, None, :] - self.centers).square() / self.variances
        log_normal = -0.5 * (deviation + self.variances.log() + math.log(2 * math.pi)).sum(dim=2)
        return (log_normal + self.weights.log()).log_softmax(dim=1)


class GaussianHead(Head):
    """Posterior of Gaussians with a covariance each, given by what whitens them.

    Args:
        centers: Means, shape (n_clusters, n_features).
        whitening: W of each cluster with W W^T its inverse covariance, lower triangular,
            shape (n_clusters, n_features, n_features).
        log_weights: Logarithm of each cluster's share, shape (n_clusters,).

    Raises:
        AlignmentError: If the shapes do not fit together.
    """

    kind = "gaussian"
    whitening: Tensor
    log_weights: Tensor

    def __init__(self, centers: Tensor, whitening: Tensor, log_weights: Tensor) -> None:
        super().__init__()
        n_clusters, n_features = centers.shape
        if whitening.shape != (n_clusters, n_features, n_features) or log_weights.shape != (
            n_clusters,
        ):
            raise AlignmentError(
                f"Centers {tuple(centers.shape)}, whitening {tuple(whitening.shape)} and weights "
                f"{tuple(log_weights.shape)} do not fit together."
            )
        self.register_buffer("centers", centers.clone())
        self.register_buffer("whitening", whitening.clone())
        self.register_buffer("log_weights", log_weights.clone())

    def forward(self, features: Tensor) -> Tensor:
        """Logarithms of the posterior probabilities, shape (n_scans, n_clusters)."""
        white = torch.einsum("nkd,kde->nke", features[:, None] - self.centers, self.whitening)
        # Half the log-determinant of the inverse covariance, as W is triangular.
        log_volume = self.whitening.diagonal(dim1=1, dim2=2).log().sum(dim=1)
        log_joint = self.log_weights + log_volume - 0.5 * white.square().sum(dim=2)
        return log_joint.log_softmax(dim=1)
