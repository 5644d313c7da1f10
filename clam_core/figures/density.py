"""Lines that show where many points of a map lie over each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from clam_core.figures.palette import UNSELECTED

_SQUARES = 60


def add_density(figure: Any, points: pd.DataFrame) -> None:  # noqa: ANN401
    """Add lines of equal density, below whatever is added later.

    Args:
        figure: A plotly figure.
        points: x and y of every scan; they are counted in squares, smoothed a little.
    """
    from scipy.ndimage import gaussian_filter

    x, y = (points[name].to_numpy(dtype=np.float64) for name in ("x", "y"))
    counts, across, up = np.histogram2d(x, y, bins=_SQUARES)
    centers = [(ends[1:] + ends[:-1]) / 2 for ends in (across, up)]
    figure.add_contour(
        x=centers[0],
        y=centers[1],
        z=gaussian_filter(counts, 1.5).T,
        ncontours=8,
        contours={"coloring": "none"},
        line={"color": UNSELECTED, "width": 1.5},
        showscale=False,
        showlegend=False,
        hoverinfo="skip",
        name="density",
    )
