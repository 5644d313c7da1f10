"""Checkpoints: weights, optimizer and loss history in one safetensors file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from clam_core.errors import AlignmentError, StudyError

Tensors = dict[str, Tensor]
FORMAT = 1


@dataclass(frozen=True)
class CheckpointFile:
    """Where a phase keeps its last complete epoch.

    Attributes:
        path: The file.
        write: Replaces a file whole: the old content or the new one, never a part.
    """

    path: Path
    write: Callable[[Path, bytes], None]

    def save(self, tensors: Tensors, state: dict[str, Any]) -> None:
        """Replace the file.

        Args:
            tensors: Names and tensors on any device, in any memory format.
            state: Everything else, as JSON.

        Raises:
            StudyError: If it cannot be written; what was stored before is unchanged.
        """
        # safetensors stores no strides; weights may have their channels last.
        plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
        content = save(plain, metadata={"state": json.dumps({"format": FORMAT, **state})})
        self.write(self.path, content)

    def load(self) -> tuple[Tensors, dict[str, Any]] | None:
        """Content of the file; None where there is none.

        Raises:
            StudyError: If it is damaged or of another version.
        """
        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                state = json.loads((file.metadata() or {})["state"])
            if state.pop("format") != FORMAT:
                raise ValueError("another version")
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise StudyError(
                f"The checkpoint {self.path.name!r} is damaged or of another version; start the "
                "fit anew, without resuming."
            ) from error
        return tensors, state


def prefixed(prefix: str, tensors: Tensors) -> Tensors:
    """The same tensors under `prefix/name`."""
    return {f"{prefix}/{name}": value for name, value in tensors.items()}


def under(prefix: str, tensors: Tensors) -> Tensors:
    """The inverse of `prefixed`; the others are left out."""
    start = f"{prefix}/"
    return {
        name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)
    }


def copy_into(model: nn.Module, tensors: Tensors) -> None:
    """Replace parameters and buffers, keeping device and memory format.

    Args:
        model: The network.
        tensors: One for each name of its state.

    Raises:
        AlignmentError: If a name is missing or too many, or a shape differs; the model
            is then unchanged.
    """
    own = model.state_dict()
    different = sorted(set(own) ^ set(tensors))
    if different:
        raise AlignmentError(
            f"The stored weights do not fit this network: {different[0]!r} is only in one of "
            "them; fit with the settings that they were made with, or start anew."
        )
    for name, value in own.items():
        if value.shape != tensors[name].shape:
            raise AlignmentError(
                f"The stored weights do not fit this network: {name!r} has the shape "
                f"{tuple(tensors[name].shape)} instead of {tuple(value.shape)}; fit with the "
                "settings that they were made with, or start anew."
            )
    with torch.no_grad():
        for name, value in own.items():
            value.copy_(tensors[name])


def optimizer_tensors(model: nn.Module, optimizer: torch.optim.Optimizer) -> Tensors:
    """Moments and step of each parameter, as `parameter/moment`."""
    return {
        f"{name}/{moment}": value
        for name, parameter in model.named_parameters()
        for moment, value in optimizer.state.get(parameter, {}).items()
    }


def copy_into_optimizer(
    model: nn.Module, optimizer: torch.optim.Optimizer, tensors: Tensors
) -> None:
    """The inverse of `optimizer_tensors`, in each parameter's memory format.

    Raises:
        AlignmentError: If a moment has another shape than its parameter.
    """
    for name, parameter in model.named_parameters():
        for moment, value in under(name, tensors).items():
            if value.ndim == 0:
                optimizer.state[parameter][moment] = value.to(parameter.device, copy=True)
            elif value.shape == parameter.shape:
                # `empty_like` takes over the strides of the weights, whose channels may be last.
                like = torch.empty_like(parameter, requires_grad=False)
                optimizer.state[parameter][moment] = like.copy_(value)
            else:
                raise AlignmentError(
                    f"The stored state of the optimizer does not fit this network: {name!r} has "
                    f"the shape {tuple(value.shape)} instead of {tuple(parameter.shape)}."
                )
