"""Images masked by one activation channel each, and what the model says to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from clam_core.errors import SettingsError
from clam_core.localization.task import ScanMap, Task
from clam_core.localization.upsample import upsample

Score = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Masking:
    """How a channel becomes a mask, and what shows where the mask is zero.

    Attributes:
        scaled: The channel is scaled to [0, 1] on the `grid`, after upsampling,
            or over its `nodes`, before.
        fill: Image that shows where the mask is zero, shape (1, 1, *grid);
            None is zero, the cohort's mean of standardised images.
    """

    scaled: Literal["grid", "nodes"] = "grid"
    fill: Tensor | None = None


def channel_scores(
    image: Tensor, channels: Tensor, task: Task, how: Masking, score: Score
) -> Tensor:
    """Score the image masked by each channel in turn.

    Args:
        image: One standardised scan, shape (1, 1, *grid).
        channels: Activation channels, shape (n_channels, *size of the layer).
        task: Model and chunk size.
        how: Scaling and fill of the masks.
        score: From log-probabilities, shape (n, n_clusters), to scores, shape (n,).

    Returns:
        Scores, shape (n_channels,).
    """
    activations = []
    network, layer = task.model.autoencoder, task.model.feature_layer
    shown = image if how.fill is None else image - how.fill
    for part in torch.split(channels, task.chunk(image)):
        # A copy, as scaling is in place and the caller sums up the channels as they are.
        nodes = part if how.scaled == "grid" else scale_each(part.clone())
        masks = upsample(nodes, network)
        if how.scaled == "grid":
            scale_each(masks)
        # fill + H (image - fill), in place: a chunk of masked images is the largest tensor here.
        masked = masks[:, None].mul_(shown)
        if how.fill is not None:
            masked += how.fill
        activations.append(task.model.activations(masked, layer))
    return score(task.model.log_assign_from(torch.cat(activations), layer))


def weighted_sum(channels: Tensor, weights: Tensor, task: Task) -> Tensor:
    """Channels times their weights, summed and then upsampled, which is the same as before.

    Args:
        channels: Shape (n_channels, *size of the layer).
        weights: Shape (n_channels,).
        task: Its model tells the grid.

    Returns:
        Shape (*grid).
    """
    nodes = torch.tensordot(weights, channels, dims=1)
    return upsample(nodes[None], task.model.autoencoder)[0]


def positive(values: Tensor) -> ScanMap:
    """A map that has no negative part by its definition."""
    return ScanMap(values.clamp_min(0))


def chosen_channels(activation: Tensor, task: Task) -> Tensor:
    """The channels that the settings ask for, shape (n_channels, *size), of one scan.

    Raises:
        SettingsError: If the layer has fewer channels.
    """
    chosen = task.settings.channels
    if chosen is None:
        return activation[0]
    if max(chosen) >= activation.shape[1]:
        raise SettingsError(
            f"Channel {max(chosen)} was asked for, but layer {task.layer} has channels 0 to "
            f"{activation.shape[1] - 1}."
        )
    return activation[0, list(chosen)]


def scale_each(values: Tensor) -> Tensor:
    """Scale each row to [0, 1] in place; a constant row becomes zero.

    Args:
        values: Shape (n, *any).

    Returns:
        The same tensor.
    """
    for row in values:
        low, high = row.aminmax()
        span = high - low
        row.sub_(low).div_(torch.where(span > 0, span, 1))
    return values
