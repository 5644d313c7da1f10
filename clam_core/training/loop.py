"""Loop: the epochs of a phase, with checkpoints after each of them."""

from __future__ import annotations

import math
import time
from typing import Any

import torch
from torch import nn

from clam_core.errors import SettingsError, StudyError
from clam_core.models.borrowed import borrowed
from clam_core.settings import TrainSettings
from clam_core.training.checkpoint import (
    Tensors,
    copy_into,
    copy_into_optimizer,
    optimizer_tensors,
    prefixed,
    under,
)
from clam_core.training.context import Context, EpochReport, Row
from clam_core.training.epoch_plan import learning_rate, plan_epoch, shifted
from clam_core.training.images import CohortImages
from clam_core.training.update import Batch, Objective, Update

IMPROVEMENT = 1e-3


class DivergedError(SettingsError):
    """The loss grew beyond all numbers."""


class Loop:
    """One phase of training.

    Killed after any epoch and resumed from the checkpoint, it gives the same weights
    and history, bit for bit on the same number of threads.

    Args:
        model: Trained in place.
        images: The cohort.
        objective: What is minimised.
        settings: Epochs, step size, batches, seed.
        context: Checkpoint, callback, device and other processes.
    """

    def __init__(
        self,
        model: nn.Module,
        images: CohortImages,
        objective: Objective,
        settings: TrainSettings,
        context: Context,
    ) -> None:
        self.model, self.images, self.objective = model, images, objective
        self.settings, self.context = settings, context
        self.history: list[Row] = []
        self.notes: list[str] = []
        self._n_told = 0

    def run(self) -> None:
        """All epochs that are left.

        Raises:
            DivergedError: If the loss grows beyond all numbers.
            SettingsError: If a single scan does not fit into memory.
            StudyError: If the checkpoint cannot be used or written.
            AlignmentError: If the stored weights do not fit the model.
        """
        sync = self.context.sync
        with borrowed(self.model, self.images.grid, sync.device, training=True):
            # Made inside `borrowed`: the optimizer's moments take device and layout of the weights.
            self.update = Update(self.model, self.objective, self.settings, sync, self.notes)
            self.update.parts.fit(self.images.grid, sync.device)
            self._resume()
            first = len(self.history)
            started = time.monotonic()
            while len(self.history) < self.settings.epochs and not self._is_stalled():
                begun = time.monotonic()
                added = self.objective.before_epoch(len(self.history) + 1)
                # The clusters have settled, or one died.
                if added is None:
                    break
                row = self._epoch(len(self.history) + 1) | added
                self._check_finite(row)
                self.history.append(row)
                if sync.rank == 0:
                    self._save()
                    now = time.monotonic()
                    self._report(now - begun, (now - started) / (len(self.history) - first))

    def _epoch(self, epoch: int) -> Row:
        """Train for one epoch; its line of the history."""
        sync, n_scans = self.context.sync, len(self.images)
        plan = plan_epoch(n_scans, len(self.images.grid), self.settings, epoch)
        shares = [sync.share(rows) for rows in plan.batches]
        # From the epoch's number, not counted along, so that a resumed run has the same step sizes.
        n_steps, step = len(shares) * self.settings.epochs, len(shares) * (epoch - 1)
        totals = torch.zeros(len(self.objective.weights), dtype=torch.float64)
        for index, images in enumerate(self.images.stream(shares)):
            moved = shifted(images, plan.shifts[index])
            batch = Batch(epoch, shares[index], moved, len(plan.batches[index]))
            rate = learning_rate(self.settings, step + index, n_steps)
            totals += self.update.step(batch, rate).cpu()
        means = (sync.add(totals) / n_scans).tolist()
        losses = dict(zip(self.objective.weights, means, strict=True))
        return {"epoch": epoch, "phase": self.objective.phase, **losses}

    def _is_stalled(self) -> bool:
        """Whether the loss has not improved by 0.1 % for `patience` epochs."""
        losses = [row["reconstruction"] for row in self.history]
        patience = self.settings.patience
        if patience == 0 or len(losses) <= patience:
            return False
        best_before = min(losses[:-patience])
        return bool(min(losses[-patience:]) > best_before * (1 - IMPROVEMENT))

    def _check_finite(self, row: Row) -> None:
        if not all(math.isfinite(row[name]) for name in self.objective.weights):
            raise DivergedError(
                f"The loss grew beyond all numbers in epoch {row['epoch']} ({row['phase']}); "
                f"choose a learning rate below {self.settings.learning_rate:g}."
            )

    def _report(self, seconds: float, mean_seconds: float) -> None:
        left = (self.settings.epochs - len(self.history)) * mean_seconds
        new, self._n_told = tuple(self.notes[self._n_told :]), len(self.notes)
        row = dict(self.history[-1])
        self.context.on_epoch(EpochReport(row, self.settings.epochs, seconds, left, new))

    def _identity(self) -> dict[str, Any]:
        """What must be equal for a checkpoint to be of this very training."""
        scale = self.images.scale
        return {
            "phase": self.objective.phase,
            "weights of the loss": self.objective.weights,
            **self.settings.model_dump(),
            "number of scans": len(self.images),
            "grid": list(self.images.grid),
            "mean of the input": scale.mean,
            "sd of the input": scale.sd,
        }

    def _save(self) -> None:
        if self.context.checkpoint is None:
            return
        optimizer = optimizer_tensors(self.model, self.update.optimizer)
        tensors: Tensors = {
            **prefixed("model", self.model.state_dict()),
            **prefixed("optimizer", optimizer),
            **prefixed("objective", self.objective.tensors()),
        }
        state = {
            "identity": self._identity(),
            "history": self.history,
            "notes": self.notes,
            "part": self.update.parts.size,
        }
        self.context.checkpoint.save(tensors, state)

    def _resume(self) -> None:
        file = self.context.checkpoint
        loaded = file.load() if file is not None and self.context.resume else None
        if file is None or loaded is None:
            return
        tensors, state = loaded
        for name, value in self._identity().items():
            was = state["identity"].get(name)
            if was != value:
                raise StudyError(
                    f"The checkpoint {file.path.name!r} was made with {name} {was!r}, not "
                    f"{value!r}; resume with the same settings and scans, or start anew."
                )
        copy_into(self.model, under("model", tensors))
        copy_into_optimizer(self.model, self.update.optimizer, under("optimizer", tensors))
        self.objective.restore(under("objective", tensors))
        self.history, self.update.parts.size = state["history"], state["part"]
        self.notes.extend(state["notes"])
        self._n_told = len(self.notes)
