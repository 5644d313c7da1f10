"""Nodules of LIDC with their masks and scans.csv, against nibabel's own reading."""

import csv

import nibabel
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.settings import PreprocessSettings
from clam_core.study import Study
from clam_core.volume import Volume

GRID = (40, 40, 40)
N_SCANS = 336


@pytest.fixture(scope="module")
def nodules(shared_data):
    """The folder, and every row of its scans.csv."""
    folder = shared_data / "lidc_voi3d_dev"
    if not (folder / "scans.csv").is_file():
        pytest.skip("the nodules (lidc_voi3d_dev) are not here")
    with (folder / "scans.csv").open(newline="") as stream:
        return folder, list(csv.DictReader(stream))


def made(tmp_path, folder, rows):
    """A study of some rows of the table."""
    table = tmp_path / "scans.csv"
    with table.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    create(tmp_path / "study", folder, table, CreateOptions(n_workers=2))
    study = Study(tmp_path / "study")
    preprocess(study, PreprocessSettings(grid=GRID, margin_mm=2.0), 2)
    return study


@pytest.fixture(scope="module")
def study(nodules, tmp_path_factory):
    """Every 28th scan: both orientations, thin and thick slices."""
    folder, rows = nodules
    return made(tmp_path_factory.mktemp("nodules"), folder, rows[::28])


def itself(folder, row):
    """The scan and the mask of a row as nibabel reads them."""
    return nibabel.load(folder / row["path"]), nibabel.load(folder / row["mask"])


def check_values(study, folder, row):
    """Voxels of the grid against linear interpolation at the same place in mm."""
    image, _ = itself(folder, row)
    volume = study.volume(row["scan_id"])
    source = np.clip(image.get_fdata(), -1024, 3071)
    rng = np.random.default_rng(1)
    some = rng.integers(0, 40, (400, 3))
    places = np.c_[volume.position_mm(some), np.ones(len(some))]
    index = np.linalg.solve(image.affine, places.T)[:3]
    last = np.array(source.shape)[:, None] - 1
    inside = ((index >= 0) & (index <= last)).all(axis=0)
    assert inside.sum() > 50  # where a nodule lies at the border, the box leaves the scan
    expected = map_coordinates(source, index[:, inside], order=1)
    found = volume.array[tuple(some[inside].T)]
    smallest = min(Volume(source, image.affine).spacing_mm)
    is_finer = max(volume.spacing_mm) <= smallest
    if is_finer:  # an enlarged axis is plain linear interpolation
        np.testing.assert_allclose(found, expected, atol=1.01)
    else:  # averaged along a reduced axis
        assert np.corrcoef(found, expected)[0, 1] > 0.9
    return is_finer


def check_mask(study, folder, row):
    """Volume and middle of the mask in mm."""
    _, mask = itself(folder, row)
    source = np.asarray(mask.dataobj) != 0
    grid, volume = study.mask(row["scan_id"]), study.volume(row["scan_id"])
    ours = grid.sum() * abs(np.linalg.det(volume.affine[:3, :3]))
    theirs = source.sum() * abs(np.linalg.det(mask.affine[:3, :3]))
    middle = volume.position_mm(np.argwhere(grid).mean(axis=0))
    expected = nibabel.affines.apply_affine(mask.affine, np.argwhere(source).mean(axis=0))
    assert np.abs(middle - expected).max() < 0.5
    return float(ours / theirs)


def test_all_of_the_table_are_found(nodules, tmp_path):
    folder, rows = nodules
    assert len(rows) == N_SCANS
    create(tmp_path / "study", folder, folder / "scans.csv", CreateOptions(n_workers=2))
    study = Study(tmp_path / "study")
    scans = study.scans()
    assert scans.index.tolist() == [row["scan_id"] for row in rows]
    assert set(scans["status"]) == {"found"}
    assert scans["subject_id"].nunique() == 191
    left = study.skipped()
    assert left["n_files"].sum() == 3  # SOURCE.md, scans.csv, nodule_metadata.csv
    assert set(left["reason"]) == {"The scans table does not name it."}


def test_some_are_ready_with_nibabels_values_at_their_place(nodules, study):
    folder, rows = nodules
    assert set(study.scans()["status"]) == {"ready"}
    assert set(study.scans()["mask_source"]) == {"given"}
    n_exact = sum(check_values(study, folder, row) for row in rows[::28])
    assert n_exact >= 6


def test_masks_keep_their_volume_and_place(nodules, study):
    folder, rows = nodules
    ratios = [check_mask(study, folder, row) for row in rows[::28]]
    assert max(abs(ratio - 1) for ratio in ratios) < 0.1
    assert abs(np.mean(ratios) - 1) < 0.03


@pytest.mark.slow
def test_all_336(nodules, tmp_path):
    folder, rows = nodules
    study = made(tmp_path, folder, rows)
    assert set(study.scans()["status"]) == {"ready"}
    for row in rows:
        check_values(study, folder, row)
    ratios = np.array([check_mask(study, folder, row) for row in rows])
    assert np.percentile(np.abs(ratios - 1), 95) < 0.1
    assert abs(ratios.mean() - 1) < 0.03
