"""Counts of voxel values over a cohort, from which window, mean and sd follow exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.training.source import Mask, Volume16

N_VALUES, LOWEST = 1 << 16, -(1 << 15)
PERCENTILES = (0.5, 99.5)


class ShownValues:
    """How often each value occurs among the voxels that the network sees.

    Whole numbers of 16 bits have 65,536 values, so that one pass gives exact
    percentiles and moments for any window, whatever the order of the scans.

    Args:
        is_filled: Voxels outside a mask are replaced, and not counted.
    """

    def __init__(self, *, is_filled: bool) -> None:
        self._is_filled = is_filled
        self._inside = np.zeros(N_VALUES, np.int64)
        self._unmasked = np.zeros(N_VALUES, np.int64)
        self.n_filled = 0

    def add(self, volume: Volume16, mask: Mask | None) -> bool:
        """Count the voxels of a scan; says whether it has a mask."""
        if mask is None or not self._is_filled:
            self._unmasked += _count(volume)
        else:
            self._inside += _count(volume[mask])
            self.n_filled += int(mask.size - np.count_nonzero(mask))
        return mask is not None

    def window(self) -> tuple[float, float]:
        """The 0.5th and 99.5th percentile; the extremes where these are equal."""
        counts = self._inside + self._unmasked
        share = np.cumsum(counts) / counts.sum()
        low, high = (int(np.searchsorted(share, p / 100)) for p in PERCENTILES)
        if low == high:
            occurring = np.flatnonzero(counts)
            low, high = int(occurring[0]), int(occurring[-1])
        return float(low + LOWEST), float(high + LOWEST)

    def mean_inside(self, window: tuple[float, float]) -> float:
        """Mean inside the masks, of values clipped to the window."""
        return float(np.average(_values(window), weights=self._inside))

    def moments(self, window: tuple[float, float], background: float | None) -> tuple[float, float]:
        """Mean and sd of all voxels, clipped to the window and with the background filled."""
        values = np.append(_values(window), 0.0 if background is None else background)
        counts = np.append(self._inside + self._unmasked, self.n_filled)
        mean = float(np.average(values, weights=counts))
        return mean, float(np.sqrt(np.average(np.square(values - mean), weights=counts)))


def _count(values: Volume16) -> NDArray[np.int64]:
    # In int16 the difference would overflow.
    return np.bincount(values.astype(np.int32).ravel() - LOWEST, minlength=N_VALUES)


def _values(window: tuple[float, float]) -> NDArray[np.float64]:
    return np.clip(np.arange(N_VALUES, dtype=np.float64) + LOWEST, *window)
