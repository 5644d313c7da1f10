"""Branching trees of vessels and airways that fill the lungs, and their share of each voxel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clam_core.phantom.frame import Array, Frame, Points
from clam_core.phantom.shapes import Point


@dataclass(frozen=True, eq=False)
class Tree:
    """Straight branches in mm of the reference chest.

    Attributes:
        start: Shape (n, 3).
        end: Shape (n, 3).
        radius: Shape (n,).
        level: Branchings from the root, shape (n,).
    """

    start: Points
    end: Points
    radius: Points
    level: Points


def grow_tree(targets: Points, root: Point, radius_mm: float, rng: np.random.Generator) -> Tree:
    """Grow a tree from a root so that its tips reach all targets.

    Each branch goes 30-55 % of the way to the center of the tips that it feeds.

    Args:
        targets: Tips, shape (2**n, 3), mm.
        root: Where the tree enters the lung, mm.
        radius_mm: Radius of the first branch; a daughter's is 0.79 of her mother's.
        rng: Draws how far each branch goes.

    Returns:
        The branches, level by level.

    Source:
        Tawhai, Pullan & Hunter (2000), "Generation of an anatomically based
        three-dimensional model of the conducting airways", Ann Biomed Eng 28
        (halving the space, branches toward its center); Murray (1926), PNAS 12
        (radii: the cube of the mother's is the sum of the daughters' cubes).
    """
    n_levels = int(np.log2(len(targets)))
    groups = targets[None]
    nodes = np.array([root], dtype=np.float64)
    starts, ends, radii, levels = [], [], [], []
    for level in range(n_levels + 1):
        center = groups.mean(axis=1)
        share = rng.uniform(0.3, 0.55, (len(nodes), 1)) if level < n_levels else 1.0
        tips = nodes + share * (center - nodes)
        starts.append(nodes)
        ends.append(tips)
        radii.append(np.full(len(tips), radius_mm * 2.0 ** (-level / 3)))
        levels.append(np.full(len(tips), level))
        if level < n_levels:
            groups = _halve(groups)
            nodes = np.repeat(tips, 2, axis=0)
    return Tree(
        np.concatenate(starts), np.concatenate(ends), np.concatenate(radii), np.concatenate(levels)
    )


def _halve(groups: Points) -> Points:
    """Cut each group of points, shape (g, n, 3), in two across its longest axis."""
    axis = np.argmax(np.ptp(groups, axis=1), axis=1)
    along = np.take_along_axis(groups, axis[:, None, None], axis=2)[:, :, 0]
    order = np.argsort(along, axis=1)
    ordered = np.take_along_axis(groups, order[:, :, None], axis=1)
    halves: Points = ordered.reshape(2 * len(groups), -1, 3)
    return halves


def sample_tubes(tree: Tree, radius_mm: Points, step_mm: float) -> tuple[Points, Points]:
    """Fill tubes around the branches with points that each stand for a volume.

    Args:
        tree: Branches.
        radius_mm: Radius of the tube around each branch, shape (n,).
        step_mm: Distance between points; thin tubes get one row, thick ones a disc.

    Returns:
        Points, shape (m, 3), mm, and the volume of each, shape (m,), mm^3.
    """
    points, volumes = [], []
    rings = np.maximum(1, np.round((2 * radius_mm / step_mm) ** 2).astype(int))
    for n_disc in np.unique(rings):
        chosen = np.flatnonzero(rings == n_disc)
        length = np.linalg.norm(tree.end[chosen] - tree.start[chosen], axis=1)
        counts = np.maximum(1, np.ceil(length / step_mm).astype(int))
        branch = np.repeat(chosen, counts)
        first = np.repeat(np.cumsum(counts) - counts, counts)
        share = (np.arange(counts.sum()) - first + 0.5) / np.repeat(counts, counts)
        direction = tree.end[branch] - tree.start[branch]
        line = tree.start[branch] + share[:, None] * direction
        volume = np.pi * radius_mm[branch] ** 2 * np.repeat(length / counts, counts)
        if n_disc > 1:
            line = line[:, None] + _disc(direction, radius_mm[branch], int(n_disc))
            volume = np.repeat(volume / n_disc, n_disc)
        points.append(line.reshape(-1, 3))
        volumes.append(volume)
    return np.concatenate(points), np.concatenate(volumes)


def _disc(direction: Points, radius: Points, n_disc: int) -> Points:
    """Offsets across each direction on a sunflower pattern, shape (n, n_disc, 3)."""
    unit = direction / (np.linalg.norm(direction, axis=1, keepdims=True) + 1e-9)
    helper = np.where(np.abs(unit[:, 2:]) < 0.8, [[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]])
    first = np.cross(unit, helper)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(unit, first)
    index = np.arange(n_disc)
    away = np.sqrt((index + 0.5) / n_disc) * radius[:, None]
    # The golden angle, in radians.
    angle = index * 2.399963
    along, across = away * np.cos(angle), away * np.sin(angle)
    # Centered, or a tube of few points would lie beside its branch.
    along, across = (side - side.mean(axis=1, keepdims=True) for side in (along, across))
    offsets: Points = along[..., None] * first[:, None] + across[..., None] * second[:, None]
    return offsets


def splat(frame: Frame, points: Points, volumes_mm3: Points) -> Array:
    """Share of each voxel that small volumes at given points take up.

    Args:
        frame: Grid and subject.
        points: Positions in the reference chest, shape (n, 3), mm.
        volumes_mm3: Volume at each point, shape (n,).

    Returns:
        Shares in [0, 1], shape (i, j, k).
    """
    return spread(frame, frame.to_index(points), volumes_mm3)


def spread(frame: Frame, index: Points, volumes_mm3: Points) -> Array:
    """Spread small volumes over the eight voxels around each, as shares of a voxel.

    Args:
        frame: Grid and subject.
        index: Fractional voxel indices, shape (n, 3); those outside are dropped.
        volumes_mm3: Volume at each point, shape (n,).

    Returns:
        Shares in [0, 1], shape (i, j, k).
    """
    shape = np.array(frame.shape)
    near = np.all((index > -1) & (index < shape), axis=1)
    index, volumes = index[near], volumes_mm3[near]
    base = np.floor(index).astype(np.int64)
    part = index - base
    # A border of one voxel on each side keeps every neighbour inside.
    padded = shape + 2
    strides = np.array([padded[1] * padded[2], padded[2], 1])
    total = np.zeros(int(np.prod(padded)))
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod(np.where(corner, part, 1 - part), axis=1)
        place = (base + corner + 1) @ strides
        total += np.bincount(place, weights=weight * volumes, minlength=total.size)
    inner = total.reshape(padded)[1:-1, 1:-1, 1:-1] / np.prod(frame.spacing_mm)
    return np.minimum(inner, 1).astype(np.float32)
