"""A borrowed model is given back as it was."""

import copy

import pytest
import torch

from clam_core.localization import make_maps, make_reference
from clam_core.models import borrowed as borrow
from clam_core.models.borrowed import borrowed
from clam_core.settings import LocalizeSettings
from tests.localization.make import draw_images, small_model

GRID = (9, 8, 7)


class UnexpectedError(Exception):
    pass


def state_of(model):
    """Everything that a user of the model could notice."""
    return {
        "training": [module.training for module in model.modules()],
        "requires_grad": [p.requires_grad for p in model.parameters()],
        "grad": [None if p.grad is None else (p.grad, p.grad.clone()) for p in model.parameters()],
        "memory": [(p.data_ptr(), p.stride()) for p in model.parameters()],
        "hooks": [list(module._forward_hooks) for module in model.modules()],
        "values": copy.deepcopy(model.state_dict()),
    }


def assert_same(before, after):
    for name in ("training", "requires_grad", "memory", "hooks"):
        assert before[name] == after[name], name
    for old, new in zip(before["grad"], after["grad"], strict=True):
        assert (old is None) == (new is None)
        assert old is None or (old[0] is new[0] and torch.equal(old[1], new[1]))
    assert all(torch.equal(v, after["values"][n]) for n, v in before["values"].items())


@pytest.fixture
def used_model():
    """Half in training mode, one frozen parameter, one gradient, one hook."""
    model = small_model(GRID)
    model.train()
    model.autoencoder.decoder.eval()
    model.head.centers.requires_grad_(False)
    model.autoencoder.to_latent.weight.grad = torch.ones_like(model.autoencoder.to_latent.weight)
    model.autoencoder.encoder[0].register_forward_hook(lambda *_: None)
    return model


@pytest.mark.parametrize("many", [0, 10**9])
@pytest.mark.parametrize("fails", [False, True])
def test_everything_is_given_back(used_model, monkeypatch, many, fails):
    monkeypatch.setattr(borrow, "MANY_VOXELS", many)
    before = state_of(used_model)
    try:
        with borrowed(used_model, GRID):
            assert not any(module.training for module in used_model.modules())
            assert not any(p.requires_grad for p in used_model.parameters())
            used_model.autoencoder.encoder[1].register_forward_hook(lambda *_: None)
            used_model.autoencoder.to_latent.weight.grad = None
            if fails:
                raise UnexpectedError
    except UnexpectedError:
        pass
    assert_same(before, state_of(used_model))


@pytest.mark.parametrize("training", [False, True])
def test_large_grids_get_channels_last_kernels_meanwhile(used_model, monkeypatch, training):
    monkeypatch.setattr(borrow, "MANY_VOXELS", 0)
    kernel = used_model.autoencoder.encoder[1].weight
    with borrowed(used_model, GRID, training=training):
        assert kernel.is_contiguous(memory_format=torch.channels_last_3d)
    assert kernel.is_contiguous()


def test_what_was_learnt_meanwhile_stays(used_model, monkeypatch):
    monkeypatch.setattr(borrow, "MANY_VOXELS", 0)
    before = state_of(used_model)
    kernel = used_model.autoencoder.encoder[1].weight
    wanted = kernel.detach() + 1
    with borrowed(used_model, GRID, training=True):
        assert all(module.training for module in used_model.modules())
        assert [p.requires_grad for p in used_model.parameters()] == before["requires_grad"]
        with torch.no_grad():
            kernel.add_(1)
    after = state_of(used_model)
    assert torch.equal(kernel, wanted)
    assert after["training"] == before["training"]
    assert after["hooks"] == before["hooks"]


@pytest.mark.parametrize("variant", ["integrated", "paper", "grad_cam", "occlusion"])
def test_maps_leave_no_trace(used_model, variant):
    images = draw_images(3, GRID)
    settings = LocalizeSettings(variant=variant)
    reference = make_reference(used_model, [images], 2)
    before = state_of(used_model)
    make_maps(used_model, images, settings, reference)
    assert_same(before, state_of(used_model))
    with pytest.raises(UnexpectedError):
        used_model.head.forward = fail
        make_maps(used_model, images, settings, reference)
    del used_model.head.forward
    assert_same(before, state_of(used_model))


def fail(*_):
    raise UnexpectedError


def test_works_inside_inference_mode_and_no_grad():
    model, images = small_model(), draw_images(2, (9, 8))
    reference = make_reference(model, [images], 2)
    plain = make_maps(model, images, LocalizeSettings(), reference)
    with torch.inference_mode():
        inside = make_maps(model, images * 1, LocalizeSettings(), reference)
    with torch.no_grad():
        frozen = make_maps(model, images, LocalizeSettings(), reference)
    assert (plain.raw == inside.raw).all() and (plain.raw == frozen.raw).all()
