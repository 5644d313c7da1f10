"""Where each voxel of a grid lies in the reference chest, for one subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clam_core.phantom.settings import FIELD_MM, SubjectSettings

Array = NDArray[np.floating[Any]]
Points = NDArray[np.float64]
Window = tuple[slice, slice, slice]

APEX_MM = 125.0
"""Height of the top of the lungs in the reference chest; breathing moves what lies below."""

SLICE_MM = -14.0
"""Front-back position of the coronal slice that stands for the chest in 2D."""


@dataclass(frozen=True, eq=False)
class Space:
    """Coordinates of the voxels in the reference chest, in mm, RAS+.

    Attributes:
        x: Right, shape (i, j, k).
        y: Anterior, shape (i, j, k).
        z: Superior, shape (i, j, k).
        axes: The same along each axis without the deformation, shapes (i,), (j,), (k,).
    """

    x: Array
    y: Array
    z: Array
    axes: tuple[Array, Array, Array]

    def window(self, low: Points, high: Points, margin_mm: float) -> Window:
        """Smallest block of voxels that holds a box of the reference chest."""
        slices = []
        for axis, first, last in zip(self.axes, low, high, strict=True):
            start = int(np.searchsorted(axis, first - margin_mm))
            stop = int(np.searchsorted(axis, last + margin_mm))
            slices.append(slice(start, stop))
        return slices[0], slices[1], slices[2]


@dataclass(frozen=True, eq=False)
class Frame:
    """A grid laid over one subject.

    Attributes:
        shape: Voxels along each axis; one along j for a coronal slice.
        spacing_mm: Voxel size along each axis.
        affine: Voxel index to position, RAS+, mm, shape (4, 4).
        bones: Reference coordinates of the parts that breathing does not move.
        organs: Reference coordinates of lungs, heart and diaphragm.
        is_slice: Whether the grid is a coronal slice.
        subject: The build.
        waves: Phases and amplitudes of the deformation, shape (2, 3, 3).
    """

    shape: tuple[int, int, int]
    spacing_mm: Points
    affine: Points
    bones: Space
    organs: Space
    is_slice: bool
    subject: SubjectSettings
    waves: Points

    @property
    def voxel_mm(self) -> float:
        """Mean voxel size, over which an edge is blurred."""
        sizes = self.spacing_mm[[0, 2]] if self.is_slice else self.spacing_mm
        return float(np.prod(sizes) ** (1 / len(sizes)))

    def to_index(self, points: Points) -> Points:
        """Voxel indices of points of the reference organs, shape (n, 3), fractional."""
        target = points.copy()
        target[:, 2] = APEX_MM + (target[:, 2] - APEX_MM) * self.subject.inspiration
        scale, shift = np.asarray(self.subject.scale), np.asarray(self.subject.shift_mm)
        world = target * scale + shift
        # The deformation leads from the room to the reference; it is small, so that its inverse is
        # found by putting the result in again.
        for _ in range(3):
            world = (target - _wobble(world, self.waves)) * scale + shift
        index: Points = (world - self.affine[:3, 3]) / self.spacing_mm
        return index


def make_frame(grid: tuple[int, ...], subject: SubjectSettings) -> Frame:
    """Lay a grid over a subject.

    Args:
        grid: Voxels along (i, j, k), or along (i, k) for the coronal slice.
        subject: Build and breathing.

    Returns:
        The frame. Spacing is the field of view over the number of voxels.
    """
    is_slice = len(grid) == 2
    shape = (grid[0], 1, grid[1]) if is_slice else (grid[0], grid[1], grid[2])
    field = np.array([FIELD_MM[0], 4.0 if is_slice else FIELD_MM[1], FIELD_MM[2]])
    spacing = field / np.array(shape)
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = (spacing - field) / 2
    if is_slice:
        affine[1, 3] = SLICE_MM * subject.scale[1] + subject.shift_mm[1]
    rng = np.random.default_rng([subject.seed, 1])
    waves = np.stack([rng.uniform(0, 2 * np.pi, (3, 3)), rng.normal(0, 1, (3, 3))])
    # No axis moves along itself, so that voxels stay in order (`window` searches sorted axes).
    waves[1] *= subject.wobble_mm * (1 - np.eye(3))
    bones, organs = _spaces(shape, spacing, affine, (subject, waves))
    return Frame(shape, spacing, affine, bones, organs, is_slice, subject, waves)


def _spaces(
    shape: tuple[int, int, int],
    spacing: Points,
    affine: Points,
    build: tuple[SubjectSettings, Points],
) -> tuple[Space, Space]:
    """Reference coordinates of every voxel, without and with breathing."""
    subject, waves = build
    full = []
    plain = []
    lines = [affine[a, 3] + spacing[a] * np.arange(shape[a]) for a in range(3)]
    for axis in range(3):
        line = (lines[axis] - subject.shift_mm[axis]) / subject.scale[axis]
        plain.append(line.astype(np.float32))
        total = np.zeros(shape, dtype=np.float32)
        for other in range(3):
            term = line if other == axis else _wave(lines[other], waves[:, axis, other])
            view = [1, 1, 1]
            view[other] = -1
            total += term.reshape(view).astype(np.float32)
        full.append(total)
    breath = 1 / subject.inspiration
    apex = np.float32(APEX_MM * (1 - breath))
    bones = Space(full[0], full[1], full[2], (plain[0], plain[1], plain[2]))
    moved, line = full[2] * np.float32(breath) + apex, plain[2] * np.float32(breath) + apex
    return bones, Space(full[0], full[1], moved, (plain[0], plain[1], line))


def _wave(position_mm: Points, wave: Points) -> Points:
    """One component of the deformation along one axis, in mm."""
    result: Points = wave[1] * np.sin(position_mm * (2 * np.pi / 290.0) + wave[0])
    return result


def _wobble(world: Points, waves: Points) -> Points:
    """Deformation at positions in mm, shape (n, 3)."""
    moved = np.zeros_like(world)
    for axis in range(3):
        for other in range(3):
            if other != axis:
                moved[:, axis] += _wave(world[:, other], waves[:, axis, other])
    return moved
