"""Borrow a model: evaluation mode, frozen parameters, and everything given back as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import nn

_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")

CHANNELS_LAST_VOXELS = 64**3
"""From this size of grid on, a CPU convolves faster with the channel as the fastest axis."""


@contextmanager
def borrow(model: nn.Module, n_voxels: int = 0) -> Iterator[None]:
    """Keep a model in evaluation mode with frozen parameters while the block runs.

    Afterwards, also after an exception, every module has its training flag and
    hooks, and every parameter its `requires_grad`, its gradient and its memory.

    Args:
        model: The model.
        n_voxels: Voxels of the grid. Where it pays, weights lie channels-last
            in memory meanwhile; their values are the same.
    """
    with ExitStack() as stack:
        for module in model.modules():
            stack.callback(_Module(module).restore)
        for parameter in model.parameters():
            stack.callback(_Parameter(parameter).restore)
        for module in model.modules():
            module.training = False
        for parameter in model.parameters():
            parameter.requires_grad = False
            if n_voxels >= CHANNELS_LAST_VOXELS and parameter.device.type == "cpu":
                _lay_channels_last(parameter)
        stack.enter_context(torch.inference_mode(mode=False))
        yield


def _lay_channels_last(parameter: nn.Parameter) -> None:
    """Give the kernel of a convolution another order in memory; other tensors stay."""
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    if parameter.ndim in formats:
        parameter.data = parameter.data.contiguous(memory_format=formats[parameter.ndim])


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
    """Memory and gradient of one parameter, as they are now."""

    def __init__(self, parameter: nn.Parameter) -> None:
        self.parameter, self.values = parameter, parameter.data
        self.requires_grad, self.gradient = parameter.requires_grad, parameter.grad

    def restore(self) -> None:
        self.parameter.data = self.values
        self.parameter.requires_grad = self.requires_grad
        self.parameter.grad = self.gradient
