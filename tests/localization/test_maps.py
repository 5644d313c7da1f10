"""The front: choice of cluster and layer, metamorphic relations, scaling, refusals."""

import numpy as np
import pytest
import torch

from clam_core.errors import AlignmentError, ClamError, SettingsError
from clam_core.localization import VARIANTS, make_maps, make_reference, map_layer, scale_maps
from clam_core.models import Autoencoder, ClusterModel, LatentFeatures
from clam_core.settings import LocalizeSettings, NetworkSettings
from tests.localization.make import draw_images, roaming_model, small_model

EVERY = sorted(VARIANTS)


def maps_of(model, images, reference_images=None, **settings):
    made = LocalizeSettings(**{"occlusion_voxels": 4, **settings})
    cohort = images if reference_images is None else reference_images
    reference = make_reference(model, [cohort], map_layer(model, made))
    return make_maps(model, images, made, reference)


@pytest.mark.parametrize("variant", EVERY)
def test_permuting_scans_permutes_maps_and_neighbors_do_not_matter(variant):
    model, images = small_model(), draw_images(6, (9, 8))
    every = maps_of(model, images, variant=variant)
    order = [3, 0, 5, 1, 4, 2]
    moved = maps_of(model, images[order], variant=variant)
    assert np.array_equal(moved.raw, every.raw[order])
    assert np.array_equal(moved.cluster, every.cluster[order])
    for row in (0, 4):
        alone = maps_of(model, images[row : row + 1], images, variant=variant)
        assert np.array_equal(alone.raw[0], every.raw[row])


@pytest.mark.parametrize("variant", EVERY)
def test_shifting_a_lesion_shifts_its_map(variant):
    model = roaming_model()
    images = torch.zeros(2, 1, 64, 64, dtype=torch.float64)
    lesion = draw_images(1, (6, 6), seed=8)[0, 0].abs() * 3
    images[0, 0, 25:31, 34:40] = lesion
    images[1, 0, 33:39, 26:32] = lesion
    empty = torch.zeros(1, 1, 64, 64, dtype=torch.float64)
    found = maps_of(model, images, empty, variant=variant, target=2, occlusion_voxels=8).raw
    shifted = np.roll(found[0], (8, -8), axis=(0, 1))
    assert np.abs(found).max() > 1e-4
    np.testing.assert_allclose(found[1], shifted, atol=1e-6 * np.abs(found).max())
    if variant in {"integrated", "occlusion", "difference"}:
        rest = found[0].copy()
        rest[8:48, 16:56] = 0
        assert not rest.any(), "nothing far from the lesion"


@pytest.mark.parametrize("variant", ["integrated", "paper", "contrast", "grad_cam", "occlusion"])
@pytest.mark.parametrize("layer", [1, 2])
def test_adding_a_channel_that_never_fires_changes_nothing(variant, layer):
    model, images = small_model((8, 8)), draw_images(3, (8, 8))
    wider = with_dead_channel(model, layer)
    assert torch.allclose(wider(images), model(images))
    one, other = (maps_of(m, images, variant=variant, layer=layer) for m in (model, wider))
    np.testing.assert_allclose(one.raw, other.raw, atol=1e-6)


def test_constant_channel_changes_nothing_in_the_default_map():
    model, images = small_model((8, 8)), draw_images(3, (8, 8))
    wider = with_dead_channel(model, 2, constant=3.0)
    one, other = (maps_of(m, images) for m in (model, wider))
    np.testing.assert_allclose(one.raw, other.raw, atol=1e-6)


def with_dead_channel(model, layer, constant=0.0):
    """The same function with one more channel, which nothing comes from."""
    old = model.autoencoder
    channels = list(old.settings.channels)
    channels[layer - 1] += 1
    settings = NetworkSettings(channels=tuple(channels), n_latent=4)
    new = Autoencoder(old.grid, settings).double()
    with torch.no_grad():
        for before, after in zip(old.encoder, new.encoder, strict=True):
            after.weight.zero_()
            after.bias.fill_(constant if len(after.bias) > len(before.bias) else 0)
            after.weight[: before.weight.shape[0], : before.weight.shape[1]] = before.weight
            after.bias[: len(before.bias)] = before.bias
        new.to_latent.weight.zero_()
        new.to_latent.weight[:, : old.to_latent.weight.shape[1]] = old.to_latent.weight
        new.to_latent.bias.copy_(old.to_latent.bias)
    return ClusterModel(new, LatentFeatures(), model.head)


@pytest.mark.parametrize("variant", ["integrated", "paper"])
def test_own_cluster_is_the_most_probable_one(variant):
    model, images = small_model(), draw_images(8, (9, 8))
    own = maps_of(model, images, variant=variant)
    best = model(images).argmax(dim=1).numpy()
    assert np.array_equal(own.cluster, best) and (own.other == -1).all()
    assert len(set(best)) > 1
    for row, cluster in enumerate(best):
        asked = maps_of(model, images[[row]], images, variant=variant, target=int(cluster) + 1)
        assert np.array_equal(asked.raw[0], own.raw[row])
        another = maps_of(
            model, images[[row]], images, variant=variant, target=(cluster + 1) % 3 + 1
        )
        assert not np.array_equal(another.raw[0], own.raw[row])


def test_stored_clusters_say_what_own_is():
    model, images = small_model(), draw_images(3, (9, 8))
    reference = make_reference(model, [images], 2)
    given = make_maps(model, images, LocalizeSettings(), reference, np.array([2, 0, 1]))
    assert given.cluster.tolist() == [2, 0, 1]
    second = make_maps(model, images, LocalizeSettings(target=1), reference)
    assert np.array_equal(given.raw[1], second.raw[1])


def test_layers():
    model = small_model((16, 16), channels=(2, 3, 4))
    images = draw_images(2, (16, 16))
    found = {layer: maps_of(model, images, layer=layer) for layer in (None, 1, 2, 3)}
    assert [found[layer].layer for layer in found] == [2, 1, 2, 3]
    assert [found[layer].nodes.shape[1:] for layer in (1, 2, 3)] == [(8, 8), (4, 4), (2, 2)]
    assert np.array_equal(found[None].raw, found[2].raw)
    assert maps_of(model, images, variant="paper").layer == 3
    one_layer = small_model((8, 8), channels=(2,))
    assert map_layer(one_layer, LocalizeSettings()) == 1


def test_scaling_per_scan_and_by_a_common_peak():
    raw = np.array([[[-1.0, 0], [1, 3]], [[2, 4], [4, 6]], [[5, 5], [5, 5]]], dtype=np.float32)
    scaled = scale_maps(raw)
    expected = [[[0, 0], [1 / 3, 1]], [[0, 0.5], [0.5, 1]], [[0, 0], [0, 0]]]
    np.testing.assert_allclose(scaled, expected, atol=1e-7)
    np.testing.assert_allclose(scale_maps(raw, peak=4)[1], [[0.5, 1], [1, 1]])
    assert not scale_maps(raw, peak=0).any()
    assert scaled.dtype == np.float32


def test_raw_is_float32_and_an_empty_batch_is_no_error():
    model = small_model()
    assert maps_of(model, draw_images(1, (9, 8))).raw.dtype == np.float32
    found = make_maps(model, draw_images(0, (9, 8)), LocalizeSettings(variant="paper"))
    assert len(found) == 0 and found.raw.shape == (0, 9, 8)


def test_refusals():
    model, images = small_model(), draw_images(2, (9, 8))
    reference = make_reference(model, [images], 2)
    with pytest.raises(SettingsError, match="cluster 4, but the model has clusters 1 to 3"):
        make_maps(model, images, LocalizeSettings(target=(1, 4)), reference)
    with pytest.raises(SettingsError, match="layers 1 to 2; there is no layer 3"):
        make_maps(model, images, LocalizeSettings(layer=3), reference)
    with pytest.raises(AlignmentError, match="reference is for layer 2 .* maps for layer 1"):
        make_maps(model, images, LocalizeSettings(layer=1), reference)
    with pytest.raises(AlignmentError, match="2 scans do not fit clusters of shape"):
        make_maps(model, images, LocalizeSettings(), reference, np.array([0]))
    images[1, 0, 3, 3] = torch.nan
    with pytest.raises(ClamError, match="Scan 2 of 2 holds values that are not finite"):
        make_maps(model, images, LocalizeSettings(), reference)
    with pytest.raises(SettingsError, match="only one cluster"):
        make_maps(small_model(n_clusters=1), images[:1], LocalizeSettings(), reference)


@pytest.mark.parametrize("target", ["other", 0, (1, 1), (2, 0)])
def test_targets_that_make_no_sense(target):
    with pytest.raises(SettingsError, match="'own', the number of a cluster"):
        LocalizeSettings(target=target)
