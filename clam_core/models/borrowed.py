"""Borrow a model: device, mode and memory format for a while, then everything as it was."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")

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
    model: nn.Module,
    grid: tuple[int, ...] = (),
    device: torch.device | None = None,
    *,
    training: bool = False,
) -> Iterator[None]:
    """Use a model, and give it back as it was, also after an exception.

    What comes back: device, training flags and hooks of every module, order of the weights
    in memory; without training also every parameter's values, gradient and `requires_grad`.

    Args:
        model: The network; its parameters stay the same objects.
        grid: Voxels along each axis of the images.
        device: Where it computes; None leaves it where it is.
        training: Whether it learns; otherwise it is frozen and in evaluation mode.

    Yields:
        Nothing; the model itself is changed meanwhile.
    """
    home = next(model.parameters()).device
    device = home if device is None else device
    # Undone in reverse: weights before the device, since they come back as the very tensors that
    # they were; flags and hooks last.
    with ExitStack() as stack:
        for module in model.modules():
            stack.callback(_Module(module).restore)
        stack.callback(model.to, home)
        if not training:
            for parameter in model.parameters():
                stack.callback(_Parameter(parameter).restore)
        model.to(device).train(training)
        if prefers_channels_last(grid, device):
            moved = _channels_first(model)
            stack.callback(_arrange, moved, torch.contiguous_format)
            _arrange(moved, torch.channels_last_3d)
        if not training:
            # Maps differentiate by activations; gradients of the weights would only cost time.
            model.requires_grad_(requires_grad=False)
            # A caller's inference mode would forbid the gradients that maps need.
            stack.enter_context(torch.inference_mode(mode=False))
        yield


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
        # `.data`: the parameter stays the same object, which optimizers and callers hold on to.
        weight.data = weight.data.contiguous(memory_format=layout)


class _Module:
    """Training flag and hooks of one module, as they are now."""

    def __init__(self, module: nn.Module) -> None:
        self.module, self.training = module, module.training
        self.hooks = {name: dict(getattr(module, name)) for name in _HOOKS}

    def restore(self) -> None:
        self.module.training = self.training
        for name, before in self.hooks.items():
            current = getattr(self.module, name)
            current.clear()
            current.update(before)


class _Parameter:
    """Values and gradient of one parameter, as they are now."""

    def __init__(self, parameter: nn.Parameter) -> None:
        self.parameter, self.values = parameter, parameter.data
        self.requires_grad, self.gradient = parameter.requires_grad, parameter.grad

    def restore(self) -> None:
        self.parameter.data = self.values
        self.parameter.requires_grad = self.requires_grad
        self.parameter.grad = self.gradient
