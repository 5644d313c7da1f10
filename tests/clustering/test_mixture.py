"""The mixture against scipy, scikit-learn and cases worked by hand; scales for heads."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture

from clam_core.clustering import (
    Mixture,
    cluster_centers,
    gmm,
    mixture_parameters,
    refine_mixture,
    student_scale,
)
from clam_core.errors import AlignmentError
from tests.clustering.made_features import grouped, same_partition


def test_the_joint_density_is_that_of_scipy():
    random = np.random.default_rng(0)
    mixture = Mixture(
        random.normal(size=(3, 4)), random.uniform(0.5, 2, (3, 4)), np.array([0.2, 0.3, 0.5])
    )
    features = random.normal(size=(6, 4))
    expected = [
        np.log(weight) + multivariate_normal(center, np.diag(variance)).logpdf(features)
        for center, variance, weight in zip(
            mixture.centers, mixture.variances, mixture.weights, strict=True
        )
    ]
    assert mixture.log_joint(features) == pytest.approx(np.array(expected).T, rel=1e-10)


def test_parameters_by_hand():
    features = np.array([[0.0, 1.0], [2.0, 1.0], [10.0, 1.0]])
    found = mixture_parameters(features, np.array([0, 0, 1]))
    assert found.centers == pytest.approx(np.array([[1.0, 1.0], [10.0, 1.0]]))
    assert found.weights == pytest.approx([2 / 3, 1 / 3])
    cohort = 56 / 3  # mean of 16, 4, 36: squared distances from the mean 4
    assert found.variances[:, 0] == pytest.approx([(2 + cohort) / 3, cohort / 2])
    assert found.variances[:, 1] == pytest.approx([1e-3 * cohort / 2] * 2)


def test_without_the_prior_the_mixture_is_that_of_scikit_learn(monkeypatch):
    monkeypatch.setattr("clam_core.clustering.mixture.PRIOR_SCANS", 0.0)
    features, groups = grouped(3, (60, 50), 4, 3.0)
    features[groups == 1] *= 1.5
    start = mixture_parameters(features, groups)
    other = GaussianMixture(
        2,
        covariance_type="diag",
        means_init=start.centers,
        weights_init=start.weights,
        precisions_init=1 / start.variances,
        max_iter=500,
        tol=1e-9,
    ).fit(features)
    assert same_partition(refine_mixture(features, groups), other.predict(features))


def test_variances_tell_apart_what_centers_cannot():
    random = np.random.default_rng(1)
    narrow, wide = random.normal(0, 0.3, (60, 6)), random.normal(0, 4, (60, 6))
    found = gmm(np.vstack([narrow, wide]), 2, 0)
    assert (found[:60] == found[0]).mean() > 0.95
    assert (found[60:] != found[0]).mean() > 0.95


def test_refining_never_empties_a_cluster():
    features = np.random.default_rng(2).normal(size=(30, 4))
    labels = np.arange(30) % 3
    assert len(np.unique(refine_mixture(features, labels))) == 3


def test_scale_and_centers_by_hand():
    features = np.array([[0.0, 0.0], [2.0, 0.0], [5.0, 5.0]])
    labels = np.array([0, 0, 1])
    assert cluster_centers(features, labels).tolist() == [[1.0, 0.0], [5.0, 5.0]]
    assert student_scale(features, labels) == pytest.approx(2 / 3)


def test_scale_stays_above_zero_where_clusters_are_points():
    features = np.array([[0.0], [0.0], [4.0], [4.0]])
    assert student_scale(features, np.array([0, 0, 1, 1])) == pytest.approx(4e-6)
    assert student_scale(np.zeros((3, 2)), np.zeros(3, dtype=int)) > 0


def test_labels_that_do_not_fit_are_refused():
    with pytest.raises(AlignmentError, match="3 rows of features do not fit 2 labels"):
        cluster_centers(np.zeros((3, 2)), np.array([0, 1]))
    with pytest.raises(AlignmentError, match="Cluster 1 has no scan"):
        student_scale(np.zeros((3, 2)), np.array([0, 0, 2]))
