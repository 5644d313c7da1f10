"""Profiles: where along each axis a scan's activations leave those of the cohort, and how far."""

from __future__ import annotations

import torch
from torch import Tensor

from clam_core.models.autoencoder import Autoencoder
from clam_core.models.features import Features


class ProfileFeatures(Features):
    """Extremes of the deviation from the cohort along each axis, projected to a few numbers.

    A lesion moves a little from scan to scan. The largest deviation in each plane of the
    activations keeps along which axis position it lies and forgets where within the plane.

    Args:
        reference: Cohort's median activation of the last layer, shape (channels, *size).
        mean: Mean profile of the cohort, shape (n_profile,).
        components: Principal axes of the profiles, shape (n_profile, n_features).
        mirror: Whether left and right count as the same (first axis folded).
    """

    kind = "profiles"
    reference: Tensor
    mean: Tensor
    components: Tensor

    def __init__(
        self, reference: Tensor, mean: Tensor, components: Tensor, *, mirror: bool
    ) -> None:
        super().__init__()
        self.mirror = mirror
        self.register_buffer("reference", reference.clone())
        self.register_buffer("mean", mean.clone())
        self.register_buffer("components", components.clone())

    def forward(self, last: Tensor, autoencoder: Autoencoder) -> Tensor:  # noqa: ARG002
        """Features, shape (n, n_features), of the last layer's activations."""
        found = axis_profiles(last - self.reference, mirror=self.mirror)
        return (found - self.mean) @ self.components


def axis_profiles(deviation: Tensor, *, mirror: bool) -> Tensor:
    """Largest deviation upwards and downwards in each plane across each axis.

    Args:
        deviation: Shape (n, channels, *size).
        mirror: Add the profiles of the image mirrored along the first axis.

    Returns:
        Shape (n, 2 * channels * sum(size)).
    """
    axes = range(2, deviation.ndim)
    parts = []
    for sign in (1.0, -1.0):
        signed = sign * deviation
        for axis in axes:
            others = [other for other in axes if other != axis]
            profile = signed.amax(dim=others)
            if mirror:
                profile = profile + (profile.flip(2) if axis == 2 else profile)
            parts.append(profile.flatten(1))
    return torch.cat(parts, dim=1)
