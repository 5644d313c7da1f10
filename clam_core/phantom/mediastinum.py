"""What lies between and below the lungs: heart, great vessels, windpipe, diaphragm, abdomen."""

from __future__ import annotations

import numpy as np

from clam_core.phantom.cage import Cage, spine_center
from clam_core.phantom.frame import Array, Frame
from clam_core.phantom.shapes import (
    Ball,
    Point,
    Tube,
    ball_distance,
    coverage,
    paint,
    smooth_min,
    tube_distance,
)

AIRWAY_HU = -990.0

_HEART_TURN: tuple[Point, Point, Point] = (
    (-0.780, 0.420, -0.464),
    (0.474, 0.880, 0.000),
    (0.408, -0.220, -0.886),
)

VESSELS = (
    Tube((10, 12, 0), (16, 16, 45), 16.0),  # ascending aorta
    Tube((16, 16, 45), (8, 4, 66), 14.5),
    Tube((8, 4, 66), (-10, -20, 72), 13.5),  # arch
    Tube((-10, -20, 72), (-22, -44, 58), 13.0),
    Tube((-22, -44, 58), (-24, -50, 0), 12.5),  # descending aorta
    Tube((-24, -50, 0), (-10, -44, -150), 11.5),
    Tube((-16, 24, 5), (-20, 8, 34), 14.0),  # pulmonary trunk
    Tube((-16, 4, 33), (36, -12, 26), 10.5),  # right and left pulmonary artery
    Tube((-20, 6, 36), (-44, -18, 36), 10.5),
    Tube((26, 2, 85), (24, 0, 5), 9.5),  # superior vena cava
    Tube((-45, 22, 98), (24, 6, 82), 6.5),  # left brachiocephalic vein
    Tube((24, 4, 84), (40, 12, 108), 7.0),
    Tube((6, 0, 72), (20, 2, 130), 6.5),  # arteries to head and arms
    Tube((-6, -10, 76), (-16, -8, 150), 5.0),
    Tube((-12, -22, 76), (-30, -22, 130), 5.5),
    Tube((0, -32, 150), (-4, -38, 40), 7.5, 32.0),  # gullet
    Tube((-4, -38, 40), (-10, -34, -110), 8.0, 32.0),
    Tube((26, -22, -20), (26, -22, -150), 11.0),  # inferior vena cava
    Tube((18, -10, 0), (40, -16, 0), 8.0),  # pulmonary veins
    Tube((-20, -14, 2), (-42, -20, 2), 8.0),
)

AIRWAYS = (
    Tube((0, -18, 150), (1, -26, 48), 8.5),
    Tube((1, -26, 48), (38, -24, 24), 6.8),
    Tube((1, -26, 48), (-44, -28, 24), 6.2),
)

_HALF_WIDTH_MM = (
    (-150, -60, -20, 30, 60, 90, 112, 130),
    (18, 20, 22, 24, 27, 29, 24, 20),  # around the windpipe and behind the heart
    (6, 6, 5, 4, 9, 25, 26, 22),  # behind the breastbone
)


def _heart(scale: float) -> tuple[Ball, ...]:
    def sized(values: Point) -> Point:
        return values[0] * scale, values[1] * scale, values[2] * scale

    return (
        Ball((-24, 14, -30), sized((58, 43, 42)), _HEART_TURN),
        Ball((18, 4, -16), sized((29, 30, 38))),
        Ball((-2, -16, -4), sized((38, 22, 26))),
    )


def paint_heart(canvas: Array, frame: Frame) -> Array:
    """Paint heart, great vessels and gullet.

    Args:
        canvas: HU, shape (i, j, k), changed in place.
        frame: Where the voxels lie.

    Returns:
        Signed distance to the whole mediastinum, mm, shape (i, j, k): its
        outside is where the lungs may be.
    """
    space, edge = frame.organs, frame.voxel_mm
    height = space.axes[2]
    middle, front = (
        np.interp(height, _HALF_WIDTH_MM[0], row).astype(np.float32)[None, None, :]
        for row in _HALF_WIDTH_MM[1:]
    )
    share = 1 / (1 + np.exp((24 - space.y) / 9))
    distance = np.abs(space.x + 3) - (middle + share * (front - middle))
    for ball in _heart(frame.subject.heart):
        window, inside = ball_distance(space, ball, 30)
        distance[window] = smooth_min(distance[window], inside - 4, 14)
        paint(canvas[window], coverage(inside, edge), ball.hu)
    for tube in VESSELS:
        window, inside = tube_distance(space, tube, 12)
        distance[window] = smooth_min(distance[window], inside - 2, 6)
        paint(canvas[window], coverage(inside, edge), tube.hu)
    return distance


def spine_distance(frame: Frame) -> Array:
    """Signed distance to the spine with its muscles, which the lungs wrap around."""
    z = frame.bones.z
    y = frame.bones.y - spine_center(z) + 14
    return np.sqrt(frame.bones.x**2 + (y * np.float32(0.75)) ** 2) - 24


def diaphragm_distance(frame: Frame) -> Array:
    """Signed distance to the diaphragm in mm, positive below it: two domes, the right higher."""
    space = frame.organs
    domes = []
    for x, y, top, drop in ((64.0, 6.0, -50.0, 54.0), (-66.0, 0.0, -61.0, 50.0)):
        squared = ((space.x - x) / 76) ** 2 + ((space.y - y) / 84) ** 2
        domes.append(top - drop * squared)
    split = np.clip((space.x + 12) / 24, 0, 1)
    height = split * domes[0] + (1 - split) * domes[1]
    return (np.maximum(height, -132) - space.z) / np.float32(1.35)


def paint_abdomen(canvas: Array, frame: Frame, cage: Cage, below: Array) -> None:
    """Liver, spleen, and the stomach with its bubble of air, under the diaphragm."""
    space, edge = frame.organs, frame.voxel_mm
    inside = np.maximum(cage.distance + 3, -below)
    paint(canvas, coverage(np.maximum(inside, -below - 0.5), edge), 45)
    room = np.maximum(inside, 4 - below)
    liver = np.maximum(room, -(space.x + 38) - 0.25 * (space.y - 20))
    liver = np.maximum(liver, -space.y - 70 + 0.2 * space.x)
    paint(canvas, coverage(room, edge), -70)
    paint(canvas, coverage(liver, edge), 58)
    for ball in (
        Ball((-92, -48, -112), (36, 34, 46), hu=48.0),
        Ball((-62, 12, -104), (44, 44, 36), hu=35.0),
    ):
        window, distance = ball_distance(space, ball, 8)
        paint(canvas[window], coverage(np.maximum(distance, room[window]), edge), ball.hu)
    bubble = Ball((-64, 24, -98), (36, 32, 26))
    window, distance = ball_distance(space, bubble, 8)
    distance = np.maximum(np.maximum(distance, room[window] + 5), 12 - space.y[window])
    paint(canvas[window], coverage(distance, edge), -980)


def paint_airways(canvas: Array, frame: Frame) -> None:
    """Windpipe and main bronchi: a wall of 2 mm around air."""
    space, edge = frame.organs, frame.voxel_mm
    distances = [tube_distance(space, tube, 8) for tube in AIRWAYS]
    for window, distance in distances:
        paint(canvas[window], coverage(distance - 2, edge), 25)
    for window, distance in distances:
        paint(canvas[window], coverage(distance, edge), AIRWAY_HU)
