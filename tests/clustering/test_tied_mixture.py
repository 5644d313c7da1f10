"""A mixture with one covariance, beside scikit-learn's, and where k-means fails."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from clam_core.clustering.tied_mixture import gaussian_log_likelihood, maximize, tied


def streaks(n_scans=80, seed=0):
    """Two long parallel streaks: k-means cuts across both."""
    random = np.random.default_rng(seed)
    truth = np.arange(n_scans) % 2
    values = random.normal(size=(n_scans, 2)) * [10, 0.5]
    values[:, 1] += 4 * truth
    return values, truth


def test_it_takes_the_direction_in_which_scans_fall_into_groups():
    values, truth = streaks()
    assert adjusted_rand_score(truth, tied(values, 2, 0)) == 1


def test_one_gaussian_has_its_own_likelihood():
    values = np.random.default_rng(1).normal(size=(300, 3)) @ np.diag([1.0, 2, 3])
    own = GaussianMixture(1, reg_covar=1e-3 * values.var(axis=0).mean()).fit(values)
    assert gaussian_log_likelihood(values) == pytest.approx(own.score(values), abs=1e-6)


def test_likelihood_and_labels_are_those_of_scikit_learn():
    values, truth = streaks()
    found = maximize(values, [truth], 2)
    floor = 1e-3 * values.var(axis=0).mean()
    other = GaussianMixture(
        2,
        covariance_type="tied",
        reg_covar=floor,
        tol=1e-9,
        max_iter=999,
        means_init=[values[truth == g].mean(axis=0) for g in (0, 1)],
    ).fit(values)
    assert found.log_likelihood == pytest.approx(other.score(values), abs=1e-3)
    np.testing.assert_array_equal(found.labels, other.predict(values))


def test_the_likelier_start_wins():
    values, truth = streaks()
    across = (values[:, 0] > 0).astype(np.int64)
    both = maximize(values, [across, truth], 2)
    assert both.log_likelihood == maximize(values, [truth], 2).log_likelihood
