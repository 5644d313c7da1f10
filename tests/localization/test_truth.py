"""Scores against known lesions: hand-worked cases, scikit-learn's definition of AUROC by pairs."""

import itertools

import numpy as np
import pytest

from clam_core.errors import AlignmentError
from clam_core.localization import (
    auroc,
    energy_enrichment,
    is_hit,
    lesion_share,
    score_against_truth,
)

MAP = np.array([[4.0, 2, 0], [-3, 1, 0], [0, 0, 1]])
LESION = np.array([[1, 1, 0], [0, 0, 0], [0, 0, 0]], dtype=bool)
DISTRACTOR = np.array([[0, 0, 0], [1, 1, 0], [0, 0, 1]], dtype=bool)
NOTHING = np.zeros((3, 3), dtype=bool)


def test_by_hand():
    # On the lesion the mean is 3, on the distractor (0 + 1 + 1) / 3: the -3 counts as 0.
    assert lesion_share(MAP, LESION, DISTRACTOR) == pytest.approx(3 / (3 + 2 / 3))
    assert energy_enrichment(MAP, LESION) == pytest.approx((6 / 8) / (2 / 9))
    assert is_hit(MAP, LESION) and not is_hit(MAP, DISTRACTOR)
    assert not is_hit(MAP, DISTRACTOR, 0.9) and is_hit(MAP, DISTRACTOR, 1)
    found = score_against_truth(MAP, LESION, DISTRACTOR)
    assert found.peak_on_lesion is True and found.auroc == 1 and found.hit and found.hit_nearby
    assert score_against_truth(-MAP, LESION, DISTRACTOR).peak_on_lesion is False
    assert score_against_truth(MAP, LESION).peak_on_lesion is None


def test_distance_of_a_peak_away_from_the_origin():
    peak = np.zeros((6, 6))
    peak[4, 5] = 1.0
    lesion = np.zeros((6, 6), dtype=bool)
    lesion[1:3, 1:3] = True  # the nearest voxel is (2, 2): 2 and 3 steps away
    assert not is_hit(peak, lesion, 3.6) and is_hit(peak, lesion, 3.61)


def test_a_map_that_knows_nothing():
    flat = np.ones((3, 3))
    assert lesion_share(flat, LESION, DISTRACTOR) == 0.5
    assert energy_enrichment(flat, LESION) == pytest.approx(1)
    assert auroc(flat, LESION) == 0.5
    assert not is_hit(flat, LESION)


@pytest.mark.parametrize("seed", range(3))
def test_auroc_equals_counting_pairs(seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(-2, 5, size=(4, 5)).astype(float)
    lesion = rng.random((4, 5)) < 0.3
    shown = np.maximum(values, 0)
    pairs = [
        1.0 if high > low else 0.5 if high == low else 0.0
        for high, low in itertools.product(shown[lesion], shown[~lesion])
    ]
    assert auroc(values, lesion) == pytest.approx(np.mean(pairs))


def test_what_cannot_be_said_is_nan():
    assert np.isnan(lesion_share(MAP, NOTHING, DISTRACTOR))
    assert np.isnan(lesion_share(np.zeros((3, 3)), LESION, DISTRACTOR))
    assert np.isnan(energy_enrichment(MAP, NOTHING)) and np.isnan(
        energy_enrichment(-MAP, DISTRACTOR & LESION)
    )
    assert np.isnan(auroc(MAP, NOTHING)) and np.isnan(auroc(MAP, ~NOTHING))
    assert not is_hit(MAP, NOTHING)


def test_shapes_must_fit():
    with pytest.raises(AlignmentError, match=r"map of shape \(3, 3\) .* mask of shape \(2, 2\)"):
        auroc(MAP, np.zeros((2, 2), dtype=bool))
