"""Encoding: codes of a scan do not depend on the scans beside it; the model stays as it was."""

import pytest
import torch

from clam_core.models import ClusterModel, LatentFeatures, StudentHead
from clam_core.models import borrowed as borrow
from clam_core.training import encode
from clam_core.training.encode import encode_with
from clam_core.training.memory import Parts
from tests.training.make import images, network


def clustered(model, n_clusters=3):
    rng = torch.Generator().manual_seed(0)
    centers = torch.randn(n_clusters, 6, generator=rng)
    return ClusterModel(model, LatentFeatures(), StudentHead(centers))


def test_codes_and_assignments_equal_a_plain_call():
    model, cohort = clustered(network()), images()
    with torch.no_grad():
        everything = cohort.batch(torch.arange(12))
        latent = model.autoencoder.encode(everything)
        assignment = model(everything)
    found = encode(model, cohort, batch_size=5)
    torch.testing.assert_close(found.latent, latent)
    torch.testing.assert_close(found.soft_assignment, assignment)
    torch.testing.assert_close(found.soft_assignment.sum(dim=1), torch.ones(12))
    assert encode(model.autoencoder, cohort).soft_assignment is None


@pytest.mark.parametrize("batch_size", [1, 2, 12, 50])
@pytest.mark.parametrize("memory_bytes", [0, 1 << 30])
def test_the_batch_and_where_it_comes_from_change_nothing(batch_size, memory_bytes):
    model, cohort = clustered(network()), images(memory_bytes=memory_bytes)
    expected = encode(model, images(), batch_size=7)
    found = encode(model, cohort, batch_size=batch_size)
    torch.testing.assert_close(found.latent, expected.latent, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(found.soft_assignment, expected.soft_assignment)


def test_channels_last_gives_the_same_codes(monkeypatch):
    model, cohort = network(), images()
    expected = encode(model, cohort).latent
    monkeypatch.setattr(borrow, "MANY_VOXELS", 0)
    torch.testing.assert_close(encode(model, cohort).latent, expected, rtol=1e-4, atol=1e-6)


def test_channels_last_is_for_large_volumes_on_a_processor():
    processor, gpu = torch.device("cpu"), torch.device("cuda")
    assert borrow.prefers_channels_last((88, 88, 88), processor)
    assert not borrow.prefers_channels_last((48, 48, 48), processor)
    assert not borrow.prefers_channels_last((512, 512), processor)
    assert not borrow.prefers_channels_last((88, 88, 88), gpu)


def test_no_gradients_are_made_and_modes_are_given_back():
    model, cohort = clustered(network()), images()
    model.train()
    model.head.eval()
    modes = [module.training for module in model.modules()]
    seen = []

    def look(batch):
        seen.append((torch.is_grad_enabled(), any(m.training for m in model.modules())))
        return [batch.flatten(1).sum(dim=1)]

    encode_with(look, model, cohort, Parts(16, []))
    assert seen == [(False, False)]
    assert [module.training for module in model.modules()] == modes

    def fail(batch):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        encode_with(fail, model, cohort, Parts(16, []))
    assert [module.training for module in model.modules()] == modes
    assert torch.is_grad_enabled()
