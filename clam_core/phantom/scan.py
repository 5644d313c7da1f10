"""PhantomScan: a synthetic scan with everything that is true about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.phantom.chest import Chest, Mask, compose, make_chest
from clam_core.phantom.frame import Array, Frame
from clam_core.phantom.patterns import draw_lesion
from clam_core.phantom.settings import LesionSettings, SubjectSettings, check_grid
from clam_core.phantom.texture import ct_noise
from clam_core.settings import HU_MAX, HU_MIN
from clam_core.volume import Volume

Truth = dict[str, str | int | float]

SCARRED = ("reticulation", "honeycombing")
"""Patterns of fibrosis: they pull the airways open."""


@dataclass(frozen=True, eq=False)
class PhantomScan:
    """One synthetic scan.

    Attributes:
        scan_id: Name of the scan.
        subject_id: Its subject.
        volume: HU, int16, shape (i, j, k), or (i, k) for a coronal slice; RAS+.
        lung_mask: Voxels inside the lungs, same shape.
        lesion_mask: Voxels of the disease, all inside the lungs, same shape.
        truth: What the scan was made from: group, pattern, zone, side, extents
            as fractions of the lung volume, build of the subject.
        distractor_mask: Blob that every scan of a cohort has, or None.
    """

    scan_id: str
    subject_id: str
    volume: Volume
    lung_mask: NDArray[np.bool_]
    lesion_mask: NDArray[np.bool_]
    truth: Truth
    distractor_mask: NDArray[np.bool_] | None = None


def make_volume(frame: Frame, hu: Array, noise_hu: float, rng: np.random.Generator) -> Volume:
    """Add the scanner's noise and round to whole HU.

    Args:
        frame: Grid of the voxels.
        hu: HU without noise, shape (i, j, k).
        noise_hu: Standard deviation of the noise.
        rng: Source of randomness.

    Returns:
        The volume, int16; a coronal slice loses its axis of length 1.
    """
    noisy = hu + ct_noise(frame.shape, noise_hu, rng)
    array = np.clip(np.round(noisy), HU_MIN, HU_MAX).astype(np.int16)
    if not frame.is_slice:
        return Volume(array, frame.affine)
    affine = frame.affine[:, [0, 2, 1, 3]].copy()
    affine[:, 2] *= -1  # The normal of the slice points to the back: a right-handed frame.
    return Volume(array[:, 0], affine)


def flat(frame: Frame, mask: Mask) -> Mask:
    """A mask in the shape of the volume."""
    return mask[:, 0] if frame.is_slice else mask


def make_scan(
    subject: SubjectSettings,
    lesions: tuple[LesionSettings, ...] = (),
    grid: tuple[int, ...] = (48, 48, 48),
    *,
    noise_hu: float = 18.0,
    table: bool = False,
) -> PhantomScan:
    """One scan of one subject with chosen lesions.

    Args:
        subject: Build, breathing and seed; the seed also draws lesions and noise.
        lesions: Disease patterns, drawn one after the other. Subpleural
            patterns of the same zone lie within each other, as honeycombing
            lies within fibrosis.
        grid: Voxels along (i, j, k), or along (i, k) for the coronal slice.
        noise_hu: Standard deviation of the scanner's noise.
        table: Whether the scanner's table is in the picture.

    Returns:
        The scan; its truth holds the extents as fractions of the lung volume.

    Raises:
        SettingsError: If the grid does not have two or three numbers from 8 to 512.
    """
    check_grid(grid)
    chest = make_chest(grid, subject, table=table)
    # The same seed for each: patterns with one preference then lie within each other.
    masks = [draw_lesion(chest, each, np.random.default_rng([subject.seed, 3])) for each in lesions]
    hu = compose(chest, _union(chest.lung_mask, lesions, masks, SCARRED))
    volume = make_volume(chest.frame, hu, noise_hu, np.random.default_rng([subject.seed, 4]))
    lesion_mask = flat(chest.frame, _union(chest.lung_mask, lesions, masks, None))
    lung_mask = flat(chest.frame, chest.lung_mask)
    truth = _truth(chest, lesions, masks)
    return PhantomScan("SCAN-001", "SUBJ-001", volume, lung_mask, lesion_mask, truth)


def _truth(chest: Chest, lesions: tuple[LesionSettings, ...], masks: list[Mask]) -> Truth:
    """Extents as fractions of the lung volume, and the build of the subject."""
    n_lung = max(int(chest.lung_mask.sum()), 1)

    def extent(*patterns: str) -> float:
        chosen = _union(chest.lung_mask, lesions, masks, patterns or None)
        return float(chosen.sum() / n_lung)

    return {
        "extent": extent(),
        "ground_glass_extent": extent("ground_glass"),
        "fibrosis_extent": extent(*SCARRED),
        "honeycombing_extent": extent("honeycombing"),
        "nodules_extent": extent("nodules"),
        "consolidation_extent": extent("consolidation"),
        "lung_volume_L": float(n_lung * np.prod(chest.frame.spacing_mm) / 1e6),
        "inspiration": chest.frame.subject.inspiration,
        "sex": chest.frame.subject.sex,
    }


def _union(
    lung: Mask,
    lesions: tuple[LesionSettings, ...],
    masks: list[Mask],
    patterns: tuple[str, ...] | None,
) -> Mask:
    """Voxels of the lesions with one of some patterns (None: of any)."""
    total = np.zeros_like(lung)
    for lesion, mask in zip(lesions, masks, strict=True):
        if patterns is None or lesion.pattern in patterns:
            total |= mask
    return total
