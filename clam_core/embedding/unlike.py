"""Is a new scan unlike every scan of the cohort? Distances and plain measures of its voxels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.clustering.nearest import nearest
from clam_core.errors import AlignmentError

NEAREST_FACTOR = 1.5
"""A nearest scan farther than this times what 99 % of the cohort have is far."""

RANGE_FACTOR = 2.0
"""A measure may lie beyond the middle 98 % of the cohort by this many times their range."""

_WORDS = {
    "brightness": ("darker", "brighter"),
    "spread": ("more uniform", "more varied"),
    "roughness": ("smoother", "rougher"),
}

Codes = NDArray[np.floating]


def voxel_measures(
    volume: NDArray[np.generic], mask: NDArray[np.bool_] | None, *, is_hu: bool
) -> dict[str, float]:
    """Measures of a scan's voxels that need no model.

    Args:
        volume: Shape of the grid.
        mask: Only voxels inside count; None takes all.
        is_hu: Whether brightness means something; without, only texture is measured.

    Returns:
        brightness (median) and spread (between the quartiles), in HU; roughness (median
        difference of neighbors relative to the spread).
    """
    values = volume.astype(np.float32)
    inside = np.ones(values.shape, dtype=bool) if mask is None or not mask.any() else mask
    low, middle, high = np.percentile(values[inside], [25, 50, 75])
    spread = float(high - low)
    steps = [_steps(values, inside, axis) for axis in range(values.ndim)]
    step = float(np.median(np.concatenate(steps)))
    roughness = step / spread if spread > 0 else 0.0
    measures = {"brightness": float(middle), "spread": spread} if is_hu else {}
    return {**measures, "roughness": roughness}


def _steps(values: NDArray[np.float32], inside: NDArray[np.bool_], axis: int) -> Codes:
    """Absolute differences of neighbors along an axis that are both inside."""
    n_voxels = values.shape[axis]
    first, second = np.arange(n_voxels - 1), np.arange(1, n_voxels)
    both = inside.take(first, axis) & inside.take(second, axis)
    steps: Codes = np.abs(values.take(second, axis) - values.take(first, axis))[both]
    return steps


@dataclass(frozen=True, eq=False)
class Usual:
    """What is usual in a cohort.

    Attributes:
        codes: Several descriptions of the cohort's scans by the model, such as features
            and latent codes, each of shape (n_scans, n_values).
        measures: Measures of the cohort's scans by name, each of shape (n_scans,).
        distances: `usual_distance` of each description; None where it is not known.
    """

    codes: tuple[Codes, ...]
    measures: Mapping[str, Codes]
    distances: tuple[float, ...] | None = None

    def doubts(self, codes: tuple[Codes, ...], measures: Mapping[str, float]) -> tuple[str, ...]:
        """Reasons why a new scan is unlike all of the cohort; none if it is not.

        Args:
            codes: The same descriptions of the new scan, each of shape (n_values,).
            measures: Its measures.

        Raises:
            AlignmentError: If the descriptions have other lengths than the cohort's.
        """
        reasons = []
        known = self.distances or (None,) * len(self.codes)
        parts = zip(codes, self.codes, known, strict=True)
        # Unlike in one description is enough: features may overlook what latent codes show.
        farness = max(nearest_ratio(*part) for part in parts)
        if farness > NEAREST_FACTOR:
            reasons.append(
                f"its nearest scan is {farness:.1f} times as far away as is usual in the cohort"
            )
        for name, value in measures.items():
            low, high = np.quantile(self.measures[name], [0.01, 0.99])
            slack = RANGE_FACTOR * (high - low)
            if value < low - slack:
                reasons.append(f"it is much {_WORDS[name][0]} than any scan of the cohort")
            elif value > high + slack:
                reasons.append(f"it is much {_WORDS[name][1]} than any scan of the cohort")
        return tuple(reasons)


def nearest_ratio(new: Codes, cohort: Codes, usual: float | None = None) -> float:
    """Distance of a new scan to its nearest, relative to what 99 % of the cohort have at most.

    Args:
        new: Shape (n_values,).
        cohort: Shape (n_scans, n_values), two scans or more.
        usual: `usual_distance` of the cohort, where it is known.

    Raises:
        AlignmentError: If the lengths differ.
    """
    from scipy.spatial.distance import cdist

    if new.shape != cohort.shape[1:]:
        raise AlignmentError(f"A code of shape {new.shape} does not fit codes of {cohort.shape}.")
    usual = usual_distance(cohort) if usual is None else usual
    return float(cdist(new[None], cohort).min()) / max(usual, 1e-12)


def usual_distance(cohort: Codes) -> float:
    """Distance to the nearest other scan that 99 % of a cohort have at most.

    Args:
        cohort: Shape (n_scans, n_values), two scans or more.
    """
    # Not the largest: one outlier in the cohort would make every new scan usual.
    return float(np.quantile(nearest(cohort, 1).distances[:, 0], 0.99))
