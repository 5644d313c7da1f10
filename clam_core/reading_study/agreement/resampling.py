"""Intervals by drawing subjects again: scans of one subject are drawn together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
N_DRAWS = 2000


def resampled(
    parts: Floats,
    subjects: NDArray[np.int64],
    coefficient: Callable[[Floats], Floats],
    seed: int = 0,
) -> tuple[float, float]:
    """95 % percentile interval of a coefficient that follows from sums over scans.

    Args:
        parts: What each scan adds to the sums, shape (n_scans, ...).
        subjects: Number of the subject of each scan, from 0, shape (n_scans,).
        coefficient: From sums, shape (n_draws, ...), to values, shape (n_draws,); NaN where it
            is not defined.
        seed: Same seed, same interval.

    Returns:
        Lower and upper limit; NaN with fewer than three subjects, or where more than one draw
        in ten does not define it.
    """
    n_subjects = int(subjects.max()) + 1 if len(subjects) else 0
    if n_subjects < 3:
        return float("nan"), float("nan")
    flat = parts.reshape(len(parts), -1)
    sums = np.zeros((n_subjects, flat.shape[1]))
    np.add.at(sums, subjects, flat)
    rng = np.random.default_rng(seed)
    times = rng.multinomial(n_subjects, np.full(n_subjects, 1 / n_subjects), size=N_DRAWS)
    drawn = (times @ sums).reshape(N_DRAWS, *parts.shape[1:])
    values = coefficient(drawn)
    known = values[np.isfinite(values)]
    if len(known) < 0.9 * N_DRAWS:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)
