"""EpochPlan: order, shifts, noise and step size, each a function of seed and epoch alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from clam_core.settings import TrainSettings

WARM_UP_STEPS = 20


@dataclass(frozen=True)
class EpochPlan:
    """One pass over the cohort.

    Attributes:
        epoch: Its number, from 1.
        batches: Rows of each batch.
        shifts: Voxels by which each batch is moved along each axis.
    """

    epoch: int
    batches: tuple[Tensor, ...]
    shifts: tuple[tuple[int, ...], ...]


def generator(device: torch.device, *key: int) -> torch.Generator:
    """Source of random numbers that follow from a key."""
    seed = np.random.SeedSequence(key).generate_state(1, np.uint64)[0]
    return torch.Generator(device).manual_seed(int(seed) >> 1)


def plan_epoch(n_scans: int, n_axes: int, settings: TrainSettings, epoch: int) -> EpochPlan:
    """Order of the scans in an epoch, and the shift of each batch."""
    source = generator(torch.device("cpu"), settings.seed, epoch)
    batches = torch.split(torch.randperm(n_scans, generator=source), settings.batch_size)
    most = settings.shift_voxels
    shifts = torch.randint(-most, most + 1, (len(batches), n_axes), generator=source)
    return EpochPlan(epoch, batches, tuple(tuple(shift) for shift in shifts.tolist()))


def shifted(images: Tensor, shift: tuple[int, ...]) -> Tensor:
    """Images, shape (n, 1, *grid), moved; what leaves on one side enters on the other."""
    if not any(shift):
        return images
    return images.roll(shift, dims=tuple(range(2, images.ndim)))


def noisy(images: Tensor, rows: Tensor, settings: TrainSettings, epoch: int) -> Tensor:
    """Images with noise that depends on seed, epoch and row, not on the batch.

    Args:
        images: Shape (n, 1, *grid).
        rows: Row of each image, shape (n,).
        settings: Seed and standard deviation of the noise.
        epoch: From 1.

    Returns:
        The same shape; the images themselves without noise.
    """
    if settings.noise_sd == 0:
        return images
    noise = torch.empty_like(images)
    # A generator for each scan: parts, processes and resumption then change nothing.
    for image, row in zip(noise, rows.tolist(), strict=True):
        source = generator(images.device, settings.seed, epoch, row)
        image.normal_(0, settings.noise_sd, generator=source)
    return noise.add_(images)


def learning_rate(settings: TrainSettings, step: int, n_steps: int) -> float:
    """Step size of a step, from 0, among all of the phase.

    `cosine` rises over 20 steps (a quarter of a shorter phase) to its highest and
    falls to zero along half a cosine.
    """
    if settings.schedule == "constant":
        return settings.learning_rate
    n_warm = min(WARM_UP_STEPS, n_steps // 4)
    if step < n_warm:
        return settings.learning_rate * (step + 1) / n_warm
    done = (step - n_warm) / max(n_steps - n_warm, 1)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * done))
