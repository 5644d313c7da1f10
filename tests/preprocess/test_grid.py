"""Where the grid lies: boxes worked by hand, and a ramp in mm that must stay what it was."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clam_core.errors import SettingsError
from clam_core.preprocess.grid import choose_box, share_inside
from clam_core.preprocess.prepare import prepare
from clam_core.preprocess.region import Region
from clam_core.settings import PreprocessSettings
from clam_core.volume import Volume

from .make import ORDERS, oriented_affine, positions, ramp


def scan_of(shape, spacing):
    return Volume(np.zeros(shape, np.int16), oriented_affine((0, 1, 2), (1, 1, 1), spacing))


def test_the_whole_field_of_view_by_hand():
    # 64 voxels of 0.5 mm onto 8: a grid voxel is 4 mm, its first center 1.75 mm from the first.
    scan = scan_of((64, 64, 64), (0.5, 0.5, 0.5))
    box = choose_box(scan, None, PreprocessSettings(grid=(8, 8, 8), mask="none"))
    affine = box.affine(scan.affine, (8, 8, 8))
    np.testing.assert_allclose(np.diag(affine)[:3], 4.0)
    np.testing.assert_allclose(affine[:3, 3] - scan.affine[:3, 3], 1.75)


def test_a_mask_is_cropped_with_its_margin_by_hand():
    scan = scan_of((100, 80, 40), (1.0, 1.0, 2.0))
    mask = np.zeros(scan.shape, bool)
    mask[10:30, 20:21, 5:15] = True
    chosen = PreprocessSettings(grid=(8, 8, 8), margin_mm=5)
    box = choose_box(scan, Region(mask, scan.shape, 1.0), chosen)
    assert box.low == (4.5, 14.5, 2.0)
    assert box.size == (30.0, 11.0, 15.0)


def test_a_coarse_mask_covers_the_same_box():
    scan = scan_of((40, 40, 40), (1.0, 1.0, 1.0))
    fine, coarse = np.zeros((40, 40, 40), bool), np.zeros((10, 20, 8), bool)
    fine[8:20, 6:10, 5:25] = True
    coarse[2:5, 3:5, 1:5] = True
    boxes = [
        choose_box(scan, Region(m, scan.shape, 1.0), PreprocessSettings()) for m in (fine, coarse)
    ]
    assert boxes[0] == boxes[1]
    own = boxes[1].in_voxels_of(Region(coarse, scan.shape, 1.0))
    # The box reaches from 3 to 25 mm along i, in voxels of 4 mm whose first center is at 2 mm.
    assert (own.low[0], own.size[0]) == (0.25, 5.5)


def test_the_middle_keeps_cubic_voxels():
    scan = scan_of((100, 60, 40), (1.0, 1.0, 2.0))
    box = choose_box(scan, None, PreprocessSettings(grid=(10, 10, 20), mask="none", crop="center"))
    # The shortest side per grid voxel is 80 mm / 20: 40 x 40 x 80 mm in the middle.
    assert box.size == (40.0, 40.0, 40.0)
    assert box.low == (29.5, 9.5, -0.5)


def test_spacing_centers_the_cube_on_the_mask_or_the_scan():
    scan = scan_of((100, 80, 40), (1.0, 1.0, 2.0))
    mask = np.zeros(scan.shape, bool)
    mask[10:30, 20:40, 0:10] = True
    region = Region(mask, scan.shape, 1.0)
    fixed = PreprocessSettings(grid=(8, 8, 8), spacing_mm=3.0)
    box = choose_box(scan, region, fixed)
    assert box.size == (24.0, 24.0, 12.0)
    assert box.low == (7.5, 17.5, -1.5)
    assert share_inside(region, box) == 1.0
    small = fixed.model_copy(update={"spacing_mm": 1.25})
    assert share_inside(region, choose_box(scan, region, small)) == 0.125
    assert choose_box(scan, None, fixed).low == (37.5, 27.5, 13.5)


def test_cropping_to_a_mask_that_is_not_there_says_so():
    with pytest.raises(SettingsError, match="this scan has no mask"):
        choose_box(scan_of((9, 9, 9), (1, 1, 1)), None, PreprocessSettings(crop="mask"))


@settings(deadline=None, max_examples=80)
@given(
    order=st.sampled_from(ORDERS),
    signs=st.tuples(*[st.sampled_from((-1, 1))] * 3),
    spacing=st.tuples(*[st.floats(0.5, 4)] * 3),
    shape=st.tuples(*[st.integers(12, 40)] * 3),
    grid=st.tuples(*[st.integers(8, 30)] * 3),
    crop=st.sampled_from(("none", "center", "spacing")),
)
def test_a_ramp_in_mm_stays_the_same_ramp(order, signs, spacing, shape, grid, crop):
    affine, slope = oriented_affine(order, signs, spacing), np.array([20.0, -13.0, 7.0])
    scan = ramp(shape, affine, tuple(slope))
    how = {"spacing_mm": 1.7} if crop == "spacing" else {"crop": crop}
    ready = prepare(scan, None, PreprocessSettings(grid=grid, mask="none", **how)).volume
    assert ready.orientation == "RAS"
    where = positions(grid, ready.affine)
    index = (where - affine[:3, 3]) @ np.linalg.inv(affine[:3, :3]).T
    reach = np.maximum(1, np.array(ready.spacing_mm)[list(order)] / spacing)
    inner = ((index >= reach - 0.5) & (index <= np.array(shape) - 0.5 - reach)).all(axis=-1)
    # The filter's center of mass is within 0.09 voxels of the scan; half a voxel would fail.
    allowed = 0.09 * np.abs(slope[list(order)] * spacing).sum() + 2
    assert np.abs(ready.array - where @ slope)[inner].max(initial=0) <= allowed


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_an_oblique_scan_keeps_its_own_axes(seed):
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = rotation * rng.uniform(0.7, 3, 3)
    slope = np.array([30.0, 20.0, -10.0])
    scan = ramp((24, 20, 16), affine, tuple(slope))
    ready = prepare(scan, None, PreprocessSettings(grid=(18, 18, 18), mask="none", crop="none"))
    where = positions((18, 18, 18), ready.volume.affine)
    index = (where - affine[:3, 3]) @ np.linalg.inv(affine[:3, :3]).T
    inner = ((index >= 1.5) & (index <= np.array(scan.shape) - 2.5)).all(axis=-1)
    allowed = 0.09 * np.abs(slope @ affine[:3, :3]).sum() + 2
    assert inner.sum() > 1000
    assert np.abs(ready.volume.array - where @ slope)[inner].max() <= allowed


def test_a_scan_of_two_slices_becomes_a_cube():
    shape = (30, 20, 2)
    affine = oriented_affine((0, 1, 2), (-1, -1, 1), (0.7, 0.7, 2.5))
    scan = ramp(shape, affine, (10, 0, 100))
    ready = prepare(scan, None, PreprocessSettings(grid=(16, 16, 8), mask="none")).volume
    column = ready.array[8, 8].astype(int)
    # Linear between the two centers, constant in the outer half of each slice.
    assert column[0] == column[1]
    assert column[-1] == column[-2]
    np.testing.assert_allclose(np.diff(column)[2:-2], 100 * 2.5 / 4, atol=1)
    wide = prepare(scan, None, PreprocessSettings(grid=(16, 16, 8), mask="none", spacing_mm=2.5))
    assert (wide.volume.array[8, 8] == scan.array.min()).sum() == 6
