"""The network against scipy, plain loops and counts made by hand."""

import itertools

import numpy as np
import pytest
import torch
from scipy.signal import correlate

from clam_core.errors import AlignmentError, SettingsError
from clam_core.models.autoencoder import Autoencoder, seeded_autoencoder
from clam_core.settings import NetworkSettings

TINY = NetworkSettings(channels=(2, 3), n_latent=4, slope=0.1)


def leaky(values):
    return np.where(values > 0, values, 0.1 * values)


def plain_convolution(images, layer):
    """Kernel 4, stride 2, one voxel of zeros around, by scipy; images (channels, *grid)."""
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    padded = np.pad(images, [(0, 0)] + [(1, 1)] * (images.ndim - 1))
    every_second = (slice(None, None, 2),) * (images.ndim - 1)
    found = []
    for kernel, offset in zip(weight, bias, strict=True):
        total = sum(correlate(c, k, "valid") for c, k in zip(padded, kernel, strict=True))
        found.append(total[every_second] + offset)
    return np.stack(found)


def plain_transposed(images, layer):
    """Each voxel paints its kernel, two apart; one voxel is cut off around."""
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    size = [2 * n + 2 for n in images.shape[1:]]
    found = np.zeros((weight.shape[1], *size)) + bias.reshape(-1, *[1] * len(size))
    for channel, image in enumerate(images):
        for place in itertools.product(*map(range, image.shape)):
            window = tuple(slice(2 * p, 2 * p + 4) for p in place)
            found[(slice(None), *window)] += image[place] * weight[channel]
    return found[(slice(None), *[slice(1, -1)] * len(size))]


def plain_forward(network, image):
    found = image[None]
    for layer in network.encoder:
        found = leaky(plain_convolution(found, layer))
    dense = [
        (layer.weight.detach().numpy(), layer.bias.detach().numpy())
        for layer in (network.to_latent, network.from_latent)
    ]
    latent = dense[0][0] @ found.ravel() + dense[0][1]
    found = leaky(dense[1][0] @ latent + dense[1][1]).reshape(found.shape)
    *inner, last = network.decoder
    for layer in inner:
        found = leaky(plain_transposed(found, layer))
    return plain_transposed(found, last)[0], latent


@pytest.mark.parametrize("grid", [(8, 12), (4, 8, 4)])
def test_the_network_equals_plain_loops(grid):
    network = seeded_autoencoder(grid, TINY, 3).double()
    image = np.random.default_rng(0).normal(size=grid)
    expected, expected_latent = plain_forward(network, image)
    with torch.no_grad():
        found, latent = network(torch.tensor(image)[None, None])
    np.testing.assert_allclose(found[0, 0].numpy(), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(latent[0].numpy(), expected_latent, rtol=1e-9, atol=1e-12)


def test_the_papers_network_has_the_parameters_counted_by_hand():
    with torch.device("meta"):
        network = Autoencoder((88, 88, 88), NetworkSettings())
    down = (1 * 16 * 64 + 16) + (16 * 32 * 64 + 32) + (32 * 64 * 64 + 64)
    dense = (64 * 11**3 * 60 + 60) + (60 * 64 * 11**3 + 64 * 11**3)
    up = (64 * 32 * 64 + 32) + (32 * 16 * 64 + 16) + (16 * 1 * 64 + 1)
    assert sum(p.numel() for p in network.parameters()) == down + dense + up == 10_637_213


@pytest.mark.parametrize(
    ("grid", "code"),
    [((16, 16), (2, 2)), ((28, 28), (4, 4)), ((9, 17), (2, 3)), ((9, 8, 17), (2, 1, 3))],
)
def test_any_grid_comes_back_on_itself(grid, code):
    network = seeded_autoencoder(grid, NetworkSettings(channels=(2, 3, 5), n_latent=7), 0)
    images = torch.zeros(2, 1, *grid)
    found, latent = network(images)
    assert found.shape == images.shape
    assert latent.shape == (2, 7)
    assert network.activations(images, 3).shape == (2, 5, *code)


def test_an_uneven_grid_is_padded_with_its_edge():
    network = seeded_autoencoder((9, 8, 15), NetworkSettings(), 0)
    image = np.random.default_rng(0).normal(size=(9, 8, 15))
    expected = np.pad(image, [(0, 7), (0, 0), (0, 1)], mode="edge")
    padded = network.pad(torch.tensor(image)[None, None])
    np.testing.assert_array_equal(padded[0, 0].numpy(), expected)
    np.testing.assert_array_equal(network.crop(padded)[0, 0].numpy(), image)


def test_the_path_can_be_cut_at_every_layer():
    network = seeded_autoencoder((16, 16), NetworkSettings(channels=(2, 3, 4), n_latent=5), 1)
    images = torch.randn(3, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    expected = network.encode(images)
    for layer in (1, 2, 3):
        last = network.advance(network.activations(images, layer), layer)
        torch.testing.assert_close(network.latent(last), expected)


def test_the_decoder_may_end_in_a_leaky_relu_for_comparison():
    linear = seeded_autoencoder((8, 8), TINY, 0)
    bent = seeded_autoencoder((8, 8), TINY.model_copy(update={"output": "leaky_relu"}), 0)
    code = 50 * torch.randn(2, 4, generator=torch.Generator().manual_seed(0))
    values = linear.decode(code).detach()
    assert (values < 0).any()
    np.testing.assert_allclose(bent.decode(code).detach(), leaky(values.numpy()), rtol=1e-6)


def test_weights_follow_from_the_seed_and_leave_global_randomness_alone():
    state = torch.random.get_rng_state()
    first, same, other = (seeded_autoencoder((8, 8), TINY, seed) for seed in (5, 5, 6))
    assert torch.equal(torch.random.get_rng_state(), state)
    weights = [torch.cat([p.flatten() for p in m.parameters()]) for m in (first, same, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_bad_grids_images_and_layers_are_refused_in_a_sentence():
    with pytest.raises(
        SettingsError, match=r"\(7, 16\) is too small: 3 convolutions need at least 8"
    ):
        Autoencoder((7, 16), NetworkSettings())
    network = seeded_autoencoder((8, 8), TINY, 0)
    with pytest.raises(AlignmentError, match=r"\(1, 1, 8, 9\) do not fit a network for \(8, 8\)"):
        network.encode(torch.zeros(1, 1, 8, 9))
    with pytest.raises(SettingsError, match="layers 1 to 2; there is no layer 3"):
        network.activations(torch.zeros(1, 1, 8, 8), 3)
