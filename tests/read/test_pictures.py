"""Pictures against arrays that were written by Pillow, tifffile and imagecodecs."""

import io
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from clam_core.errors import ClamError, LimitError, ReadError
from clam_core.read.pictures import read_picture, read_picture_header, read_picture_stack
from clam_core.settings import ReadLimits
from clam_core.volume import display_slice, to_ras
from tests.read.made_files import LIMITS, ct_like, nifti_bytes, saved

ROWS = np.arange(7 * 9, dtype=np.uint8).reshape(7, 9) * 4  # 7 rows, 9 columns


def shown(result):
    """The picture as the viewer shows it."""
    return display_slice(to_ras(result.volume).array)


def encoded(array, format_name="PNG", **options):
    stream = io.BytesIO()
    picture = array if isinstance(array, Image.Image) else Image.fromarray(array)
    picture.save(stream, format_name, **options)
    return stream.getvalue()


def read(tmp_path, content, name="a.png"):
    return read_picture(saved(tmp_path, name, content), LIMITS)


@pytest.mark.parametrize("format_name", ["PNG", "TIFF", "BMP"])
def test_gray_is_shown_as_it_is_in_the_file(tmp_path, format_name):
    result = read(tmp_path, encoded(ROWS, format_name))
    np.testing.assert_array_equal(shown(result), ROWS)
    np.testing.assert_array_equal(result.volume.array, ROWS.T)
    assert result.volume.orientation == "LP"
    assert result.volume.spacing_mm == (1, 1)
    assert (result.volume.unit, result.warnings) == ("arbitrary", ())
    header = read_picture_header(tmp_path / "a.png", LIMITS)
    assert (header.shape, header.ndim, header.dtype) == ((9, 7), 2, "uint8")


def test_jpeg_as_imagecodecs_decodes_it(tmp_path):
    smooth = np.add.outer(np.arange(64), 2 * np.arange(80)).astype(np.uint8)
    content = imagecodecs.jpeg_encode(smooth, level=95)
    np.testing.assert_allclose(
        shown(read(tmp_path, content, "a.jpg")).astype(int),
        imagecodecs.jpeg_decode(content),
        atol=1,
    )


def test_sixteen_bits_are_kept(tmp_path):
    deep = ROWS.astype(np.uint16) * 257 + 3
    result = read(tmp_path, imagecodecs.png_encode(deep))
    assert result.volume.array.dtype == np.uint16
    np.testing.assert_array_equal(shown(result), deep)
    assert result.volume.unit == "arbitrary"
    for order in "<>":
        tifffile.imwrite(tmp_path / "a.tif", deep, byteorder=order)
        result = read_picture(tmp_path / "a.tif", LIMITS)
        np.testing.assert_array_equal(shown(result), deep)
        assert result.volume.array.dtype.isnative


@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_signed_tiff_with_values_like_hu_is_taken_as_hu(tmp_path, dtype):
    values = (ROWS.astype(np.int16) * 10 - 1000).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", values)
    result = read_picture(tmp_path / "a.tif", LIMITS)
    np.testing.assert_array_equal(shown(result), values)
    assert result.volume.array.dtype == np.dtype(dtype)
    assert result.volume.unit == "HU"
    assert result.warnings == ("Values reach from -1000 to 1480; they were taken as HU.",)


def test_signed_values_that_are_not_hu(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", ROWS.astype(np.int16) - 100)
    result = read_picture(tmp_path / "a.tif", LIMITS)
    assert (result.volume.unit, result.warnings) == ("arbitrary", ())


def test_colour_becomes_brightness(tmp_path):
    red, green, blue = ROWS, ROWS[::-1], ROWS[:, ::-1]
    colour = np.stack([red, green, blue], axis=-1)
    result = read(tmp_path, encoded(colour))
    expected = red * 0.299 + green * 0.587 + blue * 0.114  # ITU-R BT.601
    np.testing.assert_allclose(shown(result).astype(float), expected, atol=0.51)
    assert result.warnings == ("The picture is in colour; its brightness was used.",)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "1", "CMYK"])
def test_gray_in_another_mode_loses_nothing(tmp_path, mode):
    gray = Image.fromarray(ROWS if mode != "1" else np.uint8(255) * (ROWS > 90))
    format_name = "TIFF" if mode == "CMYK" else "PNG"
    picture = gray.convert("RGB").convert(mode) if mode == "CMYK" else gray.convert(mode)
    result = read(tmp_path, encoded(picture, format_name))
    np.testing.assert_array_equal(shown(result), np.asarray(gray))
    assert result.warnings == ()


def test_transparency_is_said(tmp_path):
    picture = Image.fromarray(np.dstack([ROWS, ROWS, ROWS, ROWS]), "RGBA")
    result = read(tmp_path, encoded(picture))
    np.testing.assert_array_equal(shown(result), ROWS)
    assert result.warnings == ("The picture has transparent parts; transparency was ignored.",)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_tag_is_honoured(tmp_path, orientation, format_name):
    upright = np.kron(ROWS, np.ones((8, 8), np.uint8))
    # EXIF 2.3, table 6: which side of the upright picture row 0 and column 0 are.
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: upright.T[::-1],
        7: upright.T[::-1, ::-1],
        8: upright.T[:, ::-1],
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(np.ascontiguousarray(stored), format_name, exif=exif)
    result = read(tmp_path, content)
    np.testing.assert_allclose(shown(result).astype(int), upright, atol=12)
    assert read_picture_header(tmp_path / "a.png", LIMITS).shape == (72, 56)


def test_pages_are_a_volume_with_the_first_on_top(tmp_path):
    pages = np.arange(5 * 7 * 9, dtype=np.uint16).reshape(5, 7, 9)
    tifffile.imwrite(tmp_path / "a.tif", pages, photometric="minisblack")
    result = read_picture(tmp_path / "a.tif", LIMITS)
    assert read_picture_header(tmp_path / "a.tif", LIMITS).shape == (9, 7, 5)
    assert result.volume.orientation == "LPI"
    np.testing.assert_array_equal(result.volume.array, pages.T)
    ras = to_ras(result.volume).array
    np.testing.assert_array_equal(display_slice(ras, 2, 4), pages[0])
    assert "first slice was taken as the top" in result.warnings[0]


def test_pages_that_differ(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(ROWS)
        writer.write(ROWS[:3])
    with pytest.raises(ReadError, match=r"page 2 of 9 x 3 pixels, but a page 1 of 9 x 7"):
        read_picture(tmp_path / "a.tif", LIMITS)


def test_stack(tmp_path):
    slices = [ROWS, ROWS[::-1], ROWS // 2]
    paths = [
        saved(tmp_path, f"{n}.png", encoded(np.ascontiguousarray(s))) for n, s in enumerate(slices)
    ]
    result = read_picture_stack(paths, LIMITS)
    assert result.volume.orientation == "LPI"
    ras = to_ras(result.volume).array
    for number, pixels in enumerate(slices):
        np.testing.assert_array_equal(display_slice(ras, 2, 2 - number), pixels)
    assert result.volume.unit == "arbitrary"
    (warning,) = result.warnings
    assert "upside down" in warning
    assert "1 mm was assumed" in warning


def test_stack_of_signed_tiff_is_taken_as_hu(tmp_path):
    for number in range(3):
        tifffile.imwrite(tmp_path / f"{number}.tif", ROWS.astype(np.int16) * 8 - 1000 + number)
    result = read_picture_stack([tmp_path / f"{n}.tif" for n in range(3)], LIMITS)
    assert result.volume.array.dtype == np.int16
    assert result.volume.unit == "HU"
    assert any("taken as HU" in warning for warning in result.warnings)


def test_stack_of_one_colour_warning(tmp_path):
    colour = np.stack([ROWS, ROWS[::-1], ROWS], axis=-1)
    paths = [saved(tmp_path, f"{n}.png", encoded(colour)) for n in range(3)]
    assert len(read_picture_stack(paths, LIMITS).warnings) == 2


def test_stack_of_unequal_slices(tmp_path):
    first = saved(tmp_path, "a-1.png", encoded(ROWS))
    same = saved(tmp_path, "a-2.png", encoded(ROWS))
    small = saved(tmp_path, "a-3.png", encoded(ROWS[:3]))
    deep = saved(tmp_path, "a-4.png", imagecodecs.png_encode(ROWS.astype(np.uint16)))
    with pytest.raises(ReadError, match=r"^a-3.png has 9 x 3 pixels, but a-1.png has 9 x 7"):
        read_picture_stack([first, same, small, deep], LIMITS)
    with pytest.raises(ReadError, match=r"^a-4.png holds uint16, but a-1.png holds uint8"):
        read_picture_stack([first, same, deep], LIMITS)
    with pytest.raises(ReadError, match=r"at least two pictures; 1 were given"):
        read_picture_stack([first], LIMITS)
    tifffile.imwrite(tmp_path / "many.tif", np.zeros((3, 7, 9), np.uint8), photometric="minisblack")
    with pytest.raises(ReadError, match=r"many.tif has 3 pages; a slice must have one"):
        read_picture_stack([first, tmp_path / "many.tif"], LIMITS)


def test_stack_beyond_the_limits(tmp_path):
    path = saved(tmp_path, "a.png", encoded(np.zeros((1000, 1000), np.uint8)))
    small = ReadLimits(max_voxels=5_000_000)
    with pytest.raises(LimitError, match=r"1000 x 1000 x 6 voxels"):
        read_picture_stack([path] * 6, small)


# What must be refused.


def lying_png(n_columns: int, n_rows: int) -> bytes:
    """A PNG whose header declares a size and whose data are a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", n_columns, n_rows, 8, 0, 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.mark.parametrize("size", [(100_000, 100_000), (2**31 - 1, 2**31 - 1), (12_000, 12_000)])
def test_declared_sizes_that_are_too_large(tmp_path, size):
    small = ReadLimits(memory_bytes=64 << 20)
    with pytest.raises(LimitError, match=r"bomb.png declares"):
        read_picture(saved(tmp_path, "bomb.png", lying_png(*size)), small)


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "TIFF", "BMP"])
@pytest.mark.parametrize("keep", [0.95, 0.5, 0.1])
def test_truncated(tmp_path, format_name, keep):
    noise = np.random.default_rng(0).integers(0, 255, (90, 70)).astype(np.uint8)
    content = encoded(noise, format_name)
    with pytest.raises(ReadError, match=r"^a.png is (damaged or|a file of)"):
        read(tmp_path, content[: int(len(content) * keep)])


def test_other_files(tmp_path):
    with pytest.raises(ReadError, match=r"a.png is a NIfTI file, not a picture"):
        read(tmp_path, nifti_bytes(ct_like()))
    with pytest.raises(ReadError, match=r"a.png is an empty file"):
        read(tmp_path, b"")


def test_ring_of_tiff_pages_ends(tmp_path):
    content = bytearray(encoded(ROWS, "TIFF"))
    (first,) = struct.unpack_from("<I", content, 4)
    (n_entries,) = struct.unpack_from("<H", content, first)
    struct.pack_into("<I", content, first + 2 + 12 * n_entries, first)
    np.testing.assert_array_equal(shown(read(tmp_path, bytes(content))), ROWS)


_SEEDS = {
    "PNG": encoded(ROWS),
    "JPEG": encoded(ROWS, "JPEG"),
    "TIFF": encoded(ROWS, "TIFF"),
    "LZW": encoded(ROWS, "TIFF", compression="tiff_lzw"),
    "BMP": encoded(ROWS, "BMP"),
    "PALETTE": encoded(Image.fromarray(ROWS).convert("P")),
}


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), name=st.sampled_from(sorted(_SEEDS)))
def test_damaged_bytes_end_in_a_sentence(tmp_path, data, name):
    content = bytearray(_SEEDS[name])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    keep = data.draw(st.integers(1, len(content)))
    path = saved(tmp_path, "a.png", bytes(content[:keep]))
    small = ReadLimits(memory_bytes=64 << 20)
    for call in (read_picture_header, read_picture):
        try:
            call(path, small)
        except ClamError as error:
            assert str(error).isprintable()
            assert str(tmp_path) not in str(error)
