"""Groups of numbers of any origin: found in few and in many columns, on whichever scale holds."""

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from clam_core.errors import SettingsError, StudyError
from clam_core.fitting.fit_table import fit_table
from clam_core.settings import FitSettings


def two_groups(n_scans, n_columns, seed=0, apart=3.0):
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.arange(n_scans) % 2)
    values = rng.normal(size=(n_scans, n_columns))
    values[:, : max(1, n_columns // 4)] += apart * groups[:, None]
    return values, groups


def agreement(fitted, groups):
    return adjusted_rand_score(groups, fitted.soft_assignment.argmax(axis=1))


@pytest.mark.parametrize("method", ["auto", "kmeans", "gmm", "graph"])
def test_groups_are_found_among_more_columns_than_scans(method):
    values, groups = two_groups(40, 768)
    fitted = fit_table(values, FitSettings(method=method))
    assert agreement(fitted, groups) == 1
    assert fitted.features.shape == (40, 8) and fitted.scaled.shape == (40, 768)
    assert "768 columns were projected to 8 principal components" in " ".join(fitted.notes)
    np.testing.assert_allclose(fitted.soft_assignment.sum(axis=1), 1, atol=1e-5)


def test_columns_of_other_units_count_alike():
    values, groups = two_groups(60, 4, apart=8)
    for scale in ([1, 1, 1, 1], [1, 1e6, 1e-6, 1e200]):
        fitted = fit_table(values * scale, FitSettings())
        assert agreement(fitted, groups) == 1
    assert fitted.is_standardized
    np.testing.assert_allclose(fitted.scaled.std(axis=0), 1, rtol=1e-4)
    assert fitted.components is None and fitted.n_components == 0


def test_spreads_of_one_unit_are_kept_where_groups_are_found_again_better():
    rng = np.random.default_rng(1)
    groups = np.arange(60) % 2
    values = rng.normal(size=(60, 8)) * [3, 1.5, 0.5, 0.4, 0.3, 0.3, 0.2, 0.2]
    values[:, 0] = 3 * (2 * groups - 1) + rng.normal(size=60)
    fitted = fit_table(values, FitSettings(method="kmeans"))
    assert agreement(fitted, groups) == 1
    assert not fitted.is_standardized
    assert (
        "keep their own spreads, which are of one order; groups were made by k-means"
        in " ".join(fitted.notes)
    )


def test_groups_across_what_varies_most_are_seen_where_there_are_scans_enough():
    rng = np.random.default_rng(0)
    groups = np.arange(200) % 2
    breath = rng.normal(size=(200, 1)) * rng.normal(size=(1, 60)) * 3
    values = rng.normal(size=(200, 60)) + breath
    values[:, 1::3] += 1.5 * groups[:, None]
    fitted = fit_table(values, FitSettings())
    assert fitted.clusterer == "tied"
    assert agreement(fitted, groups) > 0.9
    assert agreement(fit_table(values, FitSettings(method="kmeans")), groups) < 0.3


def test_groups_that_are_none_are_said_to_be_none():
    values = np.random.default_rng(3).normal(size=(60, 30))
    assert "these groups may be none" in " ".join(fit_table(values, FitSettings()).notes)


def test_what_is_stored_places_a_row_where_the_fit_did():
    values, _ = two_groups(40, 30)
    fitted = fit_table(values, FitSettings())
    row = (torch.from_numpy(values[:5]).float() - fitted.mean) / fitted.sd
    features = row @ fitted.components
    np.testing.assert_allclose(features.numpy(), fitted.features[:5], atol=1e-4)
    np.testing.assert_allclose(
        fitted.head(features).exp().detach().numpy(), fitted.soft_assignment[:5], atol=1e-4
    )


def test_the_order_of_the_scans_does_not_matter():
    values, _ = two_groups(40, 30)
    order = np.random.default_rng(5).permutation(40)
    one, other = (fit_table(part, FitSettings()) for part in (values, values[order]))
    assert adjusted_rand_score(
        one.soft_assignment.argmax(axis=1)[order], other.soft_assignment.argmax(axis=1)
    ) == pytest.approx(1)


def test_largest_cluster_first():
    values, groups = two_groups(40, 6, apart=8)
    keep = np.r_[np.flatnonzero(groups == 0)[:8], np.flatnonzero(groups == 1)]
    sizes = np.bincount(fit_table(values[keep], FitSettings()).soft_assignment.argmax(axis=1))
    assert sizes.tolist() == [20, 8]


def test_too_few_scans_and_methods_that_need_scans():
    values, _ = two_groups(3, 5)
    with pytest.raises(StudyError, match="3 scans with numbers cannot form 3 clusters"):
        fit_table(values, FitSettings(n_clusters=3))
    with pytest.raises(SettingsError, match="'profiles' needs the scans themselves"):
        fit_table(values, FitSettings(method="profiles"))
