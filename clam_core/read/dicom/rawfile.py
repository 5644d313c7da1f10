"""A DICOM file as its header lays it out: coding, wanted elements, place of the pixel data.

Source:
    DICOM PS3.10 section 7 (preamble, file meta information), PS3.5 annex A
    (transfer syntaxes).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

from clam_core.errors import LimitError, NotAScanError, ReadError
from clam_core.files.file_ref import FileRef
from clam_core.read.dicom import tags
from clam_core.read.dicom.parse_elements import (
    DAMAGED,
    MAX_VALUE_BYTES,
    UNDEFINED,
    Buffer,
    Coding,
    Elements,
    Unread,
    head,
    is_type,
    walk,
)

MAX_INFLATED_BYTES = 1 << 30

_FIRST_BYTES = 8192
_MEDIA_CLASS, _TRANSFER_SYNTAX = 0x00020002, 0x00020010
_META_CODING = Coding(explicit=True, little=True)


@dataclass(frozen=True, eq=False)
class RawHeader:
    """What the header of one file holds.

    Attributes:
        elements: Wanted elements by tag.
        coding: How they are written.
        syntax: Transfer syntax UID.
        pixel_offset: First byte of the pixel data (in the inflated data, where
            the file is deflated as a whole); -1 if there is none.
        pixel_bytes: Bytes of pixel data that the file really holds, which may
            be less than its header announces; all that follow if encapsulated.
        encapsulated: Whether the length of the pixel data is undefined.
        media_class: Kind of object that the file meta group names (UID).
        unread: Checksums of short elements that are not wanted.
    """

    elements: Elements
    coding: Coding
    syntax: str
    pixel_offset: int
    pixel_bytes: int
    encapsulated: bool
    media_class: str = ""
    unread: Unread = field(default_factory=dict)


def read_raw_header(ref: FileRef) -> RawHeader:
    """Read the wanted elements of a file, up to its pixel data.

    Args:
        ref: A file of any kind.

    Returns:
        Elements and the place of the pixel data.

    Raises:
        NotAScanError: If the file is no DICOM file.
        ReadError: If its header is damaged or nested deeper than any real one.
        LimitError: If its header is longer than any real one.
    """
    size = ref.size
    if size == 0:
        raise ReadError("It is an empty file; copy or export it again.")
    with ref.open() as stream:
        buffer = Buffer(stream.read(_FIRST_BYTES), stream)
        pos, syntax, media_class = _file_meta(buffer)
        if syntax == tags.DEFLATED:
            buffer = Buffer(_inflate(buffer.data[pos:] + stream.read()))
            pos, size = 0, len(buffer.data)
        coding = _sniff_coding(buffer, pos, syntax)
        unread: Unread = {}
        elements, pos, pixels = walk(buffer, pos, coding, unread)
    if pos > size:
        raise ReadError(DAMAGED)
    tag, length = pixels or (0, 0)
    return RawHeader(
        elements=elements,
        coding=coding,
        syntax=syntax or _syntax_of(coding),
        pixel_offset=pos if tag == tags.PIXEL_DATA else -1,
        pixel_bytes=size - pos if length == UNDEFINED else min(length, size - pos),
        encapsulated=length == UNDEFINED,
        media_class=media_class,
        unread=unread,
    )


def inflated(ref: FileRef) -> bytes:
    """Everything behind the file meta group of a file that is deflated as a whole."""
    with ref.open() as stream:
        buffer = Buffer(stream.read(_FIRST_BYTES), stream)
        pos, *_ = _file_meta(buffer)
        return _inflate(buffer.data[pos:] + stream.read())


def _inflate(packed: bytes) -> bytes:
    worker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = worker.decompress(packed, MAX_INFLATED_BYTES)
    except zlib.error:
        raise ReadError("Its deflated content is damaged; export the series again.") from None
    if worker.unconsumed_tail:
        raise LimitError(f"It unpacks to more than {MAX_INFLATED_BYTES >> 30} GiB; it is refused.")
    if not worker.eof:
        raise ReadError("Its deflated content is cut short; export the series again.")
    return data


def _file_meta(buffer: Buffer) -> tuple[int, str, str]:
    """Position behind the file meta group, transfer syntax and SOP class that it names."""
    pos = 132 if buffer.data[128:132] == b"DICM" else 0
    if pos == 0 and not _plausible_start(buffer.data):
        raise NotAScanError("It is no DICOM file.")
    uids = dict.fromkeys((_TRANSFER_SYNTAX, _MEDIA_CLASS), b"")
    while buffer.reach(pos + 8) and buffer.data[pos : pos + 2] == b"\x02\x00":
        tag, _, length, start = head(buffer, pos, _META_CODING)
        pos = start + length
        if length > MAX_VALUE_BYTES or not buffer.reach(pos):
            raise ReadError(DAMAGED)
        if tag in uids:
            uids[tag] = buffer.data[start:pos]
    syntax, media_class = (uid.strip(b"\0 ").decode("ascii", "replace") for uid in uids.values())
    return pos, syntax, media_class


def _plausible_start(data: bytes) -> bool:
    """Whether a file without preamble begins with an element of group 2 or 8."""
    if len(data) < 16 or data[:2] not in {b"\x02\x00", b"\x08\x00", b"\x00\x08"}:
        return False
    if is_type(data[4:6]):
        return True
    (length,) = struct.unpack_from("<L", data, 4)
    return data[0] != 0 and data[3] == 0 and bool(length <= 1024)


def _sniff_coding(buffer: Buffer, pos: int, syntax: str) -> Coding:
    """Coding of the data set, by its first element: some files say one and do the other."""
    if not buffer.reach(pos + 8):
        raise ReadError(DAMAGED)
    start = buffer.data[pos : pos + 6]
    little = syntax != tags.EXPLICIT_BIG if syntax else start[:2] != b"\x00\x08"
    return Coding(is_type(start[4:6]), little)


def _syntax_of(coding: Coding) -> str:
    if not coding.explicit:
        return tags.IMPLICIT_LITTLE
    return tags.EXPLICIT_LITTLE if coding.little else tags.EXPLICIT_BIG
