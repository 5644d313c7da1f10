"""Small models, and every formula once more: plain loops in float64."""

import itertools

import numpy as np
import torch

from clam_core.localization import Reference
from clam_core.models import Autoencoder, ClusterModel, LatentFeatures, StudentHead
from clam_core.models.autoencoder import seeded_autoencoder
from clam_core.settings import NetworkSettings

SLOPE = 0.1


def small_model(grid=(9, 8), channels=(2, 3), n_clusters=3, seed=7, bias=0.0):
    """A float64 network with drawn weights, large enough latent codes to matter."""
    settings = NetworkSettings(channels=channels, n_latent=4)
    autoencoder = seeded_autoencoder(grid, settings, seed).double()
    rng = torch.Generator().manual_seed(seed + 100)
    with torch.no_grad():
        autoencoder.to_latent.weight.mul_(3)
        for convolution in autoencoder.encoder:
            convolution.weight.mul_(2)
            convolution.bias.fill_(bias)
    centers = torch.randn(n_clusters, 4, generator=rng, dtype=torch.float64)
    return ClusterModel(autoencoder, LatentFeatures(), StudentHead(centers, 0.7))


def draw_images(n, grid, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(n, 1, *grid, generator=rng, dtype=torch.float64)


def zero_reference(model, layer, grid):
    image = torch.zeros(1, 1, *grid, dtype=next(model.parameters()).dtype)
    with torch.no_grad():
        activation = model.activations(image, layer)
    return Reference(layer, torch.zeros_like(activation), image, n_scans=1, n_used=1)


class Plain:
    """A `ClusterModel` with latent features and Student head, in numpy."""

    def __init__(self, model):
        self.kernels = [
            (c.weight.detach().double().numpy(), c.bias.detach().double().numpy())
            for c in model.autoencoder.encoder
        ]
        dense = model.autoencoder.to_latent
        self.dense = (dense.weight.detach().double().numpy(), dense.bias.detach().double().numpy())
        self.centers = model.head.centers.detach().double().numpy()
        self.scale = float(model.head.scale)
        self.grid, self.padded = model.autoencoder.grid, model.autoencoder.padded

    def activations(self, image, layer):
        """Image of shape (*grid) to activations (channels, *size)."""
        found = image
        for axis, (n, padded) in enumerate(zip(self.grid, self.padded, strict=True)):
            last = np.take(found, [n - 1] * (padded - n), axis=axis)
            found = np.concatenate([found, last], axis=axis)
        found = found[None]
        for kernel in self.kernels[:layer]:
            found = convolve(found, *kernel)
        return found

    def assign_from(self, activation, layer):
        """Probabilities, shape (n_clusters,)."""
        for kernel in self.kernels[layer:]:
            activation = convolve(activation, *kernel)
        latent = self.dense[0] @ activation.ravel() + self.dense[1]
        kernel = 1 / (1 + ((latent - self.centers) ** 2).sum(axis=1) / self.scale)
        return kernel / kernel.sum()

    def assign(self, image):
        return self.assign_from(self.activations(image, 1), 1)

    def upsample(self, nodes):
        return upsample_slowly(nodes, self.padded)[tuple(slice(0, n) for n in self.grid)]


def convolve(values, weight, bias):
    """Kernel 4, stride 2, padding 1, LeakyReLU: one output node at a time."""
    n_axes = values.ndim - 1
    padded = np.pad(values, [(0, 0)] + [(1, 1)] * n_axes)
    size = [n // 2 for n in values.shape[1:]]
    found = np.zeros((len(weight), *size))
    for node in itertools.product(*[range(n) for n in size]):
        patch = padded[(slice(None), *[slice(2 * at, 2 * at + 4) for at in node])]
        found[(slice(None), *node)] = (weight * patch).reshape(len(weight), -1).sum(axis=1) + bias
    return np.where(found > 0, found, SLOPE * found)


def upsample_slowly(nodes, size):
    """Linear interpolation between node centers, constant beyond the outermost ones."""
    found = np.zeros(size)
    for voxel in itertools.product(*[range(n) for n in size]):
        corners = []
        for at, n_nodes, n_voxels in zip(voxel, nodes.shape, size, strict=True):
            place = max((at + 0.5) * n_nodes / n_voxels - 0.5, 0)
            low = min(int(place), n_nodes - 1)
            high = min(low + 1, n_nodes - 1)
            corners.append([(low, 1 - (place - low)), (high, place - low)])
        for corner in itertools.product(*corners):
            weight = np.prod([part for _, part in corner])
            found[voxel] += weight * nodes[tuple(at for at, _ in corner)]
    return found


def log_odds_plainly(q, cluster, other=None):
    against = 1 - q[cluster] if other is None else q[other]
    return np.log(q[cluster]) - np.log(against)


def unit_scaled(values):
    return (values - values.min()) / (values.max() - values.min())


def corner_model(n_axes=3, n_grid=8):
    """One convolution; channel 0 is the mean of 2-voxel blocks, channel 1 never fires.

    The first latent number is the sum of channel 0. Cluster 0 has its center at 0,
    cluster 1 where that sum is 1.
    """
    grid = (n_grid,) * n_axes
    autoencoder = Autoencoder(grid, NetworkSettings(channels=(2,), n_latent=2)).double()
    with torch.no_grad():
        convolution = autoencoder.encoder[0]
        convolution.weight.zero_()
        convolution.bias.zero_()
        convolution.weight[(0, 0, *[slice(1, 3)] * n_axes)] = 0.5**n_axes
        autoencoder.to_latent.weight.zero_()
        autoencoder.to_latent.bias.zero_()
        autoencoder.to_latent.weight[0, : (n_grid // 2) ** n_axes] = 1
    centers = torch.tensor([[0.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    return ClusterModel(autoencoder, LatentFeatures(), StudentHead(centers))


def corner_image(n_axes=3, n_grid=8):
    image = torch.zeros(1, 1, *(n_grid,) * n_axes, dtype=torch.float64)
    image[(0, 0, *[slice(0, 2)] * n_axes)] = 1
    return image


def roaming_model(n_grid=64):
    """2D network whose answer does not depend on where in the image something lies."""
    autoencoder = seeded_autoencoder(
        (n_grid, n_grid), NetworkSettings(channels=(2, 3, 4), n_latent=3), 3
    ).double()
    per_channel = (n_grid // 8) ** 2
    with torch.no_grad():
        for convolution in autoencoder.encoder:
            convolution.bias.zero_()
            convolution.weight.mul_(3)
        weight = torch.randn(3, 4, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
        autoencoder.to_latent.weight.copy_(weight.repeat_interleave(per_channel, dim=1))
        autoencoder.to_latent.bias.zero_()
    centers = torch.tensor([[0.0, 0, 0], [1, 0, 0.5], [0, -1, 0]], dtype=torch.float64)
    return ClusterModel(autoencoder, LatentFeatures(), StudentHead(centers))
