"""What was found about a scan: columns of the study's table of scans."""

from __future__ import annotations

import hashlib

import numpy as np

from clam_core.preprocess.memory_order import slabs
from clam_core.preprocess.region import Region
from clam_core.preprocess.values import Checked
from clam_core.volume import Volume, to_ras

Quality = dict[str, float | int | str | None]


def describe(original: Volume, checked: Checked, region: Region | None) -> Quality:
    """Collect the acquisition and quality columns of one scan.

    Args:
        original: The scan as read.
        checked: The same with checked values.
        region: Its mask, if there is one.

    Returns:
        original_shape, original_spacing_mm, original_orientation, hu_min to
        hu_max, lung volumes in litres (None without a lung mask), mask_quality
        (None without a mask), and voxel_digest.
    """
    left = region.left_litres if region else None
    right = region.right_litres if region else None
    return {
        "original_shape": "x".join(str(n) for n in original.shape),
        "original_spacing_mm": "x".join(f"{mm:.3f}" for mm in original.spacing_mm),
        "original_orientation": original.orientation,
        **checked.quality,
        "lung_litres": None if left is None or right is None else round(left + right, 3),
        "lung_left_litres": None if left is None else round(left, 3),
        "lung_right_litres": None if right is None else round(right, 3),
        "mask_quality": region.quality if region else None,
        "voxel_digest": voxel_digest(checked),
    }


def voxel_digest(checked: Checked) -> str:
    """Digest of a scan's voxels and geometry, the same for every way of storing it.

    Args:
        checked: The scan, whole numbers.

    Returns:
        SHA-256 in hexadecimal of shape, affine (rounded to 0.001 mm) and voxels,
        all in RAS+ order and clamped.
    """
    scan = to_ras(checked.volume)
    digest = hashlib.sha256(repr(scan.shape).encode())
    # + 0.0 turns -0.0 into 0.0, whose bytes differ.
    digest.update((np.round(scan.affine, 3) + 0.0).astype("<f8").tobytes())
    # In one order of axes, however the array lies in memory.
    slow_first = scan.array.T
    for part in slabs(slow_first):
        digest.update(np.clip(slow_first[part], *checked.limits).astype("<i2").tobytes())
    return digest.hexdigest()
