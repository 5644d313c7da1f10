"""What the decoder makes of each cluster's center, and of the way from one center to another."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clam_core.models import ClusterModel
from clam_core.study import RunWriter
from clam_core.training import InputScale

CENTERS, BETWEEN = "archetypes", "archetype_paths"
N_BETWEEN = 9
MOST_BYTES = 128 << 20
"""Steps between two centers, and what all of them together may take on disk."""


def write_archetypes(
    writer: RunWriter,
    model: ClusterModel,
    scale: InputScale,
    latent: NDArray[np.floating],
    clusters: NDArray[np.integer],
) -> tuple[list[str], dict[str, Any]]:
    """Decode the centers and the straight ways between them, and stage the pictures.

    Args:
        writer: Takes the arrays `archetypes` (cluster, *grid) and, where there is room,
            `archetype_paths` (pair and step, *grid), both float16 in the study's unit.
        model: Model of the run.
        scale: Scale of its input, which is undone.
        latent: Latent codes of the run's scans, shape (n_scans, n_latent).
        clusters: Cluster of each scan, from 0, shape (n_scans,).

    Returns:
        Names of the arrays, and what is known about them: whether centers are those of
        the head or means of members, whether values are relative to each scan's median
        inside its mask, and the number of steps between two centers.
    """
    centers, is_fitted = latent_centers(model, latent, clusters)
    n_between = steps_between(len(centers), model.autoencoder.grid)
    about = {
        "is_fitted_center": is_fitted,
        "is_relative": scale.is_relative,
        "n_between": n_between,
    }
    names = [_write(writer, CENTERS, len(centers), model, scale, iter(centers))]
    if n_between:
        n_rows = math.comb(len(centers), 2) * n_between
        names.append(_write(writer, BETWEEN, n_rows, model, scale, _ways(centers, n_between)))
    return names, about


def latent_centers(
    model: ClusterModel, latent: NDArray[np.floating], clusters: NDArray[np.integer]
) -> tuple[Tensor, bool]:
    """Center of each cluster among the latent codes.

    Args:
        model: Model of the run.
        latent: Shape (n_scans, n_latent).
        clusters: Cluster of each scan, from 0, shape (n_scans,).

    Returns:
        Shape (n_clusters, n_latent), and whether they are the centers that the clusters
        were made with. Where these live in other features, the mean of the members is
        taken; a cluster without members gets the mean of all.
    """
    if model.features.kind == "latent":
        return model.head.centers.detach().float(), True
    means = []
    for cluster in range(model.n_clusters):
        own = latent[clusters == cluster]
        means.append((own if len(own) else latent).mean(axis=0))
    return torch.from_numpy(np.stack(means)).float(), False


def steps_between(n_clusters: int, grid: tuple[int, ...]) -> int:
    """Steps between two centers that fit into the space allowed; 0 if not even one does."""
    n_pairs = math.comb(n_clusters, 2)
    if n_pairs == 0:
        return 0
    # Two bytes per voxel, as float16.
    return min(N_BETWEEN, MOST_BYTES // (2 * math.prod(grid) * n_pairs))


def _ways(centers: Tensor, n_between: int) -> Iterator[Tensor]:
    """Codes on the straight line between each pair, in the order of `itertools.combinations`."""
    shares = torch.arange(1, n_between + 1) / (n_between + 1)
    for first, second in itertools.combinations(range(len(centers)), 2):
        for share in shares:
            yield torch.lerp(centers[first], centers[second], share)


def _write(
    writer: RunWriter,
    name: str,
    n_rows: int,
    model: ClusterModel,
    scale: InputScale,
    codes: Iterator[Tensor],
) -> str:
    writer.create(name, n_rows, model.autoencoder.grid, "float16")
    for row, code in enumerate(codes):
        with torch.no_grad():
            image = model.autoencoder.decode(code[None])[0, 0]
        # The input's scale undone: back in HU, or relative to a median, which is not known here.
        writer.write_row(name, row, (image * scale.sd + scale.mean).numpy().astype(np.float16))
    return f"arrays.zarr/{name}"
