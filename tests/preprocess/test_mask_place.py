"""Masks that no organ looks like, or that lie beside the lungs: doubted in a sentence."""

import numpy as np
import pytest
from scipy import ndimage

from clam_core.preprocess.mask_doubts import mask_doubts
from clam_core.volume import Volume, to_ras
from tests.preprocess.make import Chest


@pytest.fixture(scope="module")
def chest():
    made = Chest()
    return to_ras(made.volume), np.ascontiguousarray((made.left | made.right)[::-1, ::-1])


def box_of(lungs):
    return ndimage.find_objects(lungs.astype(int))[0]


def moved(mask, voxels):
    return ndimage.shift(mask.astype(np.uint8), voxels, order=0) > 0


@pytest.mark.parametrize("trimmed", [0, 4])
def test_a_box_is_doubted(chest, trimmed):
    scan, lungs = chest
    mask = np.zeros_like(lungs)
    box = box_of(lungs)
    mask[box] = True
    if trimmed:
        corner = tuple(slice(part.start, part.start + trimmed) for part in box)
        mask[corner] = False
    (doubt,) = mask_doubts(mask, scan)
    size = " x ".join(str(part.stop - part.start) for part in box)
    assert f"The mask is a box of {size} voxels" in doubt


@pytest.mark.parametrize(("axis", "n", "words"), [(2, 1, "one slice of 110"),
                                                  (2, 2, "2 slices of 110"),
                                                  (1, 1, "one slice of 120")])  # fmt: skip
def test_few_slices_are_doubted(chest, axis, n, words):
    scan, lungs = chest
    mask = np.zeros_like(lungs)
    part = [slice(None)] * 3
    part[axis] = slice(50, 50 + n)
    mask[tuple(part)] = lungs[tuple(part)]
    (doubt,) = mask_doubts(mask, scan)
    assert f"The mask lies in {words} only" in doubt
    part[axis] = slice(50, 54)
    mask[tuple(part)] = lungs[tuple(part)]
    assert mask_doubts(mask, scan) == ()


@pytest.mark.parametrize(
    ("voxels", "words"),
    [
        ((12, 0, 0), "29 mm to the left"),
        ((0, -9, 0), "22 mm to the front"),
        ((0, 0, 14), "42 mm to the feet"),
        ((-8, 0, -8), "19 mm to the right and 24 mm to the head"),
    ],
)
def test_a_shifted_mask_is_doubted_with_the_way(chest, voxels, words):
    """It says where the mask should go: back by what it was moved."""
    scan, lungs = chest
    (doubt,) = mask_doubts(moved(lungs, voxels), scan)
    found = [float(part) for part in doubt.split() if part.replace(".", "").isdigit()]
    expected = [float(part) for part in words.split() if part.isdigit()]
    assert "would fit the lungs much better moved by" in doubt
    assert found == pytest.approx(expected, abs=6.1)
    assert [w for w in doubt.replace(",", "").split() if w in SIDES] == [
        w for w in words.split() if w in SIDES
    ]


SIDES = {"left", "right", "front", "back", "feet", "head"}


def test_a_mirrored_mask_is_doubted(chest):
    scan, lungs = chest
    (doubt,) = mask_doubts(np.flip(lungs, 2), scan)
    assert "moved by" in doubt or "with head and foot exchanged" in doubt
    # Lungs that are narrow above and lie in the middle: moving does not help.
    shape = np.array(scan.shape)
    x, y, z = (np.indices(shape) - shape.reshape(3, 1, 1, 1) / 2) / shape.reshape(3, 1, 1, 1)
    cone = (np.abs(x) < 0.3 - 0.5 * z) & (np.abs(y) < 0.3 - 0.5 * z) & (np.abs(z) < 0.4)
    air = np.where(cone, -800, 40).astype(np.int16)
    made = Volume(air, scan.affine, "HU")
    assert mask_doubts(cone, made) == ()
    (doubt,) = mask_doubts(np.flip(cone, 2), made)
    assert "with head and foot exchanged" in doubt


@pytest.mark.parametrize("grow", [-2, 0, 3])
def test_lungs_drawn_too_small_or_large_are_not_doubted(chest, grow):
    scan, lungs = chest
    change = ndimage.binary_erosion if grow < 0 else ndimage.binary_dilation
    mask = change(lungs, iterations=abs(grow)) if grow else lungs
    assert mask_doubts(mask, scan) == ()
    assert mask_doubts(moved(mask, (2, 0, 1)), scan) == ()


def test_what_is_no_lung_is_not_doubted(chest):
    scan, lungs = chest
    one = lungs.copy()
    one[: lungs.shape[0] // 2] = False
    nodule = np.zeros_like(lungs)
    nodule[60:69, 60:69, 50:59] = True
    for mask in (one, nodule):
        assert mask_doubts(mask, scan) == ()
    shifted = moved(lungs, (12, 0, 0))
    assert mask_doubts(shifted, Volume(scan.array, scan.affine, "arbitrary")) == ()


def test_a_few_millimetres_are_no_doubt():
    x, y, z = np.indices((40, 40, 40)) - 20
    thin = (x / 4) ** 2 + (y / 16) ** 2 + (z / 16) ** 2 < 1
    values = np.where(thin, -800, 40).astype(np.int16)
    shifted = moved(thin, (3, 0, 0))
    assert mask_doubts(shifted, Volume(values, np.eye(4), "HU")) == ()
    large = np.diag([4.0, 4.0, 4.0, 1.0])
    assert "12 mm to the left" in mask_doubts(shifted, Volume(values, large, "HU"))[0]
