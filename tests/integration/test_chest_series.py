"""One whole chest CT, a zip of 99 slices, against SimpleITK's own reading of the series."""

import zipfile

import numpy as np
import pytest
import SimpleITK

from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.settings import PreprocessSettings
from clam_core.study import Study

# Column, row and slice in the series, found by eye on axial slices, and the HU to expect there.
LANDMARKS = {
    "trachea": ((246, 234, 80), (-1024, -930)),
    "right upper lobe": ((120, 270, 80), (-950, -750)),
    "left upper lobe": ((340, 300, 80), (-950, -750)),
    "left ventricle": ((368, 160, 45), (30, 250)),
    "right middle lobe": ((112, 180, 45), (-950, -750)),
    "descending aorta": ((250, 305, 45), (30, 250)),
    "liver": ((126, 200, 15), (30, 200)),
}


@pytest.fixture(scope="module")
def study(shared_data, tmp_path_factory):
    (archive,) = (shared_data / "chest_ct_dicom_series").glob("*.zip")
    folder = tmp_path_factory.mktemp("chest") / "study"
    create(folder, archive, None, CreateOptions(n_workers=1))
    preprocess(Study(folder), PreprocessSettings(), 1)
    return Study(folder)


@pytest.fixture(scope="module")
def series(shared_data, tmp_path_factory):
    """The same slices as SimpleITK orders and reads them."""
    (archive,) = (shared_data / "chest_ct_dicom_series").glob("*.zip")
    place = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(archive) as file:
        file.extractall(place)
    folder = next(path.parent for path in place.rglob("*.dcm"))
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def itk_at(image, ras_mm):
    """Value at a position by linear interpolation."""
    lps = [float(mm) for mm in np.array(ras_mm) * [-1, -1, 1]]
    index = image.TransformPhysicalPointToContinuousIndex(lps)
    return image.EvaluateAtContinuousIndex(index, SimpleITK.sitkLinear)


def cell_mean(image, volume, index):
    """Mean of SimpleITK's values over one voxel of the grid, 5 points along each axis."""
    steps = (np.arange(5) - 2) / 5
    offsets = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    return float(np.mean([itk_at(image, p) for p in volume.position_mm(index + offsets)]))


def test_one_scan_was_found_and_is_ready(study):
    scans = study.scans()
    assert scans["status"].tolist() == ["ready"]
    row = scans.iloc[0]
    assert (row["warnings"], row["original_shape"], row["n_files"]) == ("", "512x512x99", 99)
    assert (row["original_orientation"], row["original_spacing_mm"]) == ("LPS", "0.564x0.564x3.000")
    assert len(study.skipped()) == 0


def test_the_geometry_of_the_source_is_that_of_simpleitk(study, series):
    affine = np.array(study.scans().iloc[0]["source_affine"]).reshape(4, 4)
    for index in [(0, 0, 0), (511, 0, 98), (100, 400, 50)]:
        lps = series.TransformIndexToPhysicalPoint(index)
        np.testing.assert_allclose((affine @ [*index, 1])[:3], np.array(lps) * [-1, -1, 1])


def at(study, ras_mm):
    """Index of the study's voxel nearest to a position."""
    volume = study.volume(study.scans().index[0])
    index = np.linalg.solve(volume.affine, [*ras_mm, 1])[:3]
    return volume, np.rint(index).astype(int)


@pytest.mark.parametrize("name", LANDMARKS)
def test_landmarks_have_their_hu_at_their_place_in_mm(study, series, name):
    pixel, (low, high) = LANDMARKS[name]
    ras = np.array(series.TransformIndexToPhysicalPoint(pixel)) * [-1, -1, 1]
    volume, index = at(study, ras)
    value = float(volume.array[tuple(index)])
    assert low <= value <= high
    assert abs(value - cell_mean(series, volume, index)) < 40


def test_left_is_left(study, series):
    """The left ventricle lies left of the trachea (smaller R), the liver right, at their place."""
    sides = {}
    for name in ("trachea", "left ventricle", "liver"):
        ras = np.array(series.TransformIndexToPhysicalPoint(LANDMARKS[name][0])) * [-1, -1, 1]
        sides[name] = at(study, ras)[1][0]
    assert sides["left ventricle"] < sides["trachea"] < sides["liver"]
    row = study.scans().iloc[0]
    assert row["lung_left_litres"] < row["lung_right_litres"]  # the heart takes its space


def test_voxels_of_the_grid_are_means_of_simpleitks_values(study, series):
    """No shift, flip or scale: correlation and error over random voxels inside the scan."""
    volume = study.volume(study.scans().index[0])
    rng = np.random.default_rng(99)
    some = rng.integers(3, 85, (150, 3))
    expected = np.array([cell_mean(series, volume, index) for index in some])
    found = volume.array[tuple(some.T)].astype(float)
    assert np.corrcoef(found, expected)[0, 1] > 0.995
    assert abs(np.median(found - expected)) < 3
    assert np.percentile(np.abs(found - expected), 90) < 60


def test_the_lungs_are_those_of_an_adult_and_the_grid_holds_them(study):
    row = study.scans().iloc[0]
    assert 4.0 < row["lung_litres"] < 5.0
    assert row["mask_quality"] == 1.0
    mask = study.mask(study.scans().index[0])
    volume = study.volume(study.scans().index[0])
    litres = mask.sum() * abs(np.linalg.det(volume.affine[:3, :3])) / 1e6
    assert abs(litres / row["lung_litres"] - 1) < 0.02
    assert np.median(volume.array[mask]) < -750
