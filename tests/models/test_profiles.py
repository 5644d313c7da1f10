"""Profiles against plain loops, and what they must not notice."""

import numpy as np
import pytest
import torch

from clam_core.errors import AlignmentError, SettingsError, StudyError
from clam_core.models import ClusterModel, ProfileFeatures, ProfileKind, StudentHead
from clam_core.models.autoencoder import seeded_autoencoder
from clam_core.models.profile_features import axis_profiles, read_out
from clam_core.models.weights import describe_model, model_tensors, rebuild_model
from clam_core.settings import NetworkSettings

NETWORK = NetworkSettings(channels=(3, 4), n_latent=5)


def plain_profiles(values, mirror):
    """One number per plane, axis and sign, written out."""
    size = values.shape[2:]
    rows = []
    for scan in values:
        row = []
        for sign in (1, -1):
            for axis in range(len(size)):
                for channel in scan:
                    planes = np.moveaxis(sign * channel, axis, 0)
                    profile = [plane.max() for plane in planes]
                    if mirror:
                        other = profile[::-1] if axis == 0 else profile
                        profile = [a + b for a, b in zip(profile, other, strict=True)]
                    row += profile
        rows.append(row)
    return np.array(rows)


@pytest.mark.parametrize("mirror", [True, False])
@pytest.mark.parametrize("size", [(3, 4, 5), (4, 3)])
def test_profiles_equal_plain_loops(size, mirror):
    values = torch.randn(3, 2, *size, generator=torch.Generator().manual_seed(0))
    found = axis_profiles(values, mirror=mirror).numpy()
    np.testing.assert_allclose(found, plain_profiles(values.numpy(), mirror), rtol=1e-6)


def test_a_mirrored_scan_has_the_same_folded_profiles():
    values = torch.randn(2, 1, 6, 5, 4, generator=torch.Generator().manual_seed(1))
    folded = axis_profiles(values, mirror=True)
    torch.testing.assert_close(axis_profiles(values.flip(2), mirror=True), folded)
    assert not torch.allclose(axis_profiles(values.flip(2), mirror=False), folded / 2)


def test_moving_a_lesion_within_a_plane_changes_only_the_other_axes():
    values = torch.zeros(2, 1, 6, 6, 6)
    values[0, 0, 2, 1, 3] = values[1, 0, 2, 4, 3] = 5  # moved along j
    upward = axis_profiles(values, mirror=False)[:, :18]
    torch.testing.assert_close(upward[0, :6], upward[1, :6])  # along i
    torch.testing.assert_close(upward[0, 12:], upward[1, 12:])  # along k
    assert upward[:, 6:12].argmax(dim=1).tolist() == [1, 4]


def test_the_readout_is_one_linear_map_everywhere():
    values = torch.randn(2, 3, 4, 4, 4, generator=torch.Generator().manual_seed(2))
    readout = torch.tensor([[1.0], [-2.0], [0.5]])
    expected = values[:, :1] - 2 * values[:, 1:2] + 0.5 * values[:, 2:]
    torch.testing.assert_close(read_out(values, readout), expected)


def model(layer=1, smooth=3):
    network = seeded_autoencoder((16, 16, 16), NETWORK, 0)
    size = (3 if layer == 1 else 4, *[16 // 2**layer] * 3)
    n_profile = 2 * 3 * size[1]
    random = torch.Generator().manual_seed(3)
    features = ProfileFeatures(
        ProfileKind(layer, smooth=smooth),
        torch.randn(size, generator=random),
        torch.randn(size[0], 1, generator=random),
        torch.randn(n_profile, generator=random),
        torch.randn(n_profile, 4, generator=random),
    )
    return ClusterModel(network, features, StudentHead(torch.randn(2, 4, generator=random), 3.0))


def test_features_are_smoothed_profiles_projected():
    made = model()
    images = torch.randn(2, 1, 16, 16, 16, generator=torch.Generator().manual_seed(4))
    activations = made.activations(images, 1)
    local = read_out(activations - made.features.reference, made.features.readout)
    padded = torch.nn.functional.pad(local, [1] * 6)
    mean = padded.unfold(2, 3, 1).unfold(3, 3, 1).unfold(4, 3, 1).mean(dim=(5, 6, 7))
    expected = axis_profiles(mean, mirror=True) - made.features.mean
    found = made.features(activations, made.autoencoder)
    torch.testing.assert_close(found, expected @ made.features.components, rtol=1e-4, atol=1e-4)


def test_the_path_can_be_cut_up_to_the_layer_of_the_features_and_no_further():
    made = model(layer=1)
    images = torch.randn(2, 1, 16, 16, 16, generator=torch.Generator().manual_seed(5))
    whole = made.log_assign(images)
    torch.testing.assert_close(made.log_assign_from(made.activations(images, 1), 1), whole)
    with pytest.raises(SettingsError, match="read from layer 1 of the encoder; layer 2 has no"):
        made.log_assign_from(made.activations(images, 2), 2)


@pytest.mark.parametrize("layer", [1, 2])
def test_a_model_comes_back_from_its_tensors(layer):
    made = model(layer, smooth=1)
    again = rebuild_model(describe_model(made), model_tensors(made))
    images = torch.randn(2, 1, 16, 16, 16, generator=torch.Generator().manual_seed(6))
    torch.testing.assert_close(again(images), made(images))


def test_what_does_not_belong_together_is_refused():
    made = model()
    tensors = model_tensors(made)
    with pytest.raises(AlignmentError, match="belong to another run"):
        rebuild_model(
            {**describe_model(made), "network": NetworkSettings(channels=(3, 5)).model_dump()},
            tensors,
        )
    with pytest.raises(StudyError, match=r"lack 'head\.centers'"):
        rebuild_model(
            describe_model(made), {k: v for k, v in tensors.items() if k != "head.centers"}
        )
    with pytest.raises(StudyError, match="lack 'magic'"):
        rebuild_model({**describe_model(made), "head": "magic"}, tensors)
