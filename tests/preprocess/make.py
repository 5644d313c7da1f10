"""Scans that the tests make themselves: ramps in any orientation, and a chest."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from clam_core.volume import Volume

ORDERS = list(permutations(range(3)))


def oriented_affine(
    order: tuple[int, ...], signs: tuple[int, ...], spacing: tuple[float, ...]
) -> np.ndarray:
    """Affine whose voxel axis n runs along patient axis order[n], with a sign, in mm."""
    affine = np.eye(4)
    affine[:3, :3] = 0
    for column, (axis, sign, mm) in enumerate(zip(order, signs, spacing, strict=True)):
        affine[axis, column] = sign * mm
    affine[:3, 3] = [-31.0, 17.5, 240.0]
    return affine


def positions(shape: tuple[int, ...], affine: np.ndarray) -> np.ndarray:
    """Patient position of every voxel, shape (*shape, 3), mm."""
    index = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"), axis=-1)
    padded = np.concatenate([index, np.zeros((*shape, 3 - len(shape)))], axis=-1)
    return padded @ affine[:3, :3].T + affine[:3, 3]


def ramp(shape: tuple[int, ...], affine: np.ndarray, slope: tuple[float, ...]) -> Volume:
    """A scan whose value is a linear function of the position in mm."""
    values = positions(shape, affine) @ np.array(slope)
    return Volume(np.rint(values).astype(np.int16), affine, "arbitrary")


class Chest:
    """A chest with table, trachea, bowel gas and dense disease; what is lung is known.

    Attributes:
        volume: HU with noise, LPS.
        left, right: The lungs with their dense disease, without the trachea.
        dense: Disease as dense as muscle at the chest wall and inside.
    """

    def __init__(self, *, touching: bool = False, disease: bool = True, seed: int = 3) -> None:
        shape, spacing = (150, 120, 110), (2.4, 2.4, 3.0)
        affine = oriented_affine((0, 1, 2), (-1, -1, 1), spacing)
        affine[:3, 3] = 0.5 * np.array([shape[0] - 1, shape[1] - 1, 1 - shape[2]]) * spacing
        x, y, z = np.moveaxis(positions(shape, affine), -1, 0)

        def ball(cx, cy, cz, rx, ry, rz):
            return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 + ((z - cz) / rz) ** 2 <= 1

        body = (x / 165) ** 2 + ((y - 10) / 115) ** 2 <= 1
        apart = 72 if touching else 78
        right, left = (ball(side * apart, 5, 20, 70, 78, 125) for side in (1, -1))
        heart = ball(-25, 35, -25, 50, 50, 55)
        liver = ball(60, 10, -120, 90, 90, 80)
        if touching:
            right &= x > 1.5
            left &= x < -1.5
        left, right = left & ~heart, right & ~heart & ~liver
        trachea = (x**2 + (y + 20) ** 2 <= 9**2) & (z > 0)
        left, right = left & ~trachea, right & ~trachea
        bronchi = ((y + 20) ** 2 + (z - 6) ** 2 <= 6**2) & (np.abs(x) < 20)
        lung = left | right
        rim = ball(146, 0, 30, 22, 40, 30) | ball(-80, -70, 40, 40, 16, 30)
        nodule = ball(-136, 10, 10, 14, 14, 14) | ball(70, 10, 60, 10, 10, 10)
        vessels = ((y - 5) ** 2 + (z - 20) ** 2 <= 6**2) & (np.abs(x) < 110)
        self.dense = (rim | nodule | vessels) & lung if disease else np.zeros(shape, dtype=bool)
        hu = np.where(body, 40.0, -1000.0)
        hu[lung] = -850
        hu[self.dense] = 40
        hu[trachea | bronchi | ball(-60, 40, -140, 35, 25, 18)] = -1000
        table = (np.abs(y + 122) < 14) & (np.abs(x) < 170)
        hu[table] = -100
        hu[(np.abs(y + 122) < 9) & (np.abs(x) < 165)] = -940
        hu += np.random.default_rng(seed).normal(0, 25, shape)
        self.volume = Volume(np.rint(hu).astype(np.int16), affine, "HU")
        self.left, self.right = left, right


def dice(a: np.ndarray, b: np.ndarray) -> float:
    """Overlap of two masks, 1 where they are equal."""
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))
