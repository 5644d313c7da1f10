"""What a map looks at: shares of its energy by lung zone and by density."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import AlignmentError
from clam_core.localization.zones import lung_zones

HU_BANDS: tuple[tuple[str, float, float], ...] = (
    ("emphysema", float("-inf"), -950.0),
    ("normal lung", -950.0, -700.0),
    ("ground glass", -700.0, -500.0),
    ("dense ground glass", -500.0, -300.0),
    ("consolidation", -300.0, float("inf")),
)
"""Name, lowest HU (included) and highest HU (not included) of each band, inside the mask."""

OUTSIDE = "outside the mask"

_WORTH_SAYING = 0.2


@dataclass(frozen=True)
class MapShares:
    """Shares of one map's energy; each of the two adds up to 1, an empty map has none.

    Attributes:
        zones: Share by lung zone and outside the mask; empty without a mask.
        bands: Share by HU band and outside the mask; empty without HU or mask.
        peak: Zone of the highest value, or `outside the mask`; None without a mask
            or for an empty map.
    """

    zones: dict[str, float]
    bands: dict[str, float]
    peak: str | None

    @property
    def sentence(self) -> str:
        """The shares in words."""
        parts = []
        if self.peak is not None:
            parts.append(f"peak {_place(self.peak)}")
        inside = {name: share for name, share in self.bands.items() if name != OUTSIDE}
        if inside and max(inside.values()) > 0:
            name = max(inside, key=lambda band: inside[band])
            parts.append(f"{inside[name]:.0%} of the map in {_density(name)}")
        outside = self.zones.get(OUTSIDE, 0.0)
        if outside >= _WORTH_SAYING:
            parts.append(f"{outside:.0%} outside the mask")
        if not parts:
            return "The map is empty, or there is no mask to place it in."
        text = "; ".join(parts).replace("%", " %")
        return f"{text[0].upper()}{text[1:]}."


def map_shares(
    activation_map: NDArray[np.floating],
    mask: NDArray[np.bool_] | None = None,
    hu: NDArray[np.floating | np.integer] | None = None,
) -> MapShares:
    """Share of a map's energy (the sum of its positive part) by lung zone and HU band.

    Args:
        activation_map: Shape (i, j, k), or (i, k) for a coronal slice; RAS+.
        mask: Lungs, same shape, or None.
        hu: CT of the scan in HU, same shape; None where there is no such scale.

    Returns:
        The shares.

    Raises:
        AlignmentError: If shapes differ.
    """
    for other in (mask, hu):
        if other is not None and other.shape != activation_map.shape:
            raise AlignmentError(
                f"A map of shape {activation_map.shape} does not fit an array of {other.shape}."
            )
    energy = np.maximum(activation_map, 0).astype(np.float64)
    if mask is None or not energy.any():
        return MapShares({}, {}, None)
    zones, names = lung_zones(mask)
    places = (OUTSIDE, *names)
    peak = places[int(zones[np.unravel_index(int(energy.argmax()), energy.shape)])]
    bands = _bands(energy, mask, hu) if hu is not None else {}
    return MapShares(_by_label(energy, zones, places), bands, peak)


def _bands(
    energy: NDArray[np.float64], mask: NDArray[np.bool_], hu: NDArray[np.floating | np.integer]
) -> dict[str, float]:
    """Share of energy by HU band inside the mask, and outside it."""
    # `digitize` counts a value on an edge to the band above, as HU_BANDS says.
    edges = [low for _, low, _ in HU_BANDS[1:]]
    labels = np.where(mask, np.digitize(hu, edges) + 1, 0)
    return _by_label(energy, labels, (OUTSIDE, *[name for name, _, _ in HU_BANDS]))


def _by_label(
    energy: NDArray[np.float64], labels: NDArray[np.integer], names: tuple[str, ...]
) -> dict[str, float]:
    sums = np.bincount(labels.ravel(), weights=energy.ravel(), minlength=len(names))
    shares = sums / energy.sum()
    named = {name: float(share) for name, share in zip(names, shares, strict=True)}
    return {**{name: named[name] for name in names[1:]}, OUTSIDE: named[OUTSIDE]}


def _place(peak: str) -> str:
    return peak if peak == OUTSIDE else f"in the {peak} zone"


def _density(band: str) -> str:
    return {
        "ground glass": "ground-glass densities",
        "dense ground glass": "dense ground-glass densities",
        "normal lung": "normal lung densities",
    }.get(band, f"{band} densities")
