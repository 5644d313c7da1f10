"""Values of given masks: taken, cut with a note, or refused; and doubts about what is inside."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from clam_core.errors import ReadError, SettingsError
from clam_core.pipeline.declared_steps.written import LABELS
from clam_core.preprocess.given import place_mask
from clam_core.preprocess.mask_doubts import mask_doubts
from clam_core.preprocess.mask_values import asked_labels, read_mask_values
from clam_core.volume import Volume, to_ras

from .make import Chest, oriented_affine

SHAPE = (20, 18, 16)
BALL = np.indices(SHAPE).astype(float)
BALL = ((BALL - np.array([9, 8, 8])[:, None, None, None]) ** 2).sum(axis=0) <= 25
INNER = ndimage.binary_erosion(BALL, iterations=2)


def with_values(outside, inside, dtype="float32"):
    return np.where(BALL, inside, outside).astype(dtype)


def three(*labels, dtype="int16"):
    """Outside, a shell and a core."""
    return np.where(INNER, labels[2], np.where(BALL, labels[1], labels[0])).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
@pytest.mark.parametrize("label", [1, 7, 100])
def test_one_label_is_inside_whatever_its_number_and_type(label, dtype):
    found = read_mask_values(with_values(0, label, dtype))
    np.testing.assert_array_equal(found.inside, BALL)
    assert found.notes == ()


@pytest.mark.parametrize(
    ("mask", "note"),
    [
        (with_values(1e-7, 1), None),
        (with_values(0, 255, "uint8"), None),
        (with_values(0.0, 0.99996, "float64"), None),
        (with_values(-1024, 1), "Voxels of -1024 in the mask were taken as outside."),
        (with_values(-32768, 5, "int16"), "Voxels of -32768 in the mask"),
        (three(-1024, 0, 1) + 0, "Voxels of -1024 in the mask"),
        (with_values(np.nan, 1), "voxels of the mask hold no number; outside."),
        (with_values(0.0, 0.5), "holds fractions from 0 to 0.5, as a map of probabilities"),
    ],
)
def test_what_programs_write_outside(mask, note):
    found = read_mask_values(mask)
    expected = INNER if mask[9, 3, 8] == 0 else BALL
    np.testing.assert_array_equal(found.inside, expected)
    assert (found.notes == ()) if note is None else note in found.notes[0]


def test_probabilities_are_cut_at_a_half_and_said():
    shares = ndimage.gaussian_filter(BALL.astype(np.float32), 1.5)
    found = read_mask_values(shares)
    np.testing.assert_array_equal(found.inside, shares >= 0.5)
    assert "voxels at or above 0.5 were taken as inside" in found.notes[0]
    shares[0, 0, 0] = 0.5
    assert read_mask_values(shares).inside[0, 0, 0]
    np.testing.assert_array_equal(read_mask_values(shares, (1,)).inside, shares >= 0.5)
    overshoot = ndimage.zoom(BALL.astype(float), 1.3, order=3)
    assert (overshoot.min() < 0, overshoot.max() > 1) == (True, True)
    np.testing.assert_array_equal(read_mask_values(overshoot).inside, overshoot >= 0.5)


def test_gray_levels_of_a_blurred_picture_are_cut_in_the_middle_and_said():
    plane = np.zeros((200, 200))
    plane[60:140, 50:150] = 255
    blurred = ndimage.gaussian_filter(plane, 1).round().astype(np.uint8)
    assert np.unique(blurred).size > 8
    np.testing.assert_array_equal(read_mask_values(blurred).inside, blurred >= 127.5)
    stream = io.BytesIO()
    Image.fromarray(plane.astype(np.uint8)).save(stream, "JPEG", quality=60)
    jpeg = np.asarray(Image.open(stream))
    assert np.unique(jpeg).size > 8
    np.testing.assert_array_equal(read_mask_values(jpeg).inside, plane > 0)
    shades = np.linspace(0, 255, 40_000).reshape(200, 200).astype(np.uint8)
    with pytest.raises(ReadError, match="The mask holds 255 labels"):
        read_mask_values(shades)
    fractions = ndimage.zoom(plane, 1.37, order=1)
    found = read_mask_values(fractions)
    np.testing.assert_array_equal(found.inside, fractions >= 127.5)
    assert "nearly all black or white; voxels at or above 127.5 were taken" in found.notes[0]


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (three(0, 1, 13), r"holds 2 labels \(1, 13\). Name the one that is inside, such as "),
        (three(0, 1, 255, dtype="uint8"), r"holds 2 labels \(1, 255\)"),
        (with_values(255, 1, "uint8"), r"holds 2 labels \(1, 255\); it has no 0 outside"),
        (with_values(0, -1, "int16"), r"holds 1 label \(-1\)"),
        (three(0, -1, 1), r"holds 2 labels \(-1, 1\)"),
        (three(0, 3.0, 4.0, dtype="float64"), r"holds 2 labels \(3, 4\)"),
        (with_values(0, 0), r"is empty \(all its voxels are zero\)"),
        (with_values(-1024, 0), r"is empty \(all its voxels are 0 or padding \(-1024\)\)"),
        (with_values(0, 0.3), r"fractions up to 0.3, none of them at or above 0.5"),
        (with_values(0.25, 7.5), r"holds fractions from 0.25 to 7.5, as an image does"),
        (np.arange(5760).reshape(SHAPE) - 1000, r"more than 256 different values from -1000 to"),
        (BALL * np.float32(1e9) + np.float32(0.5), r"fractions from 0.5 to 1e\+09"),
    ],
)
def test_values_that_say_nothing_are_refused(mask, words):
    with pytest.raises(ReadError, match=words):
        read_mask_values(mask)


def test_labels_that_are_chosen():
    lobes = three(0, 3, 4)
    np.testing.assert_array_equal(read_mask_values(lobes, (4,)).inside, INNER)
    np.testing.assert_array_equal(read_mask_values(lobes.astype(float), (3, 4)).inside, BALL)
    np.testing.assert_array_equal(read_mask_values(lobes, (3, 99)).inside, BALL & ~INNER)
    np.testing.assert_array_equal(read_mask_values(with_values(255, 1), (1,)).inside, BALL)
    np.testing.assert_array_equal(read_mask_values(with_values(0, -1), (-1,)).inside, BALL)
    with pytest.raises(ReadError, match=r"none of the labels that are wanted \(5, 6\); it holds 0"):
        read_mask_values(lobes, (6, 5))
    with pytest.raises(ReadError, match="no labels, so the labels that are wanted"):
        read_mask_values(with_values(0.1, 0.9), (3,))


def test_labels_are_offered_from_the_sentences():
    said = []
    for mask, wanted in ((three(0, 1, 13), ()), (three(0, 2, 13), (5,)), (BALL * 0, ())):
        with pytest.raises(ReadError) as error:
            read_mask_values(mask, wanted)
        said.append(f"Before. {error.value}")
    assert asked_labels(said) == [1, 2, 13]
    assert asked_labels(["It is empty.", ""]) == []


def test_labels_as_they_are_typed():
    assert LABELS.read("3, 4") == (3, 4)
    assert LABELS.read("-1") == (-1,)
    assert LABELS.read("") == ()
    with pytest.raises(SettingsError, match="'lung' are not whole numbers"):
        LABELS.read("lung")


# Doubts


@pytest.fixture(scope="module")
def chest():
    made = Chest()
    return to_ras(made.volume), np.ascontiguousarray((made.left | made.right)[::-1, ::-1])


def test_lungs_and_a_nodule_are_not_doubted(chest):
    scan, lungs = chest
    assert mask_doubts(lungs, scan) == ()
    nodule = np.zeros_like(lungs)
    nodule[60:66, 60:66, 50:56] = True
    assert mask_doubts(nodule, scan) == ()
    body = ndimage.binary_fill_holes(scan.array > -300)
    assert mask_doubts(body, scan) == ()


def test_lungs_in_a_box_of_their_own_are_not_doubted(chest):
    scan, lungs = chest
    box = ndimage.find_objects(lungs.astype(int))[0]
    cut = Volume(scan.array[box], scan.affine)
    assert mask_doubts(lungs[box], cut) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lungs: ~lungs, "covers the rim of the scan and leaves out its middle"),
        (lambda lungs: lungs | True, "covers all of the scan, as if it were none"),
        (lambda lungs: np.arange(lungs.size).reshape(lungs.shape) > 3, "covers 99.9 % of"),
        (lambda lungs: np.arange(lungs.size).reshape(lungs.shape) < 5, "holds only 5 of"),
    ],
)
def test_masks_that_are_doubted(chest, change, words):
    scan, lungs = chest
    (doubt,) = mask_doubts(change(lungs), scan)
    assert words in doubt


def test_air_around_the_body_is_doubted_in_hu_only(chest):
    scan, _ = chest
    around = np.zeros(scan.shape, dtype=bool)
    around[2:-2, 70:-2] = scan.array[2:-2, 70:-2] < -900
    (doubt,) = mask_doubts(around, scan)
    assert "of the mask is air outside the body" in doubt
    assert mask_doubts(around, Volume(scan.array, scan.affine, "arbitrary")) == ()


def test_pictures_are_doubted_as_well():
    picture = Volume(np.zeros((40, 40), np.int16), np.eye(4), "arbitrary")
    inside = np.zeros((40, 40), dtype=bool)
    inside[10:20, 10:20] = True
    assert mask_doubts(inside, picture) == ()
    assert "rim" in mask_doubts(~inside, picture)[0]
    assert "only 4 of 1,600" in mask_doubts(inside & (np.indices((40, 40)) < 12).all(0), picture)[0]


def test_notes_and_doubts_reach_the_region():
    scan = Volume(np.zeros(SHAPE, np.int16), oriented_affine((0, 1, 2), (-1, -1, 1), (1, 1, 2)))
    mask = Volume(with_values(0.2, 0.9), scan.affine)
    region = place_mask(mask, to_ras(scan), scan)
    np.testing.assert_array_equal(region.mask, BALL[::-1, ::-1])
    assert "map of probabilities" in region.warnings[0]
    labels = Volume(three(0, 1, 13), scan.affine)
    region = place_mask(labels, to_ras(scan), scan, (13,))
    np.testing.assert_array_equal(region.mask, INNER[::-1, ::-1])
    inverted = Volume((~BALL).astype(np.uint8), scan.affine)
    assert "may be inverted" in place_mask(inverted, to_ras(scan), scan).warnings[-1]


def test_an_image_given_as_a_mask_is_called_an_image():
    values = np.random.default_rng(0).integers(-870, 400, SHAPE).astype("int16")
    values[values % 25 != 0] = 0
    with pytest.raises(
        ReadError, match=r"different numbers from -8\d\d to 3\d\d, as an image in HU"
    ):
        read_mask_values(values)
    assert asked_labels(["The mask holds 40 different numbers from -850 to 375"]) == []


def test_very_many_labels_may_be_shares():
    values = np.random.default_rng(0).integers(0, 40, SHAPE).astype("uint8")
    with pytest.raises(ReadError, match="probabilities stored as 0 to 255"):
        read_mask_values(values)
    with pytest.raises(ReadError, match="chosen, too.$"):
        read_mask_values(values % 5)
