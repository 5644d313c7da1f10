"""Activation maps made by others, and once more plainly in float64."""

from __future__ import annotations

import copy
import importlib.util
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from clam_core.fitting.presets import preset_settings
from clam_core.models import ClusterModel, LatentFeatures, StudentHead
from clam_core.models.autoencoder import seeded_autoencoder
from clam_core.settings import NetworkSettings

Map = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Example:
    """One scan, and a model of two clusters that tells it from another scan.

    Attributes:
        model: Network of the paper, not trained: speed does not depend on weights.
        images: Standardised scans, shape (n, 1, *grid); the first one is mapped.
    """

    model: ClusterModel
    images: Tensor

    @property
    def image(self) -> Tensor:
        """The scan that is mapped, shape (1, 1, *grid)."""
        return self.images[:1]


def make_example(grid: tuple[int, int, int], network: NetworkSettings | None = None) -> Example:
    """Smooth drawn scans, and clusters around the codes of the first two.

    Args:
        grid: Voxels along each axis.
        network: None takes the network of the paper.
    """
    settings = network or preset_settings("paper", 2).network
    autoencoder = seeded_autoencoder(grid, settings, seed=0)
    images = torch.stack([_smooth(grid, seed) for seed in range(4)])
    with torch.no_grad():
        centers = autoencoder.encode(images[:2])
    spread = float((centers[0] - centers[1]).square().sum()) / 8
    head = StudentHead(centers, spread)
    return Example(ClusterModel(autoencoder, LatentFeatures(), head).eval(), images)


def _smooth(grid: tuple[int, int, int], seed: int) -> Tensor:
    """A drawn image with structures of about eight voxels, mean 0 and sd 1, shape (1, *grid)."""
    rng = torch.Generator().manual_seed(seed)
    coarse = torch.randn(1, 1, *(max(2, n // 8) for n in grid), generator=rng)
    image = functional.interpolate(coarse, size=grid, mode="trilinear")[0]
    return (image - image.mean()) / image.std()


def has_torch_cam() -> bool:
    """Whether torch-cam is installed; it is needed for the comparison only."""
    return importlib.util.find_spec("torchcam") is not None


def torch_cam_map(example: Example, batch_size: int = 32) -> Tensor:
    """Score-CAM of cluster 0 at the last encoder convolution, as torch-cam makes it.

    Args:
        example: Network and scan.
        batch_size: Masked scans at once; 32 is torch-cam's own choice.

    Returns:
        The map on the nodes of the layer; torch-cam leaves the upsampling to others.
    """
    from torchcam.methods import ScoreCAM

    network = example.model.autoencoder
    layer = f"autoencoder.encoder.{network.n_layers - 1}"
    slope = network.settings.slope
    with ScoreCAM(
        example.model,
        layer,
        batch_size=batch_size,
        reshape_transform=lambda values: functional.leaky_relu(values, slope),
    ) as extract:
        with torch.no_grad():
            example.model(example.image)
        activation_map: Tensor = extract(0)[0]
    return activation_map


def published_map(example: Example, channels: range | None = None) -> Map:
    """The paper's map of cluster 0 as its authors compute it: one channel after the other.

    Each channel is zoomed to the grid by a cubic spline, scaled to [0, 1] and laid over
    the scan; one prediction gives its weight.

    Args:
        example: Network and scan.
        channels: Which channels; None takes all. (Their script takes the first eleven.)

    Returns:
        The positive part of the weighted sum, shape (*grid).
    """
    from scipy import ndimage

    network, scan = example.model.autoencoder, example.image
    with torch.no_grad():
        activation = network.activations(scan, network.n_layers)[0].numpy()
        total = np.zeros(scan.shape[2:], dtype=np.float32)
        for channel in activation if channels is None else activation[list(channels)]:
            factors = [n / m for n, m in zip(total.shape, channel.shape, strict=True)]
            zoomed = ndimage.zoom(channel, factors, order=3)
            mask = (zoomed - zoomed.min()) / (zoomed.max() - zoomed.min())
            weight = float(example.model(scan * torch.from_numpy(mask))[0, 0])
            total += weight * zoomed
    return np.maximum(total, 0)


def plain_paper_map(example: Example) -> Map:
    """The paper's map of cluster 0 by its definition, in float64, one channel at a time."""
    model, scan = copy.deepcopy(example.model).double(), example.image.double()
    total = torch.zeros(scan.shape[2:], dtype=torch.float64)
    with torch.no_grad():
        for channel in _activation(model, scan, model.autoencoder.n_layers)[0]:
            grown = _grow(channel, scan)
            mask = (grown - grown.min()) / (grown.max() - grown.min())
            total += _probabilities(model, mask * scan)[0, 0] * grown
    return total.clamp_min(0).numpy()


def plain_integrated_map(example: Example, layer: int, n_steps: int) -> Map:
    """The integrated map of cluster 0 in float64, one step of the path at a time.

    The path starts at the median activation of the example's scans.
    """
    model = copy.deepcopy(example.model).double()
    with torch.no_grad():
        all_ends = [_activation(model, scan[None].double(), layer) for scan in example.images]
    end, start = all_ends[0], torch.cat(all_ends).quantile(0.5, dim=0, keepdim=True)
    total = torch.zeros_like(end)
    for step in range(n_steps):
        point = start + (step + 0.5) / n_steps * (end - start)
        point.requires_grad_()
        own = _probabilities(model, point, layer)[0, 0]
        (own.log() - (1 - own).log()).backward()  # type: ignore[no-untyped-call]
        if point.grad is not None:
            total += point.grad / n_steps
    nodes = (total * (end - start)).sum(dim=1)[0]
    return _grow(nodes, example.image).numpy()


def _activation(model: ClusterModel, values: Tensor, until: int, layer: int = 0) -> Tensor:
    network = model.autoencoder
    weights = network.encoder.state_dict()
    for at in range(layer, until):
        kernel, bias = weights[f"{at}.weight"], weights[f"{at}.bias"]
        values = functional.conv3d(values, kernel, bias, stride=2, padding=1)
        values = torch.where(values > 0, values, network.settings.slope * values)
    return values


def _probabilities(model: ClusterModel, values: Tensor, layer: int = 0) -> Tensor:
    """Student-t kernel around the centers, from an image (layer 0) or an activation."""
    network, head = model.autoencoder, model.head
    last = _activation(model, values, network.n_layers, layer)
    latent = last.flatten(1) @ network.to_latent.weight.T + network.to_latent.bias
    squared = (latent[:, None] - head.centers).square().sum(dim=2)
    kernel = 1 / (1 + squared / head.named_tensors()["scale"])
    return kernel / kernel.sum(dim=1, keepdim=True)


def _grow(nodes: Tensor, scan: Tensor) -> Tensor:
    """Trilinear interpolation, voxel by voxel, shape (*grid)."""
    size = list(scan.shape[2:])
    return functional.interpolate(nodes[None, None], size=size, mode="trilinear")[0, 0]
