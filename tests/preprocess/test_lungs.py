"""The lung mask on a chest made by the test, and on real scans against other segmentations."""

import zipfile
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import SimpleITK
from scipy import ndimage

from clam_core.errors import ReadError
from clam_core.preprocess.lung_quality import LungFacts, judge
from clam_core.preprocess.lung_rim import fill_rim
from clam_core.preprocess.lung_sides import LEFT, close_sides
from clam_core.preprocess.lungs import find_lungs
from clam_core.preprocess.prepare import prepare
from clam_core.settings import PreprocessSettings
from clam_core.volume import Volume, affine_from_lps, to_ras

from .make import Chest, dice

WHOLE = LungFacts(2.4, 2.8, 0.0, 0.0, 0.0)


def as_volume(image):
    parts = image.GetSpacing(), image.GetOrigin(), image.GetDirection()
    return Volume(SimpleITK.GetArrayFromImage(image).T, affine_from_lps(*parts))


def lungs_of(volume):
    scan = to_ras(volume)
    region = find_lungs(scan.array, scan.spacing_mm)
    zoom = [n / m for n, m in zip(scan.shape, region.mask.shape, strict=True)]
    mask = ndimage.zoom(region.mask.astype(float), zoom, order=1, grid_mode=True, mode="nearest")
    return region, mask >= 0.5


@cache
def chest(kind):
    made = Chest(touching=kind == "touching", disease=kind != "healthy")
    truth = {
        name: to_ras(replace(made.volume, array=getattr(made, name))).array
        for name in ("left", "right", "dense")
    }
    litre = float(np.prod(made.volume.spacing_mm)) / 1e6
    return made.volume, truth, litre


@pytest.mark.parametrize("kind", ["healthy", "diseased", "touching"])
def test_both_lungs_are_found_and_told_apart(kind):
    volume, truth, litre = chest(kind)
    region, mask = lungs_of(volume)
    assert dice(mask, truth["left"] | truth["right"]) > 0.98
    assert region.left_litres == pytest.approx(truth["left"].sum() * litre, rel=0.03)
    assert region.right_litres == pytest.approx(truth["right"].sum() * litre, rel=0.03)
    assert (region.quality, region.warnings) == (1.0, ())


def test_dense_disease_at_the_chest_wall_stays_inside():
    volume, truth, _ = chest("diseased")
    _, mask = lungs_of(volume)
    pieces, n_pieces = ndimage.label(truth["dense"])
    found = ndimage.mean(mask, pieces, np.arange(1, n_pieces + 1))
    assert n_pieces == 6
    assert found.min() > 0.7
    assert mask[truth["dense"]].mean() > 0.8


def half_ball(radius=20):
    """A left lung as half a ball whose wall is where i falls, and the space around it."""
    i, j, k = np.indices((30, 50, 50)) - np.array([24, 25, 25])[:, None, None, None]
    return (i**2 + j**2 + k**2 <= radius**2) & (i <= 0), (np.abs(j) < 9) & (np.abs(k) < 9)


def test_a_dent_towards_the_wall_is_filled_and_one_towards_the_heart_is_not():
    lung, cone = half_ball()
    i = np.arange(30)[:, None, None]
    for dent, share in ((cone & (i < 10), 0.6), (cone & (i > 16), 0.0)):
        filled = fill_rim(lung & ~dent, -1, max_length=24, max_depth=8)
        assert (filled & lung & dent).sum() / (lung & dent).sum() >= share
        assert share or (filled == (lung & ~dent)).mean() > 0.99
        assert not (filled & ~lung).any()


def test_a_dent_with_a_rib_in_it_is_chest_wall():
    lung, cone = half_ball()
    dent = cone & lung & (np.arange(30)[:, None, None] < 10)
    sides = np.where(lung & ~dent, LEFT, 0).astype(np.uint8)
    outside = np.zeros_like(lung)
    tissue = np.where(sides > 0, -850.0, 40.0).astype(np.float32)
    bone = np.where(dent & cone & (np.arange(50) > 24), 500, tissue).astype(np.float32)
    counts = [np.count_nonzero(close_sides(sides, hu, outside, 2.5)[dent]) for hu in (tissue, bone)]
    assert counts[0] > 0.6 * dent.sum()
    assert counts[1] < 0.4 * dent.sum()


def test_air_outside_bowel_gas_table_and_trachea_are_not_lung():
    volume, truth, litre = chest("healthy")
    _, mask = lungs_of(volume)
    air = to_ras(volume).array < -900
    far = ~ndimage.binary_dilation(truth["left"] | truth["right"], iterations=5)
    assert air[far].sum() > 100_000
    # The bronchi leave at most 1 ml of the 45 ml of the large airways.
    assert mask[air & far].sum() * litre < 0.001


def test_the_mask_follows_the_scan_when_it_is_stored_otherwise():
    volume, _, _ = chest("diseased")
    region, _ = lungs_of(volume)
    turned = Volume(
        np.ascontiguousarray(volume.array[:, ::-1].transpose(2, 0, 1)),
        np.linalg.multi_dot([volume.affine, _flip_j(volume.shape[1])])[:, [2, 0, 1, 3]],
    )
    np.testing.assert_array_equal(lungs_of(turned)[0].mask, region.mask)


def _flip_j(n):
    flip = np.diag([1.0, -1.0, 1.0, 1.0])
    flip[1, 3] = n - 1
    return flip


def test_lungs_cut_off_lower_the_quality_and_are_said():
    volume, _, _ = chest("healthy")
    low = replace(volume, array=volume.array[:, :, 50:])
    ready = prepare(low, None, PreprocessSettings(grid=(16, 16, 16), mask="lungs"))
    assert ready.quality["mask_quality"] < 0.6
    assert any("cut off at the bottom of the field of view" in words for words in ready.warnings)
    narrow = replace(volume, array=volume.array[14:-14])
    region, mask = lungs_of(narrow)
    assert any("cut off at the sides" in words for words in region.warnings)
    truth = chest("healthy")[1]
    assert dice(mask, (truth["left"] | truth["right"])[14:-14]) > 0.97


def test_one_lung_alone_is_doubted():
    volume, truth, _ = chest("healthy")
    array = to_ras(volume).array.copy()
    array[truth["left"]] = 30
    region, mask = lungs_of(Volume(array, to_ras(volume).affine))
    assert region.quality < 0.5
    assert "The left lung found is much smaller than the other" in region.warnings[0]
    assert dice(mask, truth["right"]) > 0.97


def test_a_scan_without_lungs_says_what_to_do():
    array = np.random.default_rng(0).normal(40, 20, (60, 60, 30)).astype(np.int16)
    array[:5] = -1000
    with pytest.raises(ReadError, match="No lungs were found.*choose 'No mask' .--mask none"):
        find_lungs(array, (3.0, 3.0, 3.0))


def test_quality_by_hand():
    assert judge(WHOLE) == (1.0, ())
    # 0.9 litres lie halfway between 0.3 (score 0) and 1.5 (score 1).
    assert judge(replace(WHOLE, left_litres=0.4, right_litres=0.5))[0] == 0.5
    # 55 cm2 lie halfway between 10 (score 1) and 100 (score 0.4).
    score, words = judge(replace(WHOLE, top_cm2=55.0))
    assert (score, words) == (
        0.7,
        ("The lungs are cut off at the top of the field of view (55 cm²).",),
    )
    assert judge(replace(WHOLE, left_litres=0.0))[0] == 0.3
    assert judge(replace(WHOLE, right_litres=12.0))[0] == 0.0


def test_a_whole_chest_agrees_with_another_segmentation(shared_data):
    folder = shared_data / "volumes_misc"
    scan = as_volume(SimpleITK.ReadImage(str(folder / "ct-64.nrrd")))
    truth = as_volume(SimpleITK.ReadImage(str(folder / "lm-64.nrrd")))
    region, mask = lungs_of(scan)
    # Lobes, vessels and airways inside the lungs carry labels of their own; all are lung.
    assert dice(mask, to_ras(truth).array > 0) > 0.965
    assert region.quality == 1.0


def test_a_crop_of_a_chest_is_used_with_low_quality(shared_data):
    path = shared_data / "volumes_misc" / "ts_pulmonary_ct_cropped.nii.gz"
    region, mask = lungs_of(as_volume(SimpleITK.ReadImage(str(path))))
    scan = to_ras(as_volume(SimpleITK.ReadImage(str(path)))).array
    assert region.quality < 0.3
    assert len(region.warnings) >= 2
    assert ((scan < -600) & (scan > -900) & mask).sum() / (
        (scan < -600) & (scan > -900)
    ).sum() > 0.95


def test_an_abdomen_is_no_chest(shared_data):
    path = shared_data / "volumes_misc" / "example_ct.nii.gz"
    with pytest.raises(ReadError, match="No lungs were found"):
        lungs_of(as_volume(SimpleITK.ReadImage(str(path))))


@pytest.mark.slow
def test_a_clinical_series(shared_data, tmp_path):
    (archive,) = (shared_data / "chest_ct_dicom_series").glob("*.zip")
    with zipfile.ZipFile(archive) as file:
        file.extractall(tmp_path)
    folder = next(path.parent for path in tmp_path.rglob("*.dcm"))
    names = SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder))
    scan = as_volume(SimpleITK.ReadImage(names))
    region, mask = lungs_of(scan)
    assert region.quality == 1.0
    assert 4.3 < region.left_litres + region.right_litres < 5.0
    assert 0.6 < region.left_litres / region.right_litres < 0.9
    # An independent count: everything from -950 to -700 HU, opened by 3 mm, is lung here.
    lung = ndimage.binary_opening(np.abs(to_ras(scan).array + 825) < 125, iterations=2)
    lung &= ndimage.binary_erosion(np.ones_like(lung), iterations=20)
    assert mask[lung].mean() > 0.9
