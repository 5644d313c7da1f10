"""From the nodes of a layer to the voxels of the grid: linear interpolation, axis by axis."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from clam_core.models import Autoencoder


def upsample(nodes: Tensor, autoencoder: Autoencoder) -> Tensor:
    """Interpolate node values linearly to the padded grid, and crop them to the grid.

    Bilinear or trilinear interpolation is a product of one matrix per axis, which is
    several times faster than interpolating voxel by voxel and gives the same values
    as `torch.nn.functional.interpolate` with `align_corners=False`.

    Args:
        nodes: Values, shape (n, *size of a layer).
        autoencoder: Its grid and padded grid are used.

    Returns:
        Shape (n, *grid).
    """
    axes = zip(autoencoder.padded, autoencoder.grid, strict=True)
    for padded, n_voxels in axes:
        # tensordot takes axis 1 away and appends the new one, so that all axes end in their order.
        weights = _axis_weights(nodes.shape[1], padded, nodes)[:, :n_voxels]
        nodes = torch.tensordot(nodes, weights, dims=([1], [0]))
    return nodes


def _axis_weights(n_nodes: int, n_voxels: int, like: Tensor) -> Tensor:
    """Weight of each node in each voxel along one axis, shape (n_nodes, n_voxels)."""
    unit = torch.eye(n_nodes, dtype=like.dtype, device=like.device)
    # Interpolating unit vectors gives the matrix of the interpolation itself.
    return functional.interpolate(unit[None], size=n_voxels, mode="linear", align_corners=False)[0]
