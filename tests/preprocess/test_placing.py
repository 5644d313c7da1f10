"""Volumes in other geometries: gantry tilt, and maps brought back to the scan."""

import numpy as np
import pytest
from scipy import ndimage

from clam_core.errors import GeometryError
from clam_core.preprocess import prepare, resample_to
from clam_core.preprocess.placing import straighten
from clam_core.settings import PreprocessSettings
from clam_core.volume import Volume, to_ras

from .make import oriented_affine, positions, ramp


def tilted(degrees, signs=(-1, -1, 1)):
    """Axial slices, each shifted along one axis as by a tilted gantry."""
    affine = oriented_affine((0, 1, 2), signs, (1.0, 1.2, 3.0))
    affine[1, 2] += 3.0 * np.tan(np.radians(degrees))
    return affine


@pytest.mark.parametrize("signs", [(-1, -1, 1), (1, -1, 1), (1, 1, -1)])
@pytest.mark.parametrize("degrees", [3, -20, 30])
def test_a_tilted_ramp_is_the_same_ramp_at_right_angles(degrees, signs):
    slope = (8.0, -11.0, 5.0)
    scan = ramp((20, 40, 15), tilted(degrees, signs), slope)
    straight = straighten(scan, -32000)
    assert straight.shear_degrees < 1e-6
    assert straight.orientation == scan.orientation
    assert straight.spacing_mm == pytest.approx((1.0, 1.2, 3.0))
    assert straight.shape[2] == 15
    covered = straight.array > -32000
    expected = positions(straight.shape, straight.affine) @ np.array(slope)
    inner = ndimage.binary_erosion(covered, np.ones((3, 3, 1)))
    assert np.abs(straight.array - expected)[inner].max() <= 1.01
    assert covered.sum() >= 20 * 39 * 15


def test_slices_are_shifted_within_their_plane_only():
    array = np.zeros((8, 30, 6), np.int16)
    array[:, :, 2] = 100
    straight = straighten(Volume(array, tilted(25)), 0)
    assert np.flatnonzero(straight.array.any(axis=(0, 1))).tolist() == [2]
    assert set(np.unique(straight.array)) == {0, 100}


def test_a_scan_with_tilt_is_prepared_with_a_warning():
    scan = ramp((20, 40, 15), tilted(15.0), (8.0, -11.0, 5.0))
    mask = np.zeros(scan.shape, np.uint8)
    mask[5:15, 10:30, 4:12] = 1
    how = PreprocessSettings(grid=(16, 16, 16))
    ready = prepare(scan, Volume(mask, scan.affine), how)
    assert ready.warnings == (
        "The slices are tilted by 15.0 degrees (gantry tilt); the scan was resampled to right "
        "angles.",
    )
    assert ready.volume.shear_degrees < 1e-6
    seen = ready.volume.position_mm(np.argwhere(ready.mask)).mean(axis=0)
    true = scan.position_mm(np.argwhere(mask)).mean(axis=0)
    assert np.abs(seen - true).max() < 1.0


def test_more_than_a_gantry_can_tilt_is_refused():
    with pytest.raises(GeometryError, match="50 degrees away from right angles; up to 45"):
        straighten(ramp((8, 8, 8), tilted(50), (1, 1, 1)), 0)


def test_a_sheared_plane_is_straightened_too():
    affine = np.eye(4)
    affine[0, 1] = np.tan(np.radians(10))
    scan = ramp((30, 30), affine, (40.0, 15.0, 0.0))
    straight = straighten(scan, -32000)
    assert straight.array.ndim == 2
    expected = positions(straight.shape, straight.affine) @ np.array([40.0, 15.0, 0])
    inner = ndimage.binary_erosion(straight.array > -32000)
    assert np.abs(straight.array - expected)[inner].max() <= 1.01


def test_a_map_in_the_scans_geometry_is_that_of_scipy():
    rng = np.random.default_rng(0)
    field = rng.normal(size=(12, 14, 10)).astype(np.float32)
    affine = oriented_affine((0, 1, 2), (1, 1, 1), (2.0, 2.5, 3.0))
    target = oriented_affine((1, 0, 2), (-1, -1, 1), (1.1, 0.9, 1.7))
    target[:3, 3] = affine[:3, 3] + [20, 30, 2]
    target[0, 2] += 0.2
    found = resample_to(field, affine, (25, 32, 14), target, fill=-5)
    matrix = np.linalg.inv(affine) @ target
    index = np.moveaxis(positions((25, 32, 14), matrix), -1, 0)
    expected = ndimage.map_coordinates(field, index, order=1, mode="nearest")
    ends = np.array(field.shape)[:, None, None, None] - 0.5
    inside = ((index >= -0.499) & (index < ends - 0.001)).all(axis=0)
    beyond = ((index < -0.501) | (index > ends + 0.001)).any(axis=0)
    np.testing.assert_allclose(found[inside], expected[inside], atol=1e-4)
    assert (found[beyond] == -5).all()
    assert 0.2 < inside.mean() < 0.9
    assert beyond.any()


def test_there_and_back_is_the_same_field():
    affine = oriented_affine((0, 1, 2), (-1, -1, 1), (1.5, 1.5, 3.0))
    scan = ramp((40, 44, 24), affine, (9.0, -6.0, 4.0))
    ready = prepare(scan, None, PreprocessSettings(grid=(40, 44, 24), mask="none")).volume
    back = resample_to(ready.array, ready.affine, scan.shape, scan.affine)
    np.testing.assert_array_equal(back, scan.array)
    np.testing.assert_array_equal(to_ras(scan).array, ready.array)


def test_a_plane_goes_back_to_its_plane():
    affine = np.diag([-0.5, -0.5, 1.0, 1.0])
    scan = ramp((64, 48), affine, (50.0, 20.0, 0.0))
    ready = prepare(scan, None, PreprocessSettings(grid=(32, 32), crop="none")).volume
    back = resample_to(ready.array, ready.affine, scan.shape, scan.affine)
    assert np.abs(back - scan.array)[2:-2, 2:-2].max() < 4
