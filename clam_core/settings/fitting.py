"""The network, its training, and the clusters."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from clam_core.settings.base import Settings
from clam_core.settings.harmonise import HarmoniseSettings
from clam_core.settings.images import ScaleSettings

FitMethod = Literal[
    "auto",
    "dcec",
    "kmeans",
    "gmm",
    "graph",
    "umap",
    "profiles",
    "density",
    "texture",
    "latent",
    "best",
]
Preset = Literal["default", "fast", "paper"]


class NetworkSettings(Settings):
    """The convolutional autoencoder.

    Attributes:
        channels: Channels of each convolution (kernel 4, stride 2).
        n_latent: Size of the latent code.
        slope: Slope of the LeakyReLU below zero.
        output: The decoder ends in a linear layer; `leaky_relu` is for comparison only.
    """

    channels: tuple[int, ...] = (16, 32, 64)
    n_latent: int = Field(default=60, ge=2, le=1024)
    slope: float = Field(default=0.1, ge=0, lt=1)
    output: Literal["linear", "leaky_relu"] = "linear"

    @model_validator(mode="after")
    def _check(self) -> NetworkSettings:
        if not 1 <= len(self.channels) <= 5 or not all(1 <= n <= 1024 for n in self.channels):
            raise ValueError("the network needs 1 to 5 convolutions of 1 to 1024 channels")
        return self


class TrainSettings(Settings):
    """Pretraining of the autoencoder.

    Attributes:
        epochs: Passes over the cohort.
        batch_size: Scans per step.
        learning_rate: Step size of Adam at its highest.
        weight_decay: Decoupled weight decay (AdamW); 0 in the paper.
        schedule: `constant`, or `cosine` with a warm-up of 20 steps.
        noise_sd: Standard deviation of the noise added to the input (1 is
            that of the cohort); the target stays clean.
        shift_voxels: Each batch is moved by up to this many voxels.
        patience: Stop when the loss has not improved by 0.1 % for this many
            epochs; 0 never stops early.
        seed: Weights, order of scans, noise and shifts follow from it.
    """

    epochs: int = Field(default=50, ge=0, le=10_000)
    batch_size: int = Field(default=16, ge=1, le=4096)
    learning_rate: float = Field(default=1e-3, gt=0, le=1)
    weight_decay: float = Field(default=0.0, ge=0, le=1)
    schedule: Literal["constant", "cosine"] = "cosine"
    noise_sd: float = Field(default=0.5, ge=0, le=5)
    shift_voxels: int = Field(default=1, ge=0, le=16)
    patience: int = Field(default=0, ge=0)
    seed: int = Field(default=0, ge=0)


class RefineSettings(Settings):
    """The clustering phase of DCEC: reconstruction and clustering loss together.

    Attributes:
        epochs: Passes over the cohort.
        clustering_weight: Weight of KL(p || q) beside the reconstruction (gamma
            in the paper).
        refresh_every: Epochs between two computations of the target.
        learning_rate: Step size of Adam.
        batch_size: Scans per step.
        tolerance: Stop when a smaller share of scans changed cluster between
            two refreshes.
        seed: Order of scans.
    """

    epochs: int = Field(default=50, ge=0, le=10_000)
    clustering_weight: float = Field(default=0.1, ge=0, le=1000)
    refresh_every: int = Field(default=10, ge=1)
    learning_rate: float = Field(default=1e-4, gt=0, le=1)
    batch_size: int = Field(default=16, ge=1, le=4096)
    tolerance: float = Field(default=0.001, ge=0, lt=1)
    seed: int = Field(default=0, ge=0)


class FitSettings(Settings):
    """From volumes to clusters.

    Attributes:
        method: `profiles` groups position-tolerant features of the activations;
            `density` and `texture` group how values, or differences of neighbours, are
            spread in thirds of the lungs' height;
            `kmeans`, `gmm`, `graph`, `umap` (a mixture on their UMAP) and `dcec` (the
            paper) group latent codes; `latent` is `umap` for pictures and `graph` for
            volumes; `auto` compares `profiles`, `density` and `texture` where all scans
            have masks (with voxels of one size it is `profiles`), else it is `latent`;
            `best` compares them with voxels of one size, too.
        n_clusters: Number of clusters.
        network: The autoencoder.
        scale: How volumes become inputs.
        train: Pretraining.
        refine: The clustering phase of `dcec`.
        kernel: Distances in units of the spread within clusters (`scaled`), or as
            they are (`unit`, the paper).
        n_features: Numbers that profiles are projected to.
        feature_layer: Encoder layer that profiles are read from; None takes the
            deepest one with at least ten nodes along each axis.
        smooth: Nodes along each axis over which profiles average first.
        mirror: Whether left and right count as the same for profiles.
        plane: How scans are placed on the map that people look at.
        seed: Everything random follows from it.
        given: Digest of a table of numbers, or of an encoder and its input, that are grouped in
            place of what our network sees; `method` is then how they are grouped.
        harmonise: What is taken out of the numbers that scans are grouped by; None is nothing.
    """

    method: FitMethod = "auto"
    n_clusters: int = Field(default=2, ge=2, le=50)
    network: NetworkSettings = NetworkSettings(n_latent=10)
    scale: ScaleSettings = ScaleSettings()
    train: TrainSettings = TrainSettings()
    refine: RefineSettings = RefineSettings()
    kernel: Literal["scaled", "unit"] = "scaled"
    n_features: int = Field(default=8, ge=1, le=200)
    feature_layer: int | None = Field(default=None, ge=1, le=5)
    smooth: Literal[1, 3, 5] = 3
    mirror: bool = True
    plane: Literal["umap", "pca"] = "umap"
    seed: int = Field(default=0, ge=0)
    given: str = ""
    harmonise: HarmoniseSettings | None = None
