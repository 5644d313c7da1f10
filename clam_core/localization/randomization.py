"""The weight-randomisation check: a map of a trained encoder must not survive new weights."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from clam_core.errors import AlignmentError
from clam_core.localization.backdrop import add_backdrop
from clam_core.localization.maps import VARIANTS, ActivationMaps, make_maps, map_layer
from clam_core.localization.reference import make_reference
from clam_core.models import ClusterModel
from clam_core.settings import LocalizeSettings

Map = NDArray[np.floating]


@dataclass(frozen=True)
class Resemblance:
    """How alike two maps of one scan are; NaN if one of them is the same everywhere.

    Attributes:
        spearman: Rank correlation over voxels.
        pearson: Linear correlation over voxels.
    """

    spearman: float
    pearson: float


def check_randomization(
    model: ClusterModel,
    images: Tensor,
    maps: ActivationMaps,
    settings: LocalizeSettings,
    cohort: Iterable[Tensor],
    clusters: NDArray[np.int64] | None = None,
) -> list[Resemblance]:
    """Compare maps with those of the same model with a random encoder.

    Features and head are kept, clusters and reference images too; the reference's
    activations are those of the random encoder.

    Args:
        model: The model that the maps explain; left alone.
        images: Standardised, shape (n, 1, *grid).
        maps: Their maps, made with `settings`.
        settings: How they were made; the seed draws the weights.
        cohort: Batches that the reference was made from, read once for it and once for
            its backdrop; not read where the variant needs none.
        clusters: Cluster of each scan of the cohort, from 0, where the maps' reference
            has a backdrop; None where it has none.

    Returns:
        One result per scan. Near 1, the map shows the image rather than the model.

    Source:
        Adebayo et al. (2018), "Sanity checks for saliency maps", NeurIPS, section 3.
    """
    random_model = randomize_encoder(model, settings.seed)
    reference = None
    if VARIANTS[settings.variant].needs_reference:
        layer = map_layer(model, settings)
        reference = make_reference(random_model, cohort, layer, settings.seed)
        if clusters is not None:
            reference = add_backdrop(random_model, reference, cohort, clusters, settings)
    own = maps.cluster if settings.target == "own" else None
    others = make_maps(random_model, images, settings, reference, own)
    pairs = zip(maps.positive, others.positive, strict=True)
    return [compare_maps(one, other) for one, other in pairs]


def randomize_encoder(model: ClusterModel, seed: int) -> ClusterModel:
    """A copy with newly drawn weights from the image to the latent code.

    Args:
        model: Left alone.
        seed: The weights follow from it, but are not those that training with this seed
            starts from; global random state is left alone.

    Returns:
        The copy; features and head have the same values.
    """
    drawn = copy.deepcopy(model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(np.random.SeedSequence((seed, 1)).generate_state(1)[0]))
        for part in (drawn.autoencoder.encoder, drawn.autoencoder.to_latent):
            _redraw(part)
    return drawn


def compare_maps(first: Map, second: Map) -> Resemblance:
    """Correlate two maps over their voxels.

    Args:
        first: Shape (*grid).
        second: Same shape.

    Returns:
        Spearman and Pearson correlation.

    Raises:
        AlignmentError: If shapes differ.
    """
    from scipy.stats import rankdata

    if first.shape != second.shape:
        raise AlignmentError(f"Maps of shapes {first.shape} and {second.shape} do not fit.")
    one, other = first.ravel().astype(np.float64), second.ravel().astype(np.float64)
    return Resemblance(_correlation(rankdata(one), rankdata(other)), _correlation(one, other))


def _redraw(part: nn.Module) -> None:
    """Draw the weights of every layer as for a new network, on the CPU."""
    for module in part.modules():
        if isinstance(module, nn.Linear | nn.modules.conv._ConvNd):
            # On a GPU other numbers would be drawn, and its random state is not forked.
            fresh = copy.deepcopy(module).cpu()
            fresh.reset_parameters()
            module.load_state_dict(fresh.state_dict())


def _correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    first, second = first - first.mean(), second - second.mean()
    norm = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / norm if norm > 0 else float("nan")
