"""Cohorts of the simulation study: groups that differ in one property of a lesion only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from clam_core.phantom.chest import Mask
from clam_core.phantom.cohort import child_seed, shuffled
from clam_core.phantom.families import FAMILIES, Ground, make_ground
from clam_core.phantom.frame import SLICE_MM, Array, Points
from clam_core.phantom.scan import PhantomScan, Truth, flat, make_volume
from clam_core.phantom.settings import Scenario, SimulationSettings, SubjectSettings, Zone

CEILING_HU, FLOOR_HU = 60.0, -1000.0
"""A lesion is never denser than soft tissue (vessels inside it keep their HU), nor below air."""

_GROUPS: dict[Scenario, tuple[str, str]] = {
    "presence": ("none", "lesion"),
    "size": ("small", "large"),
    "location": ("upper", "lower"),
    "intensity": ("faint", "strong"),
}
_ZONES: tuple[Zone, ...] = ("upper", "middle", "lower")


@dataclass(frozen=True, eq=False)
class Blob:
    """One lesion or distractor.

    Attributes:
        center: In the reference chest, mm, shape (3,).
        radius_mm: Radius.
        contrast_hu: Added to the lung.
        lobes: Directions of the lobes of a lobulated lesion, shape (5, 3).
    """

    center: Points
    radius_mm: float
    contrast_hu: float
    lobes: Points


def simulation_groups(settings: SimulationSettings) -> tuple[str, ...]:
    """Names of the groups, in the order in which they are counted.

    Args:
        settings: Scenario, and whether there is a control group.

    Returns:
        Two names; three with the control group `none`.
    """
    groups = _GROUPS[settings.scenario]
    if settings.control and settings.scenario != "presence":
        return ("none", *groups)
    return groups


def simulation_cohort(settings: SimulationSettings) -> Iterator[PhantomScan]:
    """Make the scans of one simulated cohort, one at a time.

    Args:
        settings: What differs between the groups, how much the anatomy
            varies, contrast, noise, size, family and seed.

    Yields:
        Scans `SIM-001`, `SIM-002`, ... in random order of groups; the group is
        in `truth["group"]`.
    """
    for row, group in enumerate(_layout(settings)):
        yield _scan(settings, row, group)


def _layout(settings: SimulationSettings) -> list[str]:
    """Group of each scan, in random order."""
    groups = simulation_groups(settings)
    order = shuffled([settings.n_per_group] * len(groups), settings.seed)
    return [groups[index] for index in order]


def _scan(settings: SimulationSettings, row: int, group: str) -> PhantomScan:
    """Draw anatomy and lesion of one scan, and make it."""
    rng = np.random.default_rng(child_seed(settings.seed, row))
    ground = make_ground(settings.family, settings.grid, _subject(settings, rng))
    is_left = settings.side == "random" and rng.uniform() < 0.5
    zone: Zone = "middle"
    if settings.scenario == "location" and group != "none":
        zone = "upper" if group == "upper" else "lower"
    lesion, distractor = _blobs(settings, (group, zone), -1.0 if is_left else 1.0, rng)
    hu = ground.hu.copy()
    masks = []
    for blob, is_drawn in ((lesion, group != "none"), (distractor, settings.distractor)):
        mask = _mask(ground, blob, settings) & is_drawn
        _add(hu, mask, blob.contrast_hu)
        masks.append(flat(ground.frame, mask))
    volume = make_volume(ground.frame, hu, settings.noise_hu, rng)
    side = "left" if is_left else "right"
    scan_id, subject_id = f"SIM-{row + 1:03d}", f"SIMSUBJ-{row + 1:03d}"
    truth: Truth = {
        "scan_id": scan_id,
        "subject_id": subject_id,
        "group": group,
        "scenario": settings.scenario,
        "family": settings.family,
        "zone": "none" if group == "none" else zone,
        "side": "none" if group == "none" else side,
        "radius_mm": 0.0 if group == "none" else lesion.radius_mm,
        "contrast_hu": 0.0 if group == "none" else lesion.contrast_hu,
        "extent": float(masks[0].sum() / max(int(ground.lung_mask.sum()), 1)),
    }
    lung_mask = flat(ground.frame, ground.lung_mask).copy()
    shown = masks[1] if settings.distractor else None
    return PhantomScan(scan_id, subject_id, volume, lung_mask, masks[0], truth, shown)


def _subject(settings: SimulationSettings, rng: np.random.Generator) -> SubjectSettings:
    """Anatomy of one scan: the same for all, or drawn."""
    parenchyma = FAMILIES[settings.family].parenchyma_hu
    amount = {"fixed": 0.0, "varying": 1.0, "hard": 2.0}[settings.anatomy]
    if amount == 0:
        return SubjectSettings(parenchyma_hu=parenchyma, seed=settings.seed)
    scale = np.clip(1 + amount * 0.05 * rng.normal(size=3), 0.8, 1.12)
    shift = amount * 4.0 * rng.normal(size=3)
    brightness = parenchyma + amount * 30 * rng.normal()
    return SubjectSettings(
        scale=(float(scale[0]), float(scale[1]), float(scale[2])),
        shift_mm=(float(shift[0]), float(shift[1]), float(shift[2])),
        parenchyma_hu=float(np.clip(brightness, -945, -605)),
        wobble_mm=1.5 * amount,
        seed=int(rng.integers(2**31)),
    )


def _blobs(
    settings: SimulationSettings, place: tuple[str, Zone], side: float, rng: np.random.Generator
) -> tuple[Blob, Blob]:
    """Lesion of a group, and its equal in the other lung that tells nothing of the group."""
    group, zone = place
    rule = FAMILIES[settings.family]
    is_slice = len(settings.grid) == 2
    anchors = rule.slice_anchors if is_slice else rule.anchors
    contrast = rule.contrast_hu if settings.contrast_hu is None else settings.contrast_hu
    size = dict(zip(_GROUPS["size"], settings.size_factors, strict=True)).get(group, 1.0)
    strength = dict(zip(_GROUPS["intensity"], settings.intensity_factors, strict=True))
    # Drawn for every group alike: scans of two scenarios with one seed have the same noise.
    lobes = rng.normal(size=(5, 3))
    lobes /= np.linalg.norm(lobes, axis=1, keepdims=True)
    jitter = settings.jitter_mm * rng.normal(size=(2, 3))
    centers = []
    for where, sign, moved in ((zone, side, jitter[0]), ("middle", -side, jitter[1])):
        center = np.array(anchors[where]) * (sign, 1, 1) + moved
        if is_slice:
            center[1] = SLICE_MM
        centers.append(center)
    lesion = Blob(centers[0], settings.radius_mm * size, contrast * strength.get(group, 1.0), lobes)
    return lesion, Blob(centers[1], settings.radius_mm, contrast, lobes * (-1, 1, 1))


def _mask(ground: Ground, blob: Blob, settings: SimulationSettings) -> Mask:
    """Voxels of a blob, inside the lung on its own side."""
    space = ground.frame.organs
    offset = [
        axis - np.float32(value)
        for axis, value in zip((space.x, space.y, space.z), blob.center, strict=True)
    ]
    distance = _FORMS[FAMILIES[settings.family].lesion](offset, blob, ground)
    same_side = (space.x > 0) == (blob.center[0] > 0)
    result: Mask = (distance <= 0) & ground.lung_mask & same_side
    return result


def _add(hu: Array, mask: Mask, contrast_hu: float) -> None:
    """Add the contrast inside a mask, in place; denser or emptier voxels than the limits stay."""
    before = hu[mask]
    if contrast_hu >= 0:
        hu[mask] = np.maximum(before, np.minimum(before + contrast_hu, CEILING_HU))
    else:
        hu[mask] = np.minimum(before, np.maximum(before + contrast_hu, FLOOR_HU))


def _norm(offset: list[Array], axes: tuple[float, float, float] = (1, 1, 1)) -> Array:
    squared = sum((o / np.float32(a)) ** 2 for o, a in zip(offset, axes, strict=True))
    distance: Array = np.sqrt(squared)
    return distance


def _sphere(offset: list[Array], blob: Blob, ground: Ground) -> Array:  # noqa: ARG001
    return _norm(offset) - blob.radius_mm


def _ellipsoid(offset: list[Array], blob: Blob, ground: Ground) -> Array:  # noqa: ARG001
    return _norm(offset, (0.8, 0.9, 1.4)) - blob.radius_mm


def _lobulated(offset: list[Array], blob: Blob, ground: Ground) -> Array:  # noqa: ARG001
    parts = [_norm(offset) - 0.85 * blob.radius_mm]
    for lobe in 0.6 * blob.radius_mm * blob.lobes:
        moved = [o - np.float32(part) for o, part in zip(offset, lobe, strict=True)]
        parts.append(_norm(moved) - 0.58 * blob.radius_mm)
    distance: Array = np.minimum.reduce(parts)
    return distance


def _crescent(offset: list[Array], blob: Blob, ground: Ground) -> Array:
    """Under the pleura: a cap of the lung around a point on its surface."""
    near = _norm(offset) - 1.5 * blob.radius_mm
    distance: Array = np.maximum(near, ground.depth_mm - 0.8 * blob.radius_mm)
    return distance


_FORMS = {
    "sphere": _sphere,
    "ellipsoid": _ellipsoid,
    "lobulated": _lobulated,
    "crescent": _crescent,
}
