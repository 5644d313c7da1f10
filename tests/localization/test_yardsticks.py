"""The other maps: torch-cam, plain loops, finite differences."""

import itertools

import numpy as np
import pytest
import torch
from torch.nn import functional
from torchcam.methods import GradCAM, ScoreCAM

from clam_core.localization import make_maps, make_reference, upsample
from clam_core.settings import LocalizeSettings
from tests.localization.make import (
    SLOPE,
    Plain,
    corner_image,
    corner_model,
    draw_images,
    log_odds_plainly,
    small_model,
    unit_scaled,
    zero_reference,
)

GRID = (16, 24)


def bend(values):
    return functional.leaky_relu(values, SLOPE)


@pytest.mark.parametrize("cluster", [0, 2])
def test_score_cam_equals_torch_cam(cluster):
    """Activations are kept positive, so that ReLU before or after upsampling is the same."""
    model = small_model(GRID, channels=(3, 6), bias=2.0).eval()
    images = draw_images(2, GRID)
    with ScoreCAM(model, "autoencoder.encoder.1", reshape_transform=bend) as torch_cam:
        with torch.no_grad():
            model(images)
        peer = torch_cam(cluster, normalized=False)[0]
    assert peer.min() > 0
    ours = make_maps(model, images, LocalizeSettings(variant="score_cam", target=cluster + 1))
    expected = upsample(peer, model.autoencoder).numpy()
    np.testing.assert_allclose(ours.raw, expected, rtol=1e-6)


@pytest.mark.parametrize("cluster", [0, 1])
def test_grad_cam_equals_torch_cam_on_log_q(cluster):
    """The activation is positive everywhere, so that it equals the hooked convolution."""
    model = small_model(GRID, channels=(3, 6), bias=2.0).eval()
    with torch.no_grad():
        model.autoencoder.encoder[1].weight.mul_(0.1)
    images = draw_images(1, GRID)
    assert model.activations(images, 2).min() > 0
    with GradCAM(model, "autoencoder.encoder.1") as torch_cam:
        peer = torch_cam(cluster, model(images).log(), normalized=False)[0]
    ours = make_maps(model, images, LocalizeSettings(variant="grad_cam", target=cluster + 1))
    assert (peer > 0).any() == (ours.raw > 0).any()
    if peer.min() > 0:
        np.testing.assert_allclose(ours.raw, upsample(peer, model.autoencoder), rtol=1e-6)


@pytest.mark.parametrize("target", [2, (3, 1)])
def test_grad_cam_equals_finite_differences(target):
    model, images = small_model(), draw_images(1, (9, 8))
    plain, image = Plain(model), images[0, 0].numpy()
    question = [n - 1 for n in target] if isinstance(target, tuple) else [target - 1]

    def score(activation):
        log_q = np.log(plain.assign_from(activation, 2))
        return log_q[question[0]] - (log_q[question[1]] if len(question) == 2 else 0)

    activation = plain.activations(image, 2)
    total = np.zeros(activation.shape[1:])
    for channel in range(len(activation)):
        slopes = []
        for at in itertools.product(*[range(n) for n in activation.shape[1:]]):
            change = np.zeros_like(activation)
            change[(channel, *at)] = 1e-6
            slopes.append((score(activation + change) - score(activation - change)) / 2e-6)
        total += np.mean(slopes) * activation[channel]
    expected = plain.upsample(total)
    if len(question) == 1:
        expected = np.maximum(expected, 0)
    found = make_maps(model, images, LocalizeSettings(variant="grad_cam", target=target))
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(found.raw[0], expected, atol=1e-6)


def test_contrast_equals_plain_loops():
    model, images = small_model(), draw_images(1, (9, 8))
    plain, image = Plain(model), images[0, 0].numpy()
    total = np.zeros(plain.grid)
    for channel in plain.activations(image, 2):
        upsampled = plain.upsample(channel)
        q = plain.assign(image * unit_scaled(upsampled))
        total += (q[1] - (q[0] + q[2]) / 2) * upsampled
    found = make_maps(model, images, LocalizeSettings(variant="contrast", target=2))
    np.testing.assert_allclose(found.raw[0], total, atol=1e-6)


def test_median_masking_equals_plain_loops():
    model, images = small_model(), draw_images(5, (9, 8))
    reference = make_reference(model, [images], 2)
    plain, image = Plain(model), images[0, 0].numpy()
    fill = np.median(images[:, 0].numpy(), axis=0)
    start = log_odds_plainly(plain.assign(fill), 0)
    total = np.zeros(plain.grid)
    for channel in plain.activations(image, 2):
        upsampled = plain.upsample(channel)
        mask = unit_scaled(upsampled)
        masked = mask * image + (1 - mask) * fill
        total += (log_odds_plainly(plain.assign(masked), 0) - start) * upsampled
    settings = LocalizeSettings(variant="median_masking", target=1)
    found = make_maps(model, images[:1], settings, reference)
    np.testing.assert_allclose(found.raw[0], total, atol=1e-6)


@pytest.mark.parametrize("target", [2, (3, 1)])
def test_occlusion_equals_plain_loops(target):
    """Cubes of 3 on a grid of 9 x 8: the last ones are cut."""
    model, images = small_model(), draw_images(5, (9, 8))
    reference = make_reference(model, [images], 2)
    plain, image = Plain(model), images[0, 0].numpy()
    fill = np.median(images[:, 0].numpy(), axis=0)
    question = [n - 1 for n in target] if isinstance(target, tuple) else [target - 1]
    expected = np.zeros(image.shape)
    for row, column in itertools.product(range(0, 9, 3), range(0, 8, 3)):
        occluded = image.copy()
        box = (slice(row, row + 3), slice(column, column + 3))
        occluded[box] = fill[box]
        scores = [log_odds_plainly(plain.assign(one), *question) for one in (image, occluded)]
        expected[box] = scores[0] - scores[1]
    settings = LocalizeSettings(variant="occlusion", target=target, occlusion_voxels=3, chunk=5)
    found = make_maps(model, images[:1], settings, reference)
    np.testing.assert_allclose(found.raw[0], expected, atol=1e-6)


def test_occlusion_of_the_corner_is_the_corner():
    model, image = corner_model(), corner_image()
    reference = zero_reference(model, 1, (8, 8, 8))
    settings = LocalizeSettings(variant="occlusion", target=2, occlusion_voxels=2)
    found = make_maps(model, image, settings, reference)
    expected = np.zeros((8, 8, 8))
    expected[:2, :2, :2] = 2 * np.log(2)
    np.testing.assert_allclose(found.raw[0], expected, atol=1e-6)


def test_difference_asks_no_model():
    model, images = small_model(), draw_images(3, (9, 8))
    reference = make_reference(model, [images], 2)
    found = make_maps(model, images, LocalizeSettings(variant="difference"), reference)
    expected = np.abs(images.numpy() - np.median(images.numpy(), axis=0))[:, 0]
    np.testing.assert_allclose(found.raw, expected, atol=1e-6)
