"""Update: one step of the optimizer, in as many parts as memory needs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from clam_core.settings import TrainSettings
from clam_core.training.checkpoint import Tensors
from clam_core.training.context import Row
from clam_core.training.distributed import Sync
from clam_core.training.epoch_plan import noisy
from clam_core.training.memory import Parts, is_out_of_memory


class Objective(ABC):
    """What a phase minimises.

    Attributes:
        phase: Its name in the history.
        weights: Weight of each term of the loss, in the order of `terms`.
    """

    phase: str
    weights: dict[str, float]

    @abstractmethod
    def terms(self, rows: Tensor, inputs: Tensor, clean: Tensor) -> list[Tensor]:
        """Terms of the loss, each summed over the scans.

        Args:
            rows: Row of each scan, shape (n,).
            inputs: What the network sees, shape (n, 1, *grid).
            clean: What it should give back, of the same shape.
        """

    def before_epoch(self, epoch: int) -> Row | None:  # noqa: ARG002
        """Prepare an epoch; what it adds to the history, or None to stop."""
        return {}

    def tensors(self) -> Tensors:
        """What a checkpoint must keep beside weights and optimizer."""
        return {}

    def restore(self, tensors: Tensors) -> None:  # noqa: B027
        """The inverse of `tensors`."""


@dataclass(frozen=True)
class Batch:
    """The share of one process in a batch.

    Attributes:
        epoch: From 1.
        rows: Shape (n,).
        images: Standardised and shifted, shape (n, 1, *grid).
        n_total: Scans of the batch in all processes.
    """

    epoch: int
    rows: Tensor
    images: Tensor
    n_total: int


class Update:
    """Changes the weights by one batch; the parts that it takes do not change the result.

    Args:
        model: What is trained.
        objective: The loss.
        settings: Step size, noise and seed.
        sync: Device and other processes.
        notes: Where it is said that memory ran out.
    """

    def __init__(
        self,
        model: nn.Module,
        objective: Objective,
        settings: TrainSettings,
        sync: Sync,
        notes: list[str],
    ) -> None:
        self._objective, self._settings, self._sync = objective, settings, sync
        self._parameters = [p for p in model.parameters() if p.requires_grad]
        adam = torch.optim.AdamW if settings.weight_decay else torch.optim.Adam
        self.optimizer = adam(
            self._parameters,
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            fused=True,
        )
        self.parts = Parts(settings.batch_size, notes)

    def step(self, batch: Batch, rate: float) -> Tensor:
        """Take one step.

        Args:
            batch: The scans.
            rate: Step size.

        Returns:
            Each term of the loss, summed over this process's scans, before the step.
        """
        while True:
            sums = self._try(batch)
            if sums is not None:
                break
            self.parts.halve(len(batch.rows), tuple(batch.images.shape[2:]))
        self._sync.add_gradients(self._parameters)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad()
        return sums

    def _try(self, batch: Batch) -> Tensor | None:
        """Gradients of a batch; None where memory ran out."""
        # An attempt that ran out of memory has left the gradients of its first parts.
        self.optimizer.zero_grad()
        sums = torch.zeros(len(self._objective.weights), device=self._sync.device)
        try:
            for part in self.parts.split(len(batch.rows)):
                sums += self._accumulate(batch, part)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return None
        return sums

    def _accumulate(self, batch: Batch, part: Tensor) -> Tensor:
        """Add the gradient of a part; bf16 is used on GPUs only (slower on processors)."""
        rows, clean = batch.rows[part], batch.images[part].to(self._sync.device)
        inputs = noisy(clean, rows, self._settings, batch.epoch)
        kind = self._sync.device.type
        with torch.autocast(kind, dtype=torch.bfloat16, enabled=kind == "cuda"):
            terms = torch.stack(self._objective.terms(rows, inputs, clean))
        weights = terms.new_tensor(list(self._objective.weights.values()))
        # By all scans of the batch: gradients of parts and processes then add up to the mean's.
        loss: Tensor = (terms * weights).sum() / batch.n_total
        loss.backward()  # type: ignore[no-untyped-call]
        return terms.detach()


def squared_error(reconstruction: Tensor, clean: Tensor) -> Tensor:
    """Mean squared error over the voxels of each scan, summed over the scans."""
    # float32: sums over a million voxels are beyond bf16.
    total = functional.mse_loss(reconstruction.float(), clean, reduction="sum")
    return total * (len(clean) / clean.numel())
