"""Context and results of a phase of training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from clam_core.training.checkpoint import CheckpointFile
from clam_core.training.distributed import Sync

Row = dict[str, Any]


@dataclass(frozen=True)
class EpochReport:
    """What is said after each epoch.

    Attributes:
        row: The epoch's line of the history: epoch, phase, reconstruction and, while
            clustering, clustering and changed; the same for the same settings.
        n_epochs: Epochs planned.
        seconds: Time that it took.
        remaining_seconds: Estimate for the epochs that are left.
        notes: What a person should know, as sentences, new since the last report.
    """

    row: Row
    n_epochs: int
    seconds: float
    remaining_seconds: float
    notes: tuple[str, ...] = ()


def _say_nothing(report: EpochReport) -> None:  # noqa: ARG001
    return None


@dataclass(frozen=True)
class Context:
    """Where and how a phase runs; none of it changes its numbers.

    Attributes:
        checkpoint: Where the last epoch is kept; None keeps nothing.
        resume: Go on from the checkpoint, where there is one.
        on_epoch: Called after each epoch, once it is in the checkpoint, by the first
            process. An exception in it stops the training, which can be resumed.
        sync: The device, and the other processes.
    """

    checkpoint: CheckpointFile | None = None
    resume: bool = False
    on_epoch: Callable[[EpochReport], None] = _say_nothing
    sync: Sync = field(default_factory=Sync)


@dataclass(frozen=True)
class Trained:
    """What a phase leaves beside the weights, which are in the model it was given.

    Attributes:
        history: One row per epoch, those before a resumption included.
        notes: What a person should know, as sentences.
        is_backed_out: The weights are those from before the phase.
    """

    history: list[Row]
    notes: list[str]
    is_backed_out: bool = False
