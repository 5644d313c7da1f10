"""The mark of a cluster as a small picture: the colour and symbol that it has in every chart."""

from __future__ import annotations

import math

from clam_core.figures.palette import cluster_color, cluster_symbol

_CORNERS = {"triangle-up": (3, -90), "square": (4, -45), "diamond": (4, -90), "pentagon": (5, -90)}
"""Number of corners, and the angle of the first one in degrees (clockwise from the right)."""


def cluster_mark(cluster: int, pixels: int = 22) -> str:
    """Drawing of a cluster's mark.

    Args:
        cluster: From 1.
        pixels: Width and height.

    Returns:
        An SVG picture as text, with a thin grey outline that is seen on any background.
    """
    style = f'fill="{cluster_color(cluster)}" stroke="#808080" stroke-width="1"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{pixels}" height="{pixels}" '
        f'viewBox="-12 -12 24 24">{_shape(cluster_symbol(cluster), style)}</svg>'
    )


def _shape(symbol: str, style: str) -> str:
    if symbol in _CORNERS:
        return f'<polygon points="{_points(*_CORNERS[symbol])}" {style}/>'
    if symbol == "star":
        outer, inner = _points(5, -90).split(), _points(5, -54, 4.5).split()
        points = " ".join(f"{one} {two}" for one, two in zip(outer, inner, strict=True))
        return f'<polygon points="{points}" {style}/>'
    if symbol in {"x", "cross"}:
        turned = ' transform="rotate(45)"' if symbol == "x" else ""
        path = "M-3 -10H3V-3H10V3H3V10H-3V3H-10V-3H-3Z"
        return f'<path d="{path}"{turned} {style}/>'
    return f'<circle r="9" {style}/>'


def _points(n_corners: int, first: float, radius: float = 10.0) -> str:
    angles = [math.radians(first + 360 * corner / n_corners) for corner in range(n_corners)]
    return " ".join(f"{radius * math.cos(a):.2f},{radius * math.sin(a):.2f}" for a in angles)
