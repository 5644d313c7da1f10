"""Bits of a pixel that are the value, worked by hand; slices that are nearly even."""

import numpy as np
import pytest

from clam_core.errors import GeometryError
from clam_core.read.dicom.geometry import place_slices
from clam_core.read.dicom.header import PixelFormat
from clam_core.read.dicom.pixel_values import clean_bits, stored_pixels

AXIAL = [1, 0, 0, 0, 1, 0]


def pixels(bits_stored, high_bit, *, signed, little_endian=True):
    return PixelFormat(
        rows=1, columns=4, frames=1, bits_allocated=16, bits_stored=bits_stored,
        high_bit=high_bit, signed=signed, padding=None, inverted=False,
        syntax="1.2.840.10008.1.2.1", little_endian=little_endian, offset=0, n_bytes=8,
    )  # fmt: skip


VALUES = {True: [-2048, -1, 5, 2047], False: [0, 1, 2048, 4095]}


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(("high_bit", "around"), [(11, 0xF000), (15, 0x000F), (13, 0xC003)])
def test_twelve_bits_wherever_they_lie(signed, high_bit, around):
    """The value in 12 of 16 bits, the others all set: an overlay, or remains of one."""
    value = np.array([VALUES[signed]])
    raw = ((value & 0xFFF) << (high_bit - 11)) | around
    stored = raw.astype(np.uint16).view(np.int16 if signed else np.uint16)
    found = clean_bits(stored, pixels(12, high_bit, signed=signed))
    assert found.tolist() == [VALUES[signed]]


@pytest.mark.parametrize("little_endian", [True, False])
def test_bytes_in_either_order(little_endian):
    data = bytes([0x01, 0x02, 0xFF, 0xFF, 0x00, 0x80, 0x34, 0x12])
    expected = [0x0201, -1, -32768, 0x1234] if little_endian else [0x0102, -1, 128, 0x3412]
    format_ = pixels(16, 15, signed=True, little_endian=little_endian)
    assert stored_pixels(data, format_).tolist() == [expected]


@pytest.mark.parametrize("moved", [2.21, 1.79])
def test_a_slice_that_is_off_by_more_than_a_tenth_is_refused(moved):
    """Slices 2 mm apart: 0.2 mm are a tenth."""
    with pytest.raises(GeometryError):
        place_slices([[0, 0, z] for z in (0, moved, 4, 6, 8)], AXIAL, (1.0, 1.0))


@pytest.mark.parametrize("moved", [2.19, 1.81])
def test_a_slice_that_is_off_by_less_is_told_of(moved):
    found = place_slices([[0, 0, z] for z in (0, moved, 4, 6, 8)], AXIAL, (1.0, 1.0))
    assert found.notes == (
        "Slice positions are uneven by up to 0.19 mm; the mean distance of 2.0 mm is used.",
    )
    assert found.affine[2, 2] == pytest.approx(2.0)
