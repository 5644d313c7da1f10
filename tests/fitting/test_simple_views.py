"""Simple views of a scan, against values counted by hand and another library's."""

import numpy as np
import pytest

from clam_core.fitting.simple_views import simple_views, zonal_density, zonal_texture
from clam_core.training import ScanSource


def source(volumes, masks=None, unit="HU"):
    volumes = np.asarray(volumes, np.int16)

    def read(row):
        return volumes[row], None if masks is None else masks[row]

    return ScanSource(read, len(volumes), volumes.shape[1:], unit)


def test_zones_are_thirds_of_the_height_of_the_mask_and_the_lowest_is_first():
    volume = np.zeros((2, 2, 9))
    volume[:] = np.arange(9) * 100.0
    inside = np.zeros(volume.shape, bool)
    inside[:, :, 3:9] = True
    found = zonal_density(volume, inside).reshape(3, 5)
    np.testing.assert_allclose(found[:, 2], [350, 550, 750])
    np.testing.assert_allclose(
        found[0], np.quantile(np.repeat([300, 400], 4), [0.05, 0.25, 0.5, 0.75, 0.95])
    )


def test_voxels_outside_the_mask_do_not_count():
    rng = np.random.default_rng(0)
    volume, inside = rng.normal(size=(6, 6, 6)), np.zeros((6, 6, 6), bool)
    inside[1:5, 1:5, 1:5] = True
    other = np.where(inside, volume, 9999)
    for numbers in (zonal_density, zonal_texture):
        np.testing.assert_array_equal(numbers(volume, inside), numbers(other, inside))


def test_texture_tells_a_chessboard_from_stripes_of_two_and_both_from_a_flat_volume():
    place = np.indices((8, 8, 9)).sum(axis=0)
    inside = np.ones(place.shape, bool)
    board = zonal_texture((place % 2).astype(float), inside).reshape(3, 2, 2)
    np.testing.assert_array_equal(board[:, 0], 1)  # neighbours differ by 1 everywhere
    np.testing.assert_array_equal(board[:, 1], 0)  # those two voxels apart by 0
    wide = zonal_texture((place // 2 % 2).astype(float), inside).reshape(3, 2, 2)
    np.testing.assert_array_equal(wide[:, 1], 1)
    assert not zonal_texture(np.full(place.shape, 7.0), inside).any()


def test_a_scan_that_is_denser_everywhere_differs_in_density_and_not_in_texture():
    rng = np.random.default_rng(1)
    volume = rng.integers(-900, -700, (6, 6, 6)).astype(np.int16)
    views = simple_views(source([volume, volume + np.int16(80)]))
    np.testing.assert_allclose(np.diff(views["density"], axis=0), 80)
    np.testing.assert_allclose(np.diff(views["texture"], axis=0), 0)
    np.testing.assert_allclose(views["histogram"].sum(axis=1), 1)


def test_the_histogram_is_that_of_the_mask_in_the_window():
    volume = np.full((1, 4, 4, 4), -2000, np.int16)
    volume[0, :2] = 3000
    mask = np.zeros((1, 4, 4, 4), bool)
    mask[0, 1:3] = True
    found = simple_views(source(volume, mask))["histogram"][0]
    assert found[0] == 0.5
    assert found[-1] == 0.5


@pytest.mark.parametrize("shape", [(5, 4), (1, 7, 1), (3, 3, 2), (40, 33, 30)])
@pytest.mark.parametrize("unit", ["HU", "arbitrary"])
def test_every_shape_gives_finite_numbers_also_where_all_voxels_are_equal(shape, unit):
    rng = np.random.default_rng(2)
    for volumes in (np.zeros((3, *shape)), rng.integers(-32768, 32767, (3, *shape))):
        views = simple_views(source(volumes, unit=unit))
        assert all(np.isfinite(values).all() for values in views.values())
        assert views["density"].shape == (3, 15)
        assert views["texture"].shape == (3, 12)
        assert views["picture"].shape[1] <= 4096


def test_a_mask_of_one_voxel_is_enough():
    mask = np.zeros((1, 5, 5, 5), bool)
    mask[0, 2, 2, 4] = True
    volume = np.full((1, 5, 5, 5), 40, np.int16)
    views = simple_views(source(volume, mask))
    np.testing.assert_array_equal(views["density"], 40)
    np.testing.assert_array_equal(views["texture"], 0)
