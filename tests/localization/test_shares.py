"""Shares of a map's energy by lung zone and density, on masks whose answer is known."""

import itertools

import numpy as np
import pytest

from clam_core.errors import AlignmentError
from clam_core.localization import HU_BANDS, OUTSIDE, lung_zones, map_shares
from clam_core.phantom import LesionSettings, SubjectSettings, make_scan

NAMES = [f"{s} {t}" for s, t in itertools.product(("left", "right"), ("lower", "middle", "upper"))]


def two_lungs(bridge=False):
    """Low i is the patient's left; the lungs span k = 2 to 10."""
    mask = np.zeros((12, 6, 12), dtype=bool)
    mask[1:5, 1:5, 2:11] = True
    mask[7:11, 1:5, 2:11] = True
    if bridge:
        mask[5:7, 2:4, 5:7] = True
    return mask


def ball(center, radius, shape=(24, 24, 24)):
    offsets = np.indices(shape) - np.reshape(center, (3, 1, 1, 1))
    return (offsets**2).sum(axis=0) <= radius**2


@pytest.mark.parametrize("bridge", [False, True])
def test_zones_by_hand(bridge):
    mask = two_lungs(bridge)
    labels, names = lung_zones(mask)
    assert list(names) == NAMES
    assert ((labels > 0) == mask).all()
    for i, left in ((2, True), (9, False)):
        for k, third in ((2, 0), (4, 0), (5, 1), (7, 1), (8, 2), (10, 2)):
            assert names[labels[i, 2, k] - 1] == NAMES[(0 if left else 3) + third]


def test_a_lung_that_reaches_over_the_middle_keeps_its_side():
    mask = np.zeros((16, 8, 9), dtype=bool)
    mask[1:5, :, :] = True
    mask[6:15, :3, :] = True
    labels, names = lung_zones(mask)
    assert {names[n - 1].split()[0] for n in np.unique(labels[6:15, :3])} == {"right"}
    assert {names[n - 1].split()[0] for n in np.unique(labels[1:5])} == {"left"}


def test_a_mask_without_a_waist_has_no_sides():
    labels, names = lung_zones(ball((12, 12, 12), 7))
    assert names == ("lower", "middle", "upper")
    assert labels[12, 12, 6] == 1 and labels[12, 12, 12] == 2 and labels[12, 12, 18] == 3
    assert lung_zones(np.zeros((4, 4, 4), dtype=bool))[1] == ()


def test_coronal_slice_and_single_voxel():
    labels, names = lung_zones(two_lungs()[:, 3])
    assert labels.shape == (12, 12) and len(names) == 6
    lone = np.zeros((5, 5), dtype=bool)
    lone[2, 2] = True
    assert len(lung_zones(lone)[1]) == 3


@pytest.mark.parametrize(
    ("zone", "side"), list(itertools.product(("upper", "middle", "lower"), ("left", "right")))
)
def test_phantom_lesions_lie_in_the_zone_they_were_put_in(zone, side):
    lesion = LesionSettings(pattern="consolidation", zone=zone, side=side, extent=0.3)
    scan = make_scan(SubjectSettings(), (lesion,), (32, 32, 32))
    found = map_shares(scan.lesion_mask.astype(float), scan.lung_mask, scan.volume.array)
    expected = f"{side} {zone}"
    assert found.zones[expected] > 0.8
    assert max(found.bands, key=found.bands.get) == "consolidation"


def test_energy_by_hand():
    mask, energy = two_lungs(), np.zeros((12, 6, 12))
    energy[9, 2, 9] = 5.0  # right upper
    energy[2, 2, 9] = 2.0  # left upper
    energy[2, 2, 3] = -4.0  # does not count
    energy[0, 0, 0] = 3.0  # outside
    hu = np.full(mask.shape, -820)
    hu[9, 2, 9] = -600
    found = map_shares(energy, mask, hu)
    assert found.zones["right upper"] == 0.5 and found.zones["left upper"] == 0.2
    assert found.zones["left lower"] == 0 and found.zones[OUTSIDE] == 0.3
    assert found.bands["ground glass"] == 0.5 and found.bands["normal lung"] == 0.2
    assert found.bands[OUTSIDE] == 0.3 and sum(found.bands.values()) == pytest.approx(1)
    assert found.peak == "right upper"
    assert found.sentence == (
        "Peak in the right upper zone; 50 % of the map in ground-glass densities; "
        "30 % outside the mask."
    )


@pytest.mark.parametrize(
    ("hu", "band"),
    [
        (-1024, 0),
        (-951, 0),
        (-950, 1),
        (-701, 1),
        (-700, 2),
        (-500, 3),
        (-301, 3),
        (-300, 4),
        (900, 4),
    ],
)
def test_edges_of_the_bands(hu, band):
    mask = np.ones((2, 2, 2), dtype=bool)
    found = map_shares(np.ones((2, 2, 2)), mask, np.full((2, 2, 2), hu, dtype=np.int16))
    assert found.bands[HU_BANDS[band][0]] == 1


def test_bands_leave_no_gap():
    assert [band[2] for band in HU_BANDS[:-1]] == [band[1] for band in HU_BANDS[1:]]


def test_nothing_to_say():
    mask = two_lungs()
    empty = map_shares(np.zeros(mask.shape), mask)
    assert empty.sentence == "The map is empty, or there is no mask to place it in."
    assert map_shares(np.ones(mask.shape)).zones == {}
    assert map_shares(mask * 1.0, mask).bands == {}
    outside = map_shares((~mask) * 1.0, mask, np.zeros(mask.shape))
    assert outside.sentence == "Peak outside the mask; 100 % outside the mask."


def test_shapes_must_fit():
    with pytest.raises(AlignmentError, match="does not fit an array"):
        map_shares(np.ones((2, 2)), np.ones((2, 3), dtype=bool))
