"""Borrow a model: device, memory format and mode for a while, then everything as it was."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

MANY_VOXELS = 60**3
"""Images above this are computed faster with channels last on a processor."""


def prefers_channels_last(grid: tuple[int, ...], device: torch.device) -> bool:
    """Whether convolutions were measured faster with the channels as the last axis.

    Two threads of an AVX-512 processor, images trained per second, channels first
    against last: 88 cubed 14.0 and 17.5, 48 cubed 102 and 104; encoding 48 cubed was
    slower (1189 and 834). In two dimensions there was no gain.
    """
    return device.type == "cpu" and len(grid) == 3 and math.prod(grid) > MANY_VOXELS


@contextmanager
def borrowed(
    model: nn.Module, grid: tuple[int, ...], device: torch.device, *, training: bool
) -> Iterator[None]:
    """Use a model on a device, and give it back as it was, also after an exception.

    Args:
        model: The network; its parameters stay the same objects.
        grid: Voxels along each axis of the images.
        device: Where it computes.
        training: Its mode meanwhile.

    Yields:
        Nothing; the model itself is changed meanwhile.
    """
    modes = {module: module.training for module in model.modules()}
    home = next(model.parameters()).device
    moved = _channels_first(model) if prefers_channels_last(grid, device) else []
    try:
        model.to(device).train(training)
        _arrange(moved, torch.channels_last_3d)
        yield
    finally:
        _arrange(moved, torch.contiguous_format)
        model.to(home)
        for module, mode in modes.items():
            module.training = mode


def _channels_first(model: nn.Module) -> list[Tensor]:
    """Weights of the three-dimensional convolutions that have not the channels last."""
    kinds = (nn.Conv3d, nn.ConvTranspose3d)
    weights = [module.weight for module in model.modules() if isinstance(module, kinds)]
    return [
        weight
        for weight in weights
        if not weight.is_contiguous(memory_format=torch.channels_last_3d)
    ]


def _arrange(weights: list[Tensor], layout: torch.memory_format) -> None:
    """Change the order of the axes in memory."""
    for weight in weights:
        weight.data = weight.data.contiguous(memory_format=layout)
