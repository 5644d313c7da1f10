"""Sync: what several processes do together, and nothing where there is only one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from clam_core.errors import SettingsError


class Sync:
    """One process alone: its share is everything, sums and copies are what it has.

    Attributes:
        rank: Number of this process, from 0; the first one stores and reports.
        device: Where this process computes.
    """

    def __init__(self, device: str = "cpu") -> None:
        self.rank, self.device = 0, torch.device(device)

    def share(self, rows: Tensor) -> Tensor:
        """The rows of a batch that this process computes."""
        return rows

    def add_gradients(self, parameters: Sequence[Tensor]) -> None:
        """Sum the gradients over the processes, in place."""

    def add(self, tensor: Tensor) -> Tensor:
        """Sum over the processes."""
        return tensor

    def same(self, tensor: Tensor) -> Tensor:
        """What the first process has, in every process."""
        return tensor

    def agree(self, *, goes_on: bool) -> bool:
        """Whether the first process goes on; the others wait until it says so."""
        return bool(self.same(torch.tensor([int(goes_on)])).item())


class ProcessSync(Sync):
    """One of several processes that torchrun started."""

    def __init__(self, device: str) -> None:
        import torch.distributed as group

        on_gpu = device.startswith("cuda")
        super().__init__(f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if on_gpu else device)
        group.init_process_group("nccl" if on_gpu else "gloo")
        self._group, self.rank = group, group.get_rank()

    def share(self, rows: Tensor) -> Tensor:
        """Every n-th row of the batch; none where the batch is smaller than the group."""
        return rows[self.rank :: self._group.get_world_size()]

    def add_gradients(self, parameters: Sequence[Tensor]) -> None:
        """Sum the gradients over the processes, in place; a missing one counts as zero."""
        gradients = []
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            gradients.append(parameter.grad)
        # One sum of everything: a message for each small weight would mostly wait.
        flat = self.add(torch.cat([gradient.reshape(-1) for gradient in gradients]))
        sizes = [gradient.numel() for gradient in gradients]
        for gradient, part in zip(gradients, torch.split(flat, sizes), strict=True):
            gradient.copy_(part.view(gradient.shape))

    def add(self, tensor: Tensor) -> Tensor:
        """Sum over the processes."""
        # NCCL sums on GPUs only, and in place: never the caller's own tensor.
        total = tensor.to(self.device, copy=True)
        self._group.all_reduce(total)
        return total.to(tensor.device)

    def same(self, tensor: Tensor) -> Tensor:
        """What the first process has, in every process."""
        shared = tensor.to(self.device, copy=True)
        self._group.broadcast(shared, src=0)
        return shared.to(tensor.device)

    def close(self) -> None:
        """Leave the group."""
        self._group.destroy_process_group()


def check_device(device: str) -> None:
    """Make sure that a device can be computed on.

    Raises:
        SettingsError: If it is neither `cpu` nor `cuda`, or there is no GPU here.
    """
    if device not in {"cpu", "cuda"}:
        raise SettingsError(f"There is no device {device!r}; choose cpu or cuda.")
    if device == "cuda" and not torch.cuda.is_available():
        raise SettingsError("No GPU that CUDA can use was found here; choose the device cpu.")


@contextmanager
def open_sync(device: str = "cpu") -> Iterator[Sync]:
    """Join the processes that torchrun started, if it did.

    Args:
        device: `cpu` or `cuda`; on GPUs each process takes its own.

    Yields:
        The means to work together: one process alone unless WORLD_SIZE is above 1.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield Sync(device)
        return
    sync = ProcessSync(device)
    try:
        yield sync
    finally:
        sync.close()
