"""Simulation study: groups differ in one property of the lesion, and in nothing else."""

import hashlib
from collections import Counter

import numpy as np
import pytest

from clam_core.errors import SettingsError
from clam_core.phantom import SimulationSettings, simulation_cohort
from clam_core.phantom.families import FAMILIES

FAMILY_NAMES = sorted(FAMILIES)


def cohort(**values):
    settings = {"anatomy": "fixed", "noise_hu": 0.0, "n_per_group": 8, **values}
    return list(simulation_cohort(SimulationSettings(**settings)))


def by_group(scans):
    groups = {}
    for scan in scans:
        groups.setdefault(scan.truth["group"], []).append(scan)
    return groups


def healthy(family, **values):
    """HU of the anatomy without lesion: any scan of the group without one."""
    scans = cohort(family=family, scenario="presence", n_per_group=1, **values)
    return by_group(scans)["none"][0].volume.array.astype(float)


@pytest.mark.parametrize("family", FAMILY_NAMES)
@pytest.mark.parametrize("scenario", ["presence", "size", "location", "intensity"])
def test_lesions_lie_in_the_lung_and_the_rest_is_equal(family, scenario):
    base = healthy(family)
    for scan in cohort(family=family, scenario=scenario, n_per_group=4):
        assert not (scan.lesion_mask & ~scan.lung_mask).any()
        assert scan.lesion_mask.any() == (scan.truth["group"] != "none")
        same = scan.volume.array == base
        assert same[~scan.lesion_mask].all()


@pytest.mark.parametrize("family", FAMILY_NAMES)
def test_contrast_is_added_to_the_lung(family):
    base = healthy(family)
    contrast = FAMILIES[family].contrast_hu
    groups = by_group(cohort(family=family, scenario="intensity"))
    for group, factor in (("faint", 0.6), ("strong", 1.4)):
        changes = []
        for scan in groups[group]:
            inside = scan.lesion_mask & (base < -700) & (base + 1.4 * contrast > -990)
            changes.append((scan.volume.array - base)[inside])
        assert np.concatenate(changes) == pytest.approx(factor * contrast, abs=1.01)


@pytest.mark.parametrize("family", FAMILY_NAMES)
def test_intensity_groups_have_equal_sizes_and_places(family):
    groups = by_group(cohort(family=family, scenario="intensity", n_per_group=30))
    volumes = [np.mean([scan.lesion_mask.sum() for scan in groups[g]]) for g in ("faint", "strong")]
    assert volumes[0] == pytest.approx(volumes[1], rel=0.12)
    places = [
        np.mean([np.argwhere(scan.lesion_mask).mean(axis=0) for scan in groups[g]], axis=0)
        for g in ("faint", "strong")
    ]
    assert places[0] == pytest.approx(places[1], abs=0.4)


@pytest.mark.parametrize("family", FAMILY_NAMES)
def test_size_groups_have_equal_intensities_and_places(family):
    base = healthy(family, grid=(32, 32, 32))
    groups = by_group(cohort(family=family, scenario="size", n_per_group=20, grid=(32, 32, 32)))
    volume, change, place = {}, {}, {}
    for name, scans in groups.items():
        volume[name] = np.mean([scan.lesion_mask.sum() for scan in scans])
        differences = [
            (scan.volume.array - base)[scan.lesion_mask & (base < -650)] for scan in scans
        ]
        change[name] = np.mean(np.concatenate(differences))
        place[name] = np.mean([np.argwhere(s.lesion_mask).mean(axis=0) for s in scans], axis=0)
    # Radii 0.75 and 1.25: (1.25 / 0.75)^3 = 4.6, less where the lung ends.
    assert 3 < volume["large"] / volume["small"] < 6
    contrast = abs(FAMILIES[family].contrast_hu)
    assert abs(change["large"] - change["small"]) < 0.04 * contrast
    assert place["large"] == pytest.approx(place["small"], abs=1.0)


@pytest.mark.parametrize("family", FAMILY_NAMES)
def test_location_groups_differ_in_height_and_not_in_size(family):
    scans = cohort(family=family, scenario="location", n_per_group=20, grid=(32, 32, 32))
    groups = by_group(scans)
    height = {
        g: np.mean([np.argwhere(s.lesion_mask)[:, 2].mean() for s in groups[g]]) for g in groups
    }
    volume = {g: np.mean([s.lesion_mask.sum() for s in groups[g]]) for g in groups}
    assert height["upper"] - height["lower"] > 8
    assert volume["upper"] == pytest.approx(volume["lower"], rel=0.15)


def test_same_seed_same_bytes():
    settings = SimulationSettings(n_per_group=4, side="random", distractor=True)

    def digest(scan):
        return hashlib.sha256(scan.volume.array.tobytes() + scan.lesion_mask.tobytes()).hexdigest()

    first = [digest(scan) for scan in simulation_cohort(settings)]
    assert first == [digest(scan) for scan in simulation_cohort(settings)]
    assert len(set(first)) == 8


def test_anatomy_varies_as_told():
    volumes = {}
    for anatomy in ("fixed", "varying", "hard"):
        scans = cohort(anatomy=anatomy, n_per_group=20)
        volumes[anatomy] = np.array([scan.lung_mask.sum() for scan in scans], dtype=float)
        brightness = [np.median(s.volume.array[s.lung_mask & ~s.lesion_mask]) for s in scans]
        low, high = {"fixed": (0, 1), "varying": (20, 42), "hard": (38, 80)}[anatomy]
        assert low <= np.std(brightness) <= high
    spread = {name: values.std() / values.mean() for name, values in volumes.items()}
    assert spread["fixed"] == 0
    # Three axes of sd 5 %: the volume has sd sqrt(3) * 5 % = 8.7 %.
    assert 0.05 < spread["varying"] < 0.13
    assert spread["hard"] > 1.4 * spread["varying"]


@pytest.mark.parametrize("anatomy", ["fixed", "varying"])
def test_distractor_is_an_equal_blob_in_the_other_lung_of_every_scan(anatomy):
    scans = cohort(distractor=True, side="random", anatomy=anatomy, n_per_group=20)
    sizes, lesions = [], []
    for scan in scans:
        assert scan.distractor_mask.any()
        assert not (scan.distractor_mask & (scan.lesion_mask | ~scan.lung_mask)).any()
        sizes.append(scan.distractor_mask.sum())
        if scan.lesion_mask.any():
            lesions.append(scan.lesion_mask.sum())
            x = [
                scan.volume.position_mm(np.argwhere(mask))[:, 0].mean()
                for mask in (scan.lesion_mask, scan.distractor_mask)
            ]
            assert x[0] * x[1] < 0
            assert (x[0] > 0) == (scan.truth["side"] == "right")
    assert np.mean(sizes) == pytest.approx(np.mean(lesions), rel=0.12)
    assert cohort(n_per_group=1)[0].distractor_mask is None


def test_distractor_tells_nothing_of_the_group():
    for scenario in ("size", "intensity", "location"):
        groups = by_group(cohort(scenario=scenario, distractor=True, n_per_group=30))
        first, second = (
            np.array([scan.distractor_mask.sum() for scan in scans]) for scans in groups.values()
        )
        pooled = np.sqrt((first.var() + second.var()) / 2)
        assert abs(first.mean() - second.mean()) < 3.5 * pooled * np.sqrt(2 / 30)


def test_side_and_control_group():
    scans = cohort(side="random", scenario="size", n_per_group=20, control=True)
    assert Counter(scan.truth["group"] for scan in scans) == {"none": 20, "small": 20, "large": 20}
    sides = Counter(scan.truth["side"] for scan in scans if scan.truth["group"] != "none")
    assert min(sides["left"], sides["right"]) > 10
    assert {scan.truth["side"] for scan in cohort(n_per_group=5)} == {"right", "none"}


def test_families_are_unlike_each_other():
    means = {}
    for family in FAMILY_NAMES:
        scan = cohort(family=family, n_per_group=1, grid=(48, 48, 48))[0]
        lung = scan.volume.array[scan.lung_mask].astype(float)
        means[family] = (scan.lung_mask.sum(), np.median(lung))
    assert len({round(median, -1) for _, median in means.values()}) == 4
    assert means["ellipsoid"][0] < 0.9 * means["chest"][0]
    assert FAMILIES["bullae"].contrast_hu < 0


@pytest.mark.parametrize("family", FAMILY_NAMES)
@pytest.mark.parametrize("scenario", ["presence", "location"])
def test_slices_hold_the_lesion(family, scenario):
    scans = cohort(family=family, scenario=scenario, grid=(40, 40), n_per_group=3, side="random")
    for scan in scans:
        assert scan.volume.array.shape == scan.lesion_mask.shape == (40, 40)
        assert (scan.lesion_mask.sum() > 8) == (scan.truth["group"] != "none")


def test_unknown_scenario_is_refused():
    with pytest.raises(SettingsError, match="'scenario' cannot be used"):
        SimulationSettings(scenario="shape")
