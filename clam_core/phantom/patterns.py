"""Disease patterns of the lung, placed by rule, each with its true mask."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.ndimage import binary_dilation

from clam_core.phantom.chest import Chest, Mask
from clam_core.phantom.frame import Array, Points
from clam_core.phantom.settings import LesionSettings, Pattern, Side, Zone
from clam_core.phantom.shapes import paint
from clam_core.phantom.texture import cells, smooth_noise
from clam_core.phantom.tree import spread

NODULE_SHARE = 1 / 7
"""Nodules fill this part of the extent that the other patterns would."""

_NEIGHBOURS = np.ones((3, 3, 3), dtype=bool)
NODULE_HU, CONSOLIDATION_HU, CYST_HU, WALL_HU = 30.0, 28.0, -970.0, -20.0


def zone_mask(chest: Chest, zone: Zone, side: Side) -> Mask:
    """Lung voxels of one zone: a third of the height of both lungs together.

    Args:
        chest: A chest.
        zone: `upper`, `middle` or `lower`.
        side: `left`, `right` (of the subject) or `both`.

    Returns:
        Mask, shape (i, j, k).
    """
    low, high = _zone_edges(chest, zone)
    center = np.arange(chest.lung_mask.shape[2]) + 0.5
    mask: Mask = chest.lung_mask & ((center > low) & (center <= high))
    if side == "both":
        return mask
    return mask & (chest.is_right if side == "right" else ~chest.is_right)


def _zone_edges(chest: Chest, zone: Zone) -> tuple[float, float]:
    """Lower and upper end of a zone in voxels along k."""
    heights = np.flatnonzero(chest.lung_mask.any(axis=(0, 1)))
    edges = np.linspace(heights[0], heights[-1] + 1, 4)
    order = {"lower": 0, "middle": 1, "upper": 2}[zone]
    return float(edges[order]), float(edges[order + 1])


def draw_lesion(chest: Chest, lesion: LesionSettings, rng: np.random.Generator) -> Mask:
    """Change the lung of a chest, in place, where a pattern is.

    Args:
        chest: A chest; its parenchyma changes.
        lesion: Pattern, zone, side and extent.
        rng: Source of randomness.

    Returns:
        Voxels of the lesion, all inside the zone of the lung, shape (i, j, k).
    """
    sides: tuple[Side, ...] = ("left", "right") if lesion.side == "both" else (lesion.side,)
    total = np.zeros(chest.lung_mask.shape, dtype=bool)
    if lesion.pattern == "none" or lesion.fraction == 0:
        return total
    if lesion.pattern == "nodules":
        return _nodules(chest, lesion, rng)
    preference, draw = _RULES[lesion.pattern]
    field = preference(chest, rng) - 2 * _near_border(chest, lesion.zone)
    strength = np.full(total.shape, -np.inf, dtype=np.float32)
    for side in sides:
        zone = zone_mask(chest, lesion.zone, side)
        margin = _above(field, field[zone], lesion.fraction)
        total |= zone & (margin >= 0)
        reached = chest.is_right if side == "right" else ~chest.is_right
        strength[reached] = margin[reached]
    if total.any():
        # The rim of the lung shares its voxels with the wall: draw there too, else it stays dark.
        shared = (chest.lung_share > 0) & ~chest.lung_mask
        region = total | (shared & binary_dilation(total, _NEIGHBOURS))
        draw(chest, region, np.maximum(strength[region], 0), rng)
    return total


def _above(field: Array, values: Array, fraction: float) -> Array:
    """Field less the limit that the given share of some of its values reaches."""
    n_chosen = round(fraction * values.size)
    if n_chosen == 0:
        return np.full_like(field, -np.inf)
    limit: np.float32 = np.partition(values, values.size - n_chosen)[values.size - n_chosen]
    margin: Array = field - limit
    return margin


def _near_border(chest: Chest, zone: Zone) -> Array:
    """1 at a border between zones, falling to 0 over 20 mm, so that lesions end softly."""
    low, high = _zone_edges(chest, zone)
    center = np.arange(chest.lung_mask.shape[2]) + 0.5
    away = np.full(center.shape, np.inf)
    if zone != "lower":
        away = np.minimum(away, np.abs(center - low))
    if zone != "upper":
        away = np.minimum(away, np.abs(high - center))
    fall: Array = np.exp(-((away * chest.frame.spacing_mm[2] / 12.0) ** 2)).astype(np.float32)
    return fall[None, None, :]


def _noise(chest: Chest, sigma_mm: float, rng: np.random.Generator) -> Array:
    return smooth_noise(chest.frame.shape, chest.frame.spacing_mm, sigma_mm, rng)


def _hazy(chest: Chest, rng: np.random.Generator) -> Array:
    """Ground glass: patches, rather along the bronchi than under the pleura."""
    return _noise(chest, 13.0, rng) + np.clip(chest.depth_mm, 0, 30) / 40


def _subpleural(chest: Chest, rng: np.random.Generator) -> Array:
    """Fibrosis: a rind under the pleura of uneven depth, more behind and at the base."""
    space = chest.frame.organs
    depth = np.maximum(chest.depth_mm, 0) / 9
    return 0.9 * _noise(chest, 12.0, rng) - depth - space.y / 90 - space.z / 150


def _dependent(chest: Chest, rng: np.random.Generator) -> Array:
    """Consolidation: one large block, rather behind."""
    return _noise(chest, 22.0, rng) - chest.frame.organs.y / 60


def _positions(chest: Chest, mask: Mask) -> Points:
    """Positions of the voxels of a mask in the room, shape (n, 3), mm."""
    places: Points = np.argwhere(mask) * chest.frame.spacing_mm + chest.frame.affine[:3, 3]
    return places


def _draw_ground_glass(chest: Chest, mask: Mask, strength: Array, rng: np.random.Generator) -> None:
    """Veil of about -600 HU with soft edges that leaves the vessels visible."""
    _, tone = cells(_positions(chest, mask), max(14.0, 2.5 * chest.frame.voxel_mm), rng)
    target = -620 + 70 * tone + 15 * _noise(chest, 5.0, rng)[mask]
    veil = 0.5 + 0.5 * np.clip(strength / 0.6, 0, 1)
    lung = chest.parenchyma[mask]
    chest.parenchyma[mask] = lung + veil * (target - lung)


def _draw_consolidation(
    chest: Chest, mask: Mask, strength: Array, rng: np.random.Generator
) -> None:
    """No air but in the bronchi, which are drawn later."""
    grain = 12 * _noise(chest, 4.0, rng)[mask]
    solid = 0.75 + 0.25 * np.clip(strength / 0.15, 0, 1)
    lung = chest.parenchyma[mask]
    chest.parenchyma[mask] = lung + solid * (CONSOLIDATION_HU + grain - lung)


def _line_share(distance_mm: Points, width_mm: float, voxel_mm: float) -> Points:
    """Share of a voxel in a sheet of a given width, from its distance to the middle."""
    share = (width_mm / 2 + voxel_mm / 2 - distance_mm) / voxel_mm
    result: Points = np.clip(share, 0, min(1.0, width_mm / voxel_mm))
    return result


def _draw_reticulation(chest: Chest, mask: Mask, strength: Array, rng: np.random.Generator) -> None:
    """Net of fine lines, the walls of the lobules, on a faint veil."""
    voxel = chest.frame.voxel_mm
    size = max(10.0, 2.4 * voxel)
    wall, tone = cells(_positions(chest, mask), size, rng)
    lines = _line_share(wall, 0.17 * size, voxel)
    veil = chest.parenchyma[mask] + (60 + 130 * tone) * np.clip(0.4 + strength, 0, 1)
    chest.parenchyma[mask] = veil + lines * (10 - veil)


def _draw_honeycombing(chest: Chest, mask: Mask, strength: Array, rng: np.random.Generator) -> None:
    """Clustered cysts of 3-10 mm (no finer than the grid shows) with shared thick walls."""
    voxel = chest.frame.voxel_mm
    size = max(8.0, 2.8 * voxel)
    wall, tone = cells(_positions(chest, mask), size, rng)
    solid = _line_share(wall, 0.21 * size, voxel)
    # Some spaces between the cysts are scarred; at the inner edge the walls fade.
    lumen = np.where(tone < 0.08, -350.0, CYST_HU)
    solid *= np.clip(0.55 + 2 * strength, 0, 1)
    chest.parenchyma[mask] = lumen + np.clip(1.3 * solid, 0, 1) * (WALL_HU - lumen)


def _nodules(chest: Chest, lesion: LesionSettings, rng: np.random.Generator) -> Mask:
    """Nodules of 2-5 mm along vessels, fissures and pleura."""
    frame = chest.frame
    zone = zone_mask(chest, lesion.zone, lesion.side)
    near = np.exp(-(np.maximum(chest.depth_mm, 0) / 5.0)) + 6 * np.clip(chest.vessels, 0, 0.25)
    weight = np.where(zone, near + 0.05, 0)
    # Clusters, as granulomas come: a smooth field decides where they are dense.
    weight *= np.exp(0.9 * _noise(chest, 15.0, rng))
    lung_mm3 = zone.sum() * np.prod(frame.spacing_mm)
    radius = np.clip(rng.lognormal(np.log(2.6), 0.3, 6000), 1.5, 5.0)
    volume = 4 / 3 * np.pi * radius**3
    # As many, in the order drawn, as together fill the wanted volume.
    n_nodules = int(np.searchsorted(np.cumsum(volume), lesion.fraction * NODULE_SHARE * lung_mm3))
    if n_nodules == 0:
        return np.zeros(frame.shape, dtype=bool)
    voxels = rng.choice(weight.size, n_nodules, p=(weight / weight.sum()).ravel())
    index = np.stack(np.unravel_index(voxels, frame.shape), axis=1)
    center = index + rng.uniform(-0.5, 0.5, index.shape)
    share = _spheres(chest, center, radius[:n_nodules])
    result: Mask = zone & (share > 0.15)
    # What is too small for the grid to show, and so for the mask, is not drawn.
    seen = zone & binary_dilation(result, _NEIGHBOURS)
    paint(chest.parenchyma, np.where(seen, share, 0), NODULE_HU)
    return result


def _spheres(chest: Chest, center: Points, radius: Points) -> Array:
    """Share of each voxel inside spheres; centers in voxels, radii in mm, shape (n,)."""
    index = np.arange(48) + 0.5
    # Evenly through a ball: cube roots for the radius, the golden angle for the direction.
    away = np.cbrt(index / 48)
    tilt = 1 - 2 * np.modf(index * 0.618034)[0]
    angle = index * 2.399963
    ring = np.sqrt(1 - tilt**2)
    ball = away[:, None] * np.stack([ring * np.cos(angle), ring * np.sin(angle), tilt], axis=1)
    places = center[:, None] + ball * radius[:, None, None] / chest.frame.spacing_mm
    volume = np.repeat(4 / 3 * np.pi * radius**3 / 48, 48)
    return spread(chest.frame, places.reshape(-1, 3), volume)


_Preference = Callable[[Chest, np.random.Generator], Array]
_Draw = Callable[[Chest, Mask, Array, np.random.Generator], None]
_RULES: dict[Pattern, tuple[_Preference, _Draw]] = {
    "ground_glass": (_hazy, _draw_ground_glass),
    "reticulation": (_subpleural, _draw_reticulation),
    "honeycombing": (_subpleural, _draw_honeycombing),
    "consolidation": (_dependent, _draw_consolidation),
}
