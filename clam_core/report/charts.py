"""Charts of a run: training, numbers of clusters, the map of the cohort, shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from clam_core.figures.palette import cluster_color, cluster_symbol
from clam_core.report.html import Html
from clam_core.report.svg import (
    GRID_LINE,
    INK,
    QUIET,
    Scale,
    bar,
    drawing,
    label,
    left_axis,
    line,
    mark,
    nice_ticks,
    polyline,
    shorten,
    text_width,
)

LINE_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Okabe & Ito (2008), told apart by people with any colour vision."""

DASHES = ("", "6 3", "2 2", "8 3 2 3")


def curves(
    lines: Mapping[str, Sequence[tuple[float, float]]], axes: tuple[str, str], alt: str
) -> Html:
    """Lines with a legend.

    Args:
        lines: Points of each line by its name.
        axes: Titles of the horizontal and the vertical axis.
        alt: What is seen.

    Returns:
        The drawing.
    """
    width, height, left, right, top, bottom = 460.0, 240.0, 52.0, 450.0, 40.0, 196.0
    values = [y for points in lines.values() for _, y in points]
    places = [x for points in lines.values() for x, _ in points]
    ticks = nice_ticks(min(values), max(values), 5)
    across = Scale(min(places), max(*places, min(places) + 1), left, right)
    up = Scale(ticks[0], ticks[-1], bottom, top)
    parts = [*left_axis(up, left, right, axes[1], 5), *_whole_axis(across, bottom, axes[0])]
    x = right
    for n, name in reversed(list(enumerate(lines))):
        color, dash = LINE_COLORS[n % 4], DASHES[n % 4]
        points = [(across(a), up(b)) for a, b in lines[name]]
        parts.append(polyline(points, color, stroke_dasharray=dash or None))
        if len(points) <= 20:
            parts += [mark(*point, "circle", color, 3) for point in points]
        if len(lines) > 1:
            parts.append(label(x, 16, name, "end"))
            x -= text_width(name) + 34
            parts.append(line(x + 6, 12, x + 28, 12, stroke=color, stroke_width=2,
                              stroke_dasharray=dash or None))  # fmt: skip
    return drawing(width, height, alt, *parts)


def _whole_axis(across: Scale, bottom: float, title: str) -> list[Html]:
    """A horizontal axis of whole numbers."""
    ticks = [t for t in nice_ticks(across.low, across.high, 8) if float(t).is_integer()]
    parts = [line(across.start, bottom, across.end, bottom)]
    parts += [
        label(across(tick), bottom + 16, f"{tick:.0f}", "middle", fill=QUIET)
        for tick in ticks
        if across.low <= tick <= across.high
    ]
    middle = (across.start + across.end) / 2
    return [*parts, label(middle, bottom + 34, title, "middle", fill=QUIET)]


def plane_map(members: pd.DataFrame, sizes: Mapping[int, int], axes: str, alt: str) -> Html:
    """The scans on the plane, coloured by cluster, with a legend.

    Args:
        members: One row per scan: x, y, cluster.
        sizes: Scans in each cluster, for the legend.
        axes: Name of the axes, such as UMAP.
        alt: What is seen.

    Returns:
        The drawing; both axes have the same scale.
    """
    left, side = 24.0, 440.0
    across, up = _square(members, left, side)
    size = 5.0 if len(members) <= 200 else 3.5 if len(members) <= 2000 else 2.0
    parts = [bar(left, 0.5, side, side, fill="none", stroke=GRID_LINE)]
    for row, (number, count) in enumerate(sorted(sizes.items())):
        color, symbol = cluster_color(number), cluster_symbol(number)
        part = members[members["cluster"] == number]
        parts += [
            mark(across(float(x)), up(float(y)), symbol, color, size)
            for x, y in zip(part["x"], part["y"], strict=True)
        ]
        y = 22 + 24 * row
        parts.append(mark(left + side + 20, y - 4, symbol, color, 6))
        parts.append(label(left + side + 34, y, f"Cluster {number} ({count:,})"))
    middle = left + side / 2
    parts.append(label(middle, side + 18, f"{axes} 1", "middle", fill=QUIET))
    turned = {"fill": QUIET, "transform": "rotate(-90)"}
    parts.append(label(-side / 2, 14, f"{axes} 2", "middle", **turned))
    return drawing(left + side + 160, max(side + 24, 24 * len(sizes) + 10), alt, *parts)


def _square(members: pd.DataFrame, left: float, side: float) -> tuple[Scale, Scale]:
    """Scales of both axes, alike, with the points in the middle."""
    spans = [(float(members[a].min()), float(members[a].max())) for a in ("x", "y")]
    half = 0.54 * max(1e-9, *(high - low for low, high in spans))
    middles = [(low + high) / 2 for low, high in spans]
    across, up = ((middle - half, middle + half) for middle in middles)
    return Scale(*across, left, left + side), Scale(*up, side, 0)


def shares(rows: Mapping[str, Mapping[str, float]], colors: Mapping[str, str], alt: str) -> Html:
    """Stacked horizontal bars of shares that add up to one.

    Args:
        rows: Shares by part, per row.
        colors: Color of each part, in the order of the bars.
        alt: What is seen.

    Returns:
        The drawing, with the share written where there is room.
    """
    left = 16 + max(text_width(name) for name in rows)
    width, thick, right = 640.0, 24, 632.0
    lines, x, y = [], left, 14.0
    for name, color in colors.items():
        room = text_width(name) + 30
        if x + room > right and x > left:
            x, y = left, y + 20
        lines += [bar(x, y - 10, 12, 12, fill=color), label(x + 17, y, name)]
        x += room
    top = y + 14
    parts = [*lines]
    for row, (name, found) in enumerate(rows.items()):
        y, x = top + row * (thick + 8), left
        parts.append(label(left - 8, y + 16, name, "end"))
        total = sum(found.get(part, 0.0) for part in colors) or 1.0
        for part, color in colors.items():
            wide = (right - left) * found.get(part, 0.0) / total
            if wide > 0:
                parts.append(bar(x, y, wide, thick, fill=color, stroke="#ffffff"))
            if wide > 34:
                text = f"{100 * found[part] / total:.0f} %"
                parts.append(label(x + wide / 2, y + 16, text, "middle", fill=ink_on(color)))
            x += wide
    return drawing(width, top + len(rows) * (thick + 8), alt, *parts)


def ink_on(color: str) -> str:
    """Black or white: what reads better on a color `#rrggbb`."""
    red, green, blue = (int(color[n : n + 2], 16) for n in (1, 3, 5))
    return INK if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "#ffffff"


def flow(steps: Sequence[tuple[str, str]], alt: str) -> Html:
    """Boxes below each other, what is left out beside the arrows.

    Args:
        steps: Per box its text, and what was left out before it (empty for nothing).
        alt: What is seen.

    Returns:
        The drawing.
    """
    wide, tall, gap = 250, 30, 32
    parts: list[Html] = []
    for row, (text, left_out) in enumerate(steps):
        y = row * (tall + gap) + 1
        middle = wide / 2
        if row:
            parts.append(line(middle, y - gap, middle, y - 5))
            parts.append(mark(middle, y - 5, "triangle-down", QUIET, 4.5))
        if left_out:
            x, at = wide + 26, y - gap / 2
            parts.append(line(middle, at, x, at))
            box = text_width(shorten(left_out, 60)) + 20
            parts.append(bar(x, at - 12, box, 24, fill="#fff8ec", stroke="#c98b1b", rx=3))
            parts.append(label(x + 10, at + 4, shorten(left_out, 60)))
        parts.append(bar(1, y, wide - 2, tall, fill="#f4f6f8", stroke=QUIET, rx=3))
        parts.append(label(middle, y + 19, text, "middle"))
    return drawing(720, len(steps) * (tall + gap) - gap + 4, alt, *parts)
