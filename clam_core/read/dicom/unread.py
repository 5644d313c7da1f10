"""Checksums of the elements of a header that are not read: enough to see whether they differ."""

from __future__ import annotations

import base64
import struct

from clam_core.errors import ReadError
from clam_core.read.dicom.parse_elements import Unread

_IS_TEXT = 1


def packed(unread: Unread) -> str:
    """As a short text: eight bytes per element, of which the last bit tells a text from others."""
    numbers = [
        number
        for tag, (checksum, is_text) in unread.items()
        for number in (tag, checksum & ~_IS_TEXT | is_text)
    ]
    return base64.b85encode(struct.pack(f"<{len(numbers)}L", *numbers)).decode()


def unpacked(text: str) -> dict[int, int]:
    """Tag -> number that is the same where the values are, odd for texts.

    Raises:
        ReadError: If the text does not come from `packed`.
    """
    try:
        numbers = struct.unpack(f"<{len(text) // 5}L", base64.b85decode(text))
        return dict(zip(numbers[::2], numbers[1::2], strict=True))
    except (ValueError, struct.error) as error:
        raise ReadError("The header of a file is not in the expected form (rest).") from error
