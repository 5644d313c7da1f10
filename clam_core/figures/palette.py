"""Colors and symbols of clusters, the same in every chart."""

from __future__ import annotations

CLUSTER_COLORS = (
    "#244BFF", "#E1780F", "#1E9687", "#B41EA5", "#875A4B", "#0096FF",
    "#4B6969", "#969669", "#A587B4", "#E1001E", "#FF2D96", "#007800",
)  # fmt: skip
"""Seen on white and on black, and told apart by people with any colour vision.

Chosen by a search over sRGB for twelve colours that are as far from each other as possible,
also as people without red, green or blue cones see them (CIEDE2000), among those with a
contrast of 3 or more to the light and the dark page and clearly off the grey below. The
first six are told apart about as well as those of Okabe & Ito (2008), "Color universal
design", of which two have a contrast below 2.4 to white.
"""

CLUSTER_SYMBOLS = ("circle", "x", "triangle-up", "square", "diamond", "cross", "star", "pentagon")

UNSELECTED = "#9AA0A6"
"""Grey of what is not selected, and of scans without a value."""


def cluster_color(cluster: int) -> str:
    """Color of a cluster, counted from 1; beyond the palette colours begin again."""
    return CLUSTER_COLORS[(int(cluster) - 1) % len(CLUSTER_COLORS)]


def cluster_symbol(cluster: int) -> str:
    """Symbol of a cluster, counted from 1. With its colour it is unique up to cluster 24."""
    return CLUSTER_SYMBOLS[(int(cluster) - 1) % len(CLUSTER_SYMBOLS)]


def channels(color: str) -> tuple[int, int, int]:
    """Red, green and blue of a colour such as `#0072B2`, 0 to 255."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def greyed(color: str, share: float = 0.75) -> str:
    """The color mixed with the grey of what is not selected."""
    mixed = [
        round((1 - share) * own + share * grey)
        for own, grey in zip(channels(color), channels(UNSELECTED), strict=True)
    ]
    return "#" + "".join(f"{value:02X}" for value in mixed)
