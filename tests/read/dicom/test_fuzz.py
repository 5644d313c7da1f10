"""Mutated files: a header, a problem, a volume or a ClamError, and never anything else."""

import struct

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from clam_core.errors import ClamError
from clam_core.read.dicom import group_series, read_headers, read_series
from clam_core.read.dicom.header import DicomHeader
from clam_core.settings import ReadLimits
from tests.read.dicom import make

LIMITS = ReadLimits(max_voxels=1_000_000)
TOKENS = st.sampled_from(
    [
        *(b"\xff\xff\xff\xff", b"\0\0\0\0", struct.pack("<L", 2**31)),
        *(b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0"),
        *(b"SQ\0\0", b"UN\0\0\xff\xff\xff\xff", b"OW\0\0", b"\xe0\x7f\x10\x00"),
        *(b"\x28\x00\x10\x00", b"nan ", b"-1e9", b"\\\\\\"),
    ]
)
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.one_of(TOKENS, st.binary(min_size=1, max_size=4)), st.booleans()),
    min_size=1,
    max_size=4,
)


def _sources(folder):
    slices = make.series(folder / "a")
    implicit = make.series(folder / "b", syntax=ImplicitVRLittleEndian)
    deflated = make.series(folder / "c", syntax=DeflatedExplicitVRLittleEndian)
    made = make.enhanced(make.ramp(4), [[0, 0, 2.0 * n] for n in range(4)])
    frames = make.write(folder / "frames1.dcm", made)
    made.file_meta = pydicom.dataset.FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.compress(pydicom.uid.RLELossless, generate_instance_uid=False)
    rle = make.write(folder / "rle1.dcm", made, pydicom.uid.RLELossless)
    return [slices, implicit, deflated, [frames], [rle]]


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    return [(refs, refs[len(refs) // 2].read_bytes()) for refs in _sources(folder)]


def _mutate(whole, edits, keep):
    data = bytearray(whole[: max(int(len(whole) * keep), 1)])
    for place, piece, insert in edits:
        at = int(place * (len(data) - 1))
        data[at : at if insert else at + len(piece)] = piece
    return bytes(data)


def _check(sources, which, edits, keep):
    refs, whole = sources[which]
    victim = refs[len(refs) // 2]
    victim.path.write_bytes(_mutate(whole, edits, keep))
    try:
        found = read_headers(refs)
        outcomes = group_series([h for h in found if isinstance(h, DicomHeader)])
        assert all(o.kind in {"scan", "image", "failed", "skipped"} for o in outcomes)
        assert all(DicomHeader.from_json(h.to_json()) == h for h in found
                   if isinstance(h, DicomHeader))  # fmt: skip
        array = read_series(refs, LIMITS).volume.array
        assert array.dtype in (np.int16, np.float32)
    except ClamError as error:
        assert str(error)
    finally:
        victim.path.write_bytes(whole)


CASES = {
    "which": st.integers(0, 4),
    "edits": EDITS,
    "keep": st.one_of(st.just(1.0), st.floats(0, 1)),
}
QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=400, **QUIET)
@given(**CASES)
def test_mutated_files(sources, which, edits, keep):
    _check(sources, which, edits, keep)


@pytest.mark.slow
@settings(max_examples=8000, **QUIET)
@given(**CASES)
def test_mutated_files_many(sources, which, edits, keep):
    _check(sources, which, edits, keep)
