"""Small files that claim to be enormous are refused without taking the memory."""

import bz2
import gzip
import zlib

import pytest

from tests.read.made_files import (
    ct_like,
    mha_bytes,
    nifti_bytes,
    nrrd_bytes,
    read_in_child,
    saved,
    zero_bomb,
)

READERS = {
    "nifti": "clam_core.read.nifti:read_nifti",
    "nrrd": "clam_core.read.nrrd:read_nrrd",
    "metaimage": "clam_core.read.metaimage:read_metaimage",
}
ZEROS = bytes(100 << 20)
NIFTI_DIM = (3, 32767, 32767, 32767, 1, 1, 1, 1)
GIGABYTE_DIM = (3, 1000, 1000, 500, 1, 1, 1, 1)
CASES = {
    "nifti-dims": ("nifti", nifti_bytes(ct_like(), dim=NIFTI_DIM), "LimitError"),
    "nifti-gz-dims": ("nifti", gzip.compress(nifti_bytes(ct_like(), dim=NIFTI_DIM)), "LimitError"),
    "nifti-1-gb": ("nifti", nifti_bytes(ct_like(), dim=GIGABYTE_DIM), "ReadError"),
    "nifti-gz-1-gb": (
        "nifti",
        gzip.compress(nifti_bytes(ct_like(), dim=GIGABYTE_DIM)),
        "ReadError",
    ),
    "nifti-bomb": ("nifti", zero_bomb(nifti_bytes(ct_like()), 10_000), "ReadError"),
    "nrrd-sizes": ("nrrd", nrrd_bytes(ct_like(), sizes="100000 100000 100000"), "LimitError"),
    "nrrd-1-gb": ("nrrd", nrrd_bytes(ct_like(), sizes="1000 1000 500"), "ReadError"),
    "nrrd-bz2-1-gb": (
        "nrrd",
        nrrd_bytes(ct_like(), sizes="1000 1000 500", encoding="bz2", data=bz2.compress(b"")),
        "ReadError",
    ),
    "nrrd-bomb": (
        "nrrd",
        nrrd_bytes(ct_like(), encoding="gzip", data=gzip.compress(ZEROS)),
        "ReadError",
    ),
    "nrrd-bz2-bomb": (
        "nrrd",
        nrrd_bytes(ct_like(), encoding="bz2", data=bz2.compress(ZEROS)),
        "ReadError",
    ),
    "metaimage-sizes": (
        "metaimage",
        mha_bytes(ct_like(), DimSize="100000 100000 100000"),
        "LimitError",
    ),
    "metaimage-bomb": (
        "metaimage",
        mha_bytes(ct_like(), CompressedData="True", data=zlib.compress(ZEROS)),
        "ReadError",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_inputs_6_7_and_10_take_no_memory(tmp_path, case):
    reader, content, kind = CASES[case]
    said, growth_mb = read_in_child(READERS[reader], saved(tmp_path, "scan", content))
    assert said.startswith(kind + ": scan ")
    assert growth_mb < 15
