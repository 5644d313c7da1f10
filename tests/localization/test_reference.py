"""Median image and activation of a cohort."""

import numpy as np
import pytest
import torch

from clam_core.errors import AlignmentError
from clam_core.localization import make_reference, median_of, reference
from tests.localization.make import Plain, draw_images, small_model


@pytest.mark.parametrize("n_scans", [5, 6])
@pytest.mark.parametrize("layer", [1, 2])
def test_equals_numpy_median_whatever_the_batches(n_scans, layer):
    model, images = small_model(), draw_images(n_scans, (9, 8))
    plain = Plain(model)
    activations = [plain.activations(image[0].numpy(), layer) for image in images]
    for size in (1, 4, 10):
        found = make_reference(model, images.split(size), layer)
        np.testing.assert_allclose(found.activation[0], np.median(activations, axis=0), atol=1e-12)
        np.testing.assert_allclose(found.image[0], np.median(images.numpy(), axis=0), atol=1e-12)
    assert found.note == f"median of all {n_scans} scans"
    assert not found.activation.requires_grad


def test_large_cohorts_use_a_seeded_subset():
    model, images = small_model(), draw_images(40, (9, 8))
    images += torch.arange(40).reshape(-1, 1, 1, 1)
    one, same, other = (
        make_reference(model, images.split(size), 2, seed=seed, max_scans=9)
        for size, seed in ((40, 1), (7, 1), (40, 2))
    )
    assert torch.equal(one.image, same.image) and not torch.equal(one.image, other.image)
    assert one.note == "median of 9 of 40 scans, drawn with the run's seed"
    middles = [
        float(make_reference(model, [images], 2, seed=s, max_scans=9).image.mean())
        for s in range(30)
    ]
    assert np.mean(middles) == pytest.approx(19.5, abs=3), "early and late scans count alike"


def test_memory_bounds_the_number_of_scans(monkeypatch):
    model, images = small_model(), draw_images(20, (9, 8))
    n_bytes = 8 * (9 * 8 + 3 * 3 * 2)
    monkeypatch.setattr(reference, "MAX_BYTES", 6 * n_bytes)
    monkeypatch.setattr(reference, "_BLOCK", 50)
    found = make_reference(model, images.split(3), 2)
    assert (found.n_used, found.n_scans) == (6, 20)


def test_no_scan():
    with pytest.raises(AlignmentError, match="at least one scan"):
        make_reference(small_model(), [], 1)


@pytest.mark.parametrize("n_scans", [1, 4, 5])
def test_the_median_of_what_holds_nan_is_nan(n_scans):
    scans = list(np.random.default_rng(0).normal(size=(n_scans, 3, 4)))
    scans[-1][1, 2] = np.nan
    np.testing.assert_array_equal(median_of(scans), np.median(np.stack(scans), axis=0))
