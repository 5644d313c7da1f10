"""Heads against scikit-learn and hand cases."""

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture

from clam_core.errors import AlignmentError
from clam_core.models.heads import MixtureHead, StudentHead


@pytest.fixture(scope="module")
def mixture():
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(m, s, (60, 3)) for m, s in ((0, 1.0), (2, 0.5), (-3, 2.0))])
    return GaussianMixture(3, covariance_type="diag", random_state=0).fit(points), points


def head_of(found):
    values = (found.means_, found.covariances_, found.weights_)
    return MixtureHead(*(torch.tensor(value) for value in values))


def test_mixture_head_equals_scikit_learn(mixture):
    found, points = mixture
    ours = head_of(found)(torch.tensor(points)).exp().numpy()
    np.testing.assert_allclose(ours, found.predict_proba(points), rtol=1e-9, atol=1e-15)


def test_mixture_head_by_hand():
    head = MixtureHead(
        torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [4.0]]), torch.tensor([0.5, 0.5])
    )
    # densities at 0: 1 and exp(-4 / 8) / 2
    other = np.exp(-0.5) / 2
    expected = [1 / (1 + other), other / (1 + other)]
    assert head(torch.zeros(1, 1)).exp()[0].tolist() == pytest.approx(expected)


def test_student_head_by_hand():
    head = StudentHead(torch.tensor([[0.0, 0.0], [3.0, 0.0]]), scale=9.0)
    # squared distances 0 and 9, in units of 9
    assert head(torch.zeros(1, 2)).exp()[0].tolist() == pytest.approx([2 / 3, 1 / 3])


def test_only_the_centers_of_the_student_head_are_trained():
    head = StudentHead(torch.randn(2, 3, generator=torch.Generator().manual_seed(0)), scale=2.0)
    assert [name for name, _ in head.named_parameters()] == ["centers"]
    assert set(head.state_dict()) == {"centers", "scale"}


def test_a_reordered_head_gives_the_same_columns_in_another_order(mixture):
    found, points = mixture
    head, points = head_of(found), torch.tensor(points)
    before = head(points)
    head.reorder([2, 0, 1])
    torch.testing.assert_close(head(points), before[:, [2, 0, 1]])


def test_mixture_parts_that_do_not_fit_are_refused():
    with pytest.raises(AlignmentError, match="do not fit together"):
        MixtureHead(torch.zeros(2, 3), torch.ones(2, 2), torch.ones(2) / 2)
    with pytest.raises(AlignmentError, match="positive"):
        MixtureHead(torch.zeros(2, 3), torch.zeros(2, 3), torch.ones(2) / 2)
