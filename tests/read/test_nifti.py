"""NIfTI against nibabel and SimpleITK, and the files that must be refused."""

import gzip

import nibabel as nib
import numpy as np
import pytest
import SimpleITK
from nibabel.affines import apply_affine

from clam_core.read.nifti import read_nifti, read_nifti_header, write_nifti
from tests.read.made_files import LIMITS, ct_like, nifti_bytes, saved

OBLIQUE = nib.affines.from_matvec(
    nib.eulerangles.euler2mat(0.3, -0.2, 0.1) @ np.diag([-0.7, 0.8, 2.5]), [11, -22, 333]
)
REAL = [
    "example_ct.nii.gz",
    "example_ct_sm.nii.gz",
    "example_seg_fast_force_split.nii.gz",
    "ts_pulmonary_ct_cropped.nii.gz",
    "CT_pitch.nii.gz",
]


def read(tmp_path, content, name="ct.nii"):
    return read_nifti(saved(tmp_path, name, content), LIMITS)


@pytest.mark.parametrize("name", REAL)
def test_real_scans_agree_with_nibabel_and_simpleitk(shared_data, name):
    path = shared_data / "volumes_misc" / name
    volume = read_nifti(path, LIMITS).volume
    by_nibabel = nib.load(path)
    by_itk = SimpleITK.ReadImage(str(path))
    np.testing.assert_array_equal(volume.array, np.asarray(by_nibabel.dataobj))
    last = np.array(volume.shape) - 1
    for index in ((0, 0, 0), last, last // 2, (3, 0, 7), (0, last[1], 1)):
        found = volume.position_mm(index)
        np.testing.assert_allclose(found, apply_affine(by_nibabel.affine, index), atol=1e-4)
        lps = by_itk.TransformIndexToPhysicalPoint([int(n) for n in index])
        np.testing.assert_allclose(found, np.array(lps) * [-1, -1, 1], atol=1e-3)
        assert volume.array[tuple(index)] == by_itk[tuple(int(n) for n in index)]
    header = read_nifti_header(path, LIMITS)
    assert header.shape == volume.shape
    np.testing.assert_allclose(header.spacing_mm, by_nibabel.header.get_zooms(), rtol=1e-5)


@pytest.mark.parametrize("flips", [(1, 1, 1), (-1, 1, 1), (1, -1, -1)])
@pytest.mark.parametrize("packed", [False, True])
def test_oblique_and_flipped(tmp_path, flips, packed):
    affine = OBLIQUE @ np.diag([*flips, 1])
    content = nifti_bytes(ct_like(), affine)
    result = read(tmp_path, gzip.compress(content) if packed else content)
    np.testing.assert_array_equal(result.volume.array, ct_like())
    np.testing.assert_allclose(result.volume.affine, affine, rtol=1e-6)
    assert (result.volume.unit, result.warnings) == ("HU", ())


def test_hand_worked_position(tmp_path):
    affine = np.array([[0, 0, 4.0, 5], [-2, 0, 0, 6], [0, 3, 0, 7], [0, 0, 0, 1]])
    volume = read(tmp_path, nifti_bytes(ct_like(), affine)).volume
    np.testing.assert_allclose(volume.position_mm((1, 2, 3)), [4 * 3 + 5, -2 + 6, 3 * 2 + 7])
    assert volume.orientation == "PSR"
    assert volume.array[1, 2, 3] == (1 * 30 + 2 * 6 + 3) * 3 - 1000


@pytest.mark.parametrize(
    ("stored", "read_as"),
    [
        ("uint8", "uint8"),
        ("int8", "int16"),
        ("int16", "int16"),
        ("uint16", "uint16"),
        ("int32", "int32"),
        ("uint32", "int32"),
        ("int64", "int32"),
        ("uint64", "int32"),
        ("float32", "float32"),
        ("float64", "float64"),
    ],
)
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_every_type_and_byte_order(tmp_path, stored, read_as, order, kind):
    array = np.arange(120).reshape(4, 5, 6).astype(stored)
    header = kind.header_class(endianness=order)
    header.set_data_dtype(stored)
    header.set_xyzt_units("mm")
    volume = read(tmp_path, kind(array, OBLIQUE, header, dtype=stored).to_bytes()).volume
    assert volume.array.dtype == np.dtype(read_as)
    assert volume.array.dtype.isnative
    np.testing.assert_array_equal(volume.array, array)
    np.testing.assert_allclose(volume.affine, OBLIQUE, rtol=1e-6)


def test_numbers_beyond_32_bits_become_float(tmp_path):
    array = np.full((2, 2, 2), 2**40, dtype=np.int64)
    array[0] = 7
    image = nib.Nifti1Image(array, np.eye(4), dtype="int64")
    volume = read(tmp_path, image.to_bytes()).volume
    assert volume.array.dtype == np.float32
    np.testing.assert_array_equal(volume.array, array)


@pytest.mark.parametrize(
    ("dtype", "slope", "inter", "read_as"),
    [
        ("int16", 1, 0, "int16"),
        ("int16", 0, 50, "int16"),
        ("int16", np.nan, 0, "int16"),
        ("uint16", 1, -1024, "int16"),
        ("uint8", 4, -1000, "int16"),
        ("int16", 2000, 0, "float32"),
        ("int16", 0.5, 3, "float32"),
        ("float32", 2, -1000, "float32"),
        ("float64", 2, -1000, "float32"),
        ("int32", 100, 32000, "float32"),
    ],
)
def test_scale_as_nibabel_applies_it(tmp_path, dtype, slope, inter, read_as):
    array = np.arange(120).reshape(4, 5, 6).astype(dtype)
    path = saved(tmp_path, "a.nii", nifti_bytes(array, scl_slope=slope, scl_inter=inter))
    volume = read_nifti(path, LIMITS).volume
    assert volume.array.dtype == np.dtype(read_as)
    np.testing.assert_allclose(volume.array, nib.load(path).get_fdata(), rtol=1e-6)


def test_product_beyond_16_bits_that_fits_after_the_sum(tmp_path):
    array = np.array([20_000, 20_001, 20_010], dtype=np.int16).reshape(3, 1, 1).repeat(2, axis=2)
    volume = read(tmp_path, nifti_bytes(array, scl_slope=3, scl_inter=-60_000)).volume
    assert volume.array.dtype == np.int16
    assert volume.array[:, 0, 0].tolist() == [0, 3, 30]


def test_slope_without_end_leaves_infinities_for_preprocessing(tmp_path):
    array = np.array([0, 1, 2, 3], dtype=np.float64).reshape(2, 1, 2)
    volume = read(tmp_path, nifti_bytes(array, scl_slope=3e38, scl_inter=0)).volume
    assert np.isinf(volume.array).any()


def test_qform_where_there_is_no_sform(tmp_path):
    path = saved(tmp_path, "a.nii", nifti_bytes(ct_like(), OBLIQUE, sform_code=0, srow=[0.0] * 12))
    np.testing.assert_allclose(read_nifti(path, LIMITS).volume.affine, OBLIQUE, atol=1e-5)
    by_itk = SimpleITK.ReadImage(str(path)).TransformIndexToPhysicalPoint((3, 2, 1))
    found = read_nifti(path, LIMITS).volume.position_mm((3, 2, 1))
    np.testing.assert_allclose(found, np.array(by_itk) * [-1, -1, 1], atol=1e-4)


def test_sform_before_qform(tmp_path):
    row = [5.0, 0, 0, 1, 0, 3, 0, 2, 0, 0, 4, 3]
    result = read(tmp_path, nifti_bytes(ct_like(), srow=row, sform_code=2))
    np.testing.assert_array_equal(result.volume.affine[:3], np.reshape(row, (3, 4)))
    assert result.warnings == (
        "Two voxel sizes are stated: pixdim 2 x 3 x 4 mm, affine 5 x 3 x 4 mm (used).",
    )


@pytest.mark.parametrize("bad", [0.0, -3.0, np.nan, np.inf, 1e-9, 1e6])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_voxel_size_that_cannot_be_beside_a_sound_affine(tmp_path, bad, axis):
    stated = [2.0, 3.0, 4.0]
    stated[axis] = bad
    result = read(tmp_path, nifti_bytes(ct_like(), pixdim=(1, *stated, 1, 1, 1, 1)))
    np.testing.assert_array_equal(result.volume.affine, np.diag([2, 3, 4, 1]))
    (warning,) = result.warnings
    assert warning.startswith("Two voxel sizes are stated: pixdim ")
    assert warning.endswith("affine 2 x 3 x 4 mm (used).")


def two_forms(tmp_path, sform, qform, name="a.nii", codes=(1, 1)):
    """A file written by nibabel with an sform and another qform."""
    image = nib.Nifti1Image(ct_like(), sform)
    image.set_sform(sform, codes[0])
    image.set_qform(qform, codes[1])
    nib.save(image, tmp_path / name)
    return read_nifti(tmp_path / name, LIMITS)


@pytest.mark.parametrize(
    ("qform", "said"),
    [
        (np.diag([-2.0, 3, 4, 1]), "about left and right: by its sform the voxels run RAS, by its"),
        (np.diag([2.0, -3, 4, 1]), "about the directions of its axes: by its sform the voxels run"),
        (np.array([[0, 3.0, 0, 0], [-2, 0, 0, 0], [0, 0, 4, 0], [0, 0, 0, 1]]), "qform PRS"),
    ],
)
def test_sform_and_qform_that_disagree(tmp_path, qform, said):
    sform = np.diag([2.0, 3, 4, 1])
    result = two_forms(tmp_path, sform, qform)
    np.testing.assert_array_equal(result.volume.affine, sform)
    np.testing.assert_array_equal(nib.load(tmp_path / "a.nii").affine, sform)
    (warning,) = result.warnings
    assert said in warning
    assert "The sform was taken" in warning
    turned = two_forms(tmp_path, qform, sform, "b.nii")
    np.testing.assert_allclose(turned.volume.affine, qform)
    assert "contradicts itself" in turned.warnings[0]


def test_forms_that_differ_a_little_or_are_not_both_there(tmp_path):
    small = nib.affines.from_matvec(nib.eulerangles.euler2mat(0.1, 0.05, -0.1), [5, 6, 7])
    assert (
        two_forms(tmp_path, np.diag([2.0, 3, 4, 1]), small @ np.diag([2, 3, 4, 1])).warnings == ()
    )
    mirrored = np.diag([-2.0, 3, 4, 1])
    assert two_forms(tmp_path, np.diag([2.0, 3, 4, 1]), mirrored, codes=(2, 0)).warnings == ()
    content = nifti_bytes(ct_like(), quatern=(3.0, 3.0, 3.0))
    assert read(tmp_path, content).warnings == ()


def test_an_intercept_without_a_slope_is_told(tmp_path):
    path = saved(tmp_path, "a.nii", nifti_bytes(ct_like(), scl_slope=0, scl_inter=-1024))
    result = read_nifti(path, LIMITS)
    np.testing.assert_array_equal(result.volume.array, nib.load(path).get_fdata())
    assert "a slope of 0 with an intercept of -1024; as the format says" in result.warnings[0]


def test_qfac_of_zero_counts_as_one(tmp_path):
    content = nifti_bytes(ct_like(), sform_code=0, pixdim=(0, 2, 3, 4, 1, 1, 1, 1))
    np.testing.assert_allclose(read(tmp_path, content).volume.affine, np.diag([2, 3, 4, 1]))


def test_no_orientation_is_read_as_nibabel_does_with_a_warning(tmp_path):
    path = saved(tmp_path, "a.nii", nifti_bytes(ct_like(), sform_code=0, qform_code=0))
    result = read_nifti(path, LIMITS)
    np.testing.assert_allclose(result.volume.affine, nib.load(path).affine)
    assert any("left and right were assumed" in warning for warning in result.warnings)


@pytest.mark.parametrize(("code", "factor"), [(0, 1), (1, 1000), (2, 1), (3, 0.001)])
def test_units_of_length(tmp_path, code, factor):
    affine = np.diag([2, 3, 4, 1.0])
    affine[:3, :3] /= factor
    result = read(tmp_path, nifti_bytes(ct_like(), affine, xyzt_units=code | 8))
    np.testing.assert_allclose(result.volume.spacing_mm, (2, 3, 4), rtol=1e-6)
    assert result.warnings == ()


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 1, 1)])
def test_one_slice_is_a_plane(tmp_path, shape):
    array = ct_like((4, 5)).reshape(shape)
    content = nifti_bytes(array, OBLIQUE, dim=(len(shape), *(*shape, *[1] * 7)[:7]))
    volume = read(tmp_path, content).volume
    np.testing.assert_array_equal(volume.array, ct_like((4, 5)))
    np.testing.assert_allclose(volume.spacing_mm, (0.7, 0.8), rtol=1e-5)


def test_plane_without_thickness_gets_a_normal(tmp_path):
    row = [2.0, 0, 0, 1, 0, 3, 0, 2, 0, 0, 0, 3]
    content = nifti_bytes(ct_like((4, 5)), srow=row, pixdim=(1, 2, 3, 0, 0, 0, 0, 0))
    np.testing.assert_allclose(np.diag(read(tmp_path, content).volume.affine), [2, 3, 1, 1])


def test_one_time_point_is_left_out(tmp_path):
    content = nifti_bytes(ct_like().reshape(4, 5, 6, 1))
    np.testing.assert_array_equal(read(tmp_path, content).volume.array, ct_like())


def test_extension_between_header_and_voxels(tmp_path):
    image = nib.Nifti1Image(ct_like(), OBLIQUE)
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"x" * 5000))
    volume = read(tmp_path, gzip.compress(image.to_bytes())).volume
    np.testing.assert_array_equal(volume.array, ct_like())


@pytest.mark.parametrize("padding", [1, 512, 60_000])
@pytest.mark.parametrize("packed", [False, True])
def test_a_little_padding_is_allowed(tmp_path, padding, packed):
    content = nifti_bytes(ct_like()) + bytes(padding)
    result = read(tmp_path, gzip.compress(content) if packed else content)
    np.testing.assert_array_equal(result.volume.array, ct_like())


def test_nan_and_infinite_voxels_are_left_for_preprocessing(tmp_path):
    array = ct_like(dtype="float32")
    array[0, 0] = np.nan
    array[1, 1] = np.inf
    np.testing.assert_array_equal(read(tmp_path, nifti_bytes(array)).volume.array, array)


# Writing.


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("dtype", ["int16", "uint8", "float32", "bool", "float64", "float16"])
def test_written_files_are_read_by_others(tmp_path, name, dtype):
    array = (ct_like() > -900) if dtype == "bool" else (ct_like() % 100).astype(dtype)
    write_nifti(tmp_path / name, array, OBLIQUE)
    by_nibabel = nib.load(tmp_path / name)
    np.testing.assert_array_equal(by_nibabel.get_fdata(), array.astype(float))
    np.testing.assert_allclose(by_nibabel.affine, OBLIQUE, rtol=1e-6)
    assert [int(by_nibabel.header[c]) for c in ("sform_code", "qform_code")] == [1, 1]
    np.testing.assert_allclose(by_nibabel.header.get_qform(), OBLIQUE, atol=1e-4)
    by_itk = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / name)))
    np.testing.assert_array_equal(by_itk.T, array)
    result = read_nifti(tmp_path / name, LIMITS)
    np.testing.assert_allclose(result.volume.affine, OBLIQUE, rtol=1e-6)


def test_same_array_gives_same_bytes(tmp_path):
    write_nifti(tmp_path / "a.nii.gz", ct_like(), OBLIQUE)
    write_nifti(tmp_path / "b.nii.gz", ct_like(), OBLIQUE)
    first = (tmp_path / "a.nii.gz").read_bytes()
    assert first == (tmp_path / "b.nii.gz").read_bytes()
    assert first[4:8] == bytes(4)  # no time of writing in the gzip header (RFC 1952)


def test_plane_is_written_and_read_back(tmp_path):
    write_nifti(tmp_path / "a.nii.gz", ct_like((4, 5)), OBLIQUE)
    volume = read_nifti(tmp_path / "a.nii.gz", LIMITS).volume
    np.testing.assert_array_equal(volume.array, ct_like((4, 5)))
    np.testing.assert_allclose(volume.affine, OBLIQUE, rtol=1e-6)
