"""PNG of 16 bits with colour or transparency, against what imagecodecs and libpng wrote."""

import zipfile
import zlib

import imagecodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clam_core.errors import ClamError, LimitError, ReadError
from clam_core.files.file_ref import FileRef
from clam_core.read.pictures import read_picture, read_picture_header
from clam_core.settings import ReadLimits
from tests.read.made_files import LIMITS, saved

GRAY = (np.arange(7 * 9).reshape(7, 9) * 997 + 3).astype(np.uint16)  # both bytes matter
FULL = np.full_like(GRAY, 65_535)


def by_hand(samples, colour_type, filters=(0,)):
    """A PNG without a library: rows of big-endian samples (W3C PNG, 7.2 and 9.2)."""
    n_rows, n_columns, n_samples = samples.shape
    step = 2 * n_samples
    rows, before = [], bytes(step * n_columns)
    for number, row in enumerate(samples.astype(">u2")):
        raw, kind = row.tobytes(), filters[number % len(filters)]
        left = bytes(step) + raw[:-step]
        guess = {0: bytes(len(raw)), 1: left, 2: before}[kind]
        rows.append(bytes([kind]) + bytes((a - b) % 256 for a, b in zip(raw, guess, strict=True)))
        before = raw

    def chunk(kind, data):
        return (
            len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
        )

    head = (
        n_columns.to_bytes(4, "big") + n_rows.to_bytes(4, "big") + bytes([16, colour_type, 0, 0, 0])
    )
    parts = (
        chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"".join(rows))) + chunk(b"IEND", b"")
    )
    return b"\x89PNG\r\n\x1a\n" + parts


@pytest.mark.parametrize("samples", [2, 3, 4])
@pytest.mark.parametrize("how", ["imagecodecs", "hand"])
def test_gray_in_other_modes_keeps_every_bit(tmp_path, samples, how):
    array = np.dstack([GRAY, FULL] if samples == 2 else [GRAY] * 3 + [FULL] * (samples == 4))
    kind = {2: 4, 3: 2, 4: 6}[samples]
    content = (
        imagecodecs.png_encode(array) if how == "imagecodecs" else by_hand(array, kind, (0, 1, 2))
    )
    np.testing.assert_array_equal(imagecodecs.png_decode(content), array)
    result = read_picture(saved(tmp_path, "a.png", content), LIMITS)
    assert result.volume.array.dtype == np.uint16
    np.testing.assert_array_equal(result.volume.array.T, GRAY)
    assert result.warnings == ()
    header = read_picture_header(tmp_path / "a.png", LIMITS)
    assert (header.shape, header.dtype) == ((9, 7), "uint16")


def test_colours_become_brightness_and_transparency_is_said(tmp_path):
    colours = np.random.default_rng(0).integers(0, 65_536, (7, 9, 4)).astype(np.uint16)
    result = read_picture(saved(tmp_path, "a.png", imagecodecs.png_encode(colours)), LIMITS)
    expected = np.rint(colours[..., :3].astype(float) @ [0.299, 0.587, 0.114])
    np.testing.assert_array_equal(result.volume.array.T, expected)
    assert ["in colour" in result.warnings[0], "transparent" in result.warnings[1]] == [True, True]


@pytest.mark.parametrize("samples", [2, 3])
def test_in_an_archive(tmp_path, samples):
    array = np.dstack([GRAY, FULL] if samples == 2 else [GRAY] * 3)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("p/b.png", imagecodecs.png_encode(array))
    result = read_picture(FileRef(tmp_path / "a.zip", "p/b.png"), LIMITS)
    np.testing.assert_array_equal(result.volume.array.T, GRAY)


@pytest.mark.parametrize("samples", [2, 3])
@pytest.mark.parametrize("keep", [0.9, 0.5, 0.2])
def test_cut_off(tmp_path, samples, keep):
    noise = np.random.default_rng(0).integers(0, 65_536, (50, 40, samples)).astype(np.uint16)
    content = imagecodecs.png_encode(noise)
    with pytest.raises(ReadError, match=r"^a.png is damaged"):
        read_picture(saved(tmp_path, "a.png", content[: int(keep * len(content))]), LIMITS)


def test_declared_size(tmp_path):
    content = bytearray(by_hand(np.dstack([GRAY] * 3), 2))
    content[16:24] = (60_000).to_bytes(4, "big") * 2
    path = saved(tmp_path, "bomb.png", bytes(content))
    with pytest.raises(LimitError, match=r"bomb.png declares 60000 x 60000"):
        read_picture_header(path, ReadLimits(memory_bytes=64 << 20))


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), samples=st.sampled_from([2, 3, 4]))
def test_damaged_bytes_end_in_a_sentence(tmp_path, data, samples):
    content = bytearray(imagecodecs.png_encode(np.dstack([GRAY] * samples)))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = saved(tmp_path, "a.png", bytes(content))
    small = ReadLimits(memory_bytes=64 << 20)
    for call in (read_picture_header, read_picture):
        try:
            call(path, small)
        except ClamError as error:
            assert str(error).isprintable()
