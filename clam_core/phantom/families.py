"""Four kinds of chest for the simulation study, unlike in shape, texture and lesion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from clam_core.phantom.chest import MASK_SHARE, Mask, compose, make_chest
from clam_core.phantom.frame import SLICE_MM, Array, Frame, make_frame
from clam_core.phantom.settings import Family, SubjectSettings, Zone
from clam_core.phantom.shapes import Ball, Point, ball_distance, coverage, paint
from clam_core.phantom.shapes import superellipse_distance as superellipse
from clam_core.phantom.texture import smooth_noise


@dataclass(frozen=True, eq=False)
class Ground:
    """A chest without lesions; its arrays are shared between scans and read-only.

    Attributes:
        frame: Where the voxels lie.
        hu: HU without noise, shape (i, j, k).
        lung_mask: Voxels inside the lungs, same shape.
        depth_mm: Distance from the surface into the lung, same shape.
    """

    frame: Frame
    hu: Array
    lung_mask: Mask
    depth_mm: Array


@dataclass(frozen=True)
class FamilyRule:
    """What one family is made of.

    Attributes:
        build: Makes the chest from grid and subject.
        lesion: Form of its lesions.
        contrast_hu: Added to the lung by a lesion.
        parenchyma_hu: Mean of the lung.
        anchors: Middle of a lesion in the right lung by zone, mm.
        slice_anchors: The same in the coronal slice.
    """

    build: Callable[[tuple[int, ...], SubjectSettings], Ground]
    lesion: str
    contrast_hu: float
    parenchyma_hu: float
    anchors: dict[Zone, Point]
    slice_anchors: dict[Zone, Point]


@lru_cache(maxsize=2)
def make_ground(family: Family, grid: tuple[int, ...], subject: SubjectSettings) -> Ground:
    """Make the chest of a family; the last two are kept, for cohorts with one anatomy.

    Args:
        family: Key of `FAMILIES`.
        grid: Voxels along (i, j, k), or along (i, k) for the coronal slice.
        subject: Build and seed.

    Returns:
        The chest, read-only.
    """
    ground = FAMILIES[family].build(grid, subject)
    for array in (ground.hu, ground.lung_mask, ground.depth_mm):
        array.flags.writeable = False
    return ground


def _chest(grid: tuple[int, ...], subject: SubjectSettings) -> Ground:
    """The chest of the demo cohort."""
    chest = make_chest(grid, subject)
    return Ground(chest.frame, compose(chest), chest.lung_mask, chest.depth_mm)


def _ellipsoid(grid: tuple[int, ...], subject: SubjectSettings) -> Ground:
    """Two ellipsoids of cloudy lung in a soft body, as in simple simulations."""
    frame = make_frame(grid, subject)
    space, rng = frame.organs, np.random.default_rng([subject.seed, 2])
    lungs = np.full(frame.shape, 50, dtype=np.float32)
    for center, axes in (
        ((70.0, -8.0, 0.0), (54.0, 80.0, 115.0)),
        ((-72.0, -8.0, 4.0), (49.0, 76.0, 108.0)),
    ):
        window, distance = ball_distance(space, Ball(center, axes), 40)
        lungs[window] = np.minimum(lungs[window], distance)
    cloud = smooth_noise(frame.shape, frame.spacing_mm, 12.0, rng)
    return _ground(frame, lungs, subject.parenchyma_hu + 40 * cloud)


def _tapered(grid: tuple[int, ...], subject: SubjectSettings) -> Ground:
    """Two square-edged lungs, narrow at the top, flat at the base, with winding strands."""
    frame = make_frame(grid, subject)
    space, rng = frame.organs, np.random.default_rng([subject.seed, 2])
    height = space.axes[2][None, None, :]
    narrow = 1 - 0.38 * np.clip((height + 100) / 220, 0, 1.2) ** 2
    lungs = superellipse(np.abs(space.x) - 70, space.y + 8, (56 * narrow, 84 * narrow), 3.6)
    lungs = np.maximum(lungs, np.abs(space.z - 4) - 112)
    field = smooth_noise(frame.shape, frame.spacing_mm, 16.0, rng)
    strands = np.exp(-((field / np.float32(0.16)) ** 2))
    grain = smooth_noise(frame.shape, frame.spacing_mm, 4.0, rng)
    return _ground(frame, lungs, subject.parenchyma_hu + 230 * strands + 15 * grain)


def _ground(frame: Frame, lungs: Array, parenchyma: Array) -> Ground:
    """A plain body with a rim of fat around lungs of a given shape."""
    space = frame.bones
    hu = np.full(frame.shape, -1000, dtype=np.float32)
    half = (np.full((1, 1, 1), 158, np.float32), np.full((1, 1, 1), 116, np.float32))
    body = superellipse(space.x, space.y + 8, half, 2.3)
    paint(hu, coverage(body, frame.voxel_mm), -100)
    paint(hu, coverage(body + 14, frame.voxel_mm), 45)
    share = coverage(lungs, frame.voxel_mm)
    paint(hu, share, parenchyma)
    return Ground(frame, hu, share > MASK_SHARE, -lungs)


_INNER: dict[Zone, Point] = {
    "upper": (66.0, -25.0, 62.0),
    "middle": (88.0, -30.0, 6.0),
    "lower": (82.0, -50.0, -46.0),
}
_INNER_SLICE: dict[Zone, Point] = {
    "upper": (64.0, SLICE_MM, 62.0),
    "middle": (95.0, SLICE_MM, 8.0),
    "lower": (98.0, SLICE_MM, -26.0),
}
_PLAIN: dict[Zone, Point] = {
    "upper": (72.0, -10.0, 56.0),
    "middle": (72.0, -10.0, 2.0),
    "lower": (72.0, -10.0, -52.0),
}
_RIM: dict[Zone, Point] = {
    "upper": (112.0, -10.0, 58.0),
    "middle": (122.0, -10.0, 2.0),
    "lower": (125.0, -10.0, -54.0),
}

FAMILIES: dict[Family, FamilyRule] = {
    "chest": FamilyRule(_chest, "lobulated", 320.0, -860.0, _INNER, _INNER_SLICE),
    "ellipsoid": FamilyRule(_ellipsoid, "sphere", 220.0, -800.0, _PLAIN, _PLAIN),
    "crescent": FamilyRule(_tapered, "crescent", 420.0, -840.0, _RIM, _RIM),
    "bullae": FamilyRule(_chest, "ellipsoid", -200.0, -720.0, _INNER, _INNER_SLICE),
}
"""Lobulated masses in a real-looking chest; spheres in cloudy ellipsoids; subpleural crescents
in square-edged lungs with strands; dark ellipsoids (bullae) in a dense chest."""
