"""What a cluster is recognised by where its maps lie: denser lung, less dense lung, or neither."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.localization.shares import HU_BANDS

HARDLY = 25.0
"""Mean differences below this many HU are called none: noise of means of a few scans."""
AERATED_HU = next((low, high) for name, low, high in HU_BANDS if name == "normal lung")


@dataclass(frozen=True)
class RecognisedBy:
    """Densities where the maps of a cluster lie, weighted by its mean map.

    Attributes:
        own: Mean of the cluster's scans, in the unit of the study.
        others: The same of all other scans.
        is_absence: Whether the cluster is recognised by what its scans do not have: its lungs
            are normally aerated where those of the others are denser.
        sentence: The same in words.
    """

    own: float
    others: float
    is_absence: bool
    sentence: str


def recognised_by(
    mean_map: NDArray[np.floating],
    own: NDArray[np.floating],
    others: NDArray[np.floating],
    unit: str,
) -> RecognisedBy | None:
    """Compare a cluster's mean scan with that of the others, where its maps lie.

    Args:
        mean_map: Mean map; what is negative or missing does not count.
        own: Mean scan of the cluster, same shape.
        others: Mean scan of the other clusters, same shape.
        unit: `HU`, or any other: then nothing is called aerated.

    Returns:
        None where the map is empty, or where there are no other scans.
    """
    weights = np.nan_to_num(mean_map.astype(np.float64)).clip(min=0)
    known = (weights > 0) & np.isfinite(own) & np.isfinite(others)
    if not known.any():
        return None
    here = float(np.average(own[known].astype(np.float64), weights=weights[known]))
    there = float(np.average(others[known].astype(np.float64), weights=weights[known]))
    is_absence = unit == "HU" and here - there <= -HARDLY and AERATED_HU[0] <= here <= AERATED_HU[1]
    return RecognisedBy(here, there, is_absence, _words(here, there, unit, is_absence=is_absence))


def _words(own: float, others: float, unit: str, *, is_absence: bool) -> str:
    less = own - others
    here, there = (f"{one:.0f}".replace("-", "−") for one in (own, others))
    if unit != "HU":
        more = "brighter" if less > 0 else "darker"
        return f"Where its maps lie, its scans are {abs(less):.3g} {more} than the others."
    if is_absence:
        return (
            f"Recognised by absence: where its maps lie, its lungs are normally aerated "
            f"({here} HU), while those of the other clusters are {-less:.0f} HU denser."
        )
    if abs(less) < HARDLY:
        return (
            "Where its maps lie, its scans are about as dense as the others "
            f"({here} against {there} HU): it is recognised by texture or shape."
        )
    more = "denser" if less > 0 else "less dense"
    return (
        f"Where its maps lie, its scans are {abs(less):.0f} HU {more} than the others "
        f"({here} against {there} HU)."
    )
