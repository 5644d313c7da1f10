"""Speed of training beside a plain loop: same network, scans and batches, step by step in turn."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.map_speed import one_thread
from benchmarks.table import Figure, reached
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
N_EARLY, N_LAST = 10, 10
"""Steps after which losses are compared first, and steps at the end whose means are."""
NUDGE = 1e-7
"""Relative change of the first weights of a plain loop that shows what rounding alone does."""


@dataclass
class Course:
    """What the loops did, step by step; the first step is for warming up.

    Attributes:
        ours: Seconds of each step of this software.
        plain: Seconds of each step of the plain loop.
        our_losses: Before each step.
        plain_losses: Before each step.
        nudged_losses: Of a plain loop whose weights began a rounding error away.
    """

    ours: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)
    our_losses: list[float] = field(default_factory=list)
    plain_losses: list[float] = field(default_factory=list)
    nudged_losses: list[float] = field(default_factory=list)


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
        *_losses(course),
    ]


def _losses(course: Course) -> list[Figure]:
    """How far the losses are apart, before and after rounding has grown."""
    ours, plain, nudged = (
        np.array(part) for part in (course.our_losses, course.plain_losses, course.nudged_losses)
    )
    ended, plainly, roundly = (float(part[-N_LAST:].mean()) for part in (ours, plain, nudged))
    early = float(np.abs(ours / plain - 1)[:N_EARLY].max())
    apart, rounding = abs(ended / plainly - 1), abs(roundly / plainly - 1)
    return [
        Figure(
            f"Largest difference of the two losses in the first {N_EARLY} steps",
            f"{100 * early:.3f} %",
            "<= 2 %",
            reached(early, 0.02),
            "before rounding has grown",
        ),
        Figure(
            "Difference of the two losses at the end",
            f"{100 * apart:.1f} %",
            "<= 2 %",
            reached(apart, 0.02),
            f"means of the last {N_LAST} steps, {ended:.5f} and {plainly:.5f}; at first 1",
        ),
        Figure(
            "The plain loop at the end against itself, its first weights changed by 1e-7",
            f"{100 * rounding:.1f} %",
            how=f"what rounding alone does; {roundly:.5f}",
        ),
    ]


def race(
    grid: tuple[int, ...], n_scans: int, network: NetworkSettings, settings: TrainSettings
) -> Course:
    """Train the same network: our loop, and after each of its steps one of two plain loops.

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
    model, twin, nudged = (seeded_autoencoder(grid, network, settings.seed) for _ in range(3))
    with torch.no_grad():
        for parameter in nudged.parameters():
            parameter.mul_(1 + NUDGE)
    steps = [
        (net, torch.optim.Adam(net.parameters(), settings.learning_rate)) for net in (twin, nudged)
    ]
    course = Course()

    def follow(report: EpochReport) -> None:
        course.ours.append(report.seconds)
        course.our_losses.append(report.row["reconstruction"])
        begun = time.perf_counter()
        course.plain_losses.append(plain_step(steps[0][0], batch, steps[0][1]))
        course.plain.append(time.perf_counter() - begun)
        course.nudged_losses.append(plain_step(steps[1][0], batch, steps[1][1]))

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
