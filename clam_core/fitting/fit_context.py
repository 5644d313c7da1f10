"""FitContext: where and how a fit runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from clam_core.training import CheckpointFile, EpochReport, Sync

Stage = Callable[[str, int, int], None]


def _silent(stage: str, done: int, total: int) -> None:  # noqa: ARG001
    return None


def _silent_epoch(report: EpochReport) -> None:  # noqa: ARG001
    return None


@dataclass(frozen=True)
class FitContext:
    """Where and how a fit runs; none of it changes its numbers.

    Attributes:
        pretrained: Checkpoint of the pretraining; None keeps nothing.
        refined: Checkpoint of the clustering phase.
        on_stage: Told what is going on.
        on_epoch: Told about each epoch.
        memory_bytes: Largest cohort that is kept in memory.
        sync: The device that trains, and the other processes.
    """

    pretrained: CheckpointFile | None = None
    refined: CheckpointFile | None = None
    on_stage: Stage = _silent
    on_epoch: Callable[[EpochReport], None] = _silent_epoch
    memory_bytes: int = 2 << 30
    sync: Sync = field(default_factory=Sync)
