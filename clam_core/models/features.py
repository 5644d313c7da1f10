"""Features: what a head looks at, as a differentiable function of an encoder layer."""

from __future__ import annotations

import math

from torch import Tensor, nn

from clam_core.models.autoencoder import Autoencoder


class Features(nn.Module):
    """Base of the features.

    Attributes:
        kind: Name under which a run stores them.
        layer: Encoder layer whose activations they read; None is the last one.
        reads_image: Whether they look at the image itself, past the encoder.
    """

    kind: str
    layer: int | None = None
    reads_image: bool = False

    def look(self, images: Tensor, autoencoder: Autoencoder) -> Tensor:
        """What they read, shape (n, channels, *size), of images, shape (n, 1, *grid)."""
        return autoencoder.activations(images, self.layer or autoencoder.n_layers)

    def n_values(self, autoencoder: Autoencoder, layer: int) -> int:
        """Numbers that activations of a layer hold for each scan."""
        n_nodes: int = math.prod(n >> layer for n in autoencoder.padded)
        return int(autoencoder.settings.channels[layer - 1]) * n_nodes

    def forward(self, activations: Tensor, autoencoder: Autoencoder) -> Tensor:
        """Features, shape (n, n_features), of the activations of their layer."""
        raise NotImplementedError


class LatentFeatures(Features):
    """The latent code itself, as in the paper, or what is left of it without some directions.

    Args:
        mean: Mean code of the cohort, shape (n_latent,); it stays where it is.
        directions: Orthonormal directions that are taken out, shape (n_latent, n_directions).
    """

    kind = "latent"
    mean: Tensor | None
    directions: Tensor | None

    def __init__(self, mean: Tensor | None = None, directions: Tensor | None = None) -> None:
        super().__init__()
        self.register_buffer("mean", None if mean is None else mean.clone())
        self.register_buffer("directions", None if directions is None else directions.clone())

    def forward(self, activations: Tensor, autoencoder: Autoencoder) -> Tensor:
        """Latent codes, shape (n, n_latent)."""
        latent = autoencoder.latent(activations)
        if self.directions is None or self.mean is None:
            return latent
        return latent - (latent - self.mean) @ self.directions @ self.directions.T
