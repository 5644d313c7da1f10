"""ClusterModel: encoder, features and head as one function from images to probabilities."""

from __future__ import annotations

from torch import Tensor, nn

from clam_core.errors import SettingsError
from clam_core.models.autoencoder import Autoencoder
from clam_core.models.features import Features
from clam_core.models.heads import Head


class ClusterModel(nn.Module):
    """Everything between a standardised image and its cluster probabilities.

    The path can be cut at any encoder layer, which is what activation maps need.

    Args:
        autoencoder: The network.
        features: What is looked at.
        head: How it is turned into probabilities.
    """

    def __init__(self, autoencoder: Autoencoder, features: Features, head: Head) -> None:
        super().__init__()
        self.autoencoder, self.features, self.head = autoencoder, features, head

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return self.head.n_clusters

    @property
    def reads_image(self) -> bool:
        """Whether the clusters are read from the image itself; the encoder has no part in them."""
        return self.features.reads_image

    def activations(self, images: Tensor, layer: int) -> Tensor:
        """Activations of a layer on the way to the clusters, shape (n, channels, *size)."""
        if self.reads_image:
            return self.features.look(images, self.autoencoder)
        return self.autoencoder.activations(images, layer)

    @property
    def feature_layer(self) -> int:
        """The encoder layer whose activations decide."""
        return self.features.layer or self.autoencoder.n_layers

    def log_assign_from(self, activations: Tensor, layer: int) -> Tensor:
        """Logarithms of the probabilities, shape (n, n_clusters), from a layer's activations.

        Raises:
            SettingsError: If the clusters are read from an earlier layer than this one.
        """
        if layer > self.feature_layer:
            raise SettingsError(
                f"The clusters of this run are read from layer {self.feature_layer} of the "
                f"encoder; layer {layer} has no part in them. Choose an earlier layer."
            )
        reached = activations
        if not self.reads_image:
            reached = self.autoencoder.advance(activations, layer, self.feature_layer)
        log_assignment: Tensor = self.head(self.features(reached, self.autoencoder))
        return log_assignment

    def log_assign(self, images: Tensor) -> Tensor:
        """Logarithms of the probabilities, shape (n, n_clusters), of images (n, 1, *grid)."""
        return self.log_assign_from(self.activations(images, 1), 1)

    def forward(self, images: Tensor) -> Tensor:
        """Probabilities, shape (n, n_clusters), of images, shape (n, 1, *grid)."""
        return self.log_assign(images).exp()
