"""Controls look like maps; the paired test holds its 5 % and agrees with its interval."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage, stats

from clam_core.export.formulas import neutralise_frame
from clam_core.reading_study.map_rating.control_maps import (
    control_map,
    pointed_apart,
    smooth_noise,
    smoothness,
)
from clam_core.reading_study.map_rating.paired import (
    paired_difference,
    rating_sentence,
    rating_summary,
)
from clam_core.reading_study.map_rating.rating_words import rating_table

GRID = (24, 22, 20)


def blob(center, size=3.0):
    places = np.meshgrid(*[np.arange(n) for n in GRID], indexing="ij")
    far = sum((place - c) ** 2 for place, c in zip(places, center, strict=True))
    values = np.exp(-far / (2 * size**2))
    return np.where(values > 0.05, values, 0).astype(np.float32)


def lungs():
    inside = np.zeros(GRID, bool)
    inside[2:22, 2:20, 2:18] = True
    return inside


def test_a_control_has_the_values_of_the_map_elsewhere():
    inside = lungs()
    real, other = blob((7, 7, 7)) * inside, blob((17, 15, 13), 2.0)
    made = control_map(real, other, inside)
    assert np.array_equal(np.sort(made[inside]), np.sort(real[inside]))
    assert not made[~inside].any()
    assert made.max() == real.max()
    assert ndimage.maximum_position(made) == pytest.approx((17, 15, 13), abs=1)
    assert pointed_apart(real, made) > 0.95
    assert pointed_apart(real, real) == pytest.approx(0, abs=1e-6)
    half = 0.5 * (real + made)
    assert pointed_apart(real, half) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("wanted", [1.5, 2.5, 3.5])
def test_noise_is_as_smooth_as_the_map(wanted):
    rng = np.random.default_rng(5)
    real = ndimage.gaussian_filter(rng.standard_normal((40, 40, 40)), wanted, mode="wrap")
    assert smoothness(real.astype(np.float32), None) == pytest.approx(wanted, rel=0.15)
    noise = smooth_noise(real.astype(np.float32), None, 1)
    assert smoothness(noise, None) == pytest.approx(wanted, rel=0.25)
    assert not np.array_equal(noise, smooth_noise(real.astype(np.float32), None, 2))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_arrangements_of_signs_by_hand(seed):
    differences = np.random.default_rng(seed).integers(-2, 4, 8).astype(float)
    found = paired_difference(differences)
    means = [abs(np.dot(signs, differences)) / 8 for signs in itertools.product([1, -1], repeat=8)]
    by_hand = np.mean([mean >= abs(differences.mean()) - 1e-9 for mean in means])
    assert found.p_value == pytest.approx(by_hand)
    assert (found.value, found.n) == (differences.mean(), 8)
    scipys = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert found.p_value == pytest.approx(scipys.pvalue)


@pytest.mark.parametrize(("seed", "n"), [(1, 9), (2, 12), (3, 20), (4, 40)])
def test_the_interval_holds_what_the_test_does_not_reject(seed, n):
    differences = np.random.default_rng(seed).normal(0.7, 1, n)
    found = paired_difference(differences)
    inside, step = 1e-6, 1e-3
    for limit, outward in ((found.low, -1), (found.high, 1)):
        assert paired_difference(differences - limit + outward * inside).p_value >= 0.05
        assert paired_difference(differences - limit - outward * step).p_value < 0.055
    assert (found.p_value < 0.05) == (found.low > 0 or found.high < 0)
    t = stats.t.interval(0.95, n - 1, differences.mean(), stats.sem(differences))
    assert (found.low, found.high) == pytest.approx(t, abs=0.25)


def test_few_subjects_say_nothing():
    few = paired_difference(np.array([4.0, 4, 4, 4, 4]))
    assert few.p_value == pytest.approx(2 / 32)
    assert few.low == -np.inf
    assert not few.is_more_than_chance
    assert paired_difference(np.zeros(0)).n == 0
    assert paired_difference(np.full(6, 1.0)).is_more_than_chance
    assert not paired_difference(np.full(6, -1.0)).is_more_than_chance


def ratings(rng, n_subjects=12, n_readers=2, more=0.0):
    """Raters who roll dice; `more` makes real maps better."""
    rows = []
    for reader, n in itertools.product(range(n_readers), range(n_subjects)):
        real, rated = rng.integers(0, 5, 2)
        rows.append(
            {
                "reader": f"R{reader}",
                "scan_id": f"S{n}",
                "subject_id": f"P{n}",
                "cluster": f"cluster {n % 2 + 1}",
                "control": ("shuffled", "other_scan")[n % 2],
                "real": min(4, real + more),
                "rated": rated,
            }
        )
    return pd.DataFrame(rows)


@pytest.mark.parametrize(("n_subjects", "n_readers"), [(10, 2), (8, 1), (12, 3)])
def test_dice_are_called_better_than_chance_in_no_more_than_five_percent(n_subjects, n_readers):
    rng = np.random.default_rng(11)
    n_studies, claims = 1500, 0
    for _ in range(n_studies):
        real, rated = rng.integers(0, 5, (2, n_readers, n_subjects)).mean(axis=1)
        found = paired_difference(real - rated)
        claims += found.p_value < 0.05
        assert not found.is_more_than_chance or found.low > 0
    # Either claim; three standard errors above 5 %.
    assert claims / n_studies <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / n_studies)
    assert claims / n_studies > 0.02


def test_readers_and_scans_are_averaged_before_subjects_are_compared():
    table = pd.DataFrame(
        [
            ("A", "S1", "P1", 4, 0), ("B", "S1", "P1", 2, 0), ("A", "S2", "P1", 1, 1),
            ("A", "S3", "P2", 3, 2), ("A", "S4", "P3", np.nan, 2),
        ],
        columns=["reader", "scan_id", "subject_id", "real", "rated"],
    ).assign(cluster="cluster 1", control="shuffled")  # fmt: skip
    first = rating_summary(table).iloc[0]
    # P1: ((4 + 2) / 2 + 1) / 2 = 2 against 0.5; P2: 3 against 2; P3 was not rated in full.
    assert (first["n"], first["real"], first["control"]) == (2, 2.5, 1.25)
    assert first["difference"] == pytest.approx((1.5 + 1) / 2)


def test_the_answer_says_what_was_found():
    rng = np.random.default_rng(1)
    chance = rating_sentence(rating_summary(ratings(rng)))
    assert chance.startswith("Readers do not find that the maps point at disease more than")
    better = rating_summary(ratings(rng, more=2.5))
    assert rating_sentence(better).startswith(
        "Readers find that the maps point at disease, more than at chance"
    )
    assert list(better["group"]) == ["all", "cluster", "cluster", "reader", "reader",
                                     "control", "control"]  # fmt: skip
    worse = ratings(rng, more=2.5).rename(columns={"real": "rated", "rated": "real"})
    assert "less than controls do" in rating_sentence(rating_summary(worse))
    none = ratings(rng).assign(real=np.nan)
    assert rating_sentence(rating_summary(none)).startswith("No map has been rated")


def test_no_cell_of_the_table_could_be_a_formula():
    rng = np.random.default_rng(4)
    for more in (2.5, -2.5):
        shown = rating_table(rating_summary(ratings(rng, more=more)))
        column = shown["Difference (95 % interval)"]
        assert neutralise_frame(shown)["Difference (95 % interval)"].equals(column)
        assert column[0].startswith("\N{MINUS SIGN}") == (more < 0)
