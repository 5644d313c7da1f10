"""Speed of training beside a plain loop: same network, scans and batches, step by step in turn."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from clam_core.benchmark.map_speed import one_thread
from clam_core.benchmark.table import Figure, reached
from clam_core.fitting.presets import preset_settings
from clam_core.models.autoencoder import seeded_autoencoder
from clam_core.settings import NetworkSettings, TrainSettings
from clam_core.training import (
    CohortImages,
    Context,
    EpochReport,
    ScanSource,
    fit_input_scale,
    pretrain,
)

GRID = (88, 88, 88)
N_SCANS = 16
MEMORY_BYTES = 4 << 30


@dataclass
class Course:
    """What two loops did, step by step; the first steps are for warming up.

    Attributes:
        ours: Seconds of each step of this software.
        plain: Seconds of each step of the plain loop.
        our_loss: After the last step.
        plain_loss: After the last step.
    """

    ours: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)
    our_loss: float = 0.0
    plain_loss: float = 0.0


def measure(n_steps: int) -> list[Figure]:
    """Images per second of both, and how far their losses are apart.

    Args:
        n_steps: Steps of each that are timed; one more warms up.
    """
    settings = preset_settings("paper", 2, epochs=n_steps + 1)
    with one_thread():
        course = race(GRID, N_SCANS, settings.network, settings.train)
    ours, plain = (N_SCANS / statistics.median(part[1:]) for part in (course.ours, course.plain))
    gain = statistics.median(b / a for a, b in zip(course.ours[1:], course.plain[1:], strict=True))
    apart = abs(course.our_loss / course.plain_loss - 1)
    how = f"median of {n_steps} steps of {N_SCANS} scans, one thread, in turn, scans in memory"
    return [
        Figure("Training at 88 cubed, images a second", f"{ours:.1f}", how=how),
        Figure("The same in a plain float32 eager loop", f"{plain:.1f}", how=how),
        Figure(
            "Gain over the plain loop",
            f"{gain:.2f}",
            ">= 1.25",
            reached(-gain, -1.25),
            "median, pair by pair",
        ),
        Figure(
            "Difference of the two losses after these steps",
            f"{100 * apart:.3f} %",
            "<= 2 %",
            reached(apart, 0.02),
            f"{course.our_loss:.5f} and {course.plain_loss:.5f}",
        ),
    ]


def race(
    grid: tuple[int, ...], n_scans: int, network: NetworkSettings, settings: TrainSettings
) -> Course:
    """Train the same network twice: our loop, and after each of its steps a plain one.

    Args:
        grid: Voxels along each axis.
        n_scans: Scans of the cohort.
        network: The autoencoder.
        settings: Epochs and step size; a batch is the whole cohort.
    """
    settings = settings.model_copy(update={"batch_size": n_scans})
    source = ScanSource(lambda row: (_scan(grid, row), None), n_scans, grid)
    scale = fit_input_scale(source, preset_settings("paper", 2).scale)
    images = CohortImages(source, scale, MEMORY_BYTES)
    batch = images.batch(torch.arange(n_scans))
    model, twin = (seeded_autoencoder(grid, network, settings.seed) for _ in range(2))
    optimizer = torch.optim.Adam(twin.parameters(), settings.learning_rate)
    course = Course()

    def follow(report: EpochReport) -> None:
        course.ours.append(report.seconds)
        course.our_loss = report.row["reconstruction"]
        begun = time.perf_counter()
        course.plain_loss = plain_step(twin, batch, optimizer)
        course.plain.append(time.perf_counter() - begun)

    pretrain(model, images, settings, Context(on_epoch=follow))
    return course


def plain_step(model: nn.Module, batch: Tensor, optimizer: torch.optim.Optimizer) -> float:
    """One step as anyone would write it; the loss before it."""
    optimizer.zero_grad()
    loss = functional.mse_loss(model(batch)[0], batch)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.item()


def _scan(grid: tuple[int, ...], row: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    """A drawn volume in HU; its structures are eight voxels wide."""
    rng = np.random.default_rng(row)
    coarse = rng.normal(-600, 250, [-(-n // 8) for n in grid])
    for axis, n in enumerate(grid):
        coarse = np.repeat(coarse, 8, axis=axis).take(range(n), axis=axis)
    return np.round(coarse).astype(np.int16)
