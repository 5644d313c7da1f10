"""NRRD files that must be refused, numbered as in the list of bad inputs."""

import bz2
import gzip

import numpy as np
import pytest

from clam_core.errors import GeometryError, LimitError, ReadError, UnsafeFileError
from clam_core.read.nrrd import read_nrrd, read_nrrd_header
from tests.read.made_files import LIMITS, ct_like, nrrd_bytes, saved


def read(tmp_path, content, name="ct.nrrd"):
    return read_nrrd(saved(tmp_path, name, content), LIMITS)


@pytest.mark.parametrize(
    ("encoding", "pack"), [("raw", bytes), ("gzip", gzip.compress), ("bz2", bz2.compress)]
)
@pytest.mark.parametrize("keep", [0.99, 0.5])
def test_bad_input_5_truncated(tmp_path, encoding, pack, keep):
    noise = np.random.default_rng(0).integers(-1000, 1000, (9, 9, 9)).astype(np.int16)
    data = pack(noise.tobytes(order="F"))
    content = nrrd_bytes(noise, encoding=encoding, data=data[: int(len(data) * keep)])
    with pytest.raises(ReadError, match=r"ct.nrrd is cut off: .* copy or export it again"):
        read(tmp_path, content)


def test_damaged_voxels(tmp_path):
    for encoding in ("gzip", "bzip2"):
        content = nrrd_bytes(ct_like(), encoding=encoding, data=b"\x01\x02" * 300)
        with pytest.raises(ReadError, match=r"is damaged: its voxels cannot be unpacked"):
            read(tmp_path, content)


def test_bad_input_7_enormous_sizes(tmp_path):
    for encoding in ("raw", "gzip", "bzip2"):
        content = nrrd_bytes(ct_like(), sizes="100000 100000 100000", encoding=encoding)
        path = saved(tmp_path, "big.nrrd", content)
        with pytest.raises(LimitError, match=r"100000 x 100000 x 100000 voxels \(2,000,000 GB\)"):
            read_nrrd_header(path, LIMITS)


def test_bad_input_10_bombs(tmp_path):
    zeros = bytes(20 << 20)
    for encoding, pack in (("gzip", gzip.compress), ("bzip2", bz2.compress)):
        content = nrrd_bytes(ct_like(), encoding=encoding, data=pack(zeros))
        with pytest.raises(ReadError, match=r"holds more than the 240 bytes of voxels"):
            read(tmp_path, content)
    content = nrrd_bytes(
        ct_like(), sizes="900 1000 1000", encoding="gzip", data=gzip.compress(zeros)
    )
    with pytest.raises(ReadError, match=r"fewer than the 1,800,000,000 bytes"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    "line",
    [
        "data file: {}",
        "datafile: {}",
        "Data File: {}",
        "DATA  FILE : {}",
        "\tdata\tfile: {}",
        "data file: LIST\n{}",
        "data file: %03d.raw 0 9 1",
        "data file:= {}",
        "data file:{}",
    ],
)
def test_bad_input_8_detached_data(tmp_path, line):
    secret = saved(tmp_path, "secret.raw", b"canary-7731" * 100)
    for place in (secret.name, str(secret), "/etc/passwd", "../secret.raw"):
        head, _, _ = nrrd_bytes(ct_like()).partition(b"\n\n")
        content = head + b"\n" + line.format(place).encode() + b"\n\n"
        with pytest.raises(UnsafeFileError, match=r"^ct.nrrd keeps its voxels in") as caught:
            read(tmp_path, content)
        assert "canary" not in str(caught.value)
        assert "passwd" not in str(caught.value)
        with pytest.raises(UnsafeFileError):
            read_nrrd_header(tmp_path / "ct.nrrd", LIMITS)


@pytest.mark.parametrize("bad", ["nan", "0", "-2", "inf"])
def test_bad_input_11_spacing(tmp_path, bad):
    content = nrrd_bytes(
        ct_like(), space=None, space_directions=None, space_origin=None, spacings=f"2 {bad} 4"
    )
    with pytest.raises(GeometryError, match=rf"voxel size of 2 x {bad} x 4 mm"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    "directions",
    ["(0,0,0) (0,3,0) (0,0,4)", "(nan,0,0) (0,3,0) (0,0,4)", "(2,0,0) (2,0,0) (0,0,4)"],
)
def test_bad_input_11_and_14_directions(tmp_path, directions):
    with pytest.raises(GeometryError, match=r"voxel size|no usable position|degrees off"):
        read(tmp_path, nrrd_bytes(ct_like(), space_directions=directions))


def test_bad_input_14_shear(tmp_path):
    content = nrrd_bytes(ct_like(), space_directions="(2,0,0) (0,3,0) (0,1,4)")
    with pytest.raises(GeometryError, match=r"14.0 degrees off a right angle \(at most 5"):
        read(tmp_path, content)


def test_bad_input_13_other_numbers_of_axes(tmp_path):
    colour = nrrd_bytes(
        np.zeros((3, 4, 5, 6), np.int16),
        space_directions="none (2,0,0) (0,3,0) (0,0,4)",
        kinds="vector domain domain domain",
    )
    with pytest.raises(ReadError, match=r"ct.nrrd has 3 numbers per voxel \(sizes 3 x 4 x 5 x 6\)"):
        read(tmp_path, colour)
    time = nrrd_bytes(
        np.zeros((4, 5, 6, 30), np.int16),
        space=None, space_directions=None, space_origin=None, spacings="2 3 4 1", kinds=None,
    )  # fmt: skip
    with pytest.raises(ReadError, match=r"has 4 axes \(sizes 4 x 5 x 6 x 30\); need one 3D"):
        read(tmp_path, time)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"sizes": "4 5"}, r"has '4 5' in its header field 'sizes'; expected 3 whole numbers"),
        ({"sizes": "4 5 JANE"}, r"has '4 5 \?\?\?E' in"),
        ({"sizes": "4 5 -6"}, "every axis needs at least one"),
        ({"sizes": "9" * 5000 + " 5 6"}, "expected 3 whole numbers"),
        ({"dimension": "0"}, "has 0 axes"),
        ({"dimension": "9999999"}, "has 9999999 axes"),
        ({"type": "block"}, "voxels of a type that is not read"),
        ({"endian": None}, "does not say its byte order"),
        ({"encoding": "hex"}, "in an encoding that is not read; save it as raw or gzip"),
        ({"encoding": None}, "in an encoding that is not read"),
        ({"type": None}, "has no 'type' in its NRRD header"),
        ({"byte_skip": "-1"}, "uses 'byteskip', which is not read"),
        ({"space_directions": "(2,0,0)"}, "3 axes but 1 space directions"),
        ({"space_directions": "(2,0,x) (0,3,0) (0,0,4)"}, "header field 'space directions'"),
        ({"space_directions": None}, "states no voxel size"),
        ({"space_origin": "(1,2,3,4)"}, "header field 'space origin'"),
        ({"TYPE": "float"}, "has a header field twice"),
    ],
)  # fmt: skip
def test_headers_that_are_wrong(tmp_path, fields, said):
    with pytest.raises(ReadError, match=said):
        read(tmp_path, nrrd_bytes(ct_like(), **fields))


def test_header_without_end(tmp_path):
    with pytest.raises(ReadError, match=r"ends within its NRRD header"):
        read(tmp_path, nrrd_bytes(ct_like()).partition(b"\n\n")[0])
    for endless in (b"x" * 70_000, b"a: b\n" * 11_000, (b"y" * 60_000 + b"\n") * 30):
        with pytest.raises(ReadError, match=r"has a header longer than 1 MB, or a line longer"):
            read(tmp_path, b"NRRD0004\n" + endless)
