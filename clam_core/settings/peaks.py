"""Where maps peak, as it is stored of each map, and clusters that are suspect because of it."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.wording import plural

NEAR = 2.0
"""Voxels from the border of the mask that count as near it."""
MOST = 0.5
"""Share of a cluster's maps above which most of them peak in one place."""
CHANCE = 0.01
"""Peaks that are thrown at the masks are together as often as this or more rarely."""

_PLACES = {
    "border": (
        f"within {NEAR:.0f} voxels of the border of the mask",
        "disease below the pleura, or masks that were cut differently",
    ),
    "hilum": (
        "at the hilum",
        "large lymph nodes or vessels, or lungs that were filled or cut differently",
    ),
}


@dataclass(frozen=True)
class PeakPlace:
    """Where the highest value of a map lies in its mask.

    Attributes:
        peak_depth: Voxels from the nearest voxel outside the mask, 1 for the outermost layer; 0
            outside the mask.
        peak_at_hilum: Whether it is in the middle of the inner side of a lung.
        border_share: Share of the mask that is within `NEAR` voxels of the border.
        hilum_share: Share of the mask that is at the hilum.
    """

    peak_depth: float
    peak_at_hilum: bool
    border_share: float
    hilum_share: float


def artefact_words(maps: pd.DataFrame, clusters: NDArray[np.integer]) -> dict[int, str]:
    """What to think of clusters whose maps mostly peak in one suspicious place.

    Args:
        maps: A row per map, columns as in `PeakPlace`; rows with gaps do not count, and a table
            without these columns, of an earlier version, says nothing.
        clusters: Cluster of each row, from 1.

    Returns:
        By cluster, a sentence for each place where more than half of its maps peak and chance
        would not do it; clusters without such a place are left out.
    """
    names = [field.name for field in fields(PeakPlace)]
    if not set(names) <= set(maps.columns):
        return {}
    known = maps[names].notna().all(axis="columns").to_numpy()
    said: dict[int, str] = {}
    for cluster in np.unique(clusters[known]):
        own = maps[known & (clusters == cluster)]
        sentences = (
            _words(int(cluster), "border", own["peak_depth"] <= NEAR, own["border_share"]),
            _words(int(cluster), "hilum", own["peak_at_hilum"].astype(bool), own["hilum_share"]),
        )
        if any(sentences):
            said[int(cluster)] = " ".join(one for one in sentences if one)
    return said


def _words(cluster: int, place: str, peaks: pd.Series[bool], shares: pd.Series[float]) -> str:
    from scipy import stats

    n_maps, n_peaks = len(peaks), int(peaks.sum())
    if n_peaks <= MOST * n_maps:
        return ""
    expected = float(shares.mean())
    if stats.binom.sf(n_peaks - 1, n_maps, expected) > CHANCE:
        return ""
    where, causes = _PLACES[place]
    return (
        f"Of {plural(n_maps, 'map')} of cluster {cluster}, {n_peaks} peak {where} (by chance "
        f"{expected * n_maps:.0f} would). This can be {causes}: look at the outlines of typical "
        "scans before you believe this cluster."
    )
