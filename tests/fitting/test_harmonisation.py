"""Harmonisation: directions by hand, what cannot be told apart, groups that remain."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score, matthews_corrcoef

from clam_core.errors import StudyError
from clam_core.fitting import fit_model, preset_settings
from clam_core.fitting.evidence import NONE
from clam_core.fitting.fit_cohort import look
from clam_core.fitting.fit_zonal_features import _spread
from clam_core.fitting.harmonisation.before_and_after import compare_fits
from clam_core.fitting.harmonisation.check_levels import check_levels, explained
from clam_core.fitting.harmonisation.technical_levels import (
    KeptColumn,
    TechnicalLevels,
    axes_without,
)
from clam_core.fitting.harmonisation.turned import sense
from clam_core.models import describe_model, model_tensors, rebuild_model
from clam_core.settings.harmonise import harmonised_sentences
from clam_core.training import CohortImages
from tests.fitting.test_zonal_features import cohort

SHIFT = np.array([3.0, 0.0, 4.0, 0.0])
DISEASE = np.array([0.0, 2.0, 4.0, 0.0])


def levels(codes, *kept, names=("A", "B")):
    return TechnicalLevels("Scanner", names, np.asarray(codes), kept)


def disease(values):
    codes = np.asarray(values)
    return KeptColumn("Disease", codes[:, None].astype(float), codes)


def shifted(codes, ill, noise=0.0):
    """Numbers that are moved by scanner and by disease."""
    values = np.outer(codes, SHIFT) + np.outer(ill, DISEASE)
    return torch.from_numpy(values + noise * np.random.default_rng(0).normal(size=values.shape))


def test_the_direction_is_that_of_the_shift():
    codes, ill = np.array([0, 0, 1, 1] * 3), np.array([0, 1, 0, 1] * 3)
    found = levels(codes).directions(shifted(codes, ill))
    np.testing.assert_allclose(found[:, 0].abs(), [0.6, 0, 0.8, 0], atol=1e-12)


def test_a_disease_that_one_scanner_saw_more_often_is_not_the_scanner():
    codes = np.repeat([0, 1], 10)
    ill = np.r_[np.repeat([0, 1], [7, 3]), np.repeat([0, 1], [3, 7])]
    values = shifted(codes, ill)
    kept = levels(codes, disease(ill)).directions(values)
    np.testing.assert_allclose(kept[:, 0].abs(), [0.6, 0, 0.8, 0], atol=1e-9)
    # Without it the direction is that of both: shift and 0.4 of the disease.
    both = SHIFT + 0.4 * DISEASE
    found = levels(codes).directions(values)
    np.testing.assert_allclose(found[:, 0].abs(), both / np.linalg.norm(both), atol=1e-9)


def test_means_of_levels_are_equal_afterwards():
    codes = np.repeat([0, 1, 2], 8)
    rng = np.random.default_rng(1)
    values = torch.from_numpy(rng.normal(size=(24, 9)) + 3 * rng.normal(size=(3, 9))[codes])
    technical = levels(codes, names=("A", "B", "C"))
    left = values @ technical.projection(values)
    means = [left[codes == level].mean(dim=0) for level in range(3)]
    for one in means[1:]:
        np.testing.assert_allclose(one, means[0], atol=1e-12)
    assert technical.directions(values).shape == (9, 2)
    centered = values - values.mean(dim=0)
    seen = centered @ axes_without(technical, centered, 4)
    np.testing.assert_allclose(seen[codes == 1].mean(dim=0), 0, atol=1e-12)


def test_scans_without_a_level_have_no_part_in_it():
    codes, ill = np.array([0, 0, 1, 1] * 3), np.array([0, 1, 0, 1] * 3)
    values = shifted(codes, ill)
    odd = torch.cat([values, torch.full((2, 4), 99.0, dtype=torch.float64)])
    unknown = np.r_[codes, -1, -1]
    np.testing.assert_allclose(
        levels(unknown).projection(odd), levels(codes).projection(values), atol=1e-12
    )
    np.testing.assert_allclose(levels(unknown).residuals(odd), levels(codes).residuals(values))


def test_too_many_levels_for_so_few_numbers():
    codes = np.repeat(np.arange(4), 5)
    values = torch.from_numpy(np.random.default_rng(0).normal(size=(20, 4)))
    with pytest.raises(StudyError, match="4 levels, but of the 4 numbers .* at most 3"):
        levels(codes, names=tuple("ABCD")).directions(values)


def test_share_explained_of_two_levels_is_phi_squared():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2, 80)
    ill = np.where(rng.uniform(size=80) < 0.8, codes, 1 - codes)
    phi = matthews_corrcoef(codes, ill)
    adjusted = 1 - (1 - phi**2) * 79 / 78
    assert explained(levels(codes), disease(ill)) == pytest.approx(adjusted)


def test_a_level_for_each_scan_explains_nothing():
    codes = np.arange(30) % 2
    ids = KeptColumn("Town", np.eye(30)[:, 1:20], np.arange(30))
    assert explained(levels(codes), ids) < 0.3


def ids(n):
    return [f"s{number}" for number in range(n)]


def test_a_confounded_design_is_refused():
    codes = np.repeat([0, 1], 10)
    with pytest.raises(StudyError, match="Scanner and Disease go together .*100%"):
        check_levels(levels(codes, disease(codes)), ids(20))
    check_levels(levels(codes, disease(np.arange(20) % 2)), ids(20))


def test_levels_that_nothing_can_be_learnt_from():
    with pytest.raises(StudyError, match="does not differ between the 6 scans .all are 'A'"):
        check_levels(levels([0] * 6, names=("A",)), ids(6))
    with pytest.raises(StudyError, match="none has a value"):
        check_levels(levels([-1] * 6, names=()), ids(6))
    with pytest.raises(StudyError, match=r"needs 5 scans .* 'B' \(4\) have fewer"):
        check_levels(levels([0] * 9 + [1] * 4), ids(13))
    with pytest.raises(StudyError, match=r"3 of 13 scans have no value of Scanner \(s0, s1, s2\)"):
        check_levels(levels([-1] * 3 + [0] * 5 + [1] * 5), ids(13))
    check_levels(levels([-1, -1] + [0] * 5 + [1] * 5), ids(12))


def denser_or_noisier(volume, is_ill, rng):
    """Ill scans are denser below; every second pair is by a scanner that adds much noise."""
    if is_ill:
        volume[:, :, :6] += 250 * (rng.uniform(size=volume[:, :, :6].shape) < 0.5)
    denser_or_noisier.row += 1
    if denser_or_noisier.row // 2 % 2:
        volume += rng.normal(0, 120, volume.shape)


@pytest.fixture(scope="module")
def by_two_scanners():
    denser_or_noisier.row = -1
    source = cohort(denser_or_noisier)
    scanner = np.arange(40) // 2 % 2
    settings = preset_settings("fast", 2, "density", epochs=0)
    return source, scanner, fit_model(source, settings, None, levels(scanner))


def test_the_scanner_is_taken_out_and_the_disease_stays(by_two_scanners):
    _, scanner, fitted = by_two_scanners
    ill = np.arange(40) % 2
    clusters = fitted.soft_assignment.argmax(axis=1)
    assert adjusted_rand_score(scanner, fitted.clusters_before) > 0.8
    assert adjusted_rand_score(scanner, clusters) < 0.1
    assert adjusted_rand_score(ill, clusters) > 0.8
    check = fitted.harmonised
    assert check.technical[0] == adjusted_rand_score(scanner, fitted.clusters_before)
    assert check.technical[1] == adjusted_rand_score(scanner, clusters)
    assert check.same == adjusted_rand_score(fitted.clusters_before, clusters)
    assert check.share[0] > 0.3 and check.share[1] < 0.05
    assert check.levels == {"A": 20, "B": 20} and check.views == ("density", "density")
    said = " ".join(fitted.notes)
    assert "taken out of what is grouped" in said and "--harmonise-keep" in said


def test_a_stored_model_places_scans_without_their_level(by_two_scanners):
    source, _, fitted = by_two_scanners
    model = rebuild_model(describe_model(fitted.model), model_tensors(fitted.model))
    seen = look(model, CohortImages(source, fitted.scale))
    np.testing.assert_allclose(seen.features, fitted.features, atol=1e-4)
    np.testing.assert_allclose(seen.soft_assignment, fitted.soft_assignment, atol=1e-4)


@pytest.mark.parametrize("method", ["profiles", "texture", "kmeans"])
def test_every_view_loses_the_differences_of_means(by_two_scanners, method):
    source, scanner, _ = by_two_scanners
    settings = preset_settings("fast", 2, method, epochs=1)
    fitted = fit_model(source, settings, None, levels(scanner, disease(np.arange(40) % 2)))
    gap = fitted.features[scanner == 1].mean(axis=0) - fitted.features[scanner == 0].mean(axis=0)
    assert np.abs(gap).max() < 1e-3 * fitted.features.std()
    assert fitted.harmonised.share[1] == pytest.approx(0, abs=0.01)
    assert set(fitted.harmonised.clinical) == {"Disease"}
    model = rebuild_model(describe_model(fitted.model), model_tensors(fitted.model))
    seen = look(model, CohortImages(source, fitted.scale))
    np.testing.assert_allclose(seen.features, fitted.features, atol=1e-3 * fitted.features.std())


def test_nothing_is_compared_without_harmonisation():
    denser_or_noisier.row = -1
    source = cohort(denser_or_noisier)
    fitted = fit_model(source, preset_settings("fast", 2, "density", epochs=0))
    assert fitted.harmonised is None and fitted.clusters_before is None


def test_clusters_that_are_turned_round_under_the_other_scanner():
    codes, ill = np.array([0, 0, 1, 1] * 3), np.array([0, 1, 0, 1] * 3)
    values = shifted(codes, ill).numpy()
    assert sense(levels(codes), values, ill) == pytest.approx(1)
    assert sense(levels(codes), values, ill ^ codes) == pytest.approx(-1)
    assert sense(levels(codes), values, codes) == 1  # no level has both clusters
    three = np.repeat([0, 1, 2], 4)
    half = np.tile([0, 1], 6)
    one_turned = np.where(three == 2, 1 - half, half)
    moved = np.outer(half, DISEASE) + np.outer(three, SHIFT)
    assert sense(levels(three, names=tuple("ABC")), moved, one_turned) == pytest.approx(-1)
    unknown = levels(np.r_[codes, -1, -1])
    odd = np.vstack([values, np.full((2, 4), 99.0)])
    assert sense(unknown, odd, np.r_[ill, 0, 1]) == pytest.approx(1)


def test_views_whose_groups_are_turned_round_are_left_aside(by_two_scanners, monkeypatch):
    source, scanner, _ = by_two_scanners
    seen = iter([1.0, 1.0, -1.0])  # focal findings, density, texture
    monkeypatch.setattr("clam_core.fitting.fit_cohort.sense", lambda *_: next(seen))
    settings = preset_settings("fast", 2, epochs=0)
    fitted = fit_model(source, settings, None, levels(scanner))
    assert [name for name, score in fitted.evidence.items() if score == NONE] == ["texture"]
    assert fitted.method != "texture"
    said = " ".join(fitted.notes)
    assert "Groups of texture mean opposite things" in said and "left aside" in said


def test_groups_of_the_only_view_that_are_turned_round_are_told(by_two_scanners, monkeypatch):
    source, scanner, _ = by_two_scanners
    monkeypatch.setattr("clam_core.fitting.fit_cohort.sense", lambda *_: -0.1)
    settings = preset_settings("fast", 2, "density", epochs=0)
    fitted = fit_model(source, settings, None, levels(scanner))
    assert any(note.startswith("These groups mean opposite things") for note in fitted.notes)


def test_numbers_are_in_units_of_their_spread_within_levels():
    codes = np.repeat([0, 1], 10)
    values = np.random.default_rng(0).normal(size=(20, 3))
    values[:, 1] += 50 * codes
    centered = torch.from_numpy(values - values.mean(axis=0))
    within = centered.numpy() - np.array([centered[codes == c].mean(dim=0).numpy() for c in codes])
    np.testing.assert_allclose(_spread(centered, levels(codes)), within.std(axis=0))
    np.testing.assert_allclose(_spread(centered, None), values.std(axis=0))


def test_scans_that_nothing_was_learnt_from_are_counted():
    codes = np.r_[-1, np.arange(19) % 2]
    ill = KeptColumn("Disease", np.r_[[np.nan] * 3, np.arange(17) % 3][:, None])
    fit = SimpleNamespace(
        method="density",
        features=np.random.default_rng(0).normal(size=(20, 3)),
        soft_assignment=np.eye(2)[np.arange(20) % 2],
    )
    found = compare_fits(levels(codes, ill), fit, fit)
    assert found.n_unknown == 3 and found.levels == {"A": 10, "B": 9} and found.same == 1
    assert "3 scans without a value were treated like the others" in " ".join(
        harmonised_sentences(found)
    )
