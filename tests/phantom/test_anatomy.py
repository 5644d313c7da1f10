"""The healthy chest: tissues in their HU bands, organs where they belong."""

import numpy as np
import pytest

from clam_core.errors import SettingsError
from clam_core.phantom import SubjectSettings, make_scan
from clam_core.phantom.chest import compose, make_chest

REFERENCE = SubjectSettings(wobble_mm=0)


@pytest.fixture(scope="module")
def chest():
    return make_chest((88, 88, 88), REFERENCE)


@pytest.fixture(scope="module")
def hu(chest):
    return compose(chest)


def at(chest, hu, *point):
    index = np.round(chest.frame.to_index(np.array([point], dtype=float))[0]).astype(int)
    return hu[tuple(index)]


@pytest.mark.parametrize(
    ("point", "low", "high"),
    [  # Bands: Hounsfield units of tissues without contrast medium, any CT textbook.
        ((1, -24, 80), -1024, -900),  # windpipe
        ((-24, 14, -35), 20, 60),  # heart
        ((75, 20, -95), 45, 70),  # liver
        ((-90, -50, -120), 35, 60),  # spleen
        ((-64, 28, -95), -1024, -850),  # air in the stomach
        ((0, -70, 0), 130, 450),  # vertebra
        ((-23, -47, 20), 25, 60),  # descending aorta
        ((165, 125, 100), -1024, -950),  # room
    ],
)
def test_tissues_have_their_hounsfield_units(chest, hu, point, low, high):
    assert low <= at(chest, hu, *point) <= high


def test_lung_is_filled_with_air_and_denser_behind(chest, hu):
    lung = hu[chest.lung_mask]
    assert -880 < np.median(lung) < -820
    y = chest.frame.organs.y
    quiet = chest.lung_mask & (chest.vessels < 0.02) & (chest.lung_share > 0.99)
    front, back = quiet & (y > 20), quiet & (y < -50)
    assert 15 < np.median(hu[back]) - np.median(hu[front]) < 80


def test_skin_has_fat_under_it_and_bones_are_dense(chest, hu):
    share_fat = np.mean((hu > -130) & (hu < -60))
    assert 0.05 < share_fat < 0.35
    assert 0.005 < np.mean(hu > 200) < 0.06
    assert hu.max() < 700


def test_right_lung_is_on_the_right_and_larger():
    scan = make_scan(REFERENCE)
    x = scan.volume.position_mm(np.argwhere(scan.lung_mask))[:, 0]
    assert scan.volume.orientation == "RAS"
    # Right lung 52-57 % of the whole: Yamada et al. 2020, about 53 % (supine CT).
    assert 0.515 < np.mean(x > 0) < 0.58
    heart = (scan.volume.array > 20) & (scan.volume.array < 70)
    positions = scan.volume.position_mm(np.argwhere(heart))
    inner = np.abs(positions - [0, 10, -25]).max(axis=1) < 60
    assert positions[inner, 0].mean() < -5  # heart on the left


def test_liver_is_under_the_right_dome_and_the_domes_differ(chest):
    height = chest.frame.organs.z
    lowest = {}
    for side, x in (("right", 64), ("left", -66)):
        near = chest.lung_mask & (np.abs(chest.frame.organs.x - x) < 6)
        near &= np.abs(chest.frame.organs.y - 4) < 6
        lowest[side] = height[near].min()
    assert 5 < lowest["right"] - lowest["left"] < 25


def test_lung_volume_is_an_adults_and_independent_of_the_grid():
    volumes = [
        make_scan(REFERENCE, grid=(n, n, n)).truth["lung_volume_L"] for n in (24, 36, 48, 88)
    ]
    assert 4 < volumes[-1] < 7
    assert volumes == pytest.approx([volumes[-1]] * 4, rel=0.04)


def test_breathing_out_makes_lungs_smaller_and_denser():
    full, half = (make_scan(SubjectSettings(inspiration=level), noise_hu=0) for level in (1.0, 0.8))
    assert half.truth["lung_volume_L"] < 0.87 * full.truth["lung_volume_L"]
    quiet = [np.median(scan.volume.array[scan.lung_mask]) for scan in (full, half)]
    assert quiet[1] - quiet[0] > 25


def test_scale_fat_and_noise_do_what_they_say():
    small = make_scan(SubjectSettings(scale=(0.9, 0.9, 0.9))).truth["lung_volume_L"]
    large = make_scan(SubjectSettings(scale=(1.1, 1.1, 1.1))).truth["lung_volume_L"]
    assert large / small == pytest.approx((1.1 / 0.9) ** 3, rel=0.05)
    thin, fat = (
        make_scan(SubjectSettings(fat_mm=value), noise_hu=0).volume.array for value in (6, 18)
    )
    assert (fat > -900).sum() > 1.05 * (thin > -900).sum()
    clean, noisy = (make_scan(REFERENCE, noise_hu=value).volume.array for value in (0, 25))
    assert np.std(noisy.astype(float) - clean) == pytest.approx(25, rel=0.05)


def test_vessels_taper_from_the_root_to_the_pleura(chest):
    x, y, z = chest.frame.organs.x, chest.frame.organs.y, chest.frame.organs.z
    away = np.sqrt((np.abs(x) - 40) ** 2 + (y + 16) ** 2 + (z - 15) ** 2)
    means = [
        chest.vessels[chest.lung_mask & (away > low) & (away <= low + 25)].mean()
        for low in (0, 25, 50, 75)
    ]
    assert means == sorted(means, reverse=True)
    assert means[0] > 4 * means[-1]


def test_table_lies_under_the_back_only():
    without, with_table = (
        make_scan(REFERENCE, table=flag, noise_hu=0).volume.array.astype(float)
        for flag in (False, True)
    )
    changed = np.argwhere(np.abs(without - with_table) > 50)
    assert len(changed) > 500
    assert changed[:, 1].max() < 8


def test_slice_is_the_coronal_plane_of_the_volume():
    scan = make_scan(REFERENCE, grid=(48, 60), noise_hu=0)
    solid = make_scan(REFERENCE, grid=(48, 60, 60), noise_hu=0)
    assert scan.volume.array.shape == (48, 60)
    assert scan.volume.orientation == "RS"
    y = scan.volume.affine[1, 3]
    plane = round((y - solid.volume.affine[1, 3]) / solid.volume.spacing_mm[1])
    agree = scan.lung_mask == solid.lung_mask[:, plane]
    assert agree.mean() > 0.98
    assert np.linalg.det(scan.volume.affine[:3, :3]) > 0


def test_bad_settings_are_told_in_one_sentence():
    with pytest.raises(SettingsError, match=r"The grid needs 2 or 3 numbers between 8 and 512"):
        make_scan(REFERENCE, grid=(4, 48, 48))
    with pytest.raises(SettingsError, match=r"each scale must lie between 0\.7 and 1\.3"):
        SubjectSettings(scale=(2.0, 1.0, 1.0))
    with pytest.raises(SettingsError, match=r"'fat_mm' cannot be used.*it was 80"):
        SubjectSettings(fat_mm=80)
