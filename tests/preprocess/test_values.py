"""Values that are no image are refused; the others become whole numbers, unscaled."""

import numpy as np
import pytest
import SimpleITK

from clam_core.errors import NotAScanError, ReadError
from clam_core.preprocess.labels import looks_like_labels
from clam_core.preprocess.values import check_values
from clam_core.volume import Volume

RNG = np.random.default_rng(0)


def scan(array, unit="HU"):
    return Volume(np.asarray(array), np.eye(4), unit)


def noise(low=-1000.0, high=300.0, shape=(12, 11, 10)):
    return RNG.uniform(low, high, shape)


def test_hu_are_rounded_half_to_even_and_not_scaled():
    array = noise()
    array[0, 0, :4] = [0.5, 1.5, -0.5, 2000.4]
    checked = check_values(scan(array))
    np.testing.assert_array_equal(checked.volume.array, np.rint(array))
    assert checked.volume.array[0, 0, :4].tolist() == [0, 2, 0, 2000]
    assert (checked.limits, checked.fill, checked.warnings) == ((-1024, 3071), -1024, ())


def test_int16_is_not_copied_and_percentiles_are_those_of_numpy():
    array = noise().astype(np.int16)
    checked = check_values(scan(array))
    assert checked.volume.array is array
    assert checked.quality == {
        "hu_min": array.min(),
        "hu_max": array.max(),
        **{f"hu_p{q:02}": np.percentile(array, q) for q in (1, 50, 99)},
    }


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32", "float64"])
def test_every_type_and_order_in_memory_keeps_its_values(dtype):
    array = noise(1, 200).astype(dtype)
    for view in (array, np.asfortranarray(array), array[::-1, :, ::-1], array.transpose(2, 0, 1)):
        whole = check_values(scan(view, "arbitrary")).volume.array
        assert whole.dtype == np.int16
        np.testing.assert_array_equal(whole, np.rint(view))


def test_a_few_missing_voxels_get_their_neighbours_value():
    array = np.repeat(np.linspace(-1000, 500, 20), 400).reshape(20, 20, 20)
    expected = np.rint(array).astype(np.int16)
    array[7, 7:9, 3], array[0, 0, 0], array[19, 0, 0] = np.nan, np.inf, -np.inf
    checked = check_values(scan(array))
    expected[0, 0, 0], expected[19, 0, 0] = 500, -1000
    np.testing.assert_array_equal(checked.volume.array, expected)
    assert checked.warnings[0].startswith("4 voxels held no number (NaN or infinite)")


def test_many_missing_voxels_are_refused_with_their_share():
    array = noise(shape=(10, 10, 10))
    array[0, 0] = np.nan
    with pytest.raises(ReadError, match=r"^1\.0% of the voxels hold no number"):
        check_values(scan(array))


def test_a_constant_image_is_refused():
    with pytest.raises(ReadError, match=r"same value \(-1024\); the scan is empty"):
        check_values(scan(np.full((5, 5, 5), -1024, np.int16)))


def test_labels_are_refused_as_a_mask():
    labels = np.zeros((9, 9, 9), np.float32)
    labels[2:5], labels[6:8] = 1, 5
    with pytest.raises(NotAScanError, match=r"looks like a mask \(values 0 to 5\), not an image"):
        check_values(scan(labels))


@pytest.mark.parametrize(
    "name", ["lm-64.nrrd", "lung1_label.nrrd", "example_seg_fast_force_split.nii.gz"]
)
def test_real_masks_look_like_labels(shared_data, name):
    image = SimpleITK.ReadImage(str(shared_data / "volumes_misc" / name))
    assert looks_like_labels(SimpleITK.GetArrayFromImage(image).T)


def test_real_pictures_and_scans_of_eight_bits_do_not(shared_data):
    image = SimpleITK.ReadImage(str(shared_data / "volumes_misc" / "CT_pitch.nii.gz"))
    assert not looks_like_labels(SimpleITK.GetArrayFromImage(image).T)
    pictures = np.load(shared_data / "mednist1200" / "mednist1200.npz")["images"]
    assert not any(looks_like_labels(picture) for picture in pictures)


def test_scaled_hu_are_refused_and_unrescaled_hu_are_doubted():
    with pytest.raises(ReadError, match="between 0.* and .* with fractions, which are no HU"):
        check_values(scan(noise(0, 1)))
    (doubt,) = check_values(scan(noise(0, 4095).astype(np.uint16))).warnings
    assert "as before rescaling to HU" in doubt
    padded = noise(0, 2500).astype(np.int16)
    padded[:3] = -2000
    assert "No value but padding lies below 0" in check_values(scan(padded)).warnings[0]
    (doubt,) = check_values(scan(noise(0, 255).astype(np.uint8))).warnings
    assert "as in a picture" in doubt


def test_arbitrary_units_need_a_factor_for_the_whole_study():
    fractions = noise(0, 1)
    with pytest.raises(ReadError, match=r"set the intensity factor of the study to 10000 \(the"):
        check_values(scan(fractions, "arbitrary"))
    whole = check_values(scan(fractions, "arbitrary"), 10_000).volume.array
    np.testing.assert_array_equal(whole, np.rint(fractions * 10_000))
    large = noise(0, 60_000).astype(np.uint16)
    with pytest.raises(ReadError, match="Values reach 59.* to 0.1"):
        check_values(scan(large, "arbitrary"))
    np.testing.assert_array_equal(
        check_values(scan(large, "arbitrary"), 0.5).volume.array, np.rint(large / 2)
    )


def test_few_voxels_beyond_sixteen_bits_are_cut_and_named():
    array = noise(0, 3000, (20, 20, 20)).astype(np.int32)
    array[3, 3, 3] = 70_000
    checked = check_values(scan(array, "arbitrary"))
    assert checked.volume.array[3, 3, 3] == 32767
    assert "beyond the 16 bits" in checked.warnings[0]


def test_numbers_that_are_not_on_one_scale_are_refused():
    with pytest.raises(ReadError, match="complex128 are no numbers on one scale"):
        check_values(scan(noise() + 1j))
