"""Groups that are there stand out from cohorts without groups; tails do not."""

import numpy as np
import pytest

from clam_core.fitting import fit_model, preset_settings
from clam_core.fitting.choose_view import LEAST_EVIDENCE, chosen_words, most_evident
from clam_core.fitting.evidence import evidence
from tests.fitting.test_zonal_features import agreement, cohort


def apart(distance, n_scans=60, seed=3):
    values = np.random.default_rng(seed).normal(size=(n_scans, 5))
    values[::2, 0] += distance
    return values


@pytest.mark.parametrize("clusterer", ["kmeans", "tied"])
def test_groups_stand_out(clusterer):
    assert evidence(apart(9), clusterer, 2, 0) > LEAST_EVIDENCE


@pytest.mark.parametrize("clusterer", ["kmeans", "tied"])
def test_one_heap_does_not(clusterer):
    assert evidence(apart(0), clusterer, 2, 0) < LEAST_EVIDENCE


@pytest.mark.parametrize("seed", range(3))
def test_a_long_tail_does_not(seed):
    values = np.random.default_rng(seed).normal(size=(80, 4))
    values[:, 0] = np.exp(1.2 * values[:, 0])
    assert evidence(values, "kmeans", 2, 0) < LEAST_EVIDENCE


def test_a_few_scans_far_out_are_no_group_of_k_means():
    values = np.random.default_rng(0).normal(size=(60, 4))
    values[:4] += [7, 3, -3, 2]
    assert evidence(values, "kmeans", 2, 0) < 0


def test_two_of_three_groups_that_are_one_count_against_all():
    values = apart(12)
    assert evidence(values, "tied", 2, 0) > LEAST_EVIDENCE > evidence(values, "tied", 3, 0)


def test_the_least_separate_pair_counts(monkeypatch):
    values = np.random.default_rng(0).normal(size=(60, 2))
    values[:, 0] += np.array([0, 30, 80]).repeat(20)
    found = iter([5.0, 1.0, 9.0])
    monkeypatch.setattr("clam_core.fitting.evidence._of_two", lambda *_: next(found))
    assert evidence(values, "kmeans", 3, 0) == 1.0


def test_the_order_of_scans_does_not_matter():
    values = apart(3)
    shuffled = np.random.default_rng(0).permutation(values)
    assert evidence(values, "kmeans", 2, 1) == evidence(shuffled, "kmeans", 2, 1)


def test_scans_that_cannot_be_grouped_have_no_evidence():
    assert evidence(np.zeros((9, 2)), "kmeans", 2, 0) == float("-inf")


def test_the_best_view_is_taken_and_said():
    """Denser everywhere: focal findings are relative to each scan's own median."""

    def denser(volume, is_ill, rng):
        volume += 200 * is_ill

    fitted = fit_model(cohort(denser), preset_settings("fast", 2, epochs=0))
    assert agreement(fitted) == 1
    assert fitted.method == "density"
    assert any("density was chosen" in note for note in fitted.notes)


def test_few_scans_are_too_few_to_choose_a_view_by():
    def denser(volume, is_ill, rng):
        volume += 200 * is_ill

    fitted = fit_model(cohort(denser, n_scans=19), preset_settings("fast", 2, epochs=0))
    assert fitted.method == "profiles"


def test_the_end_of_a_tail_is_no_group():
    values = np.random.default_rng(0).normal(size=(60, 4))
    values[:4, 0] += 12
    assert evidence(values, "tied", 2, 0) == float("-inf")
    values[4:8, 0] += 12
    assert evidence(values, "tied", 2, 0) > LEAST_EVIDENCE


def test_another_view_needs_clear_groups_and_a_lead_to_be_taken():
    assert most_evident({"profiles": 1.0, "density": 1.9, "texture": 0.0}) == "profiles"
    assert most_evident({"profiles": 1.0, "density": 2.1, "texture": 3.5}) == "texture"
    assert most_evident({"profiles": 1.9, "density": 2.1, "texture": 0.0}) == "density"
    assert most_evident({"profiles": 3.0, "density": 4.9, "texture": 0.0}) == "profiles"
    assert most_evident({"profiles": 3.0, "density": 5.1, "texture": 0.0}) == "density"
    assert most_evident({"profiles": 9.0, "density": 2.1, "texture": 3.5}) == "profiles"


def test_words_of_views_without_groups():
    said = chosen_words("profiles", {"profiles": 0.2, "density": 0.1, "texture": 0.0})
    assert said.startswith("In no view") and "focal 0.2, density 0.1, texture 0.0" in said
    kept = chosen_words("profiles", {"profiles": 3.0, "density": 4.0, "texture": float("-inf")})
    assert "focal was kept" in kept and "focal 3.0, density 4.0, texture none" in kept
