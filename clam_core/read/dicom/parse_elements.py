"""Elements of a DICOM data set, read once and without recursion.

Only the wanted elements are kept; all others are stepped over. The parser is ours
because a header is read for every slice of every scan: it takes a tenth of the
time of a general reader, it cannot run out of stack however deep sequences are
nested, and what it does not need it does not interpret.

Source:
    DICOM PS3.5 section 7 (elements, sequences of items).
"""

from __future__ import annotations

import struct
from typing import IO, NamedTuple
from zlib import crc32

from clam_core.errors import LimitError, ReadError
from clam_core.read.dicom import tags

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
MAX_HEADER_BYTES = 64 << 20
MAX_VALUE_BYTES = 1 << 16
MAX_UNREAD_BYTES = 64
MAX_DEPTH = 32
DAMAGED = "Its DICOM header is damaged or cut short; export the series again."

_LONG = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)

_PIXELS = tags.FLOAT_PIXEL_DATA | {tags.PIXEL_DATA}
_NOTED = tags.WANTED | _PIXELS | {ITEM_END, SEQUENCE_END}
_SHORT = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"PN"}
    | {b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
)
_TEXTS = frozenset({b"AE", b"AS", b"CS", b"LO", b"LT", b"SH", b"ST", b"UI"})


class Element(NamedTuple):
    """Value of one element, not yet interpreted; `vr` is empty where the file has none."""

    vr: bytes
    value: bytes


class Coding(NamedTuple):
    """How elements are written: with or without type, lowest or highest byte first."""

    explicit: bool
    little: bool


Elements = dict[int, Element]
Unread = dict[int, tuple[int, bool]]
"""Tag -> checksum of its value, and whether it is a text that names something."""

_UNPACK = {
    (True, True): struct.Struct("<HH2sH").unpack_from,
    (True, False): struct.Struct(">HH2sH").unpack_from,
    (False, True): struct.Struct("<HHL").unpack_from,
    (False, False): struct.Struct(">HHL").unpack_from,
}
_UNPACK_LENGTH = {True: struct.Struct("<L").unpack_from, False: struct.Struct(">L").unpack_from}


class Buffer:
    """Bytes of a stream from its beginning, read on as far as they are needed."""

    def __init__(self, data: bytes, stream: IO[bytes] | None = None) -> None:
        self.data = data
        self._stream = stream

    def reach(self, end: int) -> bool:
        """Whether the first `end` bytes are there.

        Raises:
            LimitError: If more is asked for than any header holds.
        """
        missing = end - len(self.data)
        if missing > 0 and self._stream is not None:
            if end > MAX_HEADER_BYTES:
                raise LimitError(
                    f"Its DICOM header is longer than {MAX_HEADER_BYTES >> 20} MiB, which no scan "
                    "needs; it is damaged."
                )
            self.data += self._stream.read(max(missing, len(self.data)))
        return end <= len(self.data)


def is_type(code: bytes) -> bool:
    """Whether two bytes can be a value representation (two capital letters)."""
    return len(code) == 2 and b"A" <= code[:1] <= b"Z" and b"A" <= code[1:] <= b"Z"


def head(buffer: Buffer, pos: int, coding: Coding) -> tuple[int, bytes, int, int]:
    """Tag, type, length and start of the value of one element.

    Args:
        buffer: The bytes; 8 of them are known to be there.
        pos: First byte of the element.
        coding: How it is written; an element without a type is read as such
            in any coding, because some programs mix both.

    Raises:
        ReadError: If the bytes end before the value starts.
    """
    if coding.explicit:
        group, low, vr, length = _UNPACK[coding](buffer.data, pos)
        if vr in _SHORT:
            return group << 16 | low, vr, length, pos + 8
        if vr in _LONG:
            if not buffer.reach(pos + 12):
                raise ReadError(DAMAGED)
            (length,) = _UNPACK_LENGTH[coding.little](buffer.data, pos + 8)
            return group << 16 | low, vr, length, pos + 12
        if is_type(vr):
            return group << 16 | low, vr, length, pos + 8
    group, low, length = _UNPACK[False, coding.little](buffer.data, pos)
    return group << 16 | low, b"", length, pos + 8


def walk(
    buffer: Buffer, pos: int, coding: Coding, unread: Unread | None = None
) -> tuple[Elements, int, tuple[int, int] | None]:
    """Collect the wanted elements of a data set or of an item.

    Args:
        buffer: The bytes.
        pos: First byte of the first element.
        coding: How the elements are written.
        unread: Gets the checksums of short elements that are not wanted.

    Returns:
        Wanted elements, position behind the last element (of the value of the
        pixel data, where these are met), and tag and length of the pixel data.

    Raises:
        ReadError: If the elements are damaged or nested too deeply.
    """
    elements: Elements = {}
    data = buffer.data
    while pos + 8 <= len(data) or buffer.reach(pos + 8):
        data = buffer.data
        tag, vr, length, start = head(buffer, pos, coding)
        noted = tag in _NOTED
        if noted and tag not in tags.WANTED:
            return elements, start, (tag, length) if tag in _PIXELS else None
        pos = start + length if length != UNDEFINED else _skip(buffer, start, coding)
        if not noted:
            if unread is not None and 0 < length <= MAX_UNREAD_BYTES and pos <= len(data):
                unread[tag] = (crc32(data[start:pos]), vr in _TEXTS)
            continue
        too_long = pos - start > MAX_VALUE_BYTES and tag not in tags.SEQUENCES
        if too_long or (pos > len(data) and not buffer.reach(pos)):
            raise ReadError(DAMAGED)
        elements[tag] = Element(vr, buffer.data[start:pos])
    return elements, pos, None


def _skip(buffer: Buffer, pos: int, coding: Coding) -> int:
    """Position behind a sequence of undefined length, however it is nested."""
    number = _UNPACK[False, coding.little]
    stack = [(coding, False)]  # the coding, and whether we are inside an item
    while stack:
        if len(stack) > 2 * MAX_DEPTH:
            raise ReadError("Its DICOM header is nested too deeply to be a real one; refused.")
        if not buffer.reach(pos + 8):
            raise ReadError(DAMAGED)
        inner, in_item = stack[-1]
        if in_item:
            tag, _, length, pos = head(buffer, pos, inner)
            end, deeper = ITEM_END, (inner, False)
        else:
            group, low, length = number(buffer.data, pos)
            tag, pos = group << 16 | low, pos + 8
            if tag not in {ITEM, SEQUENCE_END}:
                raise ReadError(DAMAGED)
            end, deeper = SEQUENCE_END, (_item_coding(buffer, pos, inner), True)
        if tag == end:
            stack.pop()
        elif length == UNDEFINED:
            stack.append(deeper)
        else:
            pos += length
    return pos


def _item_coding(buffer: Buffer, pos: int, coding: Coding) -> Coding:
    """Items of a file with types may be written without (PS3.5 6.2.2, note on type UN)."""
    typed = coding.explicit and buffer.reach(pos + 6) and is_type(buffer.data[pos + 4 : pos + 6])
    return Coding(typed, coding.little)


def items(element: Element | None, coding: Coding) -> list[Elements]:
    """Wanted elements in each item of a sequence.

    Args:
        element: The sequence; None has no items.
        coding: How the file is written.

    Returns:
        One dictionary per item.

    Raises:
        ReadError: If the sequence is damaged.
    """
    if element is None:
        return []
    data, pos, found = element.value, 0, []
    while pos + 8 <= len(data):
        group, low, length = _UNPACK[False, coding.little](data, pos)
        tag, pos = group << 16 | low, pos + 8
        if tag == SEQUENCE_END:
            break
        if tag != ITEM:
            raise ReadError(DAMAGED)
        whole = Buffer(data)
        inner = _item_coding(whole, pos, coding)
        if length == UNDEFINED:
            elements, pos, _ = walk(whole, pos, inner)
        else:
            elements, _, _ = walk(Buffer(data[pos : pos + length]), 0, inner)
            pos += length
        found.append(elements)
    return found
