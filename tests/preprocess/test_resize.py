"""The antialiased resize against Pillow, SimpleITK and plain sums."""

import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from clam_core.preprocess.resize import axis_weights, resize


def whole(shape, grid):
    """Weights for the whole field of view."""
    return [axis_weights(n, m, -0.5, n) for n, m in zip(shape, grid, strict=True)]


@settings(deadline=None, max_examples=60)
@given(data=st.data(), n_in=st.integers(2, 90), n_out=st.integers(1, 60))
def test_an_axis_equals_pillow(data, n_in, n_out):
    low = data.draw(st.floats(0, n_in - 1))
    high = data.draw(st.floats(low + 0.5, n_in))
    values = np.random.default_rng(n_in).normal(0, 500, n_in).astype(np.float32)
    picture = Image.fromarray(np.repeat(values[None], 2, axis=0))
    theirs = picture.resize((n_out, 2), Image.Resampling.BILINEAR, box=(low, 0, high, 2))
    ours = axis_weights(n_in, n_out, low - 0.5, high - low) @ values
    np.testing.assert_allclose(ours, np.asarray(theirs)[0], rtol=1e-4, atol=0.05)


def test_three_axes_equal_pillow_axis_by_axis():
    array = np.random.default_rng(1).integers(-1000, 400, (31, 22, 9)).astype(np.int16)
    expected = array.astype(np.float32)
    for axis, n in enumerate((12, 22, 20)):
        moved = np.moveaxis(expected, axis, 0)
        rows = [
            Image.fromarray(np.ascontiguousarray(moved[:, :, k])).resize(
                (moved.shape[1], n), Image.Resampling.BILINEAR
            )
            for k in range(moved.shape[2])
        ]
        expected = np.moveaxis(np.stack([np.asarray(r) for r in rows], axis=-1), 0, axis)
    ours = resize(array, whole(array.shape, (12, 22, 20)), -1024)
    np.testing.assert_allclose(ours, expected, atol=0.02)


def test_enlarging_is_the_linear_interpolation_of_simpleitk():
    array = np.random.default_rng(2).normal(0, 300, (7, 5, 2)).astype(np.float32)
    grid, low, size = (21, 16, 8), (0.25, -0.5, -0.5), (4.5, 5.0, 2.0)
    weights = [axis_weights(*part) for part in zip(array.shape, grid, low, size, strict=True)]
    step = [s / n for s, n in zip(size, grid, strict=True)]
    theirs = SimpleITK.Resample(
        SimpleITK.GetImageFromArray(array.T),
        grid,
        SimpleITK.Transform(),
        SimpleITK.sitkLinear,
        [a + s / 2 for a, s in zip(low, step, strict=True)],
        step,
    )
    expected = SimpleITK.GetArrayFromImage(theirs).T
    np.testing.assert_allclose(resize(array, weights, 0.0), expected, atol=1e-3)


def test_a_hand_worked_row():
    # Two voxels into one: each is half a voxel from the center, with half width 2.
    np.testing.assert_allclose(axis_weights(2, 1, -0.5, 2), [[0.5, 0.5]])
    # Four into two: distances 0.5, 0.5, 1.5 and 2.5 from the first center, half width 2.
    np.testing.assert_allclose(
        axis_weights(4, 2, -0.5, 4)[0], np.array([1.5, 1.5, 0.5, 0]) / 3.5, rtol=1e-6
    )


def test_the_same_grid_gives_the_same_voxels():
    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    np.testing.assert_array_equal(resize(array, whole(array.shape, array.shape), 0), array)


def test_constants_stay_and_whole_factors_keep_the_sum():
    flat = np.full((13, 17, 6), -777, dtype=np.int16)
    np.testing.assert_allclose(resize(flat, whole(flat.shape, (8, 30, 9)), 0), -777, rtol=1e-6)
    spot = np.zeros((32, 32, 16), dtype=np.int16)
    spot[12:17, 9:20, 6:9] = np.random.default_rng(4).integers(0, 900, (5, 11, 3))
    small = resize(spot, whole(spot.shape, (8, 8, 8)), 0)
    assert small.sum() * 4 * 4 * 2 == pytest.approx(spot.sum(), rel=1e-5)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("flips", [(1, 1, 1), (-1, 1, -1), (1, -1, -1)])
def test_the_order_in_memory_does_not_matter(order, flips):
    array = np.random.default_rng(5).integers(-1000, 1000, (20, 14, 9)).astype(np.int16)
    weights = [axis_weights(20, 8, 1.3, 15), axis_weights(14, 9, -2, 12), axis_weights(9, 5, 0, 7)]
    expected = resize(array, weights, -1024)
    steps = tuple(slice(None, None, flip) for flip in flips)
    stored = np.ascontiguousarray(array.transpose(order)[steps])
    view = stored[steps].transpose(np.argsort(order))
    np.testing.assert_array_equal(view, array)
    np.testing.assert_allclose(resize(view, weights, -1024), expected, atol=1e-3)


def test_beyond_the_scan_is_fill_alone():
    array = np.full((4, 4, 4), 100, dtype=np.int16)
    weights = [axis_weights(4, 8, -2.5, 8), *whole((4, 4), (4, 4))]
    grid = resize(array, weights, -1024)
    assert set(np.unique(grid)) == {-1024.0, 100.0}
    assert (grid[:, 0, 0] == 100).tolist() == [False] * 2 + [True] * 4 + [False] * 2
    away = [axis_weights(4, 3, 20, 3)] * 3
    np.testing.assert_array_equal(resize(array, away, 7), np.full((3, 3, 3), 7.0))


def test_clamping_comes_before_averaging():
    array = np.array([[0, 30000]], dtype=np.int16)
    grid = resize(array, [axis_weights(1, 1, -0.5, 1), axis_weights(2, 1, -0.5, 2)], 0, (-10, 100))
    assert grid[0, 0] == pytest.approx(50)
