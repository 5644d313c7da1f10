"""Geometry: RAS+ in mm, checked against nibabel and cases worked by hand."""

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from clam_core.errors import AlignmentError, GeometryError
from clam_core.volume import (
    Volume,
    affine_from_lps,
    display_slice,
    dominant_axes,
    to_ras,
)

CODES = ["RAS", "LPS", "PIR", "SRA", "ILA", "AIL"]


def oriented(code, spacing=(1.0, 2.0, 3.0), shape=(3, 4, 5)):
    """Volume whose axes grow as the letters say; voxel values are all different."""
    signs = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}
    affine = np.eye(4)
    affine[:3, :3] = 0
    for column, letter in enumerate(code):
        axis, sign = signs[letter]
        affine[axis, column] = sign * spacing[column]
    affine[:3, 3] = (10, -20, 30)
    return Volume(np.arange(np.prod(shape), dtype=np.int16).reshape(shape), affine)


@pytest.mark.parametrize("code", CODES)
def test_orientation_agrees_with_nibabel(code):
    volume = oriented(code)
    assert volume.orientation == code == "".join(nibabel.aff2axcodes(volume.affine))
    assert volume.spacing_mm == pytest.approx((1, 2, 3))


@pytest.mark.parametrize("code", CODES)
def test_to_ras_agrees_with_nibabel(code):
    volume = oriented(code)
    ours = to_ras(volume)
    theirs = nibabel.as_closest_canonical(nibabel.Nifti1Image(volume.array, volume.affine))
    assert ours.orientation == "RAS"
    np.testing.assert_array_equal(ours.array, np.asarray(theirs.dataobj))
    np.testing.assert_allclose(ours.affine, theirs.affine)


@given(
    arrays(np.float64, 3, elements=st.floats(-1.2, 1.2)),
    st.permutations([0, 1, 2]),
    st.tuples(*[st.sampled_from([-1, 1])] * 3),
)
def test_to_ras_moves_no_voxel(angles, order, signs):
    """Whatever the rotation, a voxel's value stays at its place in the patient."""
    rotation = np.eye(3)
    for axis, angle in enumerate(angles):
        i, j = [a for a in range(3) if a != axis]
        turn = np.eye(3)
        turn[i, i] = turn[j, j] = np.cos(angle)
        turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
        rotation = rotation @ turn
    affine = np.eye(4)
    affine[:3, :3] = rotation[:, order] * signs * (0.5, 0.7, 2.0)
    affine[:3, 3] = (5, 6, 7)
    volume = Volume(np.arange(60).reshape(3, 4, 5), affine)
    turned = to_ras(volume)
    for value in (0, 17, 59):
        before = volume.position_mm(np.argwhere(volume.array == value)[0])
        after = turned.position_mm(np.argwhere(turned.array == value)[0])
        np.testing.assert_allclose(after, before, atol=1e-9)
    assert turned.orientation == "RAS"
    assert sorted(dominant_axes(affine)) == [0, 1, 2]


def test_positions_by_hand():
    volume = oriented("LPS")
    np.testing.assert_allclose(volume.position_mm([2, 3, 4]), [10 - 2, -20 - 6, 30 + 12])
    assert volume.position_mm(np.zeros((7, 3))).shape == (7, 3)


def test_positions_of_dicom_become_ras():
    affine = affine_from_lps((1, 2, 3), (-100, -50, 20), np.eye(3))
    np.testing.assert_allclose(affine @ [0, 0, 0, 1], [100, 50, 20, 1])
    np.testing.assert_allclose(affine @ [1, 1, 1, 1], [99, 48, 23, 1])


def test_axial_view_has_the_patients_right_on_the_left_and_front_up():
    array = np.zeros((4, 5, 6))
    array[3, 4, 2] = 1  # right, anterior
    view = display_slice(array, axis=2, index=2)
    assert view.shape == (5, 4)
    assert view[0, 0] == 1


def test_coronal_view_has_the_head_up_and_sagittal_view_the_front_on_the_left():
    array = np.zeros((4, 5, 6))
    array[3, 4, 5] = 1  # right, anterior, superior
    assert display_slice(array, axis=1, index=4)[0, 0] == 1
    assert display_slice(array, axis=0, index=3)[0, 0] == 1


def test_a_picture_is_shown_as_it_was():
    rows = np.arange(12).reshape(3, 4)
    picture = Volume(rows.T, np.diag([-1.0, -1.0, 1.0, 1.0]), "arbitrary")
    assert picture.orientation == "LP"
    np.testing.assert_array_equal(display_slice(to_ras(picture).array), rows)


def test_shear_is_the_angle_off_square():
    affine = np.eye(4)
    affine[1, 2] = np.tan(np.radians(20))
    assert Volume(np.zeros((2, 2, 2)), affine).shear_degrees == pytest.approx(20)
    assert oriented("PIR").shear_degrees == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("array", "affine", "kind", "text"),
    [
        (np.zeros((2, 2, 2, 2)), np.eye(4), AlignmentError, "has two or three axes.*4"),
        (np.zeros((2, 2, 2)), np.eye(3), GeometryError, "4 x 4"),
        (np.zeros((2, 2, 2)), np.full((4, 4), np.nan), GeometryError, "finite"),
        (np.zeros((2, 2, 2)), np.diag([1.0, 0, 1, 1]), GeometryError, "voxel size is zero"),
    ],
)
def test_impossible_volumes_are_refused(array, affine, kind, text):
    with pytest.raises(kind, match=text):
        Volume(array, affine)
