"""The weight-randomisation check."""

import copy

import numpy as np
import pytest
import torch
from scipy import stats

from clam_core.errors import AlignmentError
from clam_core.localization import (
    check_randomization,
    compare_maps,
    make_maps,
    make_reference,
    randomize_encoder,
)
from clam_core.models import ClusterModel, LatentFeatures, StudentHead
from clam_core.models.autoencoder import seeded_autoencoder
from clam_core.settings import LocalizeSettings, NetworkSettings
from tests.localization.make import draw_images, small_model


def test_correlations_equal_scipy():
    rng = np.random.default_rng(0)
    first = rng.normal(size=(4, 5)).round(1)
    second = first**3 + rng.normal(size=(4, 5)).round(1)
    found = compare_maps(first, second)
    assert found.spearman == pytest.approx(stats.spearmanr(first.ravel(), second.ravel())[0])
    assert found.pearson == pytest.approx(stats.pearsonr(first.ravel(), second.ravel())[0])
    assert compare_maps(first, -first).pearson == pytest.approx(-1)
    assert np.isnan(compare_maps(first, np.ones((4, 5))).spearman)
    with pytest.raises(AlignmentError, match="do not fit"):
        compare_maps(first, second[:2])


def test_encoder_is_redrawn_and_the_head_is_kept():
    model = small_model()
    before = copy.deepcopy(model.state_dict())
    state = torch.random.get_rng_state()
    one, same, other = (randomize_encoder(model, seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in before.items())
    for name, value in before.items():
        redrawn = name.startswith("autoencoder.encoder") or "to_latent" in name
        assert torch.equal(one[name], same[name])
        assert torch.equal(one[name], value) != redrawn, name
        assert torch.equal(one[name], other[name]) != redrawn, name


@pytest.mark.parametrize("variant", ["integrated", "paper"])
def test_equals_doing_it_by_hand(variant):
    model, images = small_model(), draw_images(3, (9, 8))
    settings = LocalizeSettings(variant=variant, seed=3)
    maps = make_maps(model, images, settings, make_reference(model, [images], 2))
    found = check_randomization(model, images, maps, settings, [images])
    drawn = randomize_encoder(model, 3)
    reference = make_reference(drawn, [images], 2)
    for row, one in enumerate(found):
        fixed = LocalizeSettings(variant=variant, target=int(maps.cluster[row]) + 1)
        again = make_maps(drawn, images[[row]], fixed, reference)
        shown = [np.maximum(m, 0).ravel() for m in (maps.raw[row], again.raw[0])]
        if shown[0].any() and shown[1].any():
            assert one.pearson == pytest.approx(np.corrcoef(*shown)[0, 1], abs=1e-6)
        else:
            assert np.isnan(one.pearson)


def test_a_map_without_a_model_is_caught():
    model, images = small_model(), draw_images(3, (9, 8))
    settings = LocalizeSettings(variant="difference")
    maps = make_maps(model, images, settings, make_reference(model, [images], 2))
    found = check_randomization(model, images, maps, settings, [images])
    assert [one.spearman for one in found] == pytest.approx([1, 1, 1])


def test_random_weights_are_not_those_that_training_starts_from():
    settings = NetworkSettings(channels=(2, 3), n_latent=4)
    fresh = seeded_autoencoder((9, 8), settings, 5)
    model = ClusterModel(fresh, LatentFeatures(), StudentHead(torch.zeros(2, 4)))
    drawn = randomize_encoder(model, 5)
    for before, after in zip(fresh.encoder, drawn.autoencoder.encoder, strict=True):
        assert not torch.allclose(before.weight, after.weight, atol=0.05)
