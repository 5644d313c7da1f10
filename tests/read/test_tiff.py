"""TIFF files of unusual kinds, by tifffile, ITK and by hand: as they are meant, or refused."""

import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import SimpleITK
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from clam_core.errors import ClamError, LimitError, ReadError
from clam_core.files.file_ref import FileRef
from clam_core.read.pictures import read_picture, read_picture_header, read_picture_stack
from clam_core.settings import ReadLimits
from tests.read.made_files import LIMITS, saved

ROWS = np.arange(7 * 9).reshape(7, 9) * 3  # 7 rows, 9 columns
SMALL = ReadLimits(memory_bytes=64 << 20)


def written(tmp_path, array, name="a.tif", **options):
    tifffile.imwrite(tmp_path / name, array, **options)
    return tmp_path / name


def read(path):
    result = read_picture(path, LIMITS)
    assert read_picture_header(path, LIMITS).shape == result.volume.shape
    return result


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(
    "dtype",
    ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float16", "float32", "float64"],
)
def test_every_type_and_byte_order(tmp_path, dtype, big, order):
    lowest = 0 if dtype.startswith("u") else -60
    values = (ROWS * (1 if dtype.endswith("8") else 200) // 2 + lowest).astype(dtype)
    path = written(tmp_path, values, bigtiff=big, byteorder=order)
    np.testing.assert_array_equal(read(path).volume.array.T, values)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_white_as_the_lowest_value_is_turned_round(tmp_path, dtype, compression):
    values = ROWS.astype(dtype)
    path = written(tmp_path, values, photometric="miniswhite", compression=compression)
    np.testing.assert_array_equal(read(path).volume.array.T, np.iinfo(dtype).max - values)


@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_white_as_the_lowest_value_of_other_types_is_told(tmp_path, dtype):
    path = written(tmp_path, (ROWS - 20).astype(dtype), photometric="miniswhite")
    result = read(path)
    np.testing.assert_array_equal(result.volume.array.T, ROWS - 20)
    assert "low values are white" in result.warnings[0]


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("alpha", [False, True])
def test_colours_in_planes_or_pixels(tmp_path, planar, dtype, alpha):
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 255, (7, 9, 4)).astype(dtype)
    if dtype == "uint16":
        colours = colours * np.uint16(257) + rng.integers(0, 3, (7, 9, 4)).astype(dtype)
    expected = np.rint(colours[..., :3].astype(float) @ [0.299, 0.587, 0.114])
    samples = colours if alpha else colours[..., :3]
    stored = np.moveaxis(samples, -1, 0) if planar == "separate" else samples
    extra = {"extrasamples": ["unassalpha"]} if alpha else {}
    path = written(tmp_path, stored, photometric="rgb", planarconfig=planar, **extra)
    result = read(path)
    np.testing.assert_allclose(result.volume.array.T, expected, atol=1)
    assert "in colour" in result.warnings[0]
    assert ("transparent parts" in " ".join(result.warnings)) == alpha


def test_gray_with_transparency_keeps_sixteen_bits(tmp_path):
    gray = (ROWS * 300).astype(np.uint16)
    samples = np.dstack([gray, np.full_like(gray, 65_535)])
    options = {"photometric": "minisblack", "planarconfig": "contig"}
    path = written(tmp_path, samples, extrasamples=["unassalpha"], **options)
    result = read(path)
    np.testing.assert_array_equal(result.volume.array.T, gray)
    assert result.warnings == ()
    samples[0, 0, 1] = 0
    path = written(tmp_path, samples, extrasamples=["unassalpha"], **options)
    assert "transparent" in read(path).warnings[0]
    path = written(tmp_path, samples, extrasamples=["unspecified"], **options)
    with pytest.raises(ReadError, match="has 2 numbers per pixel of a kind that is not read"):
        read_picture(path, LIMITS)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_of_what_tifffile_reads(tmp_path, orientation):
    """As Pillow turns the same picture in 8 bits."""
    small = ROWS.astype(np.uint8)
    tags = [(274, "H", 1, orientation, True)]
    usual = written(tmp_path, small, extratags=tags)
    expected = read(usual).volume.array
    deep = written(tmp_path, 65_535 - small.astype(np.uint16), "b.tif", photometric="miniswhite",
                   extratags=tags)  # fmt: skip
    np.testing.assert_array_equal(read(deep).volume.array, expected)


def test_tiff_written_by_itk(tmp_path):
    for pixel in (np.uint16, np.int16, np.float32):
        volume = np.arange(5 * 7 * 9).reshape(5, 7, 9) * 11 - (0 if pixel is np.uint16 else 900)
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(volume.astype(pixel)),
                             str(tmp_path / "a.tif"))  # fmt: skip
        np.testing.assert_array_equal(read(tmp_path / "a.tif").volume.array.T, volume)
    colours = SimpleITK.GetImageFromArray(
        np.repeat(volume[0, ..., None] % 400 * 100, 3, axis=-1).astype(np.uint16), isVector=True
    )
    SimpleITK.WriteImage(colours, str(tmp_path / "c.tif"))
    found = read(tmp_path / "c.tif").volume.array.T
    np.testing.assert_array_equal(found, volume[0] % 400 * 100)


# Pages


PAGES = np.random.default_rng(0).integers(0, 60_000, (5, 7, 9)).astype(np.uint16)


@pytest.mark.parametrize(
    ("shape", "name"),
    [((5, 1, 7, 9), ""), ((5, 1, 1, 7, 9), "time points"), ((9, 7, 5), "channels")],
)
def test_pages_of_imagej(tmp_path, shape, name):
    array = PAGES.reshape(shape)
    result = read(written(tmp_path, array, imagej=True))
    np.testing.assert_array_equal(result.volume.array.T, array.reshape(-1, *shape[-2:]))
    told = f"pages {name}; they were taken as the slices of a volume"
    assert (told in result.warnings[0]) == bool(name)


def single_ifd(tmp_path, array, description, n_stored=None):
    """What ImageJ writes of large stacks: one page, and the voxels of all behind each other."""
    data = array[:n_stored].astype(">u2").tobytes()
    text = description.encode() + b"\0"
    start = 8 + 2 + 12 * 10 + 4
    entries = [
        (256, 4, 1, array.shape[2]), (257, 4, 1, array.shape[1]), (258, 3, 1, 16 << 16),
        (259, 3, 1, 1 << 16), (262, 3, 1, 1 << 16), (270, 2, len(text), start),
        (273, 4, 1, start + len(text)), (277, 3, 1, 1 << 16), (278, 4, 1, array.shape[1]),
        (279, 4, 1, array.shape[1] * array.shape[2] * 2),
    ]  # fmt: skip
    head = struct.pack(">2sHLH", b"MM", 42, 8, 10)
    head += b"".join(struct.pack(">HHLL", *entry) for entry in entries) + bytes(4)
    return saved(tmp_path, "ij.tif", head + text + data)


def test_one_page_that_stands_for_many(tmp_path):
    noted = "ImageJ=1.53t\nimages=5\nslices=5\nunit=mm\n"
    result = read(single_ifd(tmp_path, PAGES, noted))
    np.testing.assert_array_equal(result.volume.array.T, PAGES)
    with pytest.raises(ReadError, match="ImageJ notes 5 pictures in it, and there is one"):
        read_picture(single_ifd(tmp_path, PAGES, noted, n_stored=3), LIMITS)
    two = "ImageJ=1.53t\nimages=4\nchannels=2\nslices=2\nhyperstack=true\n"
    with pytest.raises(ReadError, match="holds 2 slices of 2 channels; need one volume"):
        read_picture(single_ifd(tmp_path, PAGES[:4], two), LIMITS)
    many = "ImageJ=1.53t\nimages=2000000000\nslices=2000000000\n"
    with pytest.raises(ClamError):
        read_picture(single_ifd(tmp_path, PAGES, many), SMALL)


@pytest.mark.parametrize(
    ("axes", "shape", "said"),
    [
        ("ZYX", (5, 7, 9), None),
        ("CZYX", (1, 5, 7, 9), None),
        ("TZYX", (2, 5, 7, 9), "holds 2 time points of 5 slices; need one volume"),
        ("CYX", (5, 7, 9), "holds 5 channels; need one volume"),
        ("ZCYX", (5, 2, 7, 9), "holds 5 slices of 2 channels; need one volume"),
    ],
)
def test_axes_that_ome_names(tmp_path, axes, shape, said):
    n_pages = int(np.prod(shape[:-2]))
    array = np.resize(PAGES, (n_pages, 7, 9)).reshape(shape)
    path = written(tmp_path, array, "a.ome.tif", metadata={"axes": axes})
    if said is None:
        np.testing.assert_array_equal(read(path).volume.array.T, PAGES)
    else:
        with pytest.raises(ReadError, match=said):
            read_picture_header(path, LIMITS)


def test_files_that_ome_names_are_never_opened(tmp_path):
    """The description says that the second half lies in a file beside it."""
    written(tmp_path, PAGES[3:], "b.ome.tif", metadata={"axes": "ZYX"})
    text = tifffile.tiffcomment(written(tmp_path, PAGES[:3], "a.ome.tif", metadata={"axes": "ZYX"}))
    data = '<TiffData IFD="0" PlaneCount="3"/>'
    assert data in text
    other = "".join(
        f'<TiffData IFD="{n}" FirstZ="{n + 3}" PlaneCount="1">'
        '<UUID FileName="b.ome.tif">urn:uuid:1</UUID></TiffData>'
        for n in range(2)
    )
    changed = text.replace('SizeZ="3"', 'SizeZ="5"').replace(data, data + other)
    tifffile.tiffcomment(tmp_path / "a.ome.tif", changed.encode())
    assert tifffile.imread(tmp_path / "a.ome.tif").shape == (5, 7, 9)
    (tmp_path / "b.ome.tif").chmod(0)
    try:
        found = read_picture(tmp_path / "a.ome.tif", LIMITS).volume.array.T
    except ReadError as error:
        assert "damaged or cut off" in str(error)
    else:
        assert not np.array_equal(found[3:5], PAGES[3:])


@pytest.mark.parametrize("options", [{"photometric": "miniswhite"}, {"imagej": True}, {}])
def test_in_an_archive(tmp_path, options):
    array = PAGES if "imagej" in options or not options else 65_535 - PAGES[0]
    path = written(
        tmp_path, array.reshape(-1, 1, 7, 9) if "imagej" in options else array, **options
    )
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, "p/a.tif")
    found = read_picture(FileRef(tmp_path / "a.zip", "p/a.tif"), LIMITS).volume.array.T
    np.testing.assert_array_equal(found, PAGES[0] if "photometric" in options else PAGES)


def test_a_stack_of_slices_that_tifffile_reads(tmp_path):
    paths = [
        written(tmp_path, 65_535 - page, f"{n}.tif", photometric="miniswhite")
        for n, page in enumerate(PAGES)
    ]
    found = read_picture_stack(paths, LIMITS).volume.array
    np.testing.assert_array_equal(found.T, PAGES)


# What must be refused


@pytest.mark.parametrize("options", [{"photometric": "miniswhite"}, {"compression": "zlib"}])
@pytest.mark.parametrize("keep", [0.95, 0.6, 0.2])
def test_cut_off(tmp_path, options, keep):
    noise = np.random.default_rng(0).integers(-99, 99, (90, 70)).astype(np.int8)
    path = written(tmp_path, noise.view("uint8") if "photometric" in options else noise, **options)
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    with pytest.raises(ReadError, match=r"^a.tif is (damaged|a file of)"):
        read_picture(path, LIMITS)


def test_strips_that_are_not_there(tmp_path):
    """tifffile alone would fill them with zeros."""
    path = written(tmp_path, ROWS.astype(np.int8), rowsperstrip=1, compression="zlib")
    with tifffile.TiffFile(path) as tiff:
        tags = [tiff.pages[0].tags[code] for code in (273, 279)]
    content = bytearray(path.read_bytes())
    for tag in tags:
        size = struct.calcsize({3: "<H", 4: "<L"}[tag.dtype])
        content[tag.valueoffset + 2 * size : tag.valueoffset + 3 * size] = bytes(size)
    path = saved(tmp_path, "a.tif", bytes(content))
    assert (tifffile.imread(path)[2] == 0).all()
    with pytest.raises(ReadError, match="a.tif is damaged or cut off"):
        read_picture(path, LIMITS)


def test_pages_that_differ(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(ROWS.astype(np.int8))
        writer.write(ROWS[:3].astype(np.int8))
    with pytest.raises(ReadError, match="has pages that differ in size or type; save them alike"):
        read_picture(tmp_path / "a.tif", LIMITS)


def test_complex_numbers_and_declared_sizes(tmp_path):
    with pytest.raises(ReadError, match="holds values of type complex64"):
        read_picture(written(tmp_path, ROWS.astype(np.complex64)), LIMITS)
    path = written(tmp_path, ROWS.astype(np.int8))
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tiff:
        places = [tiff.pages[0].tags[code].valueoffset for code in (256, 257, 278)]
    for place in places:
        struct.pack_into("<I", content, place, 60_000)
    with pytest.raises((LimitError, ReadError), match="a.tif (declares|is damaged)"):
        read_picture(saved(tmp_path, "a.tif", bytes(content)), SMALL)


_WITHOUT = """
import sys
sys.modules["imagecodecs"] = None
from pathlib import Path
from clam_core.errors import ClamError
from clam_core.read.pictures import read_picture
from clam_core.settings import ReadLimits
for path in sys.argv[1:]:
    try:
        print(read_picture(Path(path), ReadLimits()).volume.array.sum())
    except ClamError as error:
        print(error)
"""


def test_without_the_package_of_more_codecs(tmp_path):
    values = (ROWS * 100).astype(np.uint16)
    paths = [
        written(tmp_path, values, "lzw.tif", compression="lzw"),
        written(tmp_path, 65_535 - values, "zip.tif", compression="zlib", photometric="miniswhite"),
        written(tmp_path, values, "white.tif", compression="lzw", photometric="miniswhite"),
    ]
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT, *map(str, paths)], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    plain, packed, refused = done.stdout.splitlines()
    assert (int(plain), int(packed)) == (values.sum(), values.sum())
    assert refused.startswith("white.tif is packed in a way that is not read for pictures of its")


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    home = tmp_path_factory.mktemp("seeds")
    colours = np.dstack([ROWS, ROWS, ROWS]).astype(np.uint16)
    paths = [
        written(home, ROWS.astype(np.int8), "int8.tif"),
        written(home, colours, "rgb.tif", photometric="rgb"),
        written(home, PAGES, "ij.tif", imagej=True),
        written(home, PAGES, "ome.ome.tif", metadata={"axes": "ZYX"}),
        written(home, ROWS.astype(np.float64), "zip.tif", compression="zlib", bigtiff=True),
    ]
    return [path.read_bytes() for path in paths]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), number=st.integers(0, 4))
def test_damaged_bytes_end_in_a_sentence(tmp_path, seeds, data, number):
    content = bytearray(seeds[number])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    keep = data.draw(st.integers(1, len(content)))
    path = saved(tmp_path, "a.tif", bytes(content[:keep]))
    for call in (read_picture_header, read_picture):
        try:
            call(path, SMALL)
        except ClamError as error:
            assert str(error).isprintable()
            assert str(tmp_path) not in str(error)


def test_usual_pictures_are_left_to_pillow(tmp_path):
    gray = Image.fromarray(ROWS.astype(np.uint8))
    for mode, options in (("1", {"compression": "group4"}), ("P", {}), ("CMYK", {}), ("L", {})):
        picture = gray.convert(mode)
        picture.save(tmp_path / "a.tif", **options)
        expected = np.asarray(picture.convert("RGB").convert("L"))
        np.testing.assert_array_equal(read(tmp_path / "a.tif").volume.array.T, expected)
    big = Image.fromarray(np.kron(ROWS, np.ones((8, 8))).astype(np.uint8))
    big.convert("RGB").save(tmp_path / "j.tif", compression="jpeg")
    found = read(tmp_path / "j.tif").volume.array.T
    np.testing.assert_allclose(found.astype(int), np.asarray(big).astype(int), atol=12)
