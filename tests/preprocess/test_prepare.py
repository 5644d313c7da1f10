"""The whole way: what comes out, columns, picture, and that nothing depends on chance."""

import hashlib

import numpy as np
import pytest
import SimpleITK

from clam_core.errors import ReadError, SettingsError
from clam_core.preprocess.picture import BOX_COLOR, MASK_COLOR
from clam_core.preprocess.prepare import prepare
from clam_core.settings import PreprocessSettings
from clam_core.volume import Volume, affine_from_lps, to_ras

from .make import Chest, oriented_affine

AFFINE = oriented_affine((0, 1, 2), (-1, -1, 1), (0.7, 0.7, 2.0))


def scan(shape=(40, 36, 12), unit="HU"):
    array = np.random.default_rng(0).integers(-1000, 300, shape).astype(np.int16)
    return Volume(array, AFFINE, unit)


def colours(picture, colour):
    return (picture == np.array(colour, np.uint8)).all(axis=-1)


def test_a_chest_from_end_to_end():
    made = Chest()
    array = made.volume.array.copy()
    array[0, 0, 0], array[0, 0, 1] = -5000, 9000
    ready = prepare(Volume(array, made.volume.affine), None, PreprocessSettings(grid=(24, 24, 24)))
    assert ready.volume.array.dtype == np.int16
    assert ready.volume.shape == ready.mask.shape == (24, 24, 24)
    assert ready.volume.array.min() >= -1024
    assert ready.volume.orientation == "RAS"
    assert ready.warnings == ()
    quality = ready.quality
    assert quality["original_shape"] == "150x120x110"
    assert quality["original_spacing_mm"] == "2.400x2.400x3.000"
    assert quality["original_orientation"] == "LPS"
    assert (quality["hu_min"], quality["hu_max"]) == (-5000, 9000)
    assert quality["lung_litres"] == pytest.approx(
        quality["lung_left_litres"] + quality["lung_right_litres"], abs=0.002
    )
    # The crop is the lungs' box with 5 mm around it: the first and last planes hold no lung.
    extent = np.array(ready.volume.spacing_mm) * 24
    truth = np.argwhere(made.left | made.right)
    size = (np.ptp(truth, axis=0) + 1) * made.volume.spacing_mm
    assert np.abs(extent - size - 10).max() < 7
    # The mask on the grid is where the lungs are, to a tenth of a grid voxel.
    seen = ready.volume.position_mm(np.argwhere(ready.mask)).mean(axis=0)
    assert np.abs(seen - made.volume.position_mm(truth).mean(axis=0)).max() < 1.0
    assert np.median(ready.volume.array[ready.mask]) == pytest.approx(-850, abs=5)


@pytest.mark.parametrize(("unit", "fill"), [("HU", -1024), ("arbitrary", -1000)])
def test_beyond_the_scan_is_air_or_the_scans_own_lowest_value(unit, fill):
    """A grid of 64 mm around a scan of 28 x 25 x 24 mm."""
    given = PreprocessSettings(grid=(16, 16, 16), spacing_mm=4, mask="none", crop="none")
    one = scan(unit=unit)
    assert one.array.min() == -1000
    found = prepare(one, None, given).volume.array
    for face in (found[0], found[-1], found[:, 0], found[:, -1], found[..., 0], found[..., -1]):
        assert (face == fill).all()
    assert found[8, 8, 8] > -900


def test_hu_are_cut_before_they_are_averaged():
    """Metal, and less than nothing, in two halves of a scan."""
    array = np.full((24, 24, 24), 9000, np.int16)
    array[12:] = -5000
    given = PreprocessSettings(grid=(12, 12, 12), mask="none", crop="none")
    found = prepare(Volume(array, np.eye(4)), None, given).volume.array
    assert (found[:5] == 3071).all() and (found[7:] == -1024).all()
    # The plane before the middle takes 7/8 of its own half: weights 1, 3, 3, 1 of Pillow's filter.
    assert (found[5] == round((7 * 3071 - 1024) / 8)).all()


def test_the_picture_shows_mask_and_crop():
    ready = prepare(Chest().volume, None, PreprocessSettings(grid=(24, 24, 24)))
    picture = ready.picture
    assert (picture.dtype, picture.shape) == (np.uint8, (384, 384, 3))
    panels = [picture[:190, :190], picture[:190, 194:], picture[194:, :190], picture[194:, 194:]]
    assert all(colours(panel, MASK_COLOR).sum() > 100 for panel in panels)
    assert [bool(colours(panel, BOX_COLOR).any()) for panel in panels] == [True, True, True, False]


def test_the_picture_is_radiological_and_in_proportion():
    array = np.full((60, 40, 20), -1000, np.int16)
    array[2:12, 2:12, 8:12] = 0  # in LPS: the patient's right (low i), front (low j)
    array[0, 0, 0] = -1001
    affine = oriented_affine((0, 1, 2), (-1, -1, 1), (1.0, 1.0, 3.0))
    mask = np.zeros(array.shape, np.uint8)
    mask[2:12, 2:12, 8:12] = 1
    picture = prepare(Volume(array, affine), Volume(mask, affine), PreprocessSettings()).picture
    found = np.argwhere(colours(picture[:190, :190], MASK_COLOR))
    # 60 mm are 190 pixels wide: left in the picture is the patient's right, up is the front.
    np.testing.assert_allclose(found[:, 1].min(), 2 / 60 * 190, atol=2)
    np.testing.assert_allclose(found[:, 1].max(), 12 / 60 * 190, atol=2)
    top = (190 - 40 / 60 * 190) / 2
    np.testing.assert_allclose(found[:, 0].min(), top + 2 / 60 * 190, atol=2)
    sagittal = np.argwhere(colours(picture[:190, 194:], MASK_COLOR))
    side = (190 - 40 / 60 * 190) / 2
    np.testing.assert_allclose(sagittal[:, 1].min(), side + 2 / 60 * 190, atol=2)
    np.testing.assert_allclose(np.ptp(sagittal[:, 0]), 4 * 3 / 60 * 190, atol=3)


def test_the_same_scan_gives_the_same_bytes_and_stays_untouched():
    made = Chest().volume
    before = hashlib.sha256(made.array.tobytes()).hexdigest()
    how = PreprocessSettings(grid=(24, 24, 24))
    first, second = prepare(made, None, how), prepare(made, None, how)
    assert first.volume.array.tobytes() == second.volume.array.tobytes()
    assert first.mask.tobytes() == second.mask.tobytes()
    assert first.picture.tobytes() == second.picture.tobytes()
    assert first.quality == second.quality
    assert hashlib.sha256(made.array.tobytes()).hexdigest() == before


def test_the_digest_knows_the_same_scan_stored_otherwise():
    how = PreprocessSettings(grid=(8, 8, 8), mask="none")
    one = scan()
    turned = to_ras(one)
    forms = [
        one,
        turned,
        Volume(np.asfortranarray(one.array.astype(np.float32)), AFFINE + 1e-6 * np.eye(4)[3, 0]),
        Volume(
            np.ascontiguousarray(turned.array.transpose(2, 1, 0)), turned.affine[:, [2, 1, 0, 3]]
        ),
    ]
    digests = {prepare(form, None, how).quality["voxel_digest"] for form in forms}
    assert len(digests) == 1
    other = one.array.copy()
    other[3, 3, 3] += 1
    moved = AFFINE.copy()
    moved[0, 3] += 0.01
    for changed in (Volume(other, AFFINE), Volume(one.array, moved)):
        assert prepare(changed, None, how).quality["voxel_digest"] not in digests


def test_a_picture_in_two_dimensions():
    rows = np.random.default_rng(0).integers(0, 256, (64, 48)).astype(np.uint8)
    mask = np.zeros((64, 48), np.uint8)
    mask[10:30, 20:40] = 255
    flat = np.diag([-1.0, -1.0, 1.0, 1.0])
    how = PreprocessSettings(grid=(20, 20), margin_mm=0)
    ready = prepare(Volume(rows, flat, "arbitrary"), Volume(mask, flat, "arbitrary"), how)
    # A box of 20 x 20 pixels on a grid of 20 x 20: the pixels themselves, RA order.
    np.testing.assert_array_equal(ready.volume.array, rows[10:30, 20:40][::-1, ::-1])
    assert ready.mask.all()
    assert ready.picture.shape == (384, 384, 3)
    assert ready.quality["lung_litres"] is None
    assert colours(ready.picture, MASK_COLOR).any()


def test_without_a_mask_the_columns_say_none():
    ready = prepare(scan(), None, PreprocessSettings(grid=(8, 8, 8), mask="none"))
    assert ready.mask is None
    assert ready.quality["mask_quality"] is None
    assert not colours(ready.picture, MASK_COLOR).any()


def test_axes_that_do_not_fit_the_study_are_refused():
    flat = Volume(scan().array[:, :, 0], AFFINE)
    with pytest.raises(ReadError, match=r"has 2 axes \(40x36 voxels\), but the study's grid has 3"):
        prepare(flat, None, PreprocessSettings())
    with pytest.raises(ReadError, match="keep 2D and 3D scans in studies of their own"):
        prepare(scan(), None, PreprocessSettings(grid=(28, 28)))
    with pytest.raises(ReadError, match="a single slice"):
        prepare(scan((40, 36, 1)), None, PreprocessSettings())


def test_lungs_in_an_mr_scan_are_refused():
    with pytest.raises(SettingsError, match="CT volumes in HU only"):
        prepare(scan(unit="arbitrary"), None, PreprocessSettings(mask="lungs"))


@pytest.mark.parametrize("name", ["LIDC-IDRI-0003_R_2", "LIDC-IDRI-0060_R_1"])
def test_a_nodule_fills_its_grid(shared_data, name):
    images = [
        SimpleITK.ReadImage(str(shared_data / "lidc_voi3d_dev" / "VOIs" / kind / f"{name}.nii.gz"))
        for kind in ("image", "nodule_mask")
    ]
    volume, mask = (
        Volume(
            SimpleITK.GetArrayFromImage(image).T,
            affine_from_lps(image.GetSpacing(), image.GetOrigin(), image.GetDirection()),
        )
        for image in images
    )
    ready = prepare(volume, mask, PreprocessSettings(grid=(32, 32, 32)))
    # The physical volume and the center of the nodule are those of the given mask.
    true = np.count_nonzero(mask.array) * np.prod(mask.spacing_mm)
    ours = ready.mask.sum() * np.prod(ready.volume.spacing_mm)
    assert ours == pytest.approx(true, rel=0.1)
    centers = (
        ready.volume.position_mm(np.argwhere(ready.mask)).mean(axis=0),
        mask.position_mm(np.argwhere(mask.array)).mean(axis=0),
    )
    assert np.abs(centers[0] - centers[1]).max() < 0.5
    # A nodule is denser than the lung around it.
    assert np.median(ready.volume.array[ready.mask]) > np.median(ready.volume.array[~ready.mask])
    assert ready.quality["mask_quality"] == 1.0
