"""Headers with random damage end in a volume or in one sentence, and never in anything else."""

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clam_core.errors import ClamError
from clam_core.read.metaimage import read_metaimage, read_metaimage_header
from clam_core.read.nifti import read_nifti, read_nifti_header
from clam_core.read.nrrd import read_nrrd, read_nrrd_header
from clam_core.settings import ReadLimits
from tests.read.made_files import NIFTI_FIELDS, ct_like, mha_bytes, nifti_bytes, nrrd_bytes, saved

SMALL = ReadLimits(memory_bytes=64 << 20, max_voxels=20_000_000)
VOXELS = ct_like().tobytes(order="F")
NUMBERS = [
    "nan",
    "inf",
    "-inf",
    "0",
    "-0",
    "-1",
    "1e400",
    "1e-400",
    "1e308",
    "99999999999",
    "x",
    "",
]
WORDS = [
    *NUMBERS,
    "none",
    "LOCAL",
    "LIST",
    "raw",
    "gzip",
    "/etc/passwd",
    "\u202e",
    "(",
    "(1,2",
    "=:=",
]
FLOATS = st.sampled_from([0.0, -0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, 1e38, 1e-45, 352.0])

Readers = tuple[Callable, Callable]


def ends_in_a_volume_or_a_sentence(readers: Readers, path: Path) -> None:
    for call in readers:
        try:
            result = call(path, SMALL)
        except ClamError as error:
            said = str(error)
            assert said.isprintable()
            assert said.endswith(".")
            assert str(path.parent) not in said
            assert len(said) < 400
        else:
            if call is readers[1]:
                assert np.isfinite(result.volume.affine).all()
                assert result.volume.array.size <= SMALL.max_voxels


@st.composite
def damaged_bytes(draw, whole: bytes, n_header: int) -> bytes:
    """Some bytes of the header changed, cut out or put in, and perhaps the end cut off."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, min(n_header, len(content)) - 1))
        patch = draw(st.binary(max_size=4))
        removed = draw(st.sampled_from([len(patch), 0, 1, 8]))
        content[place : place + removed] = patch
        content = content or bytearray(b"\0")
    cut = draw(st.sampled_from([None, None, n_header, len(content) - 1]))
    return bytes(content[:cut])


@st.composite
def damaged_nifti(draw) -> bytes:
    """Fields of the header with values at the edge of their types, or damaged bytes."""
    if draw(st.booleans()):
        return draw(damaged_bytes(nifti_bytes(ct_like()), 352))
    fields = {}
    for name in draw(st.lists(st.sampled_from(sorted(NIFTI_FIELDS)), min_size=1, max_size=4)):
        code = NIFTI_FIELDS[name][1]
        count, kind = int(code[:-1] or 1), code[-1]
        low, high = {"h": (-32768, 32767), "B": (0, 255)}.get(kind, (0, 0))
        value = FLOATS if kind == "f" else st.integers(low, high) | st.integers(0, 7)
        fields[name] = draw(st.tuples(*[value] * count))
    content = nifti_bytes(ct_like(), **fields)
    return gzip.compress(content, 1) if draw(st.booleans()) else content


@st.composite
def damaged_text(draw, make: Callable[..., bytes], options: dict[str, str], data: bytes) -> bytes:
    """Lines of a header left out, doubled, swapped or given other values, or damaged bytes."""
    whole = make(ct_like(), data=data, **options)
    head = whole[: len(whole) - len(data)]
    if draw(st.booleans()):
        return draw(damaged_bytes(whole, len(head)))
    lines = head.split(b"\n")
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(lines) - 1))
        action = draw(st.sampled_from(["drop", "double", "value", "number", "swap"]))
        words = lines[place].split(b" ")
        word = draw(st.integers(0, len(words) - 1))
        if action == "drop":
            lines[place] = b""
        elif action == "double":
            lines.insert(place, lines[place])
        elif action == "value":
            words[word] = draw(st.sampled_from(WORDS)).encode()
            lines[place] = b" ".join(words)
        elif action == "number":
            words[word] = str(draw(st.integers() | st.floats())).encode()
            lines[place] = b" ".join(words)
        else:
            other = draw(st.integers(0, len(lines) - 1))
            lines[place], lines[other] = lines[other], lines[place]
    return b"\n".join(lines) + data[: draw(st.sampled_from([None, 0, len(data) - 1]))]


NIFTI = (read_nifti_header, read_nifti), damaged_nifti()
NRRD = (
    (read_nrrd_header, read_nrrd),
    damaged_text(nrrd_bytes, {}, VOXELS)
    | damaged_text(nrrd_bytes, {"encoding": "gzip"}, gzip.compress(VOXELS)),
)
METAIMAGE = (
    (read_metaimage_header, read_metaimage),
    damaged_text(mha_bytes, {}, VOXELS)
    | damaged_text(mha_bytes, {"CompressedData": "True"}, zlib.compress(VOXELS)),
)


def fuzz(folder: Path, target, n_examples: int) -> None:
    readers, strategy = target

    @settings(
        max_examples=n_examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(strategy)
    def check(content: bytes) -> None:
        ends_in_a_volume_or_a_sentence(readers, saved(folder, "scan", content))

    check()


@pytest.mark.parametrize("target", [NIFTI, NRRD, METAIMAGE], ids=["nifti", "nrrd", "metaimage"])
def test_three_hundred_damaged_headers(tmp_path, target):
    fuzz(tmp_path, target, 300)


@pytest.mark.slow
@pytest.mark.parametrize("target", [NIFTI, NRRD, METAIMAGE], ids=["nifti", "nrrd", "metaimage"])
def test_five_thousand_damaged_headers(tmp_path, target):
    fuzz(tmp_path, target, 5000)
