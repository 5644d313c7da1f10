"""The discriminant and its head against scipy's densities and a covariance written out."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax
from scipy.stats import multivariate_normal
from sklearn.covariance import ledoit_wolf

from clam_core.fitting.discriminant import SMALLEST_VARIANCE, discriminant, temperature
from clam_core.fitting.heads import discriminant_head, gaussian_head

SIZES = (30, 12, 20)
LABELS = np.repeat([0, 1, 2], SIZES)
MIXING = np.array([[2.0, 0.0, 0.0, 0.0], [1.5, 0.4, 0.0, 0.0], [-0.7, 0.9, 1.1, 0.0],
                   [0.2, -1.3, 0.5, 0.3]])  # fmt: skip


def correlated(seed=0):
    """Three clusters of unequal size whose features go together within them."""
    rng = np.random.default_rng(seed)
    centers = np.array([[0.0, 0, 0, 0], [3, 1, -2, 0.5], [-1, 4, 1, 2]])
    return centers[LABELS] + rng.normal(size=(len(LABELS), 4)) @ MIXING.T


def plain_ledoit_wolf(values):
    """Equations of Ledoit & Wolf (2004), section 3, for values whose mean is zero."""
    n, p = values.shape
    sample = values.T @ values / n
    scale = np.trace(sample) / p
    distance = ((sample - scale * np.eye(p)) ** 2).sum() / p
    noise = sum(((np.outer(row, row) - sample) ** 2).sum() / p for row in values) / n**2
    share = min(noise, distance) / distance
    return share * scale * np.eye(p) + (1 - share) * sample


def within_covariance(features):
    centered = np.vstack([
        features[one == LABELS] - features[one == LABELS].mean(axis=0) for one in range(3)
    ])  # fmt: skip
    floor = SMALLEST_VARIANCE * features.var(axis=0).mean()
    return plain_ledoit_wolf(centered) + floor * np.eye(features.shape[1])


def test_the_whitening_is_that_of_the_spread_within_clusters():
    features = correlated()
    found = discriminant(features, LABELS)
    inverse = found.whitening @ found.whitening.T
    np.testing.assert_allclose(np.linalg.inv(inverse), within_covariance(features), rtol=1e-6)
    total = np.cov(features.T)
    assert np.abs(total - within_covariance(features)).max() > 1
    np.testing.assert_allclose(np.exp(found.log_weights), np.array(SIZES) / 62)


def joint_by_scipy(features, points):
    covariance = within_covariance(features)
    parts = [
        np.log(size / len(LABELS))
        + multivariate_normal(features[one == LABELS].mean(axis=0), covariance).logpdf(points)
        for one, size in enumerate(SIZES)
    ]
    return np.stack(parts, axis=1)


def test_log_odds_are_those_of_scipys_densities():
    features = correlated()
    points = np.random.default_rng(1).normal(1, 3, (9, 4))
    found = discriminant(features, LABELS).log_joint(points)
    expected = joint_by_scipy(features, points)
    np.testing.assert_allclose(found - found[:, :1], expected - expected[:, :1], rtol=1e-6)


def test_the_head_divides_them_by_the_temperature_and_by_nothing_else():
    features = correlated()
    points = np.random.default_rng(1).normal(1, 3, (9, 4))
    heat = temperature(features, LABELS, discriminant(features, LABELS))
    expected = log_softmax(joint_by_scipy(features, points) / heat, axis=1)
    found = discriminant_head(features, LABELS)(torch.from_numpy(points).float())
    np.testing.assert_allclose(found.detach(), expected, rtol=1e-3, atol=1e-4)


def test_a_nuisance_that_lies_askew_is_no_evidence():
    """Along the diagonal scans differ within clusters; across it the clusters differ."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 40)
    telling, nuisance = labels + 0.2 * rng.normal(size=80), 5 * rng.normal(size=80)
    along, across = np.array([0.8, 0.6]), np.array([-0.6, 0.8])
    head = discriminant_head(np.outer(telling, across) + np.outer(nuisance, along), labels)
    points = torch.tensor(0.5 * across[None], dtype=torch.float32, requires_grad=True)
    found = head(points)
    (gradient,) = torch.autograd.grad(found[0, 1] - found[0, 0], points)
    gradient = gradient[0].double().numpy()
    assert abs(gradient @ along) < 0.05 * abs(gradient @ across)


def test_gaussian_head_equals_scipys_densities_with_a_covariance_each():
    features = correlated(2)
    features[LABELS == 2, 0] *= 3
    floor = SMALLEST_VARIANCE * features.var(axis=0).mean() * np.eye(4)
    points = np.random.default_rng(1).normal(1, 3, (9, 4))
    joint = []
    for one, size in enumerate(SIZES):
        own = features[one == LABELS]
        spread = multivariate_normal(own.mean(axis=0), ledoit_wolf(own)[0] + floor)
        joint.append(np.log(size / len(LABELS)) + spread.logpdf(points))
    found = gaussian_head(features, LABELS)(torch.from_numpy(points).float())
    expected = log_softmax(np.stack(joint, axis=1), axis=1)
    np.testing.assert_allclose(found.detach(), expected, rtol=1e-3, atol=1e-3)


def test_the_temperature_solves_what_it_should():
    """Mean of the largest probability, with the Student-t kernel written out."""
    features = correlated()
    found = discriminant(features, LABELS)
    heat = temperature(features, LABELS, found)
    centers = np.array([features[one == LABELS].mean(axis=0) for one in range(3)])
    squared = ((features[:, None] - centers) ** 2).sum(axis=2)
    within = squared[np.arange(len(LABELS)), LABELS].mean()
    kernel = 1 / (1 + squared / within)
    goal = (kernel / kernel.sum(axis=1, keepdims=True)).max(axis=1).mean()
    sure = np.exp(log_softmax(joint_by_scipy(features, features) / heat, axis=1)).max(axis=1)
    assert sure.mean() == pytest.approx(goal, abs=1e-6)
