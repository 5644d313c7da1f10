"""Tell what a file is by its first bytes, never by its name."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Collection
from typing import Literal

from clam_core.errors import NotAScanError, ReadError
from clam_core.files.opened_file import OpenFile, Source, opened

FileKind = Literal[
    "dicom", "nifti", "nifti-pair", "nrrd", "metaimage", "png", "jpeg", "tiff", "bmp",
    "zip", "office", "gzip", "pdf", "text", "empty", "unknown",
]  # fmt: skip

HEAD_BYTES = 4096
"""How much of a file `sniff` looks at."""

DESCRIPTIONS: dict[FileKind, str] = {
    "dicom": "a DICOM file",
    "nifti": "a NIfTI file",
    "nifti-pair": "the header of a detached pair (.hdr and .img), which is not read",
    "nrrd": "an NRRD file",
    "metaimage": "a MetaImage file",
    "png": "a PNG picture",
    "jpeg": "a JPEG picture",
    "tiff": "a TIFF picture",
    "bmp": "a BMP picture",
    "zip": "a zip archive",
    "office": "an Office document",
    "gzip": "a gzip file of something else than NIfTI",
    "pdf": "a PDF document",
    "text": "a text file",
    "empty": "an empty file",
    "unknown": "a file of unknown type",
}

_MAGIC: tuple[tuple[bytes, FileKind], ...] = (
    (b"NRRD000", "nrrd"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"%PDF-", "pdf"),
)
_OFFICE = (b"[Content_Types].xml", b"_rels/", b"xl/", b"docProps/", b"word/")
_VR = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN "
    b"SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split()
)
_FIRST_KEY = re.compile(rb"\s*[A-Za-z]{3,40}\s*[=:]")
_META_KEYS = re.compile(rb"^\s*(NDims|DimSize|ElementType|ElementDataFile)\s*[=:]", re.MULTILINE)


def sniff(head: bytes, size: int) -> FileKind:
    """Tell what a file is.

    Args:
        head: The first bytes of the file; more than 4096 are not looked at.
        size: Size of the whole file in bytes.

    Returns:
        The kind of file; `unknown` if it is none of those that we know.
    """
    head = head[:HEAD_BYTES]
    if size == 0 or not head:
        return "empty"
    if head[128:132] == b"DICM":
        return "dicom"
    if head[:2] == b"\x1f\x8b":
        return _inside_gzip(head)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    return _nifti(head) or _zip(head) or _bare_dicom(head, size) or _written(head, size)


def identify(source: Source) -> FileKind:
    """Tell what a file on disk or in an archive is; an empty one raises `ReadError`."""
    with opened(source) as file:
        return sniff(file.stream.read(HEAD_BYTES), file.size)


def require_kind(file: OpenFile, wanted: Collection[FileKind], name_of_format: str) -> bytes:
    """The first bytes of a file, which must be of a certain kind.

    Args:
        file: An open file; afterwards its stream is at the start.
        wanted: The kinds that the caller can read.
        name_of_format: What to call them in the message.

    Returns:
        At most 4096 bytes.

    Raises:
        ReadError: If it is another kind of scan.
        NotAScanError: If it is no kind of scan.
    """
    head = file.stream.read(HEAD_BYTES)
    file.stream.seek(0)
    kind = sniff(head, file.size)
    if kind in wanted:
        return head
    message = f"{file.name} is {DESCRIPTIONS[kind]}, not {name_of_format}"
    if kind == "nifti-pair":
        raise ReadError(f"{message}; save it as one .nii or .nii.gz file.")
    if kind in {"pdf", "text", "office", "empty"}:
        raise NotAScanError(f"{message}; it holds no scan.")
    raise ReadError(f"{message}; give it the ending of its true type or export it again.")


def _inside_gzip(head: bytes) -> FileKind:
    try:
        inner = zlib.decompressobj(wbits=31).decompress(head, 1024)
    except zlib.error:
        return "gzip"
    return _nifti(inner) or "gzip"


def _nifti(head: bytes) -> FileKind | None:
    """NIfTI-1, NIfTI-2 or ANALYZE 7.5, by the length that the header gives itself."""
    lengths = {struct.unpack_from(order + "i", head)[0] for order in "<>"} if head[3:] else set()
    if 348 in lengths and len(head) >= 348:
        return "nifti" if head[344:348] == b"n+1\x00" else "nifti-pair"
    if 540 in lengths and head[4:7] in {b"n+2", b"ni2"}:
        return "nifti" if head[4:7] == b"n+2" else "nifti-pair"
    return None


def _zip(head: bytes) -> FileKind | None:
    if head[:4] not in {b"PK\x03\x04", b"PK\x05\x06"}:
        return None
    return "office" if head[30:].startswith(_OFFICE) else "zip"


def _bare_dicom(head: bytes, size: int) -> FileKind | None:
    """DICOM without the 128 bytes of preamble: the first element is of group 2 or 8."""
    if len(head) < 8:
        return None
    for order in "<>":
        group, element, length = struct.unpack_from(order + "HHI", head)
        if group not in {0x0002, 0x0008} or element > 0x0100:
            continue
        if head[4:6] in _VR or (length <= size - 8 and length % 2 == 0):
            return "dicom"
    return None


def _written(head: bytes, size: int) -> FileKind:
    """A file that begins with readable characters, or is unknown."""
    if _FIRST_KEY.match(head) and len(set(_META_KEYS.findall(head))) >= 2:
        return "metaimage"
    if head[:2] == b"BM" and struct.unpack_from("<I", head.ljust(6, b"\0"), 2)[0] <= size:
        return "bmp" if b"\x00" in head else "text"
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "text"
    control = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head)
    return "text" if control == 0 else "unknown"
