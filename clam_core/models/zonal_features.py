"""Zonal features: how densities, or differences of neighbours, are spread in zones of the mask."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from clam_core.models.autoencoder import Autoencoder
from clam_core.models.features import Features

STEPS = (1, 2)
"""Voxels between the neighbours that texture compares."""
FEWEST_PLANES = 3
"""Planes a zone of a mask whose end planes are left out."""
NO_SHARE = 1e-6
"""Share of a zone that counts as nothing."""


@dataclass(frozen=True)
class ZonalKind:
    """How zonal features are read.

    Attributes:
        what: `density` looks at the values, `texture` at differences of neighbours.
        n_zones: Equal parts of the height of the mask (last axis), lowest first.
        block: Edge of the cubes of voxels that one node sums up.
        edges: Shares of a zone from 0 to 1, between which mean values are looked at
            (`band_means`); empty looks at the shares near knots themselves.
        steady: Whether masks that differ by a plane have about the same zones
            (`zone_weights`); in runs made before that they have not.
        is_core: Whether voxels at the surface of the mask are left out: they lie partly outside,
            the more so the less the grid fits the mask.
    """

    what: Literal["density", "texture"]
    n_zones: int = 3
    block: int = 2
    edges: tuple[float, ...] = ()
    steady: bool = False
    is_core: bool = False

    def looked_at(self, inside: Tensor) -> Tensor:
        """Voxels that are looked at, of those inside the mask, both of shape (n, *grid)."""
        return core_of(inside) if self.is_core else inside


class ZonalFeatures(Features):
    """How the values of each zone are spread, as a sum over the voxels of the mask.

    Each voxel belongs to the knots on either side of its value (linear B-splines), by shares
    that add up to 1, divided by the voxels of its zone. Sums over blocks of voxels are the
    nodes of the only layer; sums over nodes are the share of each zone near each knot. The
    features are linear in them, so that what a node adds to a cluster is known exactly, or
    in mean values of bands that follow from them.

    Args:
        how: Values or differences, zones and blocks.
        floor: Standardised value below which a voxel lies outside the mask.
        knots: Rising standardised values, shape (n_responses, n_knots).
        mean: Mean numbers of the cohort, shape (n_zones * n_responses * n_knots,), or of
            bands instead of knots.
        components: From these numbers to features, shape (same, n_features).

    Source:
        Values in zones: Best et al. (2003), "Quantitative CT indexes in idiopathic pulmonary
        fibrosis", Radiology 228. Differences: Unser (1986), "Sum and difference histograms
        for texture classification", IEEE TPAMI 8.
    """

    kind = "zonal"
    layer = 1
    reads_image = True
    floor: Tensor
    knots: Tensor
    mean: Tensor
    components: Tensor

    def __init__(
        self, how: ZonalKind, floor: Tensor, knots: Tensor, mean: Tensor, components: Tensor
    ) -> None:
        super().__init__()
        self.how = how
        self.register_buffer("floor", floor.clone())
        self.register_buffer("knots", knots.clone())
        self.register_buffer("mean", mean.clone())
        self.register_buffer("components", components.clone())

    def look(self, images: Tensor, autoencoder: Autoencoder) -> Tensor:
        """Nodes, shape (n, n_zones * n_responses * n_knots, *padded grid / block)."""
        inside = self.how.looked_at(images[:, 0] >= self.floor)
        seen = responses(images, inside[:, None], self.how.what)
        weights = zone_weights(inside, self.how.n_zones, steady=self.how.steady)
        size = tuple(n // self.how.block for n in autoencoder.padded)
        node = nodes_of(autoencoder.grid, size, self.how.block, images.device)
        n_responses, n_knots = self.knots.shape
        n_channels, n_nodes = self.how.n_zones * n_responses * n_knots, math.prod(size)
        summed = torch.zeros(len(images) * n_channels * n_nodes, device=images.device)
        # Only voxels of the zone, each at its two knots: all channels of all voxels would take
        # a hundred times the time.
        scan = torch.arange(len(images), device=images.device).reshape(-1, *[1] * node.ndim)
        for z, r in itertools.product(range(self.how.n_zones), range(n_responses)):
            weight = weights[:, z].reshape(len(images), *[1] * (node.ndim - 1), -1)
            here = inside & (weight > 0)
            below, share = near_knots(seen[:, r][here], self.knots[r])
            channel = (z * n_responses + r) * n_knots + below
            place = (scan.expand_as(here)[here] * n_channels + channel) * n_nodes
            place += node.expand_as(here)[here]
            weight = weight.expand_as(here)[here]
            summed.index_add_(0, place, (1 - share) * weight)
            summed.index_add_(0, place + n_nodes, share * weight)
        return summed.reshape(len(images), n_channels, *size).to(images.dtype)

    def n_values(self, autoencoder: Autoencoder, layer: int) -> int:  # noqa: ARG002
        """Numbers that the nodes hold for each scan."""
        n_nodes = math.prod(n // self.how.block for n in autoencoder.padded)
        return int(self.how.n_zones * self.knots.numel() * n_nodes)

    def shares(self, nodes: Tensor) -> Tensor:
        """Share of each zone near each knot, shape (n, n_zones * n_responses * n_knots)."""
        return nodes.flatten(2).sum(dim=2)

    def forward(self, activations: Tensor, autoencoder: Autoencoder) -> Tensor:  # noqa: ARG002
        """Features, shape (n, n_features), of the nodes."""
        return (self.numbers(self.shares(activations)) - self.mean) @ self.components

    def numbers(self, shares: Tensor) -> Tensor:
        """What is projected: the shares, or means of bands of each zone, shape (n, n_numbers)."""
        if not self.how.edges:
            return shares
        parts = shares.reshape(len(shares), self.how.n_zones, *self.knots.shape)
        return band_means(parts, self.knots, self.how.edges).flatten(1)


def band_means(shares: Tensor, knots: Tensor, edges: tuple[float, ...]) -> Tensor:
    """Mean value of the darkest tenth of a zone, of the next three tenths, and so on.

    Unlike a quantile it does not jump where a zone has two heaps of values: it is linear in
    the shares, piece by piece.

    Args:
        shares: Share near each knot, shape (..., n_responses, n_knots); they need not add up
            to 1, and where there are none at all each mean is 0.
        knots: Rising values, shape (n_responses, n_knots).
        edges: Rising shares of the zone from 0 to 1, between which bands lie.

    Returns:
        Shape (..., n_responses, n_bands).
    """
    summed = shares.clamp_min(0).cumsum(dim=-1)
    reached = summed / summed[..., -1:].clamp_min(NO_SHARE)
    before = torch.cat([torch.zeros_like(reached[..., :1]), reached[..., :-1]], dim=-1)
    means = []
    for low, high in itertools.pairwise(edges):
        inside = reached.clamp(low, high) - before.clamp(low, high)
        means.append((inside * knots).sum(dim=-1) / (high - low))
    return torch.stack(means, dim=-1)


def responses(images: Tensor, inside: Tensor, what: Literal["density", "texture"]) -> Tensor:
    """What is looked at in each voxel, shape (n, n_responses, *grid).

    Args:
        images: Standardised, shape (n, 1, *grid).
        inside: Voxels that count, same shape.
        what: `density`: the values. `texture`: mean absolute difference from the neighbours
            inside, at each distance of `STEPS`; 0 for a voxel without neighbours.
    """
    if what == "density":
        return images
    return torch.cat([_difference(images, inside, step) for step in STEPS], dim=1)


def _difference(images: Tensor, inside: Tensor, step: int) -> Tensor:
    total, count = torch.zeros_like(images), torch.zeros_like(images)
    for axis in range(2, images.ndim):
        n = images.shape[axis] - step
        if n <= 0:
            continue
        low, high = (part.narrow(axis, 0, n) for part in (images, inside))
        next_low, next_high = (part.narrow(axis, step, n) for part in (images, inside))
        both = high & next_high
        away = torch.where(both, (next_low - low).abs(), 0.0)
        for start in (0, step):
            total.narrow(axis, start, n).add_(away)
            count.narrow(axis, start, n).add_(both)
    return total / count.clamp_min(1)


def core_of(inside: Tensor) -> Tensor:
    """Voxels of a mask whose neighbours along all axes are inside it, too.

    Args:
        inside: Shape (n, *grid), bool; outside the grid nothing is inside.
    """
    core = inside.clone()
    for axis in range(1, inside.ndim):
        n = inside.shape[axis]
        core.narrow(axis, 1, n - 1).logical_and_(inside.narrow(axis, 0, n - 1))
        core.narrow(axis, 0, n - 1).logical_and_(inside.narrow(axis, 1, n - 1))
        for end in (0, n - 1):
            core.narrow(axis, end, 1).zero_()
    return core


def zone_weights(inside: Tensor, n_zones: int, *, steady: bool = True) -> Tensor:
    """What a voxel of each plane counts for in each zone; those of a zone add up to 1.

    Masks of 22 and of 24 planes must not look like two kinds of lung. So a plane on the border of
    two zones belongs to both, by the share of it that lies in each (else zones would have 7, 8, 7
    and 8, 8, 8 planes), and the first and last plane, many of whose voxels lie half outside,
    to none.

    Args:
        inside: Voxels that count, shape (n, *grid), bool.
        n_zones: Equal parts of the height that they take along the last axis.
        steady: Otherwise a plane belongs to the zone that its middle lies in, end planes too.

    Returns:
        Shape (n, n_zones, planes).
    """
    n_planes = inside.shape[-1]
    per_plane = inside.flatten(1, -2).sum(dim=1)
    place = torch.arange(n_planes, device=inside.device)
    first = torch.where(per_plane > 0, place, n_planes).amin(dim=1)
    last = torch.where(per_plane > 0, place, -1).amax(dim=1)
    if steady and n_zones > 1:
        # Thin masks keep all that they have.
        is_tall = last - first >= FEWEST_PLANES * n_zones
        first, last = first + is_tall.long(), last - is_tall.long()
    height = (last + 1 - first).clamp_min(1)[:, None]
    depth = n_zones / height
    # Both ends of each plane, in depths of a zone above the first plane.
    low = ((place - first[:, None]) * depth)[:, None]
    zone = torch.arange(n_zones, device=inside.device)[:, None]
    if steady:
        inner = torch.minimum(low + depth[:, None], zone + 1) - torch.maximum(low, zone)
        share = inner.clamp_min(0) / depth[:, None]
    else:
        share = ((low + depth[:, None] / 2).floor() == zone).float()
    counts = (share * per_plane[:, None]).sum(dim=2, keepdim=True)
    return share / counts.clamp_min(1e-6)


def nodes_of(
    grid: tuple[int, ...], size: tuple[int, ...], block: int, device: torch.device
) -> Tensor:
    """Flat index of the node that each voxel belongs to, shape (*grid).

    Args:
        grid: Voxels along each axis.
        size: Nodes along each axis, at least `grid / block`.
        block: Voxels along each axis of a node.
        device: Where the result lies.
    """
    node = torch.zeros(1, dtype=torch.long, device=device)
    for n_voxels, n_nodes in zip(grid, size, strict=True):
        along = torch.arange(n_voxels, device=device) // block
        node = node[..., None] * n_nodes + along
    return node[0]


def near_knots(values: Tensor, knots: Tensor) -> tuple[Tensor, Tensor]:
    """The knot at or below each value, and the share of the value at the next one.

    Args:
        values: Any shape; beyond the first and last knot they count as these.
        knots: Rising, shape (n_knots,), at least two.

    Returns:
        Whole numbers from 0 to n_knots - 2, and shares in [0, 1], both of that shape.
    """
    kept = values.clamp(knots[0], knots[-1]).contiguous()
    below = (torch.searchsorted(knots, kept, right=True) - 1).clamp(0, len(knots) - 2)
    share = (kept - knots[below]) / (knots[below + 1] - knots[below])
    return below, share
