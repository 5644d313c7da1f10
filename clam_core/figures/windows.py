"""Windows: which values a slice shows between black and white."""

from __future__ import annotations

import numpy as np

from clam_core.preprocess.memory_order import sample
from clam_core.volume import Volume

PRESETS_HU: dict[str, tuple[float, float]] = {
    "lung": (-600.0, 1500.0),
    "mediastinum": (40.0, 400.0),
    "bone": (400.0, 1800.0),
}
"""Level and width of the usual windows of chest CT, in HU."""


def window_limits(level: float, width: float) -> tuple[float, float]:
    """Lowest and highest value of a window given by its middle and its width."""
    return level - width / 2, level + width / 2


def usual_window(volume: Volume) -> tuple[float, float]:
    """The lung window for HU; the middle 98 % of the values for any other unit."""
    if volume.unit == "HU":
        return window_limits(*PRESETS_HU["lung"])
    low, high = np.percentile(sample(volume.array).astype(np.float64), [1, 99])
    return float(low), float(max(high, low + 1))
