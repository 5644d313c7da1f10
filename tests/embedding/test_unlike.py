"""Scans unlike a cohort, against distances and measures worked out by hand."""

import numpy as np
import pytest

from clam_core.embedding import Usual, nearest_ratio, voxel_measures
from clam_core.errors import AlignmentError


def test_the_ratio_is_that_of_nearest_distances():
    cohort = np.array([[0.0, 0], [1, 0], [3, 0], [7, 0]])  # nearest: 1, 1, 2, 4
    usual = np.quantile([1, 1, 2, 4], 0.99)
    assert nearest_ratio(np.array([7.0, 9]), cohort) == pytest.approx(9 / usual)
    assert nearest_ratio(np.array([3.0, 0]), cohort) == 0
    with pytest.raises(AlignmentError, match=r"shape \(3,\)"):
        nearest_ratio(np.zeros(3), cohort)


def test_measures_of_a_ramp():
    """Values 0, 10, ..., 90 along i: neighbors differ by 10 along i and by 0 along j and k."""
    array = np.broadcast_to(10 * np.arange(10)[:, None, None], (10, 4, 4))
    found = voxel_measures(array, None, is_hu=True)
    assert found["brightness"] == 45
    assert found["spread"] == 70 - 20  # 16 voxels each: the quartiles fall on values
    assert found["roughness"] == 0  # two of three neighbors are equal
    line = voxel_measures(array[:, 0, 0], None, is_hu=True)
    assert line["roughness"] == pytest.approx(10 / 45)
    assert voxel_measures(array, None, is_hu=False).keys() == {"roughness"}


def test_only_voxels_inside_the_mask_count():
    array = np.random.default_rng(0).normal(-800, 50, (12, 12, 12)).astype(np.int16)
    mask = np.zeros(array.shape, bool)
    mask[3:9, 3:9, 3:9] = True
    other = np.where(mask, array, 2000)
    assert voxel_measures(array, mask, is_hu=True) == voxel_measures(other, mask, is_hu=True)


@pytest.fixture(scope="module")
def lungs():
    """Measures of 60 scans that differ in brightness and noise as scans of one site do."""
    rng = np.random.default_rng(0)
    scans = [
        (rng.normal(-800, 30) + rng.normal(0, rng.uniform(60, 90), (14, 14, 14))).astype(np.int16)
        for _ in range(60)
    ]
    found = [voxel_measures(scan, None, is_hu=True) for scan in scans]
    return {name: np.array([one[name] for one in found]) for name in found[0]}


def noise(level, sd):
    return np.random.default_rng(1).normal(level, sd, (14, 14, 14)).astype(np.int16)


@pytest.mark.parametrize(
    ("array", "word"),
    [
        (noise(700, 75), "brighter"),
        (noise(-800, 900), "more varied"),
        (np.broadcast_to(np.linspace(-860, -740, 14)[:, None, None], (14, 14, 14)), "smoother"),
    ],
)
def test_bone_noise_and_a_blur_are_unlike_lungs(lungs, array, word):
    usual = Usual((np.random.default_rng(2).normal(size=(60, 3)),), lungs)
    doubts = usual.doubts((np.zeros(3),), voxel_measures(array, None, is_hu=True))
    assert any(word in doubt for doubt in doubts)


@pytest.mark.parametrize("tail", ["normal", "heavy"])
def test_scans_of_the_cohort_itself_are_hardly_ever_unlike(lungs, tail):
    """Each scan is left out in turn and compared with the others."""
    rng = np.random.default_rng(3)
    flagged = 0
    for _ in range(5):
        codes = rng.normal(size=(60, 5)) if tail == "normal" else rng.standard_t(5, (60, 5))
        for row in range(60):
            rest = np.delete(np.arange(60), row)
            usual = Usual((codes[rest],), {name: lungs[name][rest] for name in lungs})
            own = {name: float(values[row]) for name, values in lungs.items()}
            flagged += bool(usual.doubts((codes[row],), own))
    assert flagged / 300 <= 0.02


def test_a_far_scan_says_how_far():
    codes = np.random.default_rng(4).normal(size=(40, 3))
    doubts = Usual((codes,), {}).doubts((np.full(3, 30.0),), {})
    assert "times as far away as is usual" in doubts[0]
    assert Usual((codes,), {}).doubts((codes.mean(axis=0),), {}) == ()


@pytest.mark.parametrize(
    ("away", "words"), [(1.4, ()), (1.6, ("1.6 times",)), (3.0, ("3.0 times",))]
)
def test_half_as_far_again_as_is_usual_is_far(away, words):
    """Scans one apart on a line; the new one lies beyond the last."""
    line = np.arange(12.0)[:, None]
    doubts = Usual((line,), {}).doubts((np.array([11 + away]),), {})
    assert len(doubts) == len(words)
    assert all(word in doubt for word, doubt in zip(words, doubts, strict=True))


@pytest.mark.parametrize("far", [0, 1])
def test_each_description_alone_may_call_a_scan_far(far):
    line = np.arange(12.0)[:, None]
    new = [np.array([5.0]), np.array([5.0])]
    usual = Usual((line, line), {})
    assert usual.doubts(tuple(new), {}) == ()
    new[far] = np.array([21.0])
    assert usual.doubts(tuple(new), {}) == (
        "its nearest scan is 10.0 times as far away as is usual in the cohort",
    )


def test_a_measure_is_unlike_beyond_twice_the_usual_range():
    """0 to 100 in steps of one: the middle 98 % are 1 to 99, and 98 wide."""
    usual = Usual((np.arange(5.0)[:, None],), {"brightness": np.arange(101.0)})
    for value, word in ((294, None), (296, "brighter"), (-194, None), (-196, "darker")):
        doubts = usual.doubts((np.array([2.0]),), {"brightness": value})
        said = f"it is much {word} than any scan of the cohort"
        assert doubts == (() if word is None else (said,))
