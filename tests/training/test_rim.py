"""The rim of masks: found where it mixes with the outside, left where it does not."""

import numpy as np
import pytest
from scipy import ndimage

from clam_core.settings import ScaleSettings
from clam_core.training import fit_input_scale
from clam_core.training.rim import choose_rim, peel
from tests.training.make import source

GRID = (30, 30, 30)
WINDOW = (-1000.0, 400.0)


def ball(radius=13.0):
    axes = np.meshgrid(*[np.arange(n) - 14.5 for n in GRID], indexing="ij")
    return sum(axis**2 for axis in axes) <= radius**2


def scans(n_wall, n_scans=5, brightness=0, seed=0):
    """Lung with `n_wall` layers of wall inside its mask, and its mask."""
    rng = np.random.default_rng(seed)
    mask = ball()
    lung = ndimage.binary_erosion(mask, iterations=n_wall) if n_wall else mask
    found = []
    for row in range(n_scans):
        hu = np.where(lung, -850 + brightness * row, 40) + rng.normal(0, 30, GRID)
        found.append(hu.round().astype(np.int16))
    return found, [mask.copy() for _ in range(n_scans)]


@pytest.mark.parametrize("n_wall", [0, 1, 2])
def test_as_many_layers_as_there_are_of_wall(n_wall):
    assert choose_rim(source(*scans(n_wall)), WINDOW).n_layers == n_wall


def test_without_masks_there_is_no_rim():
    found = choose_rim(source(scans(1)[0]), WINDOW)
    assert (found.n_layers, found.shared) == (0, None)


def test_half_of_the_mask_is_kept():
    given = ball(3.2)
    volumes = [np.where(ndimage.binary_erosion(given), -850, 40).astype(np.int16)] * 3
    assert choose_rim(source(volumes, [given] * 3), WINDOW).n_layers == 0


def test_peel_takes_layers_off_through_faces_and_never_all():
    mask = np.zeros((7, 7), bool)
    mask[1:6, 1:6] = True
    assert peel(mask, 1).sum() == 9
    assert peel(mask, 2).sum() == 1
    assert peel(mask, 9).sum() == 1


def test_masked_scans_are_relative_to_their_own_median():
    volumes, given = scans(1, brightness=25)
    made = source(volumes, given)
    scale = fit_input_scale(made, ScaleSettings())
    assert (scale.rim, scale.is_relative) == (1, True)
    inner = [ndimage.binary_erosion(mask) for mask in given]
    values = [
        v[m].astype(np.float64) - np.median(v[m]) for v, m in zip(volumes, inner, strict=True)
    ]
    assert scale.sd == pytest.approx(np.sqrt(np.mean(np.concatenate(values) ** 2)), rel=1e-6)
    for row, mask in enumerate(inner):
        image = scale.apply(*made.read(row))
        assert (image[~mask] == 0).all()
        np.testing.assert_allclose(image[mask], values[row] / scale.sd, atol=1e-5)


def test_a_brighter_scan_gives_the_same_image():
    volumes, given = scans(1)
    scale = fit_input_scale(source(volumes, given), ScaleSettings())
    brighter = scale.apply((volumes[0] + 40).astype(np.int16), given[0])
    np.testing.assert_allclose(brighter, scale.apply(volumes[0], given[0]), atol=1e-5)


def test_brightness_is_kept_on_request():
    made = source(*scans(1, brightness=25))
    scale = fit_input_scale(made, ScaleSettings(align_brightness=False))
    assert not scale.is_relative
    first, last = (scale.apply(*made.read(row))[15, 15, 15] for row in (0, 4))
    assert last - first > 50 / scale.sd


def two_lungs(n_joined, n_scans=10):
    """Two boxes with a wall between them, which in the first scans is part of the mask."""
    lungs = np.zeros(GRID, bool)
    lungs[3:14, 3:27, 3:27] = lungs[17:28, 3:27, 3:27] = True
    joined = lungs.copy()
    joined[14:17, 10:20, 10:20] = True
    given = [joined if row < n_joined else lungs for row in range(n_scans)]
    rng = np.random.default_rng(0)
    hu = np.where(lungs, -850, -300) + rng.normal(0, 30, (n_scans, *GRID))
    return list(hu.round().astype(np.int16)), given


@pytest.mark.parametrize(("n_joined", "is_seen"), [(0, False), (2, False), (3, True)])
def test_the_wall_between_lungs_that_touch_in_few_scans_is_not_looked_at(n_joined, is_seen):
    volumes, given = two_lungs(n_joined)
    scale = fit_input_scale(source(volumes, given), ScaleSettings())
    assert scale.rim == 0
    seen = scale.apply(volumes[0], given[0])[15, 15, 15]
    assert (seen != 0) == is_seen
    # What lies in every mask is looked at as before.
    assert (scale.inside(given[9]) == given[9]).all()


def test_masks_at_different_places_are_all_looked_at():
    volumes, _ = scans(0)
    given = [np.roll(ball(5.0), 6 * (row - 2), axis=0) for row in range(5)]
    assert choose_rim(source(volumes, given), WINDOW).shared is None
    scale = fit_input_scale(source(volumes, given), ScaleSettings())
    for mask in given:
        assert (scale.inside(mask) == mask).all()


def test_a_new_mask_that_lies_elsewhere_still_shows_something():
    volumes, given = two_lungs(0)
    scale = fit_input_scale(source(volumes, given), ScaleSettings())
    elsewhere = np.zeros(GRID, bool)
    elsewhere[0:2, 0:2, 0:2] = True
    assert (scale.inside(elsewhere) == elsewhere).all()
