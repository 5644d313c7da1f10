"""Convolutional autoencoder: three halvings, a dense latent code, and the mirror image back."""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from clam_core.errors import AlignmentError, SettingsError
from clam_core.settings import NetworkSettings


class Autoencoder(nn.Module):
    """Encoder and decoder for 2D or 3D images on one grid.

    Each convolution halves every axis. A grid that does not divide evenly is padded
    with the edge value on its far sides, and the reconstruction is cropped back.

    Args:
        grid: Voxels along each axis, 2 or 3 numbers.
        settings: Channels, slope of the LeakyReLU and size of the latent code.

    Raises:
        SettingsError: If the grid is too small for the number of convolutions.

    Source:
        Ryan et al. (2022), J. Med. Imaging 9(2), section 2.2; the layout of Guo et al.
        (2017), "Deep clustering with convolutional autoencoders", ICONIP.
    """

    def __init__(self, grid: tuple[int, ...], settings: NetworkSettings) -> None:
        super().__init__()
        self.grid, self.settings = grid, settings
        step = 2 ** len(settings.channels)
        self.padded = tuple(math.ceil(n / step) * step for n in grid)
        if len(grid) not in {2, 3} or min(grid) < step:
            raise SettingsError(
                f"The grid {grid} is too small: {len(settings.channels)} convolutions need at "
                f"least {step} voxels along each of 2 or 3 axes."
            )
        self.code_shape = (settings.channels[-1], *(n // step for n in self.padded))
        n_code = math.prod(self.code_shape)
        down, up = _layers(len(grid), settings)
        self.encoder, self.decoder = nn.ModuleList(down), nn.ModuleList(up)
        self.to_latent = nn.Linear(n_code, settings.n_latent)
        self.from_latent = nn.Linear(settings.n_latent, n_code)

    @property
    def n_layers(self) -> int:
        """Number of convolutions of the encoder; layers are counted from 1."""
        return len(self.encoder)

    def pad(self, images: Tensor) -> Tensor:
        """Images of the grid, shape (n, 1, *grid), on the padded grid.

        Raises:
            AlignmentError: If they are not on this network's grid.
        """
        if images.ndim != len(self.grid) + 2 or tuple(images.shape[2:]) != self.grid:
            raise AlignmentError(
                f"Images of shape {tuple(images.shape)} do not fit a network for {self.grid}."
            )
        if self.padded == self.grid:
            return images
        ends = zip(reversed(self.padded), reversed(self.grid), strict=True)
        # `pad` takes its widths from the last axis to the first.
        widths = [width for padded, n in ends for width in (0, padded - n)]
        return functional.pad(images, widths, mode="replicate")

    def crop(self, images: Tensor) -> Tensor:
        """The inverse of `pad`."""
        for axis, n in enumerate(self.grid, start=2):
            images = images.narrow(axis, 0, n)
        return images

    def activations(self, images: Tensor, layer: int) -> Tensor:
        """Output of an encoder convolution after its LeakyReLU.

        Args:
            images: Shape (n, 1, *grid), standardised.
            layer: 1 for the first convolution, `n_layers` for the last.

        Returns:
            Shape (n, channels of that layer, *padded grid / 2**layer).
        """
        self.check_layer(layer)
        activation = self.pad(images)
        for convolution in self.encoder[:layer]:
            activation = self._bend(convolution(activation))
        return activation

    def advance(self, activations: Tensor, layer: int, until: int | None = None) -> Tensor:
        """Activations of layer `until` (None is the last one), from those of `layer`."""
        for convolution in self.encoder[layer:until]:
            activations = self._bend(convolution(activations))
        return activations

    def latent(self, last: Tensor) -> Tensor:
        """Latent codes, shape (n, n_latent), of the last layer's activations."""
        codes: Tensor = self.to_latent(last.flatten(1))
        return codes

    def encode(self, images: Tensor) -> Tensor:
        """Latent codes, shape (n, n_latent), of images, shape (n, 1, *grid)."""
        return self.latent(self.activations(images, self.n_layers))

    def decode(self, latent: Tensor) -> Tensor:
        """Images, shape (n, 1, *grid), of latent codes, shape (n, n_latent)."""
        decoded = self._bend(self.from_latent(latent)).reshape(-1, *self.code_shape)
        for convolution in self.decoder[:-1]:
            decoded = self._bend(convolution(decoded))
        decoded = self.decoder[-1](decoded)
        if self.settings.output == "leaky_relu":
            decoded = self._bend(decoded)
        return self.crop(decoded)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Reconstructions, shape (n, 1, *grid), and latent codes, shape (n, n_latent)."""
        latent = self.encode(images)
        return self.decode(latent), latent

    def check_layer(self, layer: int) -> None:
        """Refuse a layer that the encoder has not.

        Raises:
            SettingsError: If it lies outside 1 to `n_layers`.
        """
        if not 1 <= layer <= self.n_layers:
            raise SettingsError(
                f"The encoder has layers 1 to {self.n_layers}; there is no layer {layer}."
            )

    def _bend(self, values: Tensor) -> Tensor:
        # Values come fresh out of a layer: in place spares a tensor as large, where no gradient
        # needs them as they were.
        in_place = not torch.is_grad_enabled()
        return functional.leaky_relu(values, self.settings.slope, inplace=in_place)


def _layers(n_axes: int, settings: NetworkSettings) -> tuple[list[nn.Module], list[nn.Module]]:
    """Convolutions down and transposed convolutions up."""
    convolution: type[nn.Module] = nn.Conv3d if n_axes == 3 else nn.Conv2d
    transposed: type[nn.Module] = nn.ConvTranspose3d if n_axes == 3 else nn.ConvTranspose2d
    sizes = (1, *settings.channels)
    pairs = list(itertools.pairwise(sizes))
    # (n + 2 - 4) / 2 + 1 = n / 2: every axis is halved exactly, and doubled on the way back.
    shape = {"kernel_size": 4, "stride": 2, "padding": 1}
    down = [convolution(low, high, **shape) for low, high in pairs]
    up = [transposed(high, low, **shape) for low, high in reversed(pairs)]
    return down, up


def seeded_autoencoder(grid: tuple[int, ...], settings: NetworkSettings, seed: int) -> Autoencoder:
    """A new network whose weights follow from the seed; global random state is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Autoencoder(grid, settings)
