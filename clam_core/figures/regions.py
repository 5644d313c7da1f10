"""Which points lie in boxes and lassos that were drawn on a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Regions = Sequence[Mapping[str, Any]]


def inside(points: pd.DataFrame, box: Regions, lasso: Regions) -> NDArray[np.bool_]:
    """Whether each point lies in any of the regions.

    Args:
        points: Columns x and y.
        box: Boxes, each with x and y, two opposite corners.
        lasso: Polygons, each with x and y, their corners.

    Returns:
        Shape (n_points,).

    Source:
        Shimrat (1962), "Algorithm 112: position of point relative to polygon", CACM 5:434.
    """
    x, y = (points[name].to_numpy(dtype=np.float64) for name in ("x", "y"))
    is_inside = np.zeros(len(points), dtype=np.bool_)
    for corners in box:
        (left, right), (low, high) = sorted(corners["x"]), sorted(corners["y"])
        is_inside |= (left <= x) & (x <= right) & (low <= y) & (y <= high)
    for polygon in lasso:
        is_inside |= _in_polygon(x, y, list(zip(polygon["x"], polygon["y"], strict=True)))
    return is_inside


def _in_polygon(
    x: NDArray[np.float64], y: NDArray[np.float64], corners: list[tuple[float, float]]
) -> NDArray[np.bool_]:
    """Whether a ray to the right crosses the polygon an odd number of times."""
    crossed = np.zeros(len(x), dtype=np.bool_)
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        if y1 == y2:
            continue
        # Half open: a ray through a corner meets one of its two edges, not both.
        meets = (y1 > y) != (y2 > y)
        crossed ^= meets & (x < x1 + (y - y1) / (y2 - y1) * (x2 - x1))
    return crossed
