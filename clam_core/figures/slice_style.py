"""How a slice is shown: window, colours, threshold, outlines."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from clam_core.settings.base import Settings

Plane = Literal["axial", "coronal", "sagittal"]
Colors = Literal["sequential", "diverging"]

PLANE_AXIS: dict[Plane, int] = {"sagittal": 0, "coronal": 1, "axial": 2}

FOR_STOPS = ("#993404", "#d95f0e", "#fe9929", "#fec44f", "#ffffb0")
AGAINST_STOPS = ("#08306b", "#2171b5", "#4292c6", "#9ecae1", "#e0f3ff")
"""Oranges and blues of rising lightness, told apart with any colour vision (ColorBrewer)."""

LETTER_COLOR = (255, 210, 77)
MASK_COLOR = (0, 158, 115)
"""Bluish green (Okabe and Ito): neither evidence for nor against."""


class Look(Settings):
    """How one slice is shown.

    Attributes:
        window: Lowest and highest value on the grey scale, in the scan's unit.
        colors: `sequential` shows what speaks for, `diverging` also what speaks against.
        opacity: Of the overlay, the same everywhere above the threshold.
        threshold: Share of the map's largest value below which nothing is drawn.
        style: `fill`, `outline` of what lies above the threshold, or `off`.
        mask_outline: Whether the outline of the mask is drawn.
        smooth: Whether the map is interpolated between its voxels.
        letters: Whether the sides of the patient are marked.
    """

    window: tuple[float, float]
    colors: Colors = "sequential"
    opacity: float = Field(default=0.6, ge=0, le=1)
    threshold: float = Field(default=0.25, ge=0, lt=1)
    style: Literal["fill", "outline", "off"] = "fill"
    mask_outline: bool = False
    smooth: bool = True
    letters: bool = False

    @model_validator(mode="after")
    def _check(self) -> Look:
        if not self.window[0] < self.window[1]:
            raise ValueError("a window ends above its start")
        return self


def color_table(stops: tuple[str, ...], n_colors: int = 256) -> NDArray[np.uint8]:
    """Colours between stops, evenly spaced.

    Args:
        stops: At least two colours, `#rrggbb`.
        n_colors: Number of colours.

    Returns:
        Shape (n_colors, 3), from the first stop to the last.
    """
    points = np.array([[int(stop[n : n + 2], 16) for n in (1, 3, 5)] for stop in stops], float)
    at = np.linspace(0, len(stops) - 1, n_colors)
    channels = [np.interp(at, np.arange(len(stops)), points[:, c]) for c in range(3)]
    table: NDArray[np.uint8] = np.rint(np.stack(channels, axis=1)).astype(np.uint8)
    return table
