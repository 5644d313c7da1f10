"""Profile features of a cohort: medians, readout and principal axes, in three passes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from clam_core.fitting.harmonisation.technical_levels import TechnicalLevels, axes_without
from clam_core.localization import Reference, make_reference
from clam_core.models import Autoencoder, ClusterModel, LatentFeatures, StudentHead
from clam_core.models.profile_features import ProfileFeatures, ProfileKind
from clam_core.settings import FitSettings
from clam_core.training import CohortImages, encode_with
from clam_core.training.memory import Parts

FEWEST_NODES = 10
"""Nodes along each axis that a layer needs for profiles."""
RIDGE = 1e-3
"""Share of the mean squared activation that is added to keep the readout small."""


def make_profiles(
    autoencoder: Autoencoder,
    images: CohortImages,
    settings: FitSettings,
    technical: TechnicalLevels | None = None,
) -> tuple[ProfileFeatures, Reference, NDArray[np.float64]]:
    """Fit profile features to a cohort.

    The readout is the linear map of a layer's channels that best gives back the mean
    brightness below each node, so that features speak of what a reader sees and not of
    edges, to which single channels respond most.

    Args:
        autoencoder: Trained.
        images: The cohort, standardised.
        settings: Layer, number of features, mirror, batch size, seed.
        technical: Whose directions are taken out before axes are found; None takes out nothing.

    Returns:
        The features, the cohort's medians at their layer, and the features of each scan,
        shape (n_scans, n_features).
    """
    layer, size = choose_layer(autoencoder, settings), settings.train.batch_size
    # `make_reference` takes a whole model but asks only its encoder; there is no head as yet.
    stub = ClusterModel(
        autoencoder,
        LatentFeatures(),
        StudentHead(torch.zeros(2, autoencoder.settings.n_latent)),
    )
    reference = make_reference(stub, images.in_batches(size), layer, settings.seed)
    readout = _fit_readout(autoencoder, images, reference, size)
    n_profile = 2 * readout.shape[1] * sum(reference.activation.shape[2:])
    # Projection still empty: `profiles` is needed first, to find the axes it projects on.
    features = ProfileFeatures(
        ProfileKind(layer, settings.mirror, settings.smooth),
        reference.activation[0],
        readout,
        torch.zeros(n_profile),
        torch.eye(n_profile),
    )
    profiles = _over(
        lambda batch: features.profiles(autoencoder.activations(batch, layer)),
        autoencoder,
        images,
        size,
    )
    mean = profiles.mean(dim=0)
    components = axes_without(technical, profiles - mean, settings.n_features)
    features.mean, features.components = mean.float(), components.float()
    projected = (profiles - mean) @ components
    return features, reference, projected.numpy()


def choose_layer(autoencoder: Autoencoder, settings: FitSettings) -> int:
    """The layer that is asked for, or the deepest that still tells places apart."""
    if settings.feature_layer is not None:
        autoencoder.check_layer(settings.feature_layer)
        return settings.feature_layer
    deep = range(autoencoder.n_layers, 1, -1)
    fits = [layer for layer in deep if min(autoencoder.padded) // 2**layer >= FEWEST_NODES]
    return fits[0] if fits else 1


def _fit_readout(
    autoencoder: Autoencoder, images: CohortImages, reference: Reference, size: int
) -> Tensor:
    """Ridge regression from channels to local brightness, shape (channels, 1)."""
    layer = reference.layer
    middle = _local_mean(autoencoder.pad(reference.image), layer)

    def sums(batch: Tensor) -> list[Tensor]:
        deviation = autoencoder.activations(batch, layer) - reference.activation
        target = _local_mean(autoencoder.pad(batch), layer) - middle
        rows = deviation.movedim(1, -1).flatten(1, -2).double()
        goal = target.movedim(1, -1).flatten(1, -2).double()
        # Normal equations per scan: channels squared are kept, not all nodes of the cohort.
        return [rows.mT @ rows, rows.mT @ goal]

    gram, moment = (part.sum(dim=0) for part in _each(sums, autoencoder, images, size))
    # Of an encoder that gives zeros everywhere the Gram matrix is zero; it must not be singular.
    steady = RIDGE * gram.diagonal().mean().clamp_min(torch.finfo(torch.float64).tiny)
    identity = torch.eye(len(gram), dtype=gram.dtype)
    readout: Tensor = torch.linalg.solve(gram + steady * identity, moment)
    return readout.float()


def _local_mean(images: Tensor, layer: int) -> Tensor:
    """Mean of the block of voxels below each node, shape (n, 1, *size of the layer)."""
    pool = functional.avg_pool3d if images.ndim == 5 else functional.avg_pool2d
    means: Tensor = pool(images, 2**layer)
    return means


def _over(
    function: Callable[[Tensor], Tensor], autoencoder: Autoencoder, images: CohortImages, size: int
) -> Tensor:
    return _each(lambda batch: [function(batch)], autoencoder, images, size)[0].double()


def _each(
    function: Callable[[Tensor], list[Tensor]],
    autoencoder: Autoencoder,
    images: CohortImages,
    size: int,
) -> list[Tensor]:
    return encode_with(function, autoencoder, images, Parts(size, []))
