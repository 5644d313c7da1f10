"""Density and texture of zones: shares by hand, groups that they find, maps that obey."""

import numpy as np
import pytest
import torch
from scipy.ndimage import binary_erosion

from clam_core.fitting import fit_model, preset_settings
from clam_core.fitting.fit_zonal_features import make_zonal
from clam_core.models import describe_model, model_tensors, rebuild_model
from clam_core.models.autoencoder import seeded_autoencoder
from clam_core.models.zonal_features import (
    band_means,
    core_of,
    near_knots,
    nodes_of,
    responses,
    zone_weights,
)
from clam_core.pipeline.method.explain import ExplainedCohort
from clam_core.settings import LocalizeSettings
from clam_core.settings.views import for_its_view
from clam_core.training import CohortImages, ScanSource, fit_input_scale

GRID = (16, 12, 18)


def cohort(change, n_scans=40, seed=0):
    """Boxes of lung at -850 HU; `change` alters the odd scans in place."""
    rng = np.random.default_rng(seed)
    volumes = rng.normal(-850, 30, (n_scans, *GRID))
    volumes += rng.normal(0, 15, (n_scans, 1, 1, 1))
    masks = np.zeros((n_scans, *GRID), bool)
    masks[:, 2:14, 2:10, :] = True
    for row in range(n_scans):
        masks[row, :, :, : rng.integers(0, 3)] = False
        change(volumes[row], row % 2 == 1, rng)
    volumes[~masks] = 40
    volumes = volumes.astype(np.int16)
    return ScanSource(lambda row: (volumes[row], masks[row]), n_scans, GRID)


def denser_below(volume, is_ill, rng):
    """Every scan has a dense block above; ill ones are denser below, in scattered voxels."""
    volume[4:8, 4:8, 13:16] += 250
    if is_ill:
        low = volume[:, :, :6]
        low[rng.uniform(size=low.shape) < 0.5] += 250


def rougher(volume, is_ill, rng):
    """Same values in all scans, side by side in the ill ones."""
    wave = 60 * np.sign(np.sin(np.arange(GRID[0]) * (np.pi if is_ill else np.pi / 4) + 0.1))
    volume += wave[:, None, None]


def settings(view):
    return preset_settings("fast", 2, view)


@pytest.fixture(scope="module")
def dense():
    source = cohort(denser_below)
    return source, fit_model(source, settings("density"))


def agreement(fitted):
    clusters = fitted.soft_assignment.argmax(axis=1)
    same = np.mean(clusters == np.arange(len(clusters)) % 2)
    return max(same, 1 - same)


def test_density_finds_denser_lower_zones(dense):
    _, fitted = dense
    assert fitted.method == "density"
    assert agreement(fitted) == 1


def test_texture_finds_roughness_of_equal_values():
    assert agreement(fit_model(cohort(rougher), settings("texture"))) == 1


def test_the_map_lies_on_what_differs_and_not_on_what_all_scans_have(dense):
    source, fitted = dense
    clusters = fitted.soft_assignment.argmax(axis=1)
    explained = ExplainedCohort(fitted.model, CohortImages(source, fitted.scale), clusters)
    shares = []
    for row in (1, 3, 5, 7):
        made = explained.explain(row, LocalizeSettings())
        assert made.line["completeness"] < 0.01
        found = np.maximum(made.signed, 0)
        ill, everywhere = found[2:14, 2:10, 2:6].mean(), found[4:8, 4:8, 13:16].mean()
        shares.append(ill / (ill + everywhere))
    assert np.mean(shares) > 0.9


def test_a_stored_model_says_the_same(dense):
    source, fitted = dense
    again = rebuild_model(describe_model(fitted.model), model_tensors(fitted.model))
    images = CohortImages(source, fitted.scale).batch(torch.arange(source.n_scans))
    with torch.no_grad():
        np.testing.assert_allclose(again(images).numpy(), fitted.soft_assignment, atol=1e-6)


def test_shares_are_those_of_a_histogram():
    """Mean value of each zone from its shares, against the voxels themselves."""
    n_scans, n_compared = 12, 0
    source = cohort(denser_below, n_scans=n_scans)
    asked = for_its_view(settings("density"))
    scale = fit_input_scale(source, asked.scale)
    images = CohortImages(source, scale)
    network = seeded_autoencoder(GRID, asked.network, 0)
    features, _ = make_zonal("density", network, images, asked)
    shares = features.shares(features.look(images.batch(torch.arange(n_scans)), network))
    knots = features.knots[0].double().numpy() * scale.sd + scale.mean
    for row in range(n_scans):
        volume, mask = source.read(row)
        mask = binary_erosion(mask)
        heights = np.flatnonzero(mask.any(axis=(0, 1)))[1:-1]
        zones = np.array_split(heights, 3) if len(heights) % 3 == 0 else None
        found = shares[row].reshape(3, -1).double().numpy()
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-4)
        if zones is None:
            continue
        n_compared += 1
        for zone, planes in enumerate(zones):
            inside = volume[:, :, planes][mask[:, :, planes]].astype(float)
            expected = np.clip(inside, knots[0], knots[-1]).mean()
            assert found[zone] @ knots == pytest.approx(expected, abs=0.5)
    assert n_compared


def test_values_lie_between_their_knots():
    below, share = near_knots(
        torch.tensor([-5.0, 0.0, 1.5, 2.0, 9.0]), torch.tensor([0.0, 1, 2, 4])
    )
    np.testing.assert_array_equal(below, [0, 0, 1, 2, 2])
    np.testing.assert_allclose(share, [0, 0, 0.5, 0, 1])


def test_thirds_of_the_height_of_each_mask():
    inside = torch.zeros(2, 2, 8, dtype=torch.bool)
    inside[0, :, 1:7] = True
    inside[1, 0, 5:8] = True
    weights = zone_weights(inside, 3)
    np.testing.assert_allclose(weights[0, 0], [0, 0.25, 0.25, 0, 0, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(weights[0, 2], [0, 0, 0, 0, 0, 0.25, 0.25, 0], atol=1e-6)
    np.testing.assert_allclose(weights[1, :, 5:8], np.eye(3), atol=1e-6)


def test_a_plane_on_a_border_belongs_to_both_zones():
    inside = torch.zeros(1, 1, 6, dtype=torch.bool)
    inside[0, 0, 1:6] = True
    weights = zone_weights(inside, 3)
    by_hand = np.array([[0, 3, 2, 0, 0, 0], [0, 0, 1, 3, 1, 0], [0, 0, 0, 0, 2, 3]]) / 5
    np.testing.assert_allclose(weights[0], by_hand, atol=1e-6)
    whole = zone_weights(inside, 3, steady=False)
    by_middle = [[0, 0.5, 0.5, 0, 0, 0], [0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 0.5, 0.5]]
    np.testing.assert_allclose(whole[0], by_middle, atol=1e-6)


def test_end_planes_of_tall_masks_belong_to_no_zone():
    inside = torch.zeros(2, 1, 12, dtype=torch.bool)
    inside[0, 0, 1:11] = True
    inside[1, 0, 1:10] = True
    weights = zone_weights(inside, 3)
    assert (weights[0, :, [1, 10]] == 0).all() and (weights[0].sum(dim=0)[2:10] > 0).all()
    assert (weights[1].sum(dim=0)[1:10] > 0).all()
    np.testing.assert_allclose(weights.sum(dim=2), 1, atol=1e-6)


def test_the_core_has_neighbours_on_all_sides():
    inside = torch.ones(2, 4, 5, 3, dtype=torch.bool)
    inside[1, 1, 2, 1] = False
    by_hand = torch.zeros(2, 4, 5, 3, dtype=torch.bool)
    by_hand[:, 1:3, 1:4, 1] = True
    by_hand[1, 1, 1:4, 1] = by_hand[1, 2, 2, 1] = False
    np.testing.assert_array_equal(core_of(inside), by_hand)
    assert inside[0].all(), "the mask itself was changed"


def test_the_surface_of_masks_does_not_count_for_density():
    """How many voxels are partly chest wall depends on how the grid falls."""

    def denser_at_the_surface(volume, is_ill, rng):
        volume[2:14, [2, 9], :] += 150 * is_ill

    fitted = fit_model(cohort(denser_at_the_surface), settings("density"))
    assert fitted.model.features.how.is_core
    assert agreement(fitted) < 0.8


def test_thin_masks_are_looked_at_as_they_are():
    rng = np.random.default_rng(0)
    volumes = rng.normal(-850, 30, (24, *GRID)).astype(np.int16)
    masks = np.zeros((24, *GRID), bool)
    masks[:, 2:14, 4:7, :] = True
    volumes[::2] += 60 * masks[::2]
    source = ScanSource(lambda row: (volumes[row], masks[row]), 24, GRID)
    assert not fit_model(source, settings("density")).model.features.how.is_core


def test_voxels_belong_to_the_node_of_their_block():
    node = nodes_of((3, 4), (2, 2), 2, torch.device("cpu"))
    np.testing.assert_array_equal(node, [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3]])


def test_differences_are_those_of_neighbours_inside():
    image = torch.tensor([[1.0, 4.0], [2.0, 100.0]]).reshape(1, 1, 2, 2)
    inside = torch.tensor([[True, True], [True, False]]).reshape(1, 1, 2, 2)
    near = responses(image, inside, "texture")[0, 0]
    np.testing.assert_allclose(near, [[2.0, 3.0], [1.0, 0.0]])


def test_means_of_bands_by_hand():
    knots = torch.tensor([[0.0, 10, 20, 30]])
    shares = torch.tensor([[[0.25, 0.25, 0.25, 0.25]]])
    found = band_means(shares, knots, (0, 0.25, 0.75, 1))
    np.testing.assert_allclose(found[0, 0], [0, 15, 30], atol=1e-4)
    halved = band_means(0.5 * shares, knots, (0, 0.1, 0.5, 1))
    np.testing.assert_allclose(halved[0, 0], [0, 6.25, 25], atol=1e-4)


def test_a_zone_without_voxels_has_no_means_but_no_error_either():
    knots = torch.tensor([[0.0, 10, 20]])
    shares = torch.zeros(1, 1, 3, requires_grad=True)
    found = band_means(shares, knots, (0, 0.5, 1))
    found.sum().backward()
    assert torch.isfinite(found).all() and torch.isfinite(shares.grad).all()


def test_density_is_read_as_means_of_bands_of_zones():
    """Features give back the sorted voxels' own means, to a part of a knot's distance."""
    source = cohort(denser_below, n_scans=12)
    asked = for_its_view(settings("density"))
    scale = fit_input_scale(source, asked.scale)
    images = CohortImages(source, scale)
    network = seeded_autoencoder(GRID, asked.network, 0)
    features, _ = make_zonal("density", network, images, asked)
    shares = features.shares(features.look(images.batch(torch.arange(12)), network))
    found = features.numbers(shares).double().numpy().reshape(12, 3, 5) * scale.sd + scale.mean
    knots = features.knots[0].double().numpy() * scale.sd + scale.mean
    n_compared = 0
    for row in range(12):
        volume, mask = source.read(row)
        mask = binary_erosion(mask)
        heights = np.flatnonzero(mask.any(axis=(0, 1)))[1:-1]
        if len(heights) % 3:
            continue
        n_compared += 1
        for zone, planes in enumerate(np.split(heights, 3)):
            inside = volume[:, :, planes][mask[:, :, planes]].astype(float)
            inside = np.sort(np.clip(inside, knots[0], knots[-1]))
            bands = np.split(inside, (np.array([0.1, 0.4, 0.6, 0.9]) * len(inside)).astype(int))
            expected = [band.mean() for band in bands]
            np.testing.assert_allclose(found[row, zone], expected, atol=8)
    assert n_compared


def test_all_of_the_mask_counts_for_density_and_its_core_for_texture():
    """Fibrosis lies below the pleura."""
    assert not for_its_view(settings("density")).scale.trim_rim
    assert for_its_view(settings("texture")).scale.trim_rim


def test_maps_are_held_against_the_mean_of_shares():
    """Medians of nodes, most of which are empty, would not add up to one."""
    source = cohort(denser_below, n_scans=12)
    fitted = fit_model(source, settings("texture"))
    images = CohortImages(source, fitted.scale)
    clusters = fitted.soft_assignment.argmax(axis=1)
    reference = ExplainedCohort(fitted.model, images, clusters).reference(LocalizeSettings())
    shares = fitted.model.features.shares(reference.activation).reshape(3, 2, -1).sum(dim=2)
    np.testing.assert_allclose(shares, 1, atol=1e-4)
