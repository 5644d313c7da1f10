"""Air that belongs to the lungs: not around the patient, not in the bowel, not in the trachea."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from clam_core.preprocess.morphology import (
    IN_PLANE,
    Mask,
    dilate,
    erode,
    fill_slices,
    touching_sides,
)

AIR_HU, TISSUE_HU = -400.0, -200.0
"""Below the first lies aerated lung or air, above the second the body."""

# Stomach and bowel: mostly gas, and small; a lung with emphysema is as dark, but larger.
_GAS_HU, _GAS_SHARE, _GAS_MAX_LITRES = -930.0, 0.55, 0.8
_SIDE_GAS_SHARE, _BODY_SHARE, _CONTINUES = 0.25, 0.2, 0.7
_MIN_PIECE_LITRES, _MIN_PIECE_SHARE = 0.02, 0.02
_AIRWAY_HU, _AIRWAY_CM2, _AIRWAY_MM = -850.0, (0.5, 9.0), 25.0

Hu = NDArray[np.float32]
Spacing = tuple[float, float, float]


def lung_air(hu: Hu, spacing_mm: Spacing, min_litres: float) -> tuple[Mask, Mask]:
    """Find the aerated lung with the large airways, and everything outside the body.

    A component of an axial slice that reaches the sides of the field of view is
    outside, unless it continues a lung of the next slice (a lung cut off by the
    field of view). Where no lung is left, as in a crop of the chest, components
    at the sides count as lung by their density.

    Args:
        hu: Chest CT, shape (i, j, k), RAS+, HU.
        spacing_mm: Voxel size, mm.
        min_litres: Less lung than this counts as none.

    Returns:
        Lung air and outside, both of shape (i, j, k).
    """
    air = hu < AIR_HU
    slices, n_slices = ndimage.label(air, IN_PLANE)
    is_outside = np.zeros(n_slices + 1, dtype=bool)
    is_outside[touching_sides(slices)] = True
    litre = float(np.prod(spacing_mm)) / 1e6
    outside = is_outside[slices]
    lungs = _lung_like(hu, air & ~outside, litre, _GAS_SHARE, _GAS_MAX_LITRES)
    lungs = _within_body(lungs, hu)
    if lungs.sum() * litre < min_litres:
        lungs |= _lung_like(hu, outside, litre, _SIDE_GAS_SHARE, np.inf)
    lungs |= _follow(slices, lungs, is_outside)[slices]
    return lungs, outside & ~lungs


def airways(hu: Hu, lungs: Mask, spacing_mm: Spacing) -> Mask:
    """Find trachea and main bronchi: dark, small in axial slices, long, central, high up.

    Args:
        hu: Chest CT, shape (i, j, k), RAS+, HU.
        lungs: Lung air with airways, same shape.
        spacing_mm: Voxel size, mm.

    Returns:
        Airways, same shape; empty where none is recognised.
    """
    airway = np.zeros_like(lungs)
    labels, n_labels = ndimage.label(lungs & (hu < _AIRWAY_HU), IN_PLANE)
    area = np.bincount(labels.ravel(), minlength=n_labels + 1) * spacing_mm[0] * spacing_mm[1] / 100
    is_small = (area > _AIRWAY_CM2[0]) & (area < _AIRWAY_CM2[1])
    is_small[0] = False
    tubes, _ = ndimage.label(is_small[labels])
    left, right = _extent(lungs, 0)
    bottom, top = _extent(lungs, 2)
    for number, box in enumerate(ndimage.find_objects(tubes), start=1):
        tube = tubes[box] == number
        # Its upper end only: there the trachea is in the middle, while the bronchi turn aside.
        upper = np.flatnonzero(tube[:, :, -3:].any(axis=(1, 2))) + box[0].start
        is_long = (box[2].stop - box[2].start) * spacing_mm[2] >= _AIRWAY_MM
        is_high = box[2].stop - bottom > 0.6 * (top - bottom)
        is_central = bool(upper.size) and 0.3 < (upper.mean() - left) / (right - left) < 0.7
        if is_long and is_high and is_central and hu[box][tube].mean() < _AIRWAY_HU - 30:
            airway[box] |= tube
    # Voxels that mix with the wall are brighter than the threshold.
    return dilate(airway, 1) & lungs


def _within_body(air: Mask, hu: Hu) -> Mask:
    """Components of air that lie in the largest piece of tissue, not in a hollow table."""
    # Eroded, so that the table comes apart from the back that lies on it.
    tissue, _ = ndimage.label(erode(hu > TISSUE_HU, 1))
    sizes = np.bincount(tissue.ravel())
    sizes[0] = 0
    body = fill_slices(tissue == sizes.argmax()) if sizes.size > 1 else np.ones_like(air)
    labels, n_labels = ndimage.label(air)
    n_all = np.bincount(labels.ravel(), minlength=n_labels + 1)
    n_body = np.bincount(labels[body], minlength=n_labels + 1)
    keep = n_body > _BODY_SHARE * n_all
    keep[0] = False
    kept: Mask = keep[labels]
    return kept


def _lung_like(hu: Hu, air: Mask, litre: float, gas_share: float, max_litres: float) -> Mask:
    """Components of air that are large enough, and not gas alone if below `max_litres`."""
    labels, n_labels = ndimage.label(air)
    # Voxels at the border mix with tissue and say nothing about the density.
    inner = np.where(erode(air, 1), labels, 0)
    litres = np.bincount(labels.ravel(), minlength=n_labels + 1) * litre
    n_inner = np.bincount(inner.ravel(), minlength=n_labels + 1)
    n_gas = np.bincount(inner[hu < _GAS_HU], minlength=n_labels + 1)
    is_gas = (n_gas > gas_share * n_inner) & (litres < max_litres)
    keep = (litres > _MIN_PIECE_LITRES) & ~is_gas
    keep[0] = False
    keep &= litres > _MIN_PIECE_SHARE * litres[keep].sum()
    kept: Mask = keep[labels]
    return kept


def _follow(slices: NDArray[np.integer], lungs: Mask, is_outside: Mask) -> Mask:
    """Outside components of a slice of which most continues a lung of the slice beside it."""
    followed = np.zeros_like(is_outside)
    sizes = np.bincount(slices.ravel(), minlength=is_outside.size)
    n_k = slices.shape[2]
    upwards = [(k, k - 1) for k in range(1, n_k)]
    # Both ways: a lung that is cut off may go on from the slice below or from the one above.
    for k, beside in upwards + [(below, above) for above, below in reversed(upwards)]:
        covered = lungs[:, :, beside] | followed[slices[:, :, beside]]
        count = np.bincount(slices[:, :, k][covered], minlength=is_outside.size)
        followed |= is_outside & (count > _CONTINUES * sizes)
    followed[0] = False
    return followed


def _extent(mask: Mask, axis: int) -> tuple[int, int]:
    """First and last index of a mask along an axis."""
    others = tuple(other for other in range(3) if other != axis)
    hit = np.flatnonzero(mask.any(axis=others))
    return (int(hit[0]), int(hit[-1])) if hit.size else (0, 1)
