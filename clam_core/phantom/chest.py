"""A healthy chest on a grid: the parts that disease changes, and how they become HU."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from clam_core.phantom.cage import AIR_HU, make_cage, paint_bones, paint_table, paint_wall
from clam_core.phantom.frame import Array, Frame, Points, make_frame
from clam_core.phantom.mediastinum import (
    AIRWAY_HU,
    diaphragm_distance,
    paint_abdomen,
    paint_airways,
    paint_heart,
    spine_distance,
)
from clam_core.phantom.settings import SubjectSettings
from clam_core.phantom.shapes import Point, coverage, paint
from clam_core.phantom.texture import smooth_noise
from clam_core.phantom.tree import Tree, grow_tree, sample_tubes, splat

VESSEL_HU, AIRWAY_WALL_HU = 35.0, -50.0
MASK_SHARE = 0.5
N_AIRWAY_LEVELS, N_TRACTION_LEVELS = 5, 8
_ARTERY_ROOTS: tuple[Point, Point] = ((36.0, -14.0, 24.0), (-44.0, -20.0, 30.0))
_VEIN_ROOTS: tuple[Point, Point] = ((34.0, -16.0, 2.0), (-40.0, -20.0, 4.0))

Mask = NDArray[np.bool_]


@dataclass(eq=False)
class Chest:
    """Parts of one chest, all of shape (i, j, k).

    Attributes:
        frame: Where the voxels lie.
        around: HU of everything but the lungs.
        lung_share: Share of each voxel inside the lungs.
        lung_mask: Voxels that are mostly lung, vessels and lesions included.
        depth_mm: Distance from the chest wall into the lung; the diaphragm counts
            as 10 mm deep, for subpleural disease prefers the ribs' side.
        parenchyma: HU of the lung between vessels; lesions change it.
        vessels: Share of each voxel taken by vessels.
        airways: Tree that runs beside the arteries.
    """

    frame: Frame
    around: Array
    lung_share: Array
    lung_mask: Mask
    depth_mm: Array
    parenchyma: Array
    vessels: Array
    airways: Tree

    @property
    def is_right(self) -> Mask:
        """Voxels right of the midline."""
        result: Mask = self.frame.organs.x > 0
        return result


def make_chest(grid: tuple[int, ...], subject: SubjectSettings, *, table: bool = False) -> Chest:
    """Build a healthy chest.

    Args:
        grid: Voxels along (i, j, k), or along (i, k) for the middle coronal slice.
        subject: Build, breathing and seed.
        table: Whether the scanner's table lies under the subject.

    Returns:
        Its parts, without noise.
    """
    frame = make_frame(grid, subject)
    around = np.full(frame.shape, AIR_HU, dtype=np.float32)
    cage = make_cage(frame.bones)
    paint_wall(around, frame, cage)
    between = paint_heart(around, frame)
    below = diaphragm_distance(frame)
    paint_abdomen(around, frame, cage, below)
    paint_bones(around, frame, cage)
    outer = np.maximum(cage.distance + 2, below)
    lungs = _lungs(frame, outer, between)
    if table:
        paint_table(around, frame)
    share = coverage(lungs, frame.voxel_mm)
    paint_airways(around, frame)
    rng = np.random.default_rng([subject.seed, 2])
    vessels, airways = _vessels(frame, rng)
    parenchyma = _parenchyma(frame, rng)
    mask = share > MASK_SHARE
    depth = -np.maximum(cage.distance + 2, below - 10)
    return Chest(frame, around, share, mask, depth, parenchyma, vessels, airways)


def _lungs(frame: Frame, outer: Array, between: Array) -> Array:
    """Signed distance to the lungs: inside the cage, above the diaphragm, beside the middle."""
    lungs = np.maximum(outer, -between)
    return np.maximum(lungs, -spine_distance(frame))


def compose(chest: Chest, widened: Mask | None = None) -> Array:
    """Put a chest together.

    Args:
        chest: Its parts.
        widened: Where fibrosis pulls the airways open (traction bronchiectasis).

    Returns:
        HU without noise, shape (i, j, k).
    """
    lung = chest.parenchyma.copy()
    paint(lung, chest.vessels, VESSEL_HU)
    wall, lumen = _airway_shares(chest, widened)
    paint(lung, wall, AIRWAY_WALL_HU)
    paint(lung, lumen, AIRWAY_HU)
    result = chest.around.copy()
    paint(result, chest.lung_share, lung)
    return result


@lru_cache(maxsize=1)
def _lung_points() -> tuple[Points, Points]:
    """Points inside the right and the left reference lung, 5 mm apart, mm."""
    frame = make_frame((70, 54, 60), SubjectSettings(wobble_mm=0))
    cage = make_cage(frame.bones)
    below = diaphragm_distance(frame)
    between = paint_heart(np.zeros(frame.shape, dtype=np.float32), frame)
    inside = _lungs(frame, np.maximum(cage.distance + 2, below), between) < -3
    space = frame.organs
    points = np.stack([space.x, space.y, space.z], axis=-1)[inside].astype(np.float64)
    return points[points[:, 0] > 0], points[points[:, 0] < 0]


def _vessels(frame: Frame, rng: np.random.Generator) -> tuple[Array, Tree]:
    """Arteries and veins of both lungs as a share of each voxel, and the airways' tree."""
    # Finer grids show finer branches; a power of two, as the tree halves its targets.
    n_tips = 2 ** int(np.clip(round(10.6 - np.log2(frame.voxel_mm)), 6, 10))
    points, volumes, arteries = [], [], []
    for lung, artery_root, vein_root in zip(
        _lung_points(), _ARTERY_ROOTS, _VEIN_ROOTS, strict=True
    ):
        for root in (artery_root, vein_root):
            tips = rng.choice(lung, n_tips, replace=False) + rng.uniform(-2.5, 2.5, (n_tips, 3))
            tree = grow_tree(tips, root, 6.6, rng)
            if root is artery_root:
                arteries.append(tree)
            places, parts = sample_tubes(tree, tree.radius, 0.7 * frame.voxel_mm)
            points.append(places)
            volumes.append(parts)
    return splat(frame, np.concatenate(points), np.concatenate(volumes)), _beside(arteries)


def _beside(arteries: list[Tree]) -> Tree:
    """The airways: the first branches of the arteries, moved to their side.

    The smallest are seen only where scar tissue pulls them open.
    """
    parts = []
    for tree in arteries:
        keep = tree.level <= N_TRACTION_LEVELS
        offset = tree.radius[keep, None] * np.array([0.0, -1.2, 1.5])
        ends = tree.start[keep] + offset, tree.end[keep] + offset
        parts.append((*ends, 0.72 * tree.radius[keep], tree.level[keep]))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Tree(columns[0], columns[1], columns[2], columns[3])


def _airway_shares(chest: Chest, widened: Mask | None) -> tuple[Array, Array]:
    """Share of each voxel inside the outer and the inner surface of the airways."""
    frame, tree = chest.frame, chest.airways
    radius = np.where(tree.level <= N_AIRWAY_LEVELS, tree.radius, 0.0)
    if widened is not None:
        index = np.round(frame.to_index((tree.start + tree.end) / 2)).astype(int)
        index = np.clip(index, 0, np.array(frame.shape) - 1)
        pulled = widened[tuple(index.T)] & (tree.level >= 2)
        radius = np.where(pulled, np.maximum(2.1 * tree.radius, 2.2), radius)
    drawn = radius > 0
    visible = Tree(tree.start[drawn], tree.end[drawn], radius[drawn], tree.level[drawn])
    step = 0.7 * frame.voxel_mm
    outer = splat(frame, *sample_tubes(visible, visible.radius * 1.2 + 0.6, step))
    inner = splat(frame, *sample_tubes(visible, visible.radius, step))
    return outer, inner


def _parenchyma(frame: Frame, rng: np.random.Generator) -> Array:
    """HU of healthy lung: denser behind (the subject lies) and when less air is in it."""
    subject, space = frame.subject, frame.organs
    density = (subject.parenchyma_hu - AIR_HU) / subject.inspiration**1.5
    behind = np.clip(-(space.y + 10) / 90, -1.2, 1.2)
    density = density * (1 + (0.18 + 0.5 * (1 - subject.inspiration)) * behind)
    grain = 0.07 * smooth_noise(frame.shape, frame.spacing_mm, 3.0, rng)
    cloud = 0.05 * smooth_noise(frame.shape, frame.spacing_mm, 15.0, rng)
    result: Array = np.float32(AIR_HU) + density * (1 + grain + cloud)
    for sheet in _fissures(frame):
        paint(result, np.float32(0.3 / frame.voxel_mm) * coverage(sheet, frame.voxel_mm), 0)
    return result


def _fissures(frame: Frame) -> tuple[Array, Array]:
    """Distance to the fissures, less half a voxel: oblique on both sides, minor on the right."""
    space, half = frame.organs, np.float32(0.5 * frame.voxel_mm)
    across = space.z + 12 + 0.95 * (space.y + 5) - 0.0008 * (np.abs(space.x) - 70) ** 2
    oblique = np.abs(across) / np.float32(1.38) - half
    minor = np.abs(space.z - 16 + 0.0012 * (space.x - 70) ** 2) - half
    minor = np.where((across > 0) & (space.x > 0), minor, np.float32(99))
    return oblique, minor
