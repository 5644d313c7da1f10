"""Soft assignment, target distribution and log-odds against hand cases and plain loops."""

import math

import numpy as np
import pytest
import torch

from clam_core.errors import AlignmentError
from clam_core.models.assignment import (
    log_odds,
    log_soft_assign,
    soft_assign,
    target_distribution,
)


def plain_soft_assign(latent, centers, dof, scale):
    """Equation 1 of Xie et al. (2016), as printed, one number at a time."""
    found = np.zeros((len(latent), len(centers)))
    for i, z in enumerate(latent):
        for j, mu in enumerate(centers):
            squared = sum((a - b) ** 2 for a, b in zip(z, mu, strict=True)) / scale
            found[i, j] = (1 + squared / dof) ** (-(dof + 1) / 2)
        found[i] /= found[i].sum()
    return found


def plain_target(q):
    """Equation 3 of Xie et al. (2016), as printed."""
    n_scans, n_clusters = q.shape
    found = np.zeros_like(q)
    for i in range(n_scans):
        terms = [q[i, j] ** 2 / sum(q[s, j] for s in range(n_scans)) for j in range(n_clusters)]
        for j in range(n_clusters):
            found[i, j] = terms[j] / sum(terms)
    return found


@pytest.mark.parametrize(("dof", "scale"), [(1.0, 1.0), (3.0, 1.0), (1.0, 7.5), (0.5, 0.2)])
def test_soft_assign_follows_the_printed_formula(dof, scale):
    rng = np.random.default_rng(0)
    latent, centers = rng.normal(size=(9, 4)), 2 * rng.normal(size=(3, 4))
    found = soft_assign(torch.tensor(latent), torch.tensor(centers), dof, scale)
    expected = plain_soft_assign(latent, centers, dof, scale)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


def test_soft_assign_by_hand():
    latent = torch.tensor([[0.0, 0.0]], dtype=torch.float64)
    centers = torch.tensor([[0.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    # kernels 1 and 1 / (1 + 1)
    assert soft_assign(latent, centers).tolist() == [pytest.approx([2 / 3, 1 / 3])]
    # dof 3: 1 and (1 + 1/3) ** -2 = 9/16
    assert soft_assign(latent, centers, dof=3).tolist() == [pytest.approx([16 / 25, 9 / 25])]
    # a distance of 2 in units of 2 is a distance of 1
    scaled = soft_assign(latent, 2 * centers, scale=4.0)
    assert scaled.tolist() == [pytest.approx([2 / 3, 1 / 3])]


def test_far_codes_keep_an_exact_logarithm():
    latent = torch.tensor([[0.0]])
    centers = torch.tensor([[0.0], [1e18]])
    # dof 3: (1 + 1e36 / 3) ** -2 is too small for a float32
    expected = -2 * (36 * math.log(10) - math.log(3))
    assert log_soft_assign(latent, centers, dof=3)[0, 1].item() == pytest.approx(expected)
    assert soft_assign(latent, centers, dof=3)[0, 1].item() == 0


def test_soft_assign_ignores_a_common_shift_and_follows_a_permutation():
    rng = torch.Generator().manual_seed(1)
    latent = torch.randn(6, 3, generator=rng, dtype=torch.float64)
    centers = torch.randn(4, 3, generator=rng, dtype=torch.float64)
    found = soft_assign(latent, centers)
    torch.testing.assert_close(soft_assign(latent + 5, centers + 5), found)
    order = [2, 0, 3, 1]
    torch.testing.assert_close(soft_assign(latent, centers[order]), found[:, order])


def test_codes_and_centers_that_do_not_fit_are_refused_with_both_shapes():
    with pytest.raises(AlignmentError, match=r"\(5, 3\) do not fit centers of shape \(2, 4\)"):
        soft_assign(torch.zeros(5, 3), torch.zeros(2, 4))


def test_target_by_hand():
    q = torch.tensor([[0.8, 0.2], [0.4, 0.6]], dtype=torch.float64)
    # frequencies 1.2 and 0.8; first row 0.64/1.2 : 0.04/0.8 = 32 : 3
    # second row 0.16/1.2 : 0.36/0.8 = 8 : 27
    expected = torch.tensor([[32 / 35, 3 / 35], [8 / 35, 27 / 35]], dtype=torch.float64)
    torch.testing.assert_close(target_distribution(q), expected)


def test_target_follows_the_printed_formula():
    q = np.random.default_rng(2).dirichlet(np.ones(4), size=11)
    found = target_distribution(torch.tensor(q)).numpy()
    np.testing.assert_allclose(found, plain_target(q), rtol=1e-12)


def test_an_empty_cluster_gets_no_target():
    found = target_distribution(torch.tensor([[0.7, 0.3, 0.0], [0.1, 0.9, 0.0]]))
    assert found[:, 2].tolist() == [0.0, 0.0]
    torch.testing.assert_close(found.sum(dim=1), torch.ones(2))


def test_log_odds_by_hand():
    logs = torch.tensor([[0.5, 0.3, 0.2]] * 3, dtype=torch.float64).log()
    found = log_odds(logs, torch.tensor([0, 1, 2]))
    assert found.tolist() == pytest.approx([0.0, math.log(3 / 7), math.log(2 / 8)])
    pair = log_odds(logs, torch.tensor([0, 1, 2]), torch.tensor([1, 2, 0]))
    assert pair.tolist() == pytest.approx([math.log(5 / 3), math.log(3 / 2), math.log(2 / 5)])


def test_log_odds_of_one_cluster_are_refused():
    with pytest.raises(AlignmentError, match="at least two clusters"):
        log_odds(torch.zeros(3, 1), torch.zeros(3, dtype=torch.int64))
