"""Charts of clinical values by cluster: points, stacked levels, survival, change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.figures.palette import cluster_color, cluster_symbol
from clam_core.figures.slice_style import color_table
from clam_core.report.charts import DASHES, ink_on
from clam_core.report.html import Html, tag
from clam_core.report.svg import (
    GRID_LINE,
    INK,
    QUIET,
    Scale,
    bar,
    bottom_axis,
    coordinate,
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

_ORDERED = ("#fde7bc", "#c2447a", "#3b0f53")
_UNORDERED = (
    "#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#0072B2", "#D55E00", "#F0E442", "#999999",
)  # fmt: skip
_PANEL = (320, 250)


def points(values: Mapping[int, NDArray[np.float64]], title: str, alt: str) -> Html:
    """Every value as a point beside a box of median and quartiles, by cluster.

    Args:
        values: Known values of each cluster.
        title: Name of the variable with its unit.
        alt: What is seen.

    Returns:
        The drawing.
    """
    width, height = _PANEL
    left, right, top, bottom = 52, width - 8, 34, height - 40
    everything = np.concatenate(list(values.values()))
    ticks = nice_ticks(float(everything.min()), float(everything.max()), 5)
    up = Scale(ticks[0], ticks[-1], bottom, top)
    parts = left_axis(up, left, right, "", 5)
    parts.append(label(left - 44, 14, shorten(title, 42), font_weight="600"))
    step = (right - left) / len(values)
    for place, (number, found) in enumerate(sorted(values.items())):
        x = left + (place + 0.5) * step
        parts += _box(found, x - 0.24 * step, min(0.3 * step, 36), up)
        color, symbol = cluster_color(number), cluster_symbol(number)
        for shift, value in zip(_spread(found, up), found, strict=True):
            at = x + 0.2 * step + shift * min(0.2 * step, 26)
            parts.append(mark(at, up(float(value)), symbol, color, 3.2))
        parts.append(label(x, bottom + 17, f"Cluster {number}", "middle"))
        parts.append(label(x, bottom + 32, f"n = {len(found)}", "middle", fill=QUIET))
    return drawing(width, height, alt, *parts)


def _spread(values: NDArray[np.float64], up: Scale) -> list[float]:
    """Sideways places from -1 to 1, so that points of like height do not lie on each other."""
    taken: dict[int, int] = {}
    places = []
    for value in values:
        row = int(up(float(value)) // 7)
        n = taken.get(row, 0)
        taken[row] = n + 1
        places.append(((n + 1) // 2) * 0.26 * (1 if n % 2 else -1))
    return [max(-1.0, min(1.0, place)) for place in places]


def _box(values: NDArray[np.float64], x: float, wide: float, up: Scale) -> list[Html]:
    """Median and quartiles; whiskers to the last value within 1.5 times their distance."""
    if len(values) == 0:
        return []
    low, middle, high = (float(v) for v in np.percentile(values, [25, 50, 75]))
    reach = 1.5 * (high - low)
    inside = values[(values >= low - reach) & (values <= high + reach)]
    ends = float(inside.min()), float(inside.max())
    return [
        line(x, up(ends[0]), x, up(low)),
        line(x, up(high), x, up(ends[1])),
        bar(x - wide / 2, up(high), wide, up(low) - up(high), fill="#f4f6f8", stroke=QUIET),
        line(x - wide / 2, up(middle), x + wide / 2, up(middle), stroke=INK, stroke_width=2),
    ]


def levels(counts: pd.DataFrame, title: str, alt: str, *, ordered: bool) -> Html:
    """Share of every level in each cluster as stacked columns, counts written in them.

    Args:
        counts: One row per cluster, one column per level, in order.
        title: Name of the variable.
        alt: What is seen.
        ordered: Whether the levels have an order.

    Returns:
        The drawing.
    """
    width, height = _PANEL
    left, top, bottom = 40, 34, height - 40
    names = [shorten(str(name), 14) for name in counts.columns]
    right = width - 34 - max(text_width(name) for name in names)
    up = Scale(0, 100, bottom, top)
    parts = left_axis(up, left, right, "", 5)
    parts.append(label(left - 32, 14, f"{shorten(title, 36)} (%)", font_weight="600"))
    colors = level_colors(len(names), ordered=ordered)
    step = (right - left) / len(counts)
    for place, number in enumerate(counts.index):
        x, row = left + (place + 0.14) * step, [int(one) for one in counts.loc[number]]
        parts += _column(row, colors, (x, 0.72 * step), up)
        middle = x + 0.36 * step
        parts.append(label(middle, bottom + 17, f"Cluster {number}", "middle"))
        parts.append(label(middle, bottom + 32, f"n = {sum(row)}", "middle", fill=QUIET))
    for place, (name, color) in enumerate(reversed(list(zip(names, colors, strict=True)))):
        y = top + 10 + 18 * place
        parts += [bar(right + 10, y - 10, 12, 12, fill=color, stroke=GRID_LINE)]
        parts += [label(right + 27, y, name)]
    return drawing(width, height, alt, *parts)


def _column(
    counts: Sequence[int], colors: Sequence[str], place: tuple[float, float], up: Scale
) -> list[Html]:
    """Bars on top of each other; `place` is the left side and the width."""
    parts, below, total = [], 0.0, sum(counts)
    for color, count in zip(colors, counts, strict=True):
        share = 100 * count / total if total else 0.0
        y, tall = up(below + share), up(below) - up(below + share)
        parts.append(bar(place[0], y, place[1], tall, fill=color, stroke="#ffffff"))
        if tall > 15:
            at = (place[0] + place[1] / 2, y + tall / 2 + 4)
            parts.append(label(*at, str(count), "middle", fill=ink_on(color)))
        below += share
    return parts


def level_colors(n: int, *, ordered: bool) -> list[str]:
    """A color per level: from light to dark where they have an order."""
    if not ordered:
        return [_UNORDERED[i % len(_UNORDERED)] for i in range(n)]
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in color_table(_ORDERED, max(n, 2))[:n].tolist()]


def survival(
    curves: pd.DataFrame,
    at_risk: pd.DataFrame,
    time: str,
    alt: str,
    share: tuple[str, str] = ("survival", "Free of the event"),
) -> Html:
    """Step curves with their bands, and below them how many are still at risk.

    Args:
        curves: cluster, time, a share, ci_low, ci_high.
        at_risk: cluster, then one column per time.
        time: Name of the time.
        alt: What is seen.
        share: Column of the share, and its name.

    Returns:
        The drawing.
    """
    ticks = [float(name) for name in at_risk.columns if name != "cluster"]
    left, right, top, bottom = 90, 600, 34, 250
    across, up = Scale(min(0.0, *ticks), max(ticks), left, right), Scale(0, 1, bottom, top)
    parts = left_axis(up, left, right, share[1], 6)
    for tick in ticks:
        parts.append(label(across(tick), bottom + 16, f"{tick:g}", "middle", fill=QUIET))
    parts.append(label((left + right) / 2, bottom + 34, time, "middle", fill=QUIET))
    ends: list[tuple[float, str]] = []
    for place, (number, part) in enumerate(curves.groupby("cluster")):
        color, dash = cluster_color(int(str(number))), DASHES[place % len(DASHES)]
        parts.append(_band(part, color, across, up))
        steps = _steps(part, share[0], across, up)
        parts.append(polyline(steps, color, stroke_dasharray=dash or None))
        ends.append((steps[-1][1], f"Cluster {number}"))
    for y, name in _apart(ends):
        parts.append(label(right + 6, y + 4, name, fill=INK))
    y = bottom + 58
    parts.append(label(4, y, "At risk", font_weight="600"))
    for row in at_risk.to_dict("records"):
        y += 18
        parts.append(label(4, y, f"Cluster {int(row['cluster'])}"))
        counts = [str(int(row[name])) for name in at_risk.columns if name != "cluster"]
        parts += [label(across(t), y, c, "middle") for t, c in zip(ticks, counts, strict=True)]
    return drawing(680, y + 12, alt, *parts)


def _apart(ends: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Places of names at the ends of lines, from above to below, at least 14 pixels apart."""
    moved: list[tuple[float, str]] = []
    for y, name in sorted(ends):
        moved.append((max(y, moved[-1][0] + 14) if moved else y, name))
    return moved


def _band(part: pd.DataFrame, color: str, across: Scale, up: Scale) -> Html:
    """The 95 % interval around a step curve."""
    edge = [*_steps(part, "ci_high", across, up), *reversed(_steps(part, "ci_low", across, up))]
    corners = "L".join(f"{coordinate(x)} {coordinate(y)}" for x, y in edge)
    return tag("path", d=f"M{corners}Z", fill=color, fill_opacity=0.13)


def _steps(part: pd.DataFrame, name: str, across: Scale, up: Scale) -> list[tuple[float, float]]:
    """Corners of a step curve; where it lacks time 0 it starts there with everybody."""
    ordered = part.sort_values("time")
    start = float(ordered[name].iloc[0]) if float(ordered["time"].iloc[0]) == 0 else 1.0
    corners: list[tuple[float, float]] = [(across(0.0), up(start))]
    for time, share in zip(ordered["time"], ordered[name].ffill(), strict=True):
        corners += [(across(float(time)), corners[-1][1]), (across(float(time)), up(float(share)))]
    return [*corners, (across.end, corners[-1][1])]


def slopes(rows: Sequence[Mapping[str, float]], axis: str, alt: str) -> Html:
    """Change per unit of time in each cluster with its interval."""
    values = [row[name] for row in rows for name in ("ci_low", "ci_high")]
    ticks = nice_ticks(min(0.0, *values), max(0.0, *values), 6)
    left, right, bottom = 150, 600, 12 + 30 * len(rows)
    across = Scale(ticks[0], ticks[-1], left, right)
    parts = bottom_axis(across, bottom, 4, axis)
    parts.append(line(across(0), 4, across(0), bottom))
    for place, row in enumerate(rows):
        y, number = 20 + 30 * place, int(row["cluster"])
        color = cluster_color(number)
        parts.append(label(left - 8, y + 4, f"Cluster {number} (n = {int(row['n_subjects'])})",
                           "end"))  # fmt: skip
        parts.append(line(across(row["ci_low"]), y, across(row["ci_high"]), y, stroke=color,
                          stroke_width=2))  # fmt: skip
        parts.append(mark(across(row["slope"]), y, cluster_symbol(number), color, 5))
    return drawing(640, bottom + 44, alt, *parts)
