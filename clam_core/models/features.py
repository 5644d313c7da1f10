"""Features: what a head looks at, as a differentiable function of the last activations."""

from __future__ import annotations

from torch import Tensor, nn

from clam_core.models.autoencoder import Autoencoder


class Features(nn.Module):
    """Base of the features.

    Attributes:
        kind: Name under which a run stores them.
    """

    kind: str

    def forward(self, last: Tensor, autoencoder: Autoencoder) -> Tensor:
        """Features, shape (n, n_features), of the last layer's activations."""
        raise NotImplementedError


class LatentFeatures(Features):
    """The latent code itself, as in the paper."""

    kind = "latent"

    def forward(self, last: Tensor, autoencoder: Autoencoder) -> Tensor:
        """Latent codes, shape (n, n_latent)."""
        return autoencoder.latent(last)
