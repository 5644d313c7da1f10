"""Profiles: where along each axis a scan leaves the cohort, and how far, read from activations."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from clam_core.models.autoencoder import Autoencoder
from clam_core.models.features import Features


@dataclass(frozen=True)
class ProfileKind:
    """How profiles are read.

    Attributes:
        layer: Encoder layer, from 1.
        mirror: Whether left and right count as the same (first axis folded).
        smooth: Nodes along each axis that are averaged, odd; 1 averages nothing.
    """

    layer: int
    mirror: bool = True
    smooth: int = 3


class ProfileFeatures(Features):
    """Extremes of the local deviation from the cohort along each axis, in a few numbers.

    A lesion lies at a slightly different place in every scan. The largest deviation in
    each plane across an axis keeps where along the axis it lies and forgets where within
    the plane. The deviation is read out of the activations by one linear map of the
    channels, the same at every position, and averaged over neighbors, so that thin
    vessels and remains of the rim count less than a lesion.

    Args:
        how: Layer, folding and smoothing.
        reference: Cohort's median activation of that layer, shape (channels, *size).
        readout: Linear map of the channels, shape (channels, n_out).
        mean: Mean profile of the cohort, shape (n_profile,).
        components: Principal axes of the profiles, shape (n_profile, n_features).
    """

    kind = "profiles"
    reference: Tensor
    readout: Tensor
    mean: Tensor
    components: Tensor

    def __init__(
        self,
        how: ProfileKind,
        reference: Tensor,
        readout: Tensor,
        mean: Tensor,
        components: Tensor,
    ) -> None:
        super().__init__()
        self.how, self.layer = how, how.layer
        self.register_buffer("reference", reference.clone())
        self.register_buffer("readout", readout.clone())
        self.register_buffer("mean", mean.clone())
        self.register_buffer("components", components.clone())

    def profiles(self, activations: Tensor) -> Tensor:
        """Profiles before the projection, shape (n, n_profile)."""
        brightness = read_out(activations - self.reference, self.readout)
        if self.how.smooth > 1:
            pool = functional.avg_pool3d if brightness.ndim == 5 else functional.avg_pool2d
            size = self.how.smooth
            # The padding's zeros count in the mean: beyond the edge nothing deviates.
            brightness = pool(brightness, size, stride=1, padding=size // 2)
        return axis_profiles(brightness, mirror=self.how.mirror)

    def forward(self, activations: Tensor, autoencoder: Autoencoder) -> Tensor:  # noqa: ARG002
        """Features, shape (n, n_features), of the activations of the layer."""
        return (self.profiles(activations) - self.mean) @ self.components


def read_out(activations: Tensor, readout: Tensor) -> Tensor:
    """One linear map of the channels at every position.

    Args:
        activations: Shape (n, channels, *size).
        readout: Shape (channels, n_out).

    Returns:
        Shape (n, n_out, *size).
    """
    kernel = readout.T.reshape(*readout.T.shape, *(1,) * (activations.ndim - 2))
    convolve = functional.conv3d if activations.ndim == 5 else functional.conv2d
    return convolve(activations, kernel)


def axis_profiles(values: Tensor, *, mirror: bool) -> Tensor:
    """Largest value upwards and downwards in each plane across each axis.

    Args:
        values: Shape (n, channels, *size).
        mirror: Add the profiles of the image mirrored along the first axis.

    Returns:
        Shape (n, 2 * channels * sum(size)).
    """
    axes = range(2, values.ndim)
    parts = []
    for signed in (values, -values):
        for axis in axes:
            others = [other for other in axes if other != axis]
            profile = signed.amax(dim=others)
            if mirror:
                # Mirrored, only the profile across the first axis (left to right) changes; the
                # others are doubled, so that all keep one scale.
                profile = profile + (profile.flip(2) if axis == 2 else profile)
            parts.append(profile.flatten(1))
    return torch.cat(parts, dim=1)
