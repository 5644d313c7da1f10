"""Values of header elements: numbers and texts, or one sentence on what is wrong."""

from __future__ import annotations

import math
import struct
import warnings
from dataclasses import dataclass
from functools import lru_cache

from clam_core.errors import ReadError
from clam_core.read.dicom.parse_elements import Coding, Elements, items
from clam_core.read.dicom.tags import BINARY, TAGS

MAX_NUMBER = 1e9
"""Larger numbers mean nothing in a header: positions are millimetres, scales are small."""

_BINARY = {b"US": "H", b"SS": "h", b"UL": "L", b"SL": "l", b"FL": "f", b"FD": "d"}
_UNTYPED = frozenset({b"", b"UN", b"OB", b"OW"})
_CHARSETS = {
    "": "latin-1",
    "ISO_IR 6": "latin-1",
    "ISO_IR 100": "latin-1",
    "ISO_IR 192": "utf-8",
    "GB18030": "gb18030",
    "GBK": "gbk",
}


@dataclass(frozen=True, eq=False)
class Fields:
    """Elements of a data set, asked for by keyword.

    Attributes:
        elements: Wanted elements by tag.
        coding: How they are written.
        charset: Value of SpecificCharacterSet, for texts.
    """

    elements: Elements
    coding: Coding
    charset: str = ""

    def items(self, keyword: str) -> list[Fields]:
        """Items of a sequence; none if it is absent."""
        sequence = items(self.elements.get(TAGS[keyword]), self.coding)
        return [Fields(elements, self.coding, self.charset) for elements in sequence]

    def item(self, keyword: str) -> Fields:
        """First item of a sequence; one without elements if it is absent."""
        found = self.items(keyword)
        return found[0] if found else Fields({}, self.coding)

    def texts(self, keyword: str) -> tuple[str, ...]:
        """Parts of a text that may hold several, stripped; empty if it is absent."""
        element = self.elements.get(TAGS[keyword])
        return () if element is None else _parts(element.value, self.charset)

    def text(self, keyword: str) -> str:
        """First part of a text; empty if it is absent."""
        parts = self.texts(keyword)
        return parts[0] if parts else ""

    def numbers(self, keyword: str, count: int) -> tuple[float, ...] | None:
        """Exactly `count` numbers, or None if the element is absent or empty.

        Raises:
            ReadError: If it holds anything else.
        """
        values = self._parse(keyword)
        if values is None:
            return None
        usable = len(values) >= 1 and all(abs(v) <= MAX_NUMBER for v in values)  # NaN is not <=
        if not usable or len(values) != count:
            meant = "a number" if count == 1 else f"{count} numbers"
            raise ReadError(
                f"Its header should hold {meant} as {keyword}, but holds something else; "
                "correct it, or export the series again."
            )
        return values

    def number(self, keyword: str) -> float | None:
        """One number, or None if the element is absent or empty.

        Raises:
            ReadError: If it holds anything else.
        """
        values = self.numbers(keyword, 1)
        return None if values is None else values[0]

    def integer(self, keyword: str) -> int | None:
        """One whole number, or None if the element is absent or empty.

        Raises:
            ReadError: If it holds anything else.
        """
        value = self.number(keyword)
        if value is not None and value != math.floor(value):
            raise ReadError(f"Its header should hold a whole number as {keyword}, but does not.")
        return None if value is None else int(value)

    def optional(self, keyword: str) -> float | None:
        """The first number of an element that no voxel depends on; None if it holds none."""
        values = self._parse(keyword)
        return values[0] if values and abs(values[0]) <= MAX_NUMBER else None

    def _parse(self, keyword: str) -> tuple[float, ...] | None:
        """The numbers of an element; None if it is empty, an empty tuple if it holds none."""
        element = self.elements.get(TAGS[keyword])
        if element is None:
            return None
        vr = element.vr if element.vr not in _UNTYPED else BINARY.get(keyword, b"DS")
        if vr in _BINARY:
            return self._unpack(element.value, _BINARY[vr]) or None
        return _numbers_in(element.value)

    def _unpack(self, value: bytes, code: str) -> tuple[float, ...]:
        count = len(value) // struct.calcsize("=" + code)
        order = "<" if self.coding.little else ">"
        layout = f"{order}{count}{code}"
        return struct.unpack(layout, value[: struct.calcsize(layout)])


@lru_cache(maxsize=4096)
def _parts(raw: bytes, charset: str) -> tuple[str, ...]:
    """Parts of a text, remembered: the slices of a series share most of theirs."""
    return tuple(part.strip("\0 \t\r\n") for part in _decode(raw, charset).split("\\"))


@lru_cache(maxsize=4096)
def _numbers_in(raw: bytes) -> tuple[float, ...] | None:
    """Numbers that are written as text; None if it is empty, an empty tuple if it is no number."""
    text = raw.strip(b"\0 ")
    try:
        return tuple(float(part) for part in text.split(b"\\")) if text else None
    except ValueError:
        return ()


def _decode(raw: bytes, charset: str) -> str:
    codec = _CHARSETS.get(charset)
    if codec is not None:
        return raw.decode(codec, "replace")
    from pydicom.charset import convert_encodings, decode_bytes

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an unknown character set is no reason to stop
        try:
            return decode_bytes(raw, convert_encodings(charset.split("\\")), {0x5C, 0x5E, 0x3D})
        except (LookupError, ValueError):
            return raw.decode("latin-1")
