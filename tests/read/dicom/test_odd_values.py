"""Padding that tissue has as well, values in unusual bits, a scale of zero: read, or told."""

import numpy as np
import pydicom
import pytest

from clam_core.errors import ReadError
from clam_core.read.dicom import group_series, read_series
from tests.read.dicom import make
from tests.read.made_files import LIMITS


def circle(n_slices=3, size=24):
    """HU: water with noise around 0, air round it, and what lies outside the field of view."""
    noise = np.random.default_rng(0).integers(-3, 4, (n_slices, size, size))
    axis = np.arange(size) - (size - 1) / 2
    squared = axis[:, None] ** 2 + axis[None, :] ** 2
    noise[:, squared > (size / 2 - 3) ** 2] = -990
    return noise, np.broadcast_to(squared > (size / 2) ** 2, noise.shape)


@pytest.mark.parametrize(("padding", "intercept"), [(0, 0), (1000, -1000), (60, -20)])
def test_padding_that_tissue_has_as_well(tmp_path, padding, intercept):
    noise, outside = circle()
    hu = np.where(outside, padding + intercept, noise + padding + intercept)
    stored = (hu - intercept).astype(np.int16)
    tags = {"RescaleIntercept": intercept, "PixelPaddingValue": padding}
    result = read_series(make.series(tmp_path, stored, **tags), LIMITS)
    expected = np.where(outside, -1024, hu)
    assert (noise[~outside] == 0).sum() > 50
    np.testing.assert_array_equal(result.volume.array.T, expected)
    (note,) = result.warnings
    assert f"The padding value of the header ({padding}) is one that tissue has" in note


def test_tissue_to_the_corners_has_no_padding(tmp_path):
    noise = np.random.default_rng(1).integers(-3, 4, (3, 24, 24))
    noise[:, 0, 0] = 0  # by chance
    tags = {"RescaleIntercept": 0, "PixelPaddingValue": 0}
    result = read_series(make.series(tmp_path, noise.astype(np.int16), **tags), LIMITS)
    np.testing.assert_array_equal(result.volume.array.T, noise)


@pytest.mark.parametrize(("padding", "intercept"), [(-2000, 0), (0, -1024), (24, -1024)])
def test_padding_below_tissue_counts_wherever_it_is(tmp_path, padding, intercept):
    noise, _ = circle()
    stored = (noise - intercept).astype(np.int16)
    stored[:, 10:12, 10:12] = padding
    tags = {"RescaleIntercept": intercept, "PixelPaddingValue": padding}
    result = read_series(make.series(tmp_path, stored, **tags), LIMITS)
    expected = noise.copy()
    expected[:, 10:12, 10:12] = -1024
    np.testing.assert_array_equal(result.volume.array.T, expected)
    assert result.warnings == ()


@pytest.mark.parametrize(("high_bit", "told"), [(11, False), (15, True), (13, True)])
def test_values_that_do_not_lie_in_the_lowest_bits_are_told_of(tmp_path, high_bit, told):
    stored = make.ramp() << (high_bit - 11)
    refs = make.series(tmp_path, stored, BitsStored=12, HighBit=high_bit)
    result = read_series(refs, LIMITS)
    np.testing.assert_array_equal(result.volume.array.T, make.ramp().astype(int) - 1024)
    said = f"bits {high_bit - 11} to {high_bit} of each pixel (HighBit {high_bit}, BitsStored 12)"
    assert [said in note for note in result.warnings] == [True] * told
    (outcome,) = group_series([make.read_header(ref) for ref in refs])
    assert outcome.notes == result.warnings


def test_a_slope_of_zero(tmp_path):
    refs = make.series(tmp_path, RescaleSlope=0)
    assert pydicom.dcmread(refs[0].path).RescaleSlope == 0
    with pytest.raises(ReadError, match="has a RescaleSlope of 0, by which all its values would"):
        read_series(refs, LIMITS)
    empty = make.each([1.0, 0.0, 1.0, 1.0])
    tags = {"Modality": "PT", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.128"}
    refs = make.series(tmp_path / "pet", RescaleSlope=empty, RescaleIntercept=0, **tags)
    assert (read_series(refs, LIMITS).volume.array[..., 1] == 0).all()
