"""Distances to simple shapes, and how a shape is painted with soft edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clam_core.phantom.frame import Array, Space, Window

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Tube:
    """A straight piece of a tube with round ends, in mm of the reference chest."""

    start: Point
    end: Point
    radius: float
    hu: float = 42.0


@dataclass(frozen=True)
class Ball:
    """An ellipsoid: center, half axes (mm), rows of a rotation (None: along the axes)."""

    center: Point
    axes: Point
    rotation: tuple[Point, Point, Point] | None = None
    hu: float = 42.0


def coverage(distance: Array, edge_mm: float) -> Array:
    """Share of a voxel inside a shape, from the distance of its center to the surface.

    Args:
        distance: Signed distance in mm, negative inside.
        edge_mm: Width of the voxel.

    Returns:
        Values in [0, 1], same shape.
    """
    share: Array = np.clip(np.float32(0.5) - distance / np.float32(edge_mm), 0, 1)
    return share


def paint(canvas: Array, cover: Array, hu: float | Array) -> None:
    """Replace the covered share of each voxel by a tissue, in place."""
    canvas += cover * (np.float32(hu) - canvas)


def tube_distance(space: Space, tube: Tube, margin_mm: float) -> tuple[Window, Array]:
    """Signed distance to a tube within a window around it."""
    start, end = np.array(tube.start), np.array(tube.end)
    low, high = np.minimum(start, end) - tube.radius, np.maximum(start, end) + tube.radius
    window = space.window(low, high, margin_mm)
    offset = [
        axis[window] - np.float32(first)
        for axis, first in zip((space.x, space.y, space.z), start, strict=True)
    ]
    along = (end - start).astype(np.float32)
    share = sum(o * a for o, a in zip(offset, along, strict=True)) / max(float(along @ along), 1e-6)
    share = np.clip(share, 0, 1)
    squared = sum((o - share * a) ** 2 for o, a in zip(offset, along, strict=True))
    return window, np.sqrt(squared) - np.float32(tube.radius)


def ball_distance(space: Space, ball: Ball, margin_mm: float) -> tuple[Window, Array]:
    """Approximate signed distance to an ellipsoid within a window around it."""
    center, reach = np.array(ball.center), max(ball.axes)
    window = space.window(center - reach, center + reach, margin_mm)
    offset = [
        axis[window] - np.float32(first)
        for axis, first in zip((space.x, space.y, space.z), center, strict=True)
    ]
    if ball.rotation is not None:
        turn = np.array(ball.rotation, dtype=np.float32)
        offset = [sum(row[a] * offset[a] for a in range(3)) for row in turn]
    first = sum((o / np.float32(a)) ** 2 for o, a in zip(offset, ball.axes, strict=True))
    second = sum((o / np.float32(a * a)) ** 2 for o, a in zip(offset, ball.axes, strict=True))
    radius = np.sqrt(first)
    # Value over the length of its gradient: right to first order near the surface.
    return window, radius * (radius - 1) / np.sqrt(second + np.float32(1e-8))


def smooth_min(first: Array, second: Array, width_mm: float) -> Array:
    """Union of two distances with a rounded seam of the given width.

    Source:
        Quilez (2013), "Smooth minimum", the quadratic polynomial.
    """
    width = np.float32(width_mm)
    overlap = np.maximum(width - np.abs(first - second), 0) / width
    return np.minimum(first, second) - overlap * overlap * width * np.float32(0.25)


def superellipse_distance(x: Array, y: Array, half: tuple[Array, Array], power: float) -> Array:
    """Distance to a superellipse along the ray from its center.

    Args:
        x: First coordinate relative to the center, mm.
        y: Second coordinate relative to the center, mm.
        half: Half widths along x and y, mm, > 0; they broadcast with x.
        power: 2 is an ellipse, larger is squarer.

    Returns:
        Distance in mm, negative inside, same shape as x.
    """
    exponent = np.float32(power)
    radius = np.sqrt(x * x + y * y) + np.float32(1e-3)
    level = (np.abs(x) / half[0]) ** exponent + (np.abs(y) / half[1]) ** exponent
    return radius - radius / (level + np.float32(1e-9)) ** (1 / exponent)
