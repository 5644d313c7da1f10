"""Maps on a scan's own grid, held against SimpleITK, scipy and fields that are known."""

import numpy as np
import pytest
import SimpleITK
from scipy import ndimage
from scipy.spatial.transform import Rotation

from clam_core.pipeline.output.export import on_own_grid
from clam_core.preprocess.prepare import prepare
from clam_core.settings import PreprocessSettings
from tests.preprocess.make import oriented_affine, positions, ramp

TO_LPS = np.diag([-1.0, -1.0, 1.0])
FIELD = np.random.default_rng(0).normal(size=(12, 14, 10)).astype(np.float32)
GRID = oriented_affine((0, 1, 2), (1, 1, 1), (2.0, 2.5, 3.0))


def turned(affine, degrees, axis=(1, 2, 3)):
    """An oblique geometry around the same first voxel."""
    vector = np.radians(degrees) * np.array(axis) / np.linalg.norm(axis)
    affine = affine.copy()
    affine[:3, :3] = Rotation.from_rotvec(vector).as_matrix() @ affine[:3, :3]
    return affine


def placed(order, signs, spacing, *mm):
    """A geometry whose first voxel lies so far from that of the grid."""
    affine = oriented_affine(order, signs, spacing)
    affine[:3, 3] = GRID[:3, 3] + mm
    return affine


RIGHT, MIRRORED = (1, 1, 1), (-1, -1, 1)
SCANS = {
    "same": (GRID, (12, 14, 10)),
    "anisotropic": (placed((0, 1, 2), RIGHT, (0.7, 1.9, 4.5), 3, 2, 1), (28, 15, 6)),
    "flipped": (placed((0, 1, 2), MIRRORED, (1.1, 0.9, 1.7), 20, 30, 2), (17, 30, 14)),
    "sagittal": (placed((1, 2, 0), MIRRORED, (1.3, 1.1, 2.2), 1, 30, 25), (21, 22, 10)),
    "oblique": (turned(placed((0, 1, 2), RIGHT, (1.1, 0.9, 1.7), 4, 3, 2), 25), (16, 24, 11)),
    "oblique, flipped, anisotropic": (
        turned(placed((1, 0, 2), (-1, 1, -1), (0.8, 1.6, 2.9), 5, 28, 24), -40),
        (25, 13, 9),
    ),
}


def by_itk(field, grid, shape, scan):
    """The same map by SimpleITK, both geometries given in its own words (LPS+)."""

    def geometry(affine):
        lps = TO_LPS @ affine[:3]
        spacing = np.linalg.norm(lps[:, :3], axis=0)
        return lps[:, 3].tolist(), spacing.tolist(), (lps[:, :3] / spacing).ravel().tolist()

    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(field.T))
    origin, spacing, direction = geometry(grid)
    image.SetOrigin(origin)
    image.SetSpacing(spacing)
    image.SetDirection(direction)
    sampled = SimpleITK.Resample(
        image, list(shape), SimpleITK.Transform(), SimpleITK.sitkLinear, *geometry(scan), 0.0
    )
    return SimpleITK.GetArrayFromImage(sampled).T


@pytest.mark.parametrize("name", SCANS)
def test_it_is_the_map_of_simpleitk_and_of_scipy(name):
    scan, shape = SCANS[name]
    found = on_own_grid(FIELD, GRID, shape, scan)
    assert (found.shape, found.dtype) == (shape, np.float32)
    matrix = np.linalg.inv(GRID) @ scan
    index = positions(shape, matrix)
    inside = ((index >= 0) & (index <= np.array(FIELD.shape) - 1)).all(axis=-1)
    beyond = ((index <= -1) | (index >= np.array(FIELD.shape))).any(axis=-1)
    assert inside.mean() > 0.1
    np.testing.assert_allclose(found[inside], by_itk(FIELD, GRID, shape, scan)[inside], atol=2e-4)
    np.testing.assert_allclose(
        found,
        ndimage.affine_transform(
            FIELD, matrix[:3, :3], matrix[:3, 3], shape, order=1, mode="grid-constant"
        ),
        atol=1e-4,
    )
    assert not found[beyond].any()


@pytest.mark.parametrize("name", SCANS)
def test_a_field_that_grows_in_the_patient_grows_there_on_every_grid(name):
    scan, shape = SCANS[name]
    slope = np.array([0.3, -0.2, 0.5])
    found = on_own_grid(
        (positions(FIELD.shape, GRID) @ slope).astype(np.float32), GRID, shape, scan
    )
    index = positions(shape, np.linalg.inv(GRID) @ scan)
    inside = ((index >= 0) & (index <= np.array(FIELD.shape) - 1)).all(axis=-1)
    np.testing.assert_allclose(found[inside], (positions(shape, scan) @ slope)[inside], atol=1e-3)


@pytest.mark.parametrize(
    ("order", "signs"),
    [((0, 1, 2), (-1, -1, 1)), ((2, 0, 1), (1, -1, -1)), ((1, 2, 0), (-1, 1, 1))],
)
def test_there_and_back_is_the_same_field(order, signs):
    affine = oriented_affine(order, signs, (1.5, 2.0, 3.0))
    scan = ramp((40, 30, 24), affine, (9.0, -6.0, 4.0))
    grid = tuple(np.array(scan.shape)[np.argsort(order)].tolist())
    ready = prepare(scan, None, PreprocessSettings(grid=grid, mask="none")).volume
    back = on_own_grid(ready.array.astype(np.float32), ready.affine, scan.shape, scan.affine)
    np.testing.assert_allclose(back, scan.array, atol=0.01)


def test_a_plane_goes_back_to_its_plane():
    scan = ramp((64, 48), np.diag([-0.5, -0.5, 1.0, 1.0]), (50.0, 20.0, 0.0))
    ready = prepare(scan, None, PreprocessSettings(grid=(32, 32), crop="none")).volume
    back = on_own_grid(ready.array.astype(np.float32), ready.affine, scan.shape, scan.affine)
    assert np.abs(back - scan.array)[2:-2, 2:-2].max() < 4
