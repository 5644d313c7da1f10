"""Disease patterns: where they are, how much, and how they look in HU."""

import numpy as np
import pytest
from scipy import ndimage

from clam_core.errors import SettingsError
from clam_core.phantom import LesionSettings, SubjectSettings, make_scan
from clam_core.phantom.chest import make_chest
from clam_core.phantom.patterns import draw_lesion, zone_mask

GRID = (48, 48, 48)
PATTERNS = ("ground_glass", "reticulation", "honeycombing", "nodules", "consolidation")
SUBJECT = SubjectSettings(seed=3)


def scan_of(pattern, zone="upper", side="both", extent="large", grid=GRID):
    lesion = LesionSettings(pattern=pattern, zone=zone, side=side, extent=extent)
    return make_scan(SUBJECT, (lesion,), grid, noise_hu=0)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(
    ("zone", "side"), [("upper", "left"), ("middle", "right"), ("lower", "both")]
)
def test_lesion_lies_in_the_claimed_zone_and_side_of_the_lung(pattern, zone, side):
    scan = scan_of(pattern, zone, side)
    assert scan.lesion_mask.any()
    assert not (scan.lesion_mask & ~scan.lung_mask).any()
    heights = np.flatnonzero(scan.lung_mask.any(axis=(0, 1)))
    relative = (np.argwhere(scan.lesion_mask)[:, 2] + 0.5 - heights[0]) / (np.ptp(heights) + 1)
    third = {"lower": 0, "middle": 1, "upper": 2}[zone]
    assert relative.min() >= third / 3 - 0.02
    assert relative.max() <= (third + 1) / 3 + 0.02
    x = scan.volume.position_mm(np.argwhere(scan.lesion_mask))[:, 0]
    on_right = np.mean(x > 0)
    assert {"left": on_right < 0.01, "right": on_right > 0.99, "both": 0.2 < on_right < 0.8}[side]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_extent_grows_with_the_setting(pattern):
    extents = [scan_of(pattern, extent=value).truth["extent"] for value in (0.05, 0.15, 0.3, 0.6)]
    assert extents == sorted(extents)
    assert extents[0] > 0
    named = [scan_of(pattern, extent=value).truth["extent"] for value in ("small", "large")]
    assert named[0] == pytest.approx(extents[1], rel=1e-6)
    assert named[1] > 2 * named[0]


@pytest.mark.parametrize(
    "pattern", ["ground_glass", "reticulation", "honeycombing", "consolidation"]
)
@pytest.mark.parametrize("fraction", [0.15, 0.45])
def test_extent_is_the_share_of_the_zone(pattern, fraction):
    chest = make_chest(GRID, SUBJECT)
    lesion = LesionSettings(pattern=pattern, zone="middle", side="left", extent=fraction)
    mask = draw_lesion(chest, lesion, np.random.default_rng(0))
    assert mask.sum() / zone_mask(chest, "middle", "left").sum() == pytest.approx(
        fraction, abs=0.01
    )


def test_no_pattern_changes_nothing():
    plain, none = make_scan(SUBJECT, (), GRID), scan_of("none")
    assert not none.lesion_mask.any()
    assert none.truth["extent"] == 0
    assert (make_scan(SUBJECT, (), GRID, noise_hu=0).volume.array == none.volume.array).all()
    assert plain.truth["lung_volume_L"] == none.truth["lung_volume_L"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_voxels_away_from_the_lesion_stay(pattern):
    before = make_scan(SUBJECT, (), GRID, noise_hu=0).volume.array
    scan = scan_of(pattern)
    # One voxel of rim, and the airways that scar tissue pulls open.
    near = ndimage.binary_dilation(scan.lesion_mask, iterations=3)
    assert (scan.volume.array[~near] == before[~near]).all()


def test_ground_glass_is_hazy_and_leaves_the_vessels_visible():
    # Fleischner glossary (Hansell 2008): hazy increase, vessels not obscured.
    grid = (88, 88, 88)
    scan = scan_of("ground_glass", grid=grid)
    values = scan.volume.array[scan.lesion_mask]
    assert -700 < np.median(values) < -500
    assert values[values > -350].size > 0.01 * values.size
    clean = make_scan(SUBJECT, (), grid, noise_hu=0).volume.array[scan.lesion_mask]
    vessels = clean > -450
    assert values[vessels].mean() - np.median(values) > 100


def test_consolidation_is_solid_with_air_in_the_bronchi():
    lesion = LesionSettings(pattern="consolidation", zone="middle", extent=0.9)
    scan = make_scan(SUBJECT, (lesion,), (88, 88, 88), noise_hu=0)
    values = scan.volume.array[scan.lesion_mask]
    assert -20 < np.median(values) < 60
    assert (values < -300).sum() > 20  # air bronchograms


@pytest.mark.parametrize("pattern", ["reticulation", "honeycombing"])
def test_fibrosis_is_subpleural(pattern):
    scan = scan_of(pattern, "lower", extent=0.3)
    depth = ndimage.distance_transform_edt(scan.lung_mask, sampling=scan.volume.spacing_mm)
    heights = np.argwhere(scan.lesion_mask)[:, 2]
    zone = scan.lung_mask.copy()
    zone[:, :, : heights.min()] = False
    zone[:, :, heights.max() + 1 :] = False
    assert np.median(depth[scan.lesion_mask]) < 0.8 * np.median(depth[zone])


def test_honeycombing_is_air_between_walls_and_reticulation_is_lines_on_lung():
    honeycomb, net = (
        scan_of(pattern, "lower", grid=(88, 88, 88)) for pattern in ("honeycombing", "reticulation")
    )
    inside = honeycomb.volume.array[honeycomb.lesion_mask]
    assert np.mean(inside < -850) > 0.1  # cysts
    assert np.mean(inside > -400) > 0.25  # walls
    lines = net.volume.array[net.lesion_mask]
    assert np.mean(lines < -850) < 0.05
    assert -700 < np.median(lines) < -250
    assert np.std(inside) > 1.2 * np.std(lines)


def test_honeycombing_lies_within_fibrosis():
    net = LesionSettings(pattern="reticulation", zone="lower", extent=0.4)
    cysts = LesionSettings(pattern="honeycombing", zone="lower", extent=0.2)
    scan = make_scan(SUBJECT, (net, cysts), GRID)
    alone = make_scan(SUBJECT, (net,), GRID)
    assert (scan.lesion_mask == alone.lesion_mask).all()
    assert scan.truth["fibrosis_extent"] == alone.truth["extent"]
    assert scan.truth["honeycombing_extent"] == pytest.approx(scan.truth["extent"] / 2, rel=0.05)


def test_nodules_are_small_and_perilymphatic():
    scan = scan_of("nodules", grid=(88, 88, 88))
    labels, n_found = ndimage.label(scan.lesion_mask)
    assert n_found > 100
    sizes = np.bincount(labels.ravel())[1:] * np.prod(scan.volume.spacing_mm)
    diameter = (6 * np.median(sizes) / np.pi) ** (1 / 3)
    assert 3 < diameter < 12
    chest = make_chest((88, 88, 88), SUBJECT)
    zone = zone_mask(chest, "upper", "both")
    assert np.median(chest.depth_mm[scan.lesion_mask]) < 0.8 * np.median(chest.depth_mm[zone])


def test_traction_opens_the_airways():
    clean = make_scan(SUBJECT, (), (88, 88, 88), noise_hu=0)
    lesion = LesionSettings(pattern="reticulation", zone="lower", extent=0.8)
    scan = make_scan(SUBJECT, (lesion,), (88, 88, 88), noise_hu=0)
    opened = scan.lesion_mask & (scan.volume.array < clean.volume.array - 40)
    assert opened.sum() > 20


def test_unknown_patterns_and_extents_are_refused():
    with pytest.raises(SettingsError, match="'pattern' cannot be used"):
        LesionSettings(pattern="emphysema")
    with pytest.raises(SettingsError, match="a number from 0 to 0.9"):
        LesionSettings(pattern="nodules", extent=1.5)
