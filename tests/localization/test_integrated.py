"""The default map against finite differences in plain float64, and against hand-made cases."""

import itertools

import numpy as np
import pytest
import torch

from clam_core.errors import SettingsError
from clam_core.localization import make_maps, make_reference, upsample
from clam_core.settings import LocalizeSettings
from tests.localization.make import (
    Plain,
    corner_image,
    corner_model,
    draw_images,
    log_odds_plainly,
    small_model,
    upsample_slowly,
    zero_reference,
)


def integrate_plainly(plain, image, start, layer, question, n_steps):
    """Nodes of the map: midpoint rule, each derivative by a central difference."""
    end = plain.activations(image, layer)
    total = np.zeros_like(end)
    for step in range(n_steps):
        point = start + (step + 0.5) / n_steps * (end - start)
        for at in itertools.product(*[range(n) for n in point.shape]):
            values = []
            for change in (1e-6, -1e-6):
                moved = point.copy()
                moved[at] += change
                values.append(log_odds_plainly(plain.assign_from(moved, layer), *question))
            total[at] += (values[0] - values[1]) / 2e-6
    nodes = (total / n_steps * (end - start)).sum(axis=0)
    change = [log_odds_plainly(plain.assign_from(a, layer), *question) for a in (start, end)]
    return nodes, change[1] - change[0]


@pytest.mark.parametrize(
    ("grid", "layer", "target", "n_steps"),
    [((9, 8), 1, 1, 16), ((9, 8), 2, 3, 16), ((9, 8), 2, (3, 1), 8), ((5, 8, 6), 2, (1, 2), 4)],
)
def test_equals_finite_differences_in_float64(grid, layer, target, n_steps):
    model, images = small_model(grid), draw_images(4, grid)
    reference = make_reference(model, [images], layer)
    settings = LocalizeSettings(layer=layer, target=target, n_steps=n_steps, max_steps=n_steps)
    found = make_maps(model, images[:1], settings, reference)
    plain = Plain(model)
    question = [n - 1 for n in target] if isinstance(target, tuple) else [target - 1]
    start = reference.activation[0].numpy()
    nodes, change = integrate_plainly(plain, images[0, 0].numpy(), start, layer, question, n_steps)
    assert np.abs(nodes).max() > 1e-3
    np.testing.assert_allclose(found.nodes[0], nodes, atol=2e-6)
    np.testing.assert_allclose(found.raw[0], plain.upsample(nodes), atol=2e-6)
    expected = abs(nodes.sum() - change) / abs(change)
    assert found.completeness[0] == pytest.approx(expected, abs=1e-6)


def test_float32_equals_float64():
    grid = (16, 16, 16)
    model, images = small_model(grid, channels=(4, 6, 8)), draw_images(3, grid)
    exact = make_maps(model, images, LocalizeSettings(), make_reference(model, [images], 2))
    single, images = model.float(), images.float()
    found = make_maps(single, images, LocalizeSettings(), make_reference(single, [images], 2))
    np.testing.assert_allclose(found.raw, exact.raw, atol=1e-4 * np.abs(exact.raw).max())


@pytest.mark.parametrize("seed", range(5))
def test_sum_is_complete_within_one_percent(seed):
    grid = (16, 16, 16)
    model, images = small_model(grid, channels=(8, 16, 16), seed=seed), draw_images(6, grid, seed)
    reference = make_reference(model, [images], 2)
    found = make_maps(model, images, LocalizeSettings(), reference)
    assert (found.completeness <= 0.01).all()
    with torch.no_grad():
        q = model(images).numpy()
        q_reference = model.log_assign_from(reference.activation, 2).exp()[0].numpy()
    for row, cluster in enumerate(q.argmax(axis=1)):
        due = log_odds_plainly(q[row], cluster) - log_odds_plainly(q_reference, cluster)
        assert found.nodes[row].sum() == pytest.approx(due, rel=0.01, abs=2e-5)


def test_steps_are_doubled_until_the_sum_is_right():
    model, images = small_model((12, 12), seed=2), draw_images(8, (12, 12)) * 3
    reference = make_reference(model, [images], 1)
    coarse = LocalizeSettings(layer=1, n_steps=1, max_steps=1)
    missed = make_maps(model, images, coarse, reference)
    assert missed.completeness.max() > 0.01
    assert (missed.n_steps == 1).all()
    found = make_maps(
        model, images, LocalizeSettings(layer=1, n_steps=1, max_steps=4096), reference
    )
    assert found.completeness.max() <= 0.01
    assert len(set(found.n_steps)) > 1, "each scan takes the steps that it needs"
    again = make_maps(
        model, images, LocalizeSettings(layer=1, n_steps=4096, max_steps=4096), reference
    )
    np.testing.assert_allclose(found.raw, again.raw, atol=0.03 * np.abs(again.raw).max())


@pytest.mark.parametrize("n_axes", [2, 3])
def test_one_channel_on_one_corner_gives_exactly_that_corner(n_axes):
    model, image = corner_model(n_axes), corner_image(n_axes)
    reference = zero_reference(model, 1, (8,) * n_axes)
    found = make_maps(model, image, LocalizeSettings(layer=1, target=2), reference)
    nodes = np.zeros((4,) * n_axes)
    # By hand: d^2 to the two centers is (1, 0) here and (0, 1) in the reference, so that
    # the log-odds go from log(1/2) to log(2).
    nodes[(0,) * n_axes] = 2 * np.log(2)
    np.testing.assert_allclose(found.nodes[0], nodes, rtol=0.01)
    assert np.count_nonzero(found.nodes[0]) == 1
    assert np.count_nonzero(found.raw[0]) == 3**n_axes
    assert (found.raw[0][(slice(0, 3),) * n_axes] > 0).all()
    against = make_maps(model, image, LocalizeSettings(layer=1, target=1), reference)
    np.testing.assert_allclose(against.raw, -found.raw, rtol=1e-6)
    assert not against.scaled.any()


def test_pair_is_antisymmetric():
    model, images = small_model(), draw_images(4, (9, 8))
    reference = make_reference(model, [images], 2)
    one, other = (
        make_maps(model, images, LocalizeSettings(target=pair), reference)
        for pair in ((1, 3), (3, 1))
    )
    np.testing.assert_allclose(one.raw, -other.raw, atol=1e-7)
    assert one.raw.min() < 0 < one.raw.max()
    assert (one.cluster == 0).all() and (one.other == 2).all()


def test_needs_a_reference():
    model, images = small_model(), draw_images(1, (9, 8))
    with pytest.raises(SettingsError, match="pass the reference made from the cohort"):
        make_maps(model, images, LocalizeSettings())


@pytest.mark.parametrize(("grid", "size"), [((7, 9), (2, 3)), ((8, 5, 6), (2, 2, 2))])
def test_upsampling_equals_plain_loops_and_torch(grid, size):
    model = small_model(grid)
    padded = model.autoencoder.padded
    nodes = draw_images(3, size)[:, 0]
    found = upsample(nodes, model.autoencoder).numpy()
    crop = tuple(slice(0, n) for n in grid)
    mode = {2: "bilinear", 3: "trilinear"}[len(grid)]
    torchs = torch.nn.functional.interpolate(nodes[:, None], size=padded, mode=mode)[:, 0].numpy()
    for row in range(3):
        np.testing.assert_allclose(
            found[row], upsample_slowly(nodes[row].numpy(), padded)[crop], atol=1e-12
        )
        np.testing.assert_allclose(found[row], torchs[row][crop], atol=1e-12)
