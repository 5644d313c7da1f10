"""Heads made from hard clusters, against scipy and cases worked by hand."""

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from clam_core.errors import AlignmentError
from clam_core.fitting.discriminant import discriminant, temperature
from clam_core.fitting.heads import (
    discriminant_head,
    gaussian_head,
    mixture_head,
    order_head,
    student_head,
)
from clam_core.models import GaussianHead


def groups(seed=0):
    rng = np.random.default_rng(seed)
    first = rng.normal(0, 1, (40, 3)) @ np.diag([1.0, 3.0, 0.5])
    second = rng.normal(5, 1, (20, 3))
    return np.vstack([first, second]), np.repeat([0, 1], [40, 20])


def test_student_head_by_hand():
    features = np.array([[0.0], [2.0], [10.0], [12.0]])
    head = student_head(features, np.array([0, 0, 1, 1]))
    assert head.centers.detach().flatten().tolist() == [1, 11]
    assert float(head.scale) == 1  # every scan lies 1 from its center
    kernel = np.array([1 / (1 + 1), 1 / (1 + 121)])
    found = head(torch.tensor([[0.0]])).exp().detach().numpy()[0]
    np.testing.assert_allclose(found, kernel / kernel.sum(), rtol=1e-5)


def test_the_papers_kernel_takes_distances_as_they_are():
    features, labels = groups()
    assert float(student_head(features, labels, is_unit=True).scale) == 1
    assert float(student_head(features, labels).scale) > 1


def test_gaussian_head_equals_scipys_densities():
    rng = np.random.default_rng(1)
    centers, shares = rng.normal(size=(3, 2)), np.array([0.5, 0.3, 0.2])
    covariances = []
    for _ in range(3):
        root = rng.normal(size=(2, 2))
        covariances.append(root @ root.T + np.eye(2))
    whitening = [np.linalg.cholesky(np.linalg.inv(one)) for one in covariances]
    head = GaussianHead(
        torch.tensor(centers), torch.tensor(np.array(whitening)), torch.tensor(np.log(shares))
    )
    points = rng.normal(size=(7, 2)) * 2
    joint = np.stack(
        [
            share * multivariate_normal(center, covariance).pdf(points)
            for share, center, covariance in zip(shares, centers, covariances, strict=True)
        ],
        axis=1,
    )
    found = head(torch.tensor(points)).exp().numpy()
    np.testing.assert_allclose(found, joint / joint.sum(axis=1, keepdims=True), rtol=1e-8)


@pytest.mark.parametrize("make", [student_head, mixture_head, gaussian_head])
def test_a_head_says_again_what_it_was_made_from(make):
    features, labels = groups()
    soft = make(features, labels)(torch.from_numpy(features).float()).exp()
    np.testing.assert_allclose(soft.sum(dim=1).detach(), 1, atol=1e-5)
    assert (soft.argmax(dim=1).numpy() == labels).mean() > 0.98


def test_gaussian_head_survives_clusters_of_one_and_flat_features():
    features = np.array([[0.0, 1.0], [0.1, 1.0], [0.2, 1.0], [9.0, 1.0]])
    head = gaussian_head(features, np.array([0, 0, 0, 1]))
    found = head(torch.from_numpy(features).float())
    assert found.isfinite().all()
    assert found.argmax(dim=1).tolist() == [0, 0, 0, 1]


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(AlignmentError, match="do not fit together"):
        GaussianHead(torch.zeros(2, 3), torch.zeros(2, 2, 2), torch.zeros(2))


@pytest.mark.parametrize("make", [student_head, mixture_head, gaussian_head])
def test_clusters_are_renumbered_with_all_they_have(make):
    features, labels = groups()
    head = make(features, 1 - labels)  # the small one first
    points = torch.from_numpy(features).float()
    before = head(points).exp().detach().numpy()
    assert order_head(head, before) == [1, 0]
    np.testing.assert_allclose(head(points).exp().detach(), before[:, [1, 0]], atol=1e-6)


def test_discriminant_head_is_as_sklearns_discriminant_analysis():
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    features, labels = groups()
    peer = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(features, labels)
    head = discriminant_head(features, labels)
    found = head(torch.from_numpy(features).float()).detach().numpy()
    odds, expected = found[:, 1] - found[:, 0], peer.decision_function(features)
    # one factor apart (the temperature), and nearly the same direction (another shrinkage)
    assert np.corrcoef(odds, expected)[0, 1] > 0.995
    np.testing.assert_array_equal(found.argmax(axis=1), peer.predict(features))


def test_discriminant_head_is_linear_and_by_hand():
    """Two clusters of equal size on a line: log-odds grow by (m1 - m0) / variance / heat."""
    features = np.array([[-1.0], [1.0], [9.0], [11.0]])
    labels = np.array([0, 0, 1, 1])
    odds = discriminant_head(features, labels)(torch.tensor([[5.0], [6.0], [8.0]]))
    odds = (odds[:, 1] - odds[:, 0]).detach().numpy()
    assert odds[0] == pytest.approx(0, abs=1e-4)
    assert odds[2] == pytest.approx(3 * odds[1], rel=1e-4)
    found = discriminant(features, labels)
    heat = temperature(features, labels, found)
    assert odds[1] * heat == pytest.approx(10 * float(found.whitening[0, 0]) ** 2, rel=1e-3)


def test_it_is_as_sure_as_the_students_kernel():
    features, labels = groups(2)
    features[:20] += 3  # nearer to the other cluster
    points = torch.from_numpy(features).float()
    sure = [
        float(head(points).detach().exp().max(dim=1).values.mean())
        for head in (discriminant_head(features, labels), student_head(features, labels))
    ]
    assert sure[0] == pytest.approx(sure[1], abs=1e-3)


def test_what_differs_within_clusters_is_no_evidence():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 40)
    telling = labels + 0.2 * rng.normal(size=80)
    nuisance = 5 * rng.normal(size=80)
    head = discriminant_head(np.column_stack([telling, nuisance]), labels)
    points = torch.tensor([[0.5, 0.0]], requires_grad=True)
    found = head(points)
    (gradient,) = torch.autograd.grad(found[0, 1] - found[0, 0], points)
    assert abs(float(gradient[0, 1])) < 0.05 * abs(float(gradient[0, 0]))


def test_in_units_of_the_spread_within_clusters_a_direction_of_noise_does_not_blur_them():
    rng = np.random.default_rng(4)
    labels = np.arange(200) % 2
    features = rng.normal(0, [6, 1], (200, 2))
    features[:, 1] += 8 * labels
    given = torch.from_numpy(features).float()
    usual, whitened = (
        float(discriminant_head(features, labels, is_whitened=how)(given).exp().amax(dim=1).mean())
        for how in (False, True)
    )
    assert usual < 0.75 and whitened > 0.85
