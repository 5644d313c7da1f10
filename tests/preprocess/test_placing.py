"""Volumes in other geometries: gantry tilt."""

import numpy as np
import pytest
from scipy import ndimage

from clam_core.errors import GeometryError
from clam_core.preprocess.placing import straighten
from clam_core.preprocess.prepare import prepare
from clam_core.settings import PreprocessSettings
from clam_core.volume import Volume

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
