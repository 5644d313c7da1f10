"""Tables of features with known groups, or none, as `select` takes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

N_SCANS, N_FEATURES = 60, 8
SPREADS = np.array([0.36, 0.23, 0.16, 0.13, 0.11, 0.10, 0.08, 0.08])
"""Standard deviations of the eight profile features of 60 healthy phantom scans."""
DISTANCES = (3.0, 4.0, 5.0, 6.0)
SIZES: tuple[tuple[int, ...], ...] = (
    (15, 15),
    (30, 30),
    (60, 60),
    (48, 12),
    (60, 15),
    (15, 15, 15),
    (30, 30, 30),
    (48, 12, 12),
)


def heap(n: int, rng: np.random.Generator) -> Values:
    """One Gaussian heap with the spreads of healthy scans, shape (n, N_FEATURES)."""
    drawn: Values = rng.normal(size=(n, N_FEATURES)) * SPREADS
    return drawn


def healthy(seed: int, rng: np.random.Generator) -> Values:
    """One heap of 30, 60 or 120 scans."""
    return heap((30, 60, 120)[seed % 3], rng)


def continuum(seed: int, rng: np.random.Generator) -> Values:
    """Scans along one direction of disease: even, a half-normal, or many mild and few severe."""
    extents = (
        rng.uniform(0, 1, N_SCANS) * np.sqrt(12),
        np.abs(rng.normal(size=N_SCANS)) * 1.66,
        rng.exponential(size=N_SCANS),
        rng.gamma(2.0, size=N_SCANS) / np.sqrt(2),
    )[seed % 4]
    values = heap(N_SCANS, rng)
    # Disease spreads scans two to four times as far as what varies among healthy ones.
    values[:, 0] += (2 + seed % 3) * SPREADS[0] * extents
    return values


def scanners(seed: int, rng: np.random.Generator) -> Values:
    """One heap seen by two scanners that differ by less than what makes two heaps.

    The shift is 1, 1.5 or 2 standard deviations along an axis that varies, and the second
    scanner's scans spread 1, 1.3 or 1.6 times as far (noise).
    """
    values = heap(N_SCANS, rng)
    is_second = rng.permutation(N_SCANS) < N_SCANS // 2
    values[is_second] *= (1.0, 1.3, 1.6)[seed // 3 % 3]
    axis = seed % 4
    values[is_second, axis] += (1.0, 1.5, 2.0)[seed % 3] * SPREADS[axis]
    return values


def heavy_tailed(seed: int, rng: np.random.Generator) -> Values:
    """One heap with far scans: on the first axis, on all, of whole scans, or skewed."""
    kind, values = seed % 4, heap(N_SCANS, rng)
    if kind == 0:
        # Three to seven scans far out on one side, as healthy scans have.
        far = rng.permutation(N_SCANS)[: rng.integers(3, 8)]
        values[far, 0] = SPREADS[0] * rng.uniform(3, 8, len(far))
    elif kind == 1:
        values = rng.standard_t(3, values.shape) * SPREADS
    elif kind == 2:
        values /= np.sqrt(rng.chisquare(4, (N_SCANS, 1)) / 4)
    else:
        values[:, :2] = SPREADS[:2] * (np.exp(0.8 * rng.normal(size=(N_SCANS, 2))) - 1)
    return values


NULLS: dict[str, Callable[[int, np.random.Generator], Values]] = {
    "healthy": healthy,
    "continuum": continuum,
    "two scanners": scanners,
    "heavy tails": heavy_tailed,
}


@dataclass(frozen=True)
class Groups:
    """Groups of spread 1 in every feature, their centers equally far apart.

    Attributes:
        sizes: Scans in each.
        distance: Between every two centers, in standard deviations.
    """

    sizes: tuple[int, ...]
    distance: float

    def draw(self, rng: np.random.Generator) -> Values:
        """Features of all scans, shape (n, N_FEATURES)."""
        turned = np.linalg.qr(rng.normal(size=(N_FEATURES, len(self.sizes))))[0].T
        centers = turned * self.distance / np.sqrt(2)
        labels = np.repeat(np.arange(len(self.sizes)), self.sizes)
        drawn: Values = centers[labels] + rng.normal(size=(len(labels), N_FEATURES))
        return drawn
