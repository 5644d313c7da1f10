"""A real series of 99 slices: every voxel and every place as SimpleITK and pydicom have them."""

import io
import zipfile

import numpy as np
import pydicom
import pytest
import SimpleITK

from clam_core.files.file_ref import FileRef
from clam_core.read.dicom import group_series, read_headers, read_series
from clam_core.settings import ReadLimits


@pytest.fixture(scope="module")
def members(shared_data):
    (path,) = (shared_data / "chest_ct_dicom_series").glob("*.zip")
    with zipfile.ZipFile(path) as archive:
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
    return [FileRef(path, name) for name in names]


def test_judgement(members):
    (outcome,) = group_series(read_headers(members))
    assert (outcome.kind, outcome.shape, outcome.notes) == ("scan", (512, 512, 99), ())
    assert outcome.spacing_mm == (0.564453125, 0.564453125, 3.0)
    assert outcome.acquisition == {
        "manufacturer": "SIEMENS", "model": "Sensation 16", "kernel": "B70f",
        "patient_position": "HFS", "kvp": 100.0, "slice_thickness_mm": 3.0, "contrast": None,
    }  # fmt: skip
    assert outcome.identity_removed
    assert outcome.patient_id == "C3N-00247"


def test_voxels_and_landmarks(members, tmp_path):
    volume = read_series(members, ReadLimits()).volume
    with zipfile.ZipFile(members[0].path) as archive:
        archive.extractall(tmp_path)
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    truth = SimpleITK.GetArrayFromImage(image)
    np.testing.assert_array_equal(volume.array.T, truth)
    brightest = np.unravel_index(int(truth.argmax()), truth.shape)[::-1]
    for index in [(0, 0, 0), (511, 0, 0), (0, 511, 98), (511, 511, 98), brightest]:
        lps = image.TransformIndexToPhysicalPoint([int(n) for n in index])
        np.testing.assert_allclose(volume.position_mm(index), np.array(lps) * [-1, -1, 1])


def test_slices_against_pydicom(members):
    volume = read_series(members, ReadLimits()).volume
    for ref in members[::20]:
        data = pydicom.dcmread(io.BytesIO(ref.read_bytes()))
        depth = float(data.ImagePositionPatient[2])
        k = round((depth - volume.affine[2, 3]) / 3.0)
        np.testing.assert_array_equal(volume.array[:, :, k].T, data.pixel_array.astype(int) - 1024)
        assert volume.position_mm([0, 0, k])[2] == depth


def test_a_missing_and_a_cut_slice_are_found(members, tmp_path):
    ordered = group_series(read_headers(members))[0].refs
    (outcome,) = group_series(read_headers([*ordered[:10], *ordered[11:]]))
    assert outcome.reason.startswith(
        "Gap between slice 10 and 11: 6.0 mm instead of 3.0 mm; 1 slice is missing."
    )
    path = tmp_path / "000042.dcm"
    path.write_bytes(ordered[41].read_bytes()[:300_000])
    (problem,) = read_headers([FileRef(path)])
    assert problem.reason.startswith("000042.dcm: It is cut short")
