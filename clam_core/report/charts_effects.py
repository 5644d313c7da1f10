"""Charts of all variables together: forest plot of effects, effect against evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from clam_core.figures.associations import LEVEL
from clam_core.report.html import Html, tag
from clam_core.report.svg import (
    INK,
    QUIET,
    Scale,
    bottom_axis,
    coordinate,
    drawing,
    label,
    left_axis,
    line,
    nice_ticks,
    shorten,
    text_width,
)

DIFFERENT, NOT_DIFFERENT = "#0072B2", "#7b8794"
SMALLEST_P = 1e-16
_LEFT, _WIDE = 52.0, 640.0


def forest(effects: pd.DataFrame, axis: str, alt: str, *, signed: bool) -> Html:
    """Effects with their intervals, a row per variable, families below each other.

    Args:
        effects: label, family, strength, low, high, p_adjusted; in the order of the rows.
        axis: Title of the axis.
        alt: What is seen.
        signed: Whether an effect has a direction.

    Returns:
        The drawing; filled points differ after correction.
    """
    left, right, row = 190, 560, 22
    n_rows = len(effects) + effects["family"].nunique()
    top, bottom = 12, 18 + row * n_rows
    across = Scale(-1.0 if signed else 0.0, 1.0, left, right)
    parts = bottom_axis(across, bottom, top, axis)
    parts.append(line(across(0), top, across(0), bottom, stroke=QUIET))
    y = top + 14
    for family, part in effects.groupby("family", sort=False):
        parts.append(label(4, y, str(family), font_weight="600"))
        y += row
        for one in part.to_dict("records"):
            parts += _effect(one, y - 4, across, right)
            y += row
    return drawing(680, bottom + 44, alt, *parts)


def _effect(one: Mapping[Any, Any], y: float, across: Scale, right: float) -> list[Html]:
    strength, low, high = (float(one[name]) for name in ("strength", "low", "high"))
    differs = float(one["p_adjusted"]) < LEVEL
    color = DIFFERENT if differs else NOT_DIFFERENT
    text = f"{strength:.2f} ({low:.2f} to {high:.2f})".replace("-", "−")
    return [
        label(182, y + 4, shorten(str(one["label"]), 27), "end"),
        line(across(low), y, across(high), y, stroke=color, stroke_width=1.5),
        _point(across(strength), y, differs=differs),
        label(right + 8, y + 4, text, font_size=11, fill=INK if differs else QUIET),
    ]


def _point(x: float, y: float, *, differs: bool) -> Html:
    """Filled where the variable differs after correction."""
    color = DIFFERENT if differs else NOT_DIFFERENT
    fill = color if differs else "#ffffff"
    place = {"cx": coordinate(x), "cy": coordinate(y)}
    return tag("circle", **place, r=4, fill=fill, stroke=color, stroke_width=1.5)


def evidence(effects: pd.DataFrame, axis: str, alt: str) -> Html:
    """Strength of every variable, without its direction, against its corrected p-value.

    Args:
        effects: label, strength, p_adjusted.
        axis: Title of the horizontal axis.
        alt: What is seen.

    Returns:
        The drawing; points above the dashed line differ after correction and are filled.
    """
    left, right, top, bottom = _LEFT, 560.0, 34.0, 330.0
    heights = -effects["p_adjusted"].clip(lower=SMALLEST_P).map(math.log10)
    table = effects.assign(height=heights + 0.0, strength=effects["strength"].abs())
    ticks = nice_ticks(0.0, max(1.5, float(table["height"].max())), 6)
    up = Scale(0.0, ticks[-1], bottom, top)
    across = Scale(-0.02, 1.02, left, right)
    parts = left_axis(up, left, right, "Evidence (−log10 of corrected p)", 6)
    parts += bottom_axis(across, bottom, top, axis)
    limit = up(-math.log10(LEVEL))
    parts.append(line(left, limit, right, limit, stroke_dasharray="6 3"))
    parts.append(label(right + 6, limit + 4, "p = 0.05", fill=QUIET, font_size=11))
    places = [(across(x), up(y)) for x, y in zip(table["strength"], table["height"], strict=True)]
    differ = (table["p_adjusted"] < LEVEL).tolist()
    parts += [_point(*place, differs=one) for place, one in zip(places, differ, strict=True)]
    order = table["height"].to_numpy().argsort(kind="stable")[::-1]
    wanted = [(places[n], shorten(str(table["label"].iloc[n]), 24)) for n in order if differ[n]]
    parts += _names(wanted, places)
    return drawing(_WIDE, bottom + 44, alt, *parts)


def _names(
    wanted: Sequence[tuple[tuple[float, float], str]], points: Sequence[tuple[float, float]]
) -> list[Html]:
    """Names beside their points, where they cover no other point and no other name."""
    taken: list[tuple[float, float, float, float]] = [
        (x - 4, y - 4, x + 4, y + 4) for x, y in points
    ]
    parts = []
    for (x, y), text in wanted:
        wide = text_width(text)
        sides = (
            (x - wide / 2, x, y - 9, "middle"),
            (x - wide - 9, x - 9, y + 4, "end"),
            (x + 9, x + 9, y + 4, "start"),
        )
        for left, at, base, anchor in sides:
            box = (left, base - 11, left + wide, base + 2)
            if left > _LEFT and box[2] < _WIDE and not any(_overlap(box, one) for one in taken):
                taken.append(box)
                parts.append(label(at, base, text, anchor))
                break
    return parts


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
