"""The paper's map against plain loops, the authors' loop, and a case worked by hand."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from clam_core.errors import SettingsError
from clam_core.localization import make_maps
from clam_core.settings import LocalizeSettings
from tests.localization.make import (
    Plain,
    corner_image,
    corner_model,
    draw_images,
    small_model,
    unit_scaled,
)


def paper_plainly(plain, image, question, channels=None):
    """sum_k w_k U(A_k) before its positive part is taken."""
    activation = plain.activations(image, len(plain.kernels))
    total = np.zeros(plain.grid)
    for channel in activation if channels is None else activation[channels]:
        upsampled = plain.upsample(channel)
        q = plain.assign(image * unit_scaled(upsampled))
        weight = q[question[0]] - (q[question[1]] if len(question) == 2 else 0)
        total += weight * upsampled
    return total


@pytest.mark.parametrize(("grid", "seed"), [((9, 8), 7), ((6, 8, 5), 1)])
@pytest.mark.parametrize("cluster", [1, 2, 3])
def test_equals_plain_loops_in_float64(grid, seed, cluster):
    model, images = small_model(grid, seed=seed), draw_images(2, grid)
    found = make_maps(model, images, LocalizeSettings(variant="paper", target=cluster, chunk=2))
    for row in range(2):
        total = paper_plainly(Plain(model), images[row, 0].numpy(), [cluster - 1])
        assert total.min() < 0 < total.max()
        np.testing.assert_allclose(found.raw[row], np.maximum(total, 0), atol=1e-6)
    assert np.isnan(found.completeness).all()


def test_pair_weighs_with_the_difference_and_keeps_the_sign():
    model, images = small_model(), draw_images(1, (9, 8))
    found = make_maps(model, images, LocalizeSettings(variant="paper", target=(2, 3)))
    total = paper_plainly(Plain(model), images[0, 0].numpy(), [1, 2])
    np.testing.assert_allclose(found.raw[0], total, atol=1e-6)


def test_equals_the_authors_loop_over_eleven_channels():
    """Their script: for i in range(11), zoom the channel to the grid, scale, mask, predict.

    Their zoom is a cubic spline; order 1 is what the definition says.
    """
    grid, cluster = (16, 16, 16), 1
    model, images = small_model(grid, channels=(4, 14)), draw_images(1, grid)
    with torch.no_grad():
        activation = model.activations(images, 2)[0].numpy()
        total = np.zeros(grid)
        for i in range(11):
            zoomed = ndimage.zoom(activation[i], 4, order=1, mode="nearest", grid_mode=True)
            masked = images.numpy() * unit_scaled(zoomed)
            score = model(torch.from_numpy(masked)).numpy()[0, cluster]
            total += score * zoomed
    settings = LocalizeSettings(variant="paper", target=2, channels=range(11))
    found = make_maps(model, images, settings)
    np.testing.assert_allclose(found.raw[0], np.maximum(total, 0), atol=1e-6)
    everything = make_maps(model, images, LocalizeSettings(variant="paper", target=2))
    assert np.abs(everything.raw - found.raw).max() > 0.01


def test_corner_by_hand():
    model = corner_model()
    found = make_maps(model, corner_image(), LocalizeSettings(variant="paper", target=2))
    # U(A_0) along an axis is 1, 3/4, 1/4, 0...: H_0 equals it, and the corner of X o H_0
    # has the mean (7/8)^3, which is the first latent number.
    latent = (7 / 8) ** 3
    near, far = 1 / (1 + (1 - latent) ** 2), 1 / (1 + latent**2)
    along = np.array([1, 0.75, 0.25, 0, 0, 0, 0, 0])
    expected = near / (near + far) * along[:, None, None] * along[:, None] * along
    np.testing.assert_allclose(found.raw[0], expected, atol=1e-7)


def test_constant_channel_is_an_all_zero_mask():
    model, image = corner_model(), corner_image()
    with torch.no_grad():
        model.autoencoder.encoder[0].bias[1] = 2.0
    settings = LocalizeSettings(variant="paper", target=2)
    found = make_maps(model, image, settings)
    with_only_first = make_maps(
        model, image, LocalizeSettings(**{**dict(settings), "channels": (0,)})
    )
    # The all-zero image has latent 0 (channel 1 does not enter it): q_2 = (1/2) / (3/2).
    np.testing.assert_allclose(found.raw, with_only_first.raw + 2 / 3, atol=1e-6)


def test_chunks_do_not_matter():
    model, images = small_model((8, 8), channels=(3, 7)), draw_images(1, (8, 8))
    one, many = (
        make_maps(model, images, LocalizeSettings(variant="paper", chunk=n)) for n in (1, 7)
    )
    np.testing.assert_allclose(one.raw, many.raw, atol=1e-7)


def test_channel_that_does_not_exist():
    model, images = small_model(), draw_images(1, (9, 8))
    with pytest.raises(SettingsError, match="Channel 3 .* layer 2 has channels 0 to 2"):
        make_maps(model, images, LocalizeSettings(variant="paper", channels=(0, 3)))
