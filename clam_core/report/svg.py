"""Small drawings in SVG: axes, points with symbols, lines, bars; no ids, no scripts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from clam_core.report.html import Child, Html, tag

INK, QUIET, GRID_LINE = "#1f2933", "#52606d", "#e1e5ea"
FONT = 12
LETTER = 0.58
"""Mean width of a letter in units of the font size, for leaving room for texts."""


def coordinate(value: float) -> str:
    """A coordinate with one decimal, the same text on every machine."""
    text = f"{value:.1f}"
    return "0.0" if text == "-0.0" else text


@dataclass(frozen=True)
class Scale:
    """From values to pixels along one axis.

    Attributes:
        low: Value at `start`.
        high: Value at `end`.
        start: Pixel of `low`.
        end: Pixel of `high`.
        log: Whether distances are those of logarithms.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Pixel of a value; values beyond the axis come to lie at its ends."""
        value = min(max(value, self.low), self.high)
        low, high = self.low, self.high
        if self.log:
            value, low, high = math.log(value), math.log(low), math.log(high)
        share = 0.5 if high == low else (value - low) / (high - low)
        return self.start + share * (self.end - self.start)

    def ticks(self, most: int = 6) -> list[float]:
        """Round values on the axis, at most about `most` of them."""
        if self.log:
            return _log_ticks(self.low, self.high)
        return [t for t in nice_ticks(self.low, self.high, most) if self.low <= t <= self.high]


def nice_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round values from the one at or below `low` to the one at or above `high`.

    Args:
        low: Smallest value.
        high: Largest value.
        most: About how many values.

    Returns:
        Values in steps of 1, 2 or 5 times a power of ten.
    """
    if not high > low:
        high = low + (abs(low) or 1.0)
    raw = (high - low) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * s for s in (1, 2, 2.5, 5, 10) if power * s >= raw * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(n * step, 12) for n in range(first, last + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1.0,) if len(powers) > 4 else (1.0, 2.0, 5.0)
    ticks = [step * 10.0**power for power in powers for step in steps]
    return [tick for tick in ticks if low <= tick <= high]


def tick_text(value: float) -> str:
    """A tick's number, short."""
    return f"{value:g}".replace("-", "−")


def drawing(width: float, height: float, alt: str, *children: Child) -> Html:
    """A picture of its own.

    Args:
        width: In pixels; it shrinks with the page.
        height: In pixels.
        alt: What is seen, for those who cannot see it.
        children: Elements.

    Returns:
        An inline `svg` element.
    """
    return tag(
        "svg",
        *children,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        width=f"{width:g}",
        height=f"{height:g}",
        role="img",
        aria_label=alt,
        font_size=FONT,
    )


def label(x: float, y: float, text: str, anchor: str = "start", **attributes: object) -> Html:
    """A text; `anchor` is start, middle or end."""
    given: dict[str, object] = {"fill": INK, "text_anchor": anchor, **attributes}
    return tag("text", text, x=coordinate(x), y=coordinate(y), **given)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: object) -> Html:
    """A straight line."""
    ends = {name: coordinate(v) for name, v in zip(("x1", "y1", "x2", "y2"), (x1, y1, x2, y2),
                                                   strict=True)}  # fmt: skip
    given: dict[str, object] = {"stroke": QUIET, **ends, **attributes}
    return tag("line", **given)


def bar(x: float, y: float, width: float, height: float, **attributes: object) -> Html:
    """A rectangle."""
    given: dict[str, object] = {"x": coordinate(x), "y": coordinate(y)}
    given |= {"width": coordinate(max(width, 0)), "height": coordinate(max(height, 0))}
    return tag("rect", **given, **attributes)


def polyline(points: Sequence[tuple[float, float]], color: str, **attributes: object) -> Html:
    """A line through points."""
    listed = " ".join(f"{coordinate(x)},{coordinate(y)}" for x, y in points)
    return tag("polyline", points=listed, fill="none", stroke=color, stroke_width=2, **attributes)


_SHAPES: dict[str, Sequence[tuple[float, float]]] = {
    "square": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "diamond": ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
    "triangle-up": ((0, -1.2), (1.15, 0.9), (-1.15, 0.9)),
    "triangle-down": ((0, 1.2), (1.15, -0.9), (-1.15, -0.9)),
    "triangle-left": ((-1.2, 0), (0.9, 1.15), (0.9, -1.15)),
    "triangle-right": ((1.2, 0), (-0.9, 1.15), (-0.9, -1.15)),
    "cross": ((-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4),
              (0.4, 1.2), (-0.4, 1.2), (-0.4, 0.4), (-1.2, 0.4), (-1.2, -0.4), (-0.4, -0.4)),
    "x": ((0, -0.5), (0.7, -1.2), (1.2, -0.7), (0.5, 0), (1.2, 0.7), (0.7, 1.2), (0, 0.5),
          (-0.7, 1.2), (-1.2, 0.7), (-0.5, 0), (-1.2, -0.7), (-0.7, -1.2)),
    "hexagon": ((1.1, 0.6), (0, 1.25), (-1.1, 0.6), (-1.1, -0.6), (0, -1.25), (1.1, -0.6)),
    "pentagon": ((0, -1.2), (1.15, -0.35), (0.7, 1), (-0.7, 1), (-1.15, -0.35)),
}  # fmt: skip


def _star(n_points: int) -> list[tuple[float, float]]:
    radii = [1.4 if n % 2 == 0 else 0.6 for n in range(2 * n_points)]
    turns = [math.pi * (n / n_points - 0.5) for n in range(2 * n_points)]
    return [(r * math.cos(t), r * math.sin(t)) for r, t in zip(radii, turns, strict=True)]


def mark(x: float, y: float, symbol: str, color: str, size: float = 4) -> Html:
    """A point of a chart.

    Args:
        x: In pixels.
        y: In pixels.
        symbol: Name of the shape, as in the app's charts; unknown ones are circles.
        color: Fill.
        size: Radius in pixels.

    Returns:
        A circle or a path, with a thin white rim so that neighbours can be told apart.
    """
    rim: dict[str, object] = {"fill": color, "stroke": "#ffffff", "stroke_width": 0.8}
    shape = _star(5) if symbol.startswith("star") else _SHAPES.get(symbol)
    if shape is None:
        return tag("circle", cx=coordinate(x), cy=coordinate(y), r=coordinate(size), **rim)
    corners = "L".join(f"{coordinate(x + a * size)} {coordinate(y + b * size)}" for a, b in shape)
    return tag("path", d=f"M{corners}Z", **rim)


def text_width(text: str, size: float = FONT) -> float:
    """About how wide a text is, in pixels."""
    return len(text) * LETTER * size


def shorten(text: str, most: int) -> str:
    """A text that is not longer than `most` letters."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def left_axis(scale: Scale, x: float, right: float, title: str, most: int = 6) -> list[Html]:
    """Ticks with grid lines at the left of a chart, and the axis' title above it."""
    parts = []
    for tick in scale.ticks(most):
        y = scale(tick)
        parts.append(line(x, y, right, y, stroke=GRID_LINE))
        parts.append(label(x - 6, y + 4, tick_text(tick), "end", fill=QUIET))
    parts.append(label(x, min(scale.start, scale.end) - 10, title, fill=QUIET))
    return parts


def bottom_axis(scale: Scale, y: float, top: float, title: str, most: int = 6) -> list[Html]:
    """Ticks with grid lines at the bottom of a chart, and the axis' title below it."""
    parts = []
    for tick in scale.ticks(most):
        x = scale(tick)
        parts.append(line(x, top, x, y, stroke=GRID_LINE))
        parts.append(label(x, y + 16, tick_text(tick), "middle", fill=QUIET))
    middle = (scale.start + scale.end) / 2
    parts.append(label(middle, y + 34, title, "middle", fill=QUIET))
    return parts
