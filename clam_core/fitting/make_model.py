"""From a trained network to a model: features, clusters, and the head that softens them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from clam_core.clustering import cluster_scans, clusterer_of
from clam_core.embedding import spread_out
from clam_core.fitting.evidence import evidence
from clam_core.fitting.fit_profile_features import make_profiles
from clam_core.fitting.fit_zonal_features import make_zonal
from clam_core.fitting.harmonisation.technical_levels import TechnicalLevels
from clam_core.fitting.heads import (
    discriminant_head,
    gaussian_head,
    mixture_head,
    student_head,
)
from clam_core.models import Autoencoder, ClusterModel, LatentFeatures, ZonalFeatures
from clam_core.models.features import Features
from clam_core.models.heads import Head
from clam_core.settings import FitMethod, FitSettings
from clam_core.settings.views import ZONAL
from clam_core.training import CohortImages, encode

N_AXES = (4, 6, 8, 10)
"""Principal axes of densities that are tried."""


def make_model(
    autoencoder: Autoencoder,
    images: CohortImages,
    settings: FitSettings,
    method: FitMethod,
    technical: TechnicalLevels | None = None,
) -> tuple[ClusterModel, NDArray[np.floating]]:
    """Features, hard clusters and the head that softens them.

    Args:
        autoencoder: Trained, or as drawn.
        images: The cohort, standardised.
        settings: Number of clusters and of features, seed.
        method: What is grouped, and how; not `auto`, `best` or `latent`.
        technical: Whose directions are taken out of what is grouped; None takes out nothing.

    Returns:
        The model, and what was clustered, shape (n_scans, n_features).
    """
    features: Features
    values: NDArray[np.floating]
    if method == "profiles":
        features, _, values = make_profiles(autoencoder, images, settings, technical)
    elif method == "density":
        features, values = _most_evident(
            *make_zonal(method, autoencoder, images, settings, technical), settings
        )
    elif method == "texture":
        features, values = make_zonal(method, autoencoder, images, settings, technical)
    else:
        codes = encode(autoencoder, images, settings.train.batch_size).latent
        features, values = _latent(codes, technical)
    labels = _labels(values, settings, method)
    head: Head
    if method == "gmm":
        head = mixture_head(values, labels)
    elif method == "umap":
        head = gaussian_head(values, labels)
    elif method in {"graph", "profiles", *ZONAL}:
        head = discriminant_head(values, labels, is_whitened=method in ZONAL)
    else:
        head = student_head(values, labels, is_unit=settings.kernel == "unit")
    return ClusterModel(autoencoder, features, head), values


def _latent(
    codes: Tensor, technical: TechnicalLevels | None
) -> tuple[LatentFeatures, NDArray[np.floating]]:
    """Latent codes as they are, or without technical directions."""
    if technical is None:
        return LatentFeatures(), codes.numpy()
    precise = codes.double()
    mean, directions = precise.mean(dim=0), technical.directions(precise)
    left = precise - (precise - mean) @ directions @ directions.T
    return LatentFeatures(mean.float(), directions.float()), left.numpy()


def _most_evident(
    features: ZonalFeatures, values: NDArray[np.float64], settings: FitSettings
) -> tuple[ZonalFeatures, NDArray[np.float64]]:
    """The first principal axes only: as many as show groups that are most evident.

    Few axes may leave out the direction that groups lie in; with many a mixture finds groups in
    any direction.
    """
    numbers = [n for n in N_AXES if n <= values.shape[1]] or [values.shape[1]]
    scores = [
        evidence(values[:, :n], clusterer_of("density"), settings.n_clusters, settings.seed)
        for n in numbers
    ]
    n_axes = numbers[int(np.argmax(scores))]
    features.components = features.components[:, :n_axes].clone()
    return features, values[:, :n_axes]


def _labels(
    values: NDArray[np.floating], settings: FitSettings, method: FitMethod
) -> NDArray[np.int64]:
    """Hard clusters of the features."""
    if method == "umap":
        plane = spread_out(values, settings.seed)
        return cluster_scans(plane, "gmm", settings.n_clusters, settings.seed)
    # DCEC starts from k-means on the codes, as in the paper; `refine` moves the centers.
    return cluster_scans(values, clusterer_of(method), settings.n_clusters, settings.seed)
