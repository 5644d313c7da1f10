"""The chest wall: cage, muscle, fat and skin, ribs, spine, sternum, shoulder blades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clam_core.phantom.frame import Array, Frame, Space
from clam_core.phantom.shapes import (
    Ball,
    Tube,
    ball_distance,
    coverage,
    paint,
    smooth_min,
    superellipse_distance,
    tube_distance,
)

AIR_HU, FAT_HU, MUSCLE_HU, BONE_HU, MARROW_HU = -1000.0, -100.0, 52.0, 480.0, 190.0
RIB_PERIOD_MM, VERTEBRA_PERIOD_MM = 25.0, 25.0


@dataclass(frozen=True, eq=False)
class Cage:
    """Coordinates around the rib cage.

    Attributes:
        distance: To the inner surface, mm, negative inside, shape (i, j, k).
        front: Direction seen from the axis: -1 behind, 0 beside, 1 in front.
        center: Front-back position of the axis at each height, shape (1, 1, k).
        depth: Half depth at each height, shape (1, 1, k).
    """

    distance: Array
    front: Array
    center: Array
    depth: Array


def _profile(share: Array, full: float, powers: tuple[float, float]) -> Array:
    """Half width of a dome against height, 0 at share 1, `full` at share 0."""
    inside = np.clip(share, 0, 1) ** np.float32(powers[0])
    half: Array = np.maximum(np.float32(full) * (1 - inside) ** np.float32(powers[1]), 2)
    return half


def make_cage(space: Space) -> Cage:
    """Inner surface of the rib cage: a rounded box that narrows to a dome at the top."""
    height = space.axes[2][None, None, :]
    width = _profile((height + 60) / 188, 138, (2.5, 0.58))
    depth = _profile((height + 30) / 158, 96, (2.5, 0.58))
    center = -7 - 18 * np.clip(height / 125, 0, 1.1) ** 2
    along = space.y - center
    # Beside the spine the lungs reach further back than an ellipse.
    gutter = 1 + 0.09 * _bump(np.abs(space.x), 60, 40) * _rise(-along, 20, 12)
    distance = superellipse_distance(space.x, along, (width, depth * gutter), 2.35)
    step = np.maximum(np.gradient(space.axes[2]), 1e-3)
    slope = np.gradient(np.sqrt(width * depth)[0, 0]) / step
    radius = np.sqrt(space.x**2 + along**2) + np.float32(1)
    # Distance was measured in the axial plane: a leaning wall is nearer than that.
    steep = np.sqrt(1 + np.minimum(slope**2, 4)).astype(np.float32)
    return Cage(distance / steep, along / radius, center, depth)


def spine_center(z: Array) -> Array:
    """Front-back position of the vertebral bodies: the kyphosis of the thoracic spine."""
    return -70 + 17 * ((z - 5) / 140) ** 2


def _bump(value: Array, center: float, width: float) -> Array:
    bump: Array = np.exp(-(((value - np.float32(center)) / np.float32(width)) ** 2))
    return bump


def _rise(value: Array, center: float, width: float) -> Array:
    rise: Array = 1 / (1 + np.exp(np.clip((center - value) / np.float32(width), -30, 30)))
    return rise


def paint_wall(canvas: Array, frame: Frame, cage: Cage) -> None:
    """Skin, fat under it, and the muscles around the cage."""
    space, edge = frame.bones, frame.voxel_mm
    high = _rise(space.z, 15, 15)
    muscle = 11 + 15 * _bump(cage.front, 0.55, 0.35) * _rise(space.z, 5, 15)
    muscle += 24 * _bump(cage.front, -0.5, 0.38) * high
    muscle += 9 * _bump(np.abs(space.x), 30, 26) * _rise(-cage.front, 0.6, 0.08)
    muscle += 5 * _bump(cage.front, -0.1, 0.4)
    wall = cage.distance - muscle
    half = 158 - 26 * np.clip((space.axes[2] - 95) / 60, 0, 1)[None, None, :] ** 2
    deep = 103 - 24 * np.clip((space.axes[2] - 40) / 110, 0, 1)[None, None, :] ** 2
    body = superellipse_distance(space.x, space.y + 12, (half, deep), 2.6)
    fat = np.float32(frame.subject.fat_mm)
    body = smooth_min(body, wall, 25) - fat * (0.6 + 0.4 * _rise(space.z, -120, 40)) + 2
    if frame.subject.sex == "F":
        for side in (-1.0, 1.0):
            breast = Ball((78.0 * side, 88.0, -5.0), (50.0, 27.0, 46.0))
            window, distance = ball_distance(space, breast, 25)
            body[window] = smooth_min(body[window], distance, 18)
    paint(canvas, coverage(body, edge), 20)
    paint(canvas, coverage(body + 2, edge), FAT_HU)
    lean = np.maximum(wall, body + 3)
    paint(canvas, coverage(lean, edge), MUSCLE_HU)
    paint(canvas, coverage(cage.distance, edge), FAT_HU + 10)


def paint_bones(canvas: Array, frame: Frame, cage: Cage) -> None:
    """Ribs, sternum, shoulder blades, collar bones and spine."""
    edge = frame.voxel_mm
    distance, hu = _ribs(frame.bones, cage)
    paint(canvas, coverage(distance, edge), hu)
    _paint_sternum(canvas, frame, cage)
    blade = np.abs(cage.distance - 21) - 2.5
    width = 0.36 * np.clip((frame.bones.z + 5) / 70, 0, 1)
    blade = np.maximum(blade, (np.abs(cage.front + 0.5) - width) * 90)
    blade = np.maximum(blade, np.abs(frame.bones.z - 52) - 58)
    paint(canvas, coverage(blade, edge), BONE_HU - 120)
    for side in (-1.0, 1.0):
        for ends in (
            ((22.0, 62.0, 88.0), (68.0, 62.0, 98.0)),
            ((68.0, 62.0, 98.0), (128, 25, 124)),
        ):
            start, end = ((side * x, y, z) for x, y, z in ends)
            window, collar = tube_distance(frame.bones, Tube(start, end, 6.0), 8)
            paint(canvas[window], coverage(collar, edge), BONE_HU - 100)
    _paint_spine(canvas, frame)


def _ribs(space: Space, cage: Cage) -> tuple[Array, Array]:
    """Distance to the nearest rib, and its HU: bone behind, cartilage in front."""
    turn = np.arccos(np.clip(-cage.front, -1, 1)) / np.float32(np.pi)
    behind = space.z + 105 * turn - 80 * np.maximum(turn - 0.72, 0)
    offset = behind - RIB_PERIOD_MM * np.round(behind / RIB_PERIOD_MM)
    distance = (np.sqrt((offset * 0.8 / 4.8) ** 2 + ((cage.distance - 5.2) / 3.4) ** 2) - 1) * 4
    reach = np.clip(1.25 + (behind + 40) / 70, -0.3, 1.25)
    distance = np.maximum(distance, (cage.front - reach) * 60)
    distance = np.maximum(distance, behind - 122)
    hu = 420 - 300 * _rise(cage.front, 0.78, 0.05)
    return distance, hu


def _paint_sternum(canvas: Array, frame: Frame, cage: Cage) -> None:
    """Breastbone with a wide upper part, on the front of the cage."""
    space = frame.bones
    half = 15 + 11 * _rise(space.z, 55, 5)
    plate = np.maximum(np.abs(space.x) - half, np.abs(cage.distance - 7) - 5.5)
    plate = np.maximum(plate, np.abs(space.z - 22) - 62)
    plate = np.where(cage.front > 0, plate, np.float32(99))
    paint(canvas, coverage(plate, frame.voxel_mm), 330)
    paint(canvas, coverage(plate + 2.5, frame.voxel_mm), MARROW_HU - 60)


def _paint_spine(canvas: Array, frame: Frame) -> None:
    """Vertebral bodies and discs, canal, arches with their processes."""
    space, edge = frame.bones, frame.voxel_mm
    window = space.window(np.array([-45, -150, -400]), np.array([45, -30, 400]), 8)
    x, z = space.x[window], space.z[window]
    y = space.y[window] - spine_center(z)
    part = canvas[window]
    half = 16.5 - z / 60
    body = superellipse_distance(x, y, (half, half * np.float32(0.86)), 2.2)
    offset = z - VERTEBRA_PERIOD_MM * np.round(z / VERTEBRA_PERIOD_MM)
    bone = np.maximum(body, np.abs(offset) - 10.5)
    arch = np.sqrt(x**2 + (y + 23) ** 2)
    lamina = np.maximum(np.abs(arch - 12) - 3, np.abs(offset + 4) - 9)
    spinous = np.maximum(np.maximum(np.abs(x) - 3, np.abs(y + 44) - 12), np.abs(offset + 6) - 8)
    reach = np.maximum(np.abs(np.abs(x) - 22) - 13, np.abs(y + 20 + 0.35 * (np.abs(x) - 22)) - 4.5)
    transverse = np.maximum(reach, np.abs(offset) - 6.5)
    paint(part, coverage(body, edge), 85)
    paint(part, coverage(bone, edge), BONE_HU - 60)
    paint(part, coverage(bone + 3, edge), MARROW_HU)
    for piece in (lamina, spinous, transverse):
        paint(part, coverage(piece, edge), BONE_HU - 100)
    paint(part, coverage(arch - 8.5, edge), 25)


def paint_table(canvas: Array, frame: Frame) -> None:
    """The scanner's table: two thin curved sheets under the back, at rest in the room."""
    lines = [frame.affine[a, 3] + frame.spacing_mm[a] * np.arange(frame.shape[a]) for a in range(3)]
    across = lines[0][:, None, None].astype(np.float32)
    down = lines[1][None, :, None].astype(np.float32)
    sheet = down + np.float32(131) - across**2 / 2600
    for depth, hu in ((0.0, -250.0), (-9.0, -450.0)):
        cover = coverage(np.abs(sheet - depth) - 1.5, frame.voxel_mm)
        cover = np.broadcast_to(cover, canvas.shape)
        # Only into air: the subject lies on the table, not in it.
        paint(canvas, np.where(canvas < -950, cover, np.float32(0)), hu)
