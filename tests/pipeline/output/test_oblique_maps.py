"""Exported maps of scans that lie askew: against nibabel, scipy's interpolator and by hand."""

import nibabel
import numpy as np
import pandas as pd
import pytest
from nibabel.processing import resample_from_to
from scipy.interpolate import RegularGridInterpolator

from clam_core.pipeline.method.fit import fit
from clam_core.pipeline.method.localize import localize
from clam_core.pipeline.output.export import export, on_own_grid
from clam_core.pipeline.output.map_files import write_map
from clam_core.settings import LocalizeSettings
from clam_core.study import Run
from clam_core.study.atomic import write_table
from tests.pipeline.simulated import QUICK, cohort, study_of


def oblique(seed, spacing, origin):
    """Turned about no axis in particular, other spacings along each: not symmetric."""
    turned, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = turned * spacing
    affine[:3, 3] = origin
    return affine


GRID_AFFINE = oblique(0, (4.0, 5.0, 6.0), (-20.0, 7.0, 31.0))
OWN_AFFINE = GRID_AFFINE @ oblique(1, (0.5, 0.8, 0.6), (3.0, 2.0, 4.0))


def by_hand(array, grid_affine, shape, affine):
    """Every voxel to mm, from mm to the grid, linear between the eight around it."""
    padded = np.pad(array.astype(float), 1)  # zero from the next voxel on
    axes = [np.arange(-1, n + 1) for n in array.shape]
    look_up = RegularGridInterpolator(axes, padded, bounds_error=False, fill_value=0)
    found = np.zeros(shape)
    for index in np.ndindex(shape):
        mm = affine[:3, :3] @ index + affine[:3, 3]
        found[index] = look_up(np.linalg.solve(grid_affine[:3, :3], mm - grid_affine[:3, 3]))[0]
    return found


def test_a_map_on_an_oblique_grid_is_as_by_hand():
    array = np.random.default_rng(2).random((5, 6, 7)).astype(np.float32)
    found = on_own_grid(array, GRID_AFFINE, (6, 4, 7), OWN_AFFINE)
    expected = by_hand(array, GRID_AFFINE, (6, 4, 7), OWN_AFFINE)
    assert (expected > 0).mean() > 0.3 and (expected == 0).any()
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_one_voxel_is_where_it_is_in_space():
    """A voxel of the grid that falls on one of the scan's, turned by a quarter about k."""
    array = np.zeros((4, 5, 3), np.float32)
    array[3, 1, 2] = 1  # at (3, 1, 2) mm
    turned = np.array([[0.0, -1, 0, 3], [1, 0, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1]])
    found = on_own_grid(array, np.eye(4), (4, 4, 3), turned)
    assert np.argwhere(found).tolist() == [[1, 0, 1]]  # 3 - 0, 1, 1 + 1


def test_a_flat_map_that_lies_askew():
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    moved = np.eye(4)
    moved[:2, :2], moved[:2, 3] = [[0, 1], [1, 0]], [1, 0]
    found = on_own_grid(array, np.eye(4), (4, 2), moved)
    np.testing.assert_array_equal(found, array[1:].T)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study whose grid and scans lie askew, each scan elsewhere."""
    made = study_of(tmp_path_factory.mktemp("study") / "s", cohort(n_per_group=4), failed=0)
    scans = made.scans()
    n_scans = len(scans)
    placed = [oblique(10 + row, (4.0, 5.0, 3.0), (row, -9.0, 2.0)) for row in range(n_scans)]
    own = [one @ oblique(50 + row, (0.9, 0.7, 1.2), (3, 2, 4)) for row, one in enumerate(placed)]
    scans["affine"] = [one.ravel().tolist() for one in placed]
    scans["source_affine"] = [one.ravel().tolist() for one in own]
    scans["source_shape"] = [[12, 17, 9]] * n_scans
    write_table(made.folder / "scans.parquet", scans)
    fit(made, "r", QUICK)
    localize(made, "r", LocalizeSettings(variant="paper"))
    return made


def test_exported_files_are_as_nibabel_resamples_them(study, tmp_path):
    export(study, "r", "maps", tmp_path)
    listed = pd.read_csv(tmp_path / "maps.csv", dtype=str)
    assert listed["scan_id"].tolist() == study.scans().index.tolist()
    for file, scan_id in zip(listed["file"], listed["scan_id"], strict=True):
        row = study.scans().loc[scan_id]
        own = np.array(row["source_affine"]).reshape(4, 4)
        image = nibabel.load(tmp_path / file)
        np.testing.assert_allclose(image.affine, own, atol=1e-4)
        assert image.shape == (12, 17, 9)
        stored = Run(study, "r").activation_map(scan_id).astype(np.float64)
        grid_affine = np.array(row["affine"]).reshape(4, 4)
        grid = nibabel.Nifti1Image(np.pad(stored, 1), shifted(grid_affine))
        theirs = resample_from_to(grid, ((12, 17, 9), own), order=1)
        values = np.asanyarray(theirs.dataobj)
        assert values.max() > 0.1
        np.testing.assert_allclose(np.asanyarray(image.dataobj), values, atol=1e-4)


def shifted(affine):
    """The affine of the same voxels with one more before them along each axis."""
    moved = affine.copy()
    moved[:3, 3] -= affine[:3, :3].sum(axis=1)
    return moved


def test_a_file_of_a_map_says_where_it_lies(tmp_path):
    array = np.random.default_rng(0).random((3, 4, 5)).astype(np.float32)
    path = tmp_path / "x.nii.gz"
    write_map(path, array, GRID_AFFINE)
    image = nibabel.load(path)
    np.testing.assert_allclose(image.affine, GRID_AFFINE, atol=1e-5)
    np.testing.assert_allclose(image.get_qform(), GRID_AFFINE, atol=1e-4)
    np.testing.assert_array_equal(np.asanyarray(image.dataobj), array)
