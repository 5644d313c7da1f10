"""Masks of the scans table: on the scan's grid, on another, or refused."""

import numpy as np
import pytest
from scipy import ndimage

from clam_core.errors import ReadError
from clam_core.preprocess.given import place_mask
from clam_core.preprocess.prepare import prepare
from clam_core.settings import PreprocessSettings
from clam_core.volume import Volume, to_ras

from .make import oriented_affine

AFFINE = oriented_affine((0, 1, 2), (-1, -1, 1), (1.0, 1.0, 2.0))
SHAPE = (30, 28, 20)


def scan():
    array = np.random.default_rng(0).integers(-1000, 300, SHAPE).astype(np.int16)
    return Volume(array, AFFINE)


def block(shape=SHAPE, at=(slice(8, 20), slice(5, 15), slice(4, 12))):
    array = np.zeros(shape, np.uint8)
    array[at] = 1
    return array


def place(mask):
    return place_mask(mask, to_ras(scan()), scan())


def test_a_label_in_the_same_or_another_orientation_is_the_same_mask():
    array = block() * 5
    same = place(Volume(array, AFFINE))
    np.testing.assert_array_equal(same.mask, array[::-1, ::-1] > 0)
    turned = to_ras(Volume(array, AFFINE))
    turned = Volume(
        np.ascontiguousarray(turned.array.transpose(2, 0, 1)), turned.affine[:, [2, 0, 1, 3]]
    )
    np.testing.assert_array_equal(place(turned).mask, same.mask)
    assert (same.quality, same.warnings, place(turned).warnings) == (1.0, (), ())


def test_a_mask_with_its_own_grid_is_resampled_and_said():
    fine = AFFINE.copy()
    fine[:3, :3] /= 2
    fine[:3, 3] += AFFINE[:3, :3] @ [-0.25, -0.25, -0.25]
    array = np.kron(block(), np.ones((2, 2, 2), np.uint8))
    region = place(Volume(array, fine))
    np.testing.assert_array_equal(region.mask, block()[::-1, ::-1] > 0)
    assert "grid of its own (60x56x40 voxels of " in region.warnings[0]


def test_nearest_is_that_of_scipy():
    rng = np.random.default_rng(2)
    array = ndimage.gaussian_filter(rng.normal(size=(26, 22, 18)), 3) > 0
    affine = oriented_affine((0, 1, 2), (1, 1, 1), (1.3, 1.1, 2.2))
    affine[:3, 3] += [-28.0, -25.0, 3.0]
    target = to_ras(scan())
    region = place(Volume(array, affine))
    matrix = np.linalg.inv(affine) @ target.affine
    expected = ndimage.affine_transform(
        array.astype(float), matrix[:3, :3], matrix[:3, 3], SHAPE, order=0, mode="grid-constant"
    )
    assert (region.mask != (expected > 0)).mean() < 0.002


def test_a_fine_mask_smaller_than_a_voxel_does_not_vanish():
    fine = AFFINE.copy()
    fine[:3, :3] /= 4
    array = np.zeros((80, 80, 60), np.uint8)
    array[41, 42, 42] = 1
    assert place(Volume(array, fine)).mask.sum() == 1


def test_half_of_a_mask_outside_lowers_its_quality():
    moved = AFFINE.copy()
    moved[2, 3] += 2 * 12
    region = place(Volume(block(), moved))
    assert region.quality == 0.5
    assert "Only 50% of the mask lies within the scan." in region.warnings


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (Volume(np.zeros(SHAPE, np.uint8), AFFINE), "The mask is empty"),
        (Volume(block((30, 28, 16)), AFFINE), "has 30x28x16 voxels and the scan 30x28x20, at the"),
        (Volume(block(), AFFINE + 500 * np.eye(4)[:, 3:] * np.eye(4)[3]), "belong|overlap"),
        (Volume(block()[:, :, 5], AFFINE), "has 2 axes and the scan 3"),
    ],
)
def test_masks_that_cannot_belong_are_refused(mask, words):
    if mask.affine[3, 3] != 1:
        shifted = AFFINE.copy()
        shifted[0, 3] += 500
        mask = Volume(mask.array, shifted)
    with pytest.raises(ReadError, match=words):
        place(mask)


def test_a_given_mask_is_needed_where_it_was_asked_for():
    with pytest.raises(ReadError, match="gives no mask for this scan; add one"):
        prepare(scan(), None, PreprocessSettings(grid=(8, 8, 8), mask="given"))


def test_a_tiny_mask_is_still_there_on_a_coarse_grid():
    array = np.zeros(SHAPE, np.uint8)
    array[10, 10, 10] = 1
    how = PreprocessSettings(grid=(8, 8, 8), mask="given", crop="none")
    ready = prepare(scan(), Volume(array, AFFINE), how)
    assert ready.mask.any()
    where = ready.volume.position_mm(np.argwhere(ready.mask)).mean(axis=0)
    assert np.abs(where - scan().position_mm([10, 10, 10])).max() < max(ready.volume.spacing_mm)


def test_the_grid_says_how_much_of_the_mask_it_misses():
    how = PreprocessSettings(grid=(8, 8, 8), mask="given", spacing_mm=1.0)
    ready = prepare(scan(), Volume(block(), AFFINE), how)
    assert ready.mask.all()
    # 12 x 10 x 8 voxels of 1 x 1 x 2 mm; the cube of 8 mm holds 8 x 8 x 4 of them.
    assert ready.warnings == (
        f"{1 - 256 / 960:.0%} of the mask lies beyond the grid of 8 x 8 x 8 mm.",
    )
