"""A plain folder of volumes in several formats, against nibabel and SimpleITK."""

import nibabel
import numpy as np
import pytest
import SimpleITK

from clam_core.files.file_ref import FileRef
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.read.reading import read_scan
from clam_core.settings import PreprocessSettings, ReadLimits
from clam_core.study import Study

MASKS = {"example_seg_fast_force_split", "lm-64"}
CHESTS = {"ct-64", "ts_pulmonary_ct_cropped"}
NO_CHESTS = {"CT_pitch", "example_ct", "example_ct_sm", "crop_ct_2slices"}
FILES = [
    "CT_pitch.nii.gz",
    "crop_ct_2slices.nrrd",
    "ct-64.nrrd",
    "example_ct_sm.nii.gz",
    "lung1_label.nrrd",
    "ts_pulmonary_ct_cropped.nii.gz",
]


@pytest.fixture(scope="module")
def folder(shared_data):
    place = shared_data / "volumes_misc"
    if not place.is_dir():
        pytest.skip("the volumes (volumes_misc) are not here")
    return place


@pytest.fixture(scope="module")
def study(folder, tmp_path_factory):
    made = tmp_path_factory.mktemp("misc") / "study"
    create(made, folder, None, CreateOptions(n_workers=2))
    preprocess(Study(made), PreprocessSettings(grid=(16, 16, 16)), 2)
    return Study(made)


def test_every_file_ends_somewhere(study, folder):
    scans, skipped = study.scans(), study.skipped()
    assert set(scans.index) == MASKS | CHESTS | NO_CHESTS
    assert scans["n_files"].sum() + skipped["n_files"].sum() == len(list(folder.iterdir()))
    reasons = dict(zip(skipped["source"], skipped["reason"], strict=True))
    assert reasons["SOURCE.md"] == "It is a text file."
    assert set(reasons) == {"SOURCE.md", "lung1_label.nrrd"}
    assert "label" in reasons["lung1_label.nrrd"]


def test_masks_are_named_as_masks(study):
    for name in MASKS:
        row = study.scans().loc[name]
        assert row["status"] == "failed"
        assert row["reason"].startswith("This looks like a mask (values 0 to ")
        assert "name it as a mask in a scans table" in row["reason"]


def test_what_shows_no_chest_says_what_to_do(study):
    for name in NO_CHESTS:
        row = study.scans().loc[name]
        assert row["status"] == "failed"
        assert "No lungs were found on this scan" in row["reason"]
        assert "If it shows no chest, choose 'No mask' (--mask none)" in row["reason"]
    assert "hardly HU" in study.scans().loc["CT_pitch", "reason"]


def test_chests_are_ready_and_a_crop_is_doubted(study):
    scans = study.scans()
    assert set(scans.index[scans["status"] == "ready"]) == CHESTS
    assert scans.loc["ct-64", "warnings"] == ""
    assert 4.4 < scans.loc["ct-64", "lung_litres"] < 5.1
    assert scans.loc["ct-64", "mask_quality"] == 1.0
    assert scans.loc["ts_pulmonary_ct_cropped", "mask_quality"] < 0.3
    assert "cut off at the sides" in scans.loc["ts_pulmonary_ct_cropped", "warnings"]


def read(path):
    fmt = "nrrd" if path.name.endswith(".nrrd") else "nifti"
    return read_scan(fmt, [FileRef(path)], ReadLimits()).volume


def corners(shape):
    """Five voxels: both ends, the middle, and two in between."""
    last = np.array(shape) - 1
    shares = np.array([[0, 0, 0], [1, 1, 1], [0.5, 0.5, 0.5], [0.3, 0.7, 0.1], [0.8, 0.2, 0.9]])
    return np.rint(shares * last).astype(int)


@pytest.mark.parametrize("name", FILES)
def test_values_and_places_are_those_of_simpleitk(folder, name):
    volume, image = read(folder / name), SimpleITK.ReadImage(str(folder / name))
    assert volume.shape == image.GetSize()
    for index in corners(volume.shape):
        i, j, k = (int(n) for n in index)
        lps = np.array(image.TransformIndexToPhysicalPoint((i, j, k)))
        np.testing.assert_allclose(volume.position_mm(index), lps * [-1, -1, 1], atol=2e-3)
        assert volume.array[i, j, k] == image[i, j, k]


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".nii.gz")])
def test_nifti_is_that_of_nibabel(folder, name):
    volume, image = read(folder / name), nibabel.load(folder / name)
    np.testing.assert_allclose(volume.affine, image.affine, atol=1e-5)
    assert volume.orientation == "".join(nibabel.aff2axcodes(image.affine))
    np.testing.assert_array_equal(volume.array, np.asarray(image.dataobj))
