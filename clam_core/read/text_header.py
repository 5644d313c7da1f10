"""Headers made of lines of text: read them within bounds, and take numbers from them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from clam_core.errors import ReadError
from clam_core.files.opened_file import OpenFile

MAX_LINE_BYTES = 1 << 16
MAX_HEADER_BYTES = 1 << 20
MAX_LINES = 10_000

_WHOLE = re.compile(r"[+-]?[0-9]{1,15}")


def read_lines(file: OpenFile, is_last: Callable[[str], bool]) -> list[str]:
    """Read lines up to one that ends the header; the stream stands behind it.

    Args:
        file: Open at the first line.
        is_last: Whether a line, without its end, is the last.

    Returns:
        The lines with the last one. If the file ends before it, all lines.

    Raises:
        ReadError: If a line or the whole header is too long.
    """
    lines: list[str] = []
    n_bytes = 0
    while True:
        line = file.stream.readline(MAX_LINE_BYTES + 1)
        n_bytes += len(line)
        long = len(line) > MAX_LINE_BYTES or n_bytes > MAX_HEADER_BYTES or len(lines) >= MAX_LINES
        if long:
            raise ReadError(
                f"{file.name} has a header longer than {MAX_HEADER_BYTES >> 20} MB, or a line "
                f"longer than {MAX_LINE_BYTES >> 10} kB; it is damaged or no scan."
            )
        if not line:
            return lines
        lines.append(_decode(line))
        if is_last(lines[-1]):
            return lines


def whole_numbers(text: str, count: int, field: str, name: str) -> tuple[int, ...]:
    """Exactly `count` whole numbers from a header field, else `ReadError`."""
    words = text.split()
    if len(words) != count or not all(_WHOLE.fullmatch(word) for word in words):
        raise _wrong(text, f"{count} whole number{'s' * (count != 1)}", field, name)
    return tuple(int(word) for word in words)


def numbers(text: str, count: int, field: str, name: str) -> tuple[float, ...]:
    """Exactly `count` numbers (also NaN) from a header field, else `ReadError`."""
    try:
        values = tuple(float(word) for word in text.split())
    except ValueError:
        values = ()
    if len(values) != count or "_" in text:
        raise _wrong(text, f"{count} number{'s' * (count != 1)}", field, name)
    return values


def size_text(values: tuple[int, ...]) -> str:
    """Sizes as they stand in a message: `512 x 512 x 300`."""
    return " x ".join(str(value) for value in values)


def squeeze(
    shape: tuple[int, ...], spatial: tuple[bool, ...], name: str
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Leave out axes of length one that are not in space, and the third axis of a single slice.

    Args:
        shape: Size of every axis in the file.
        spatial: Whether an axis lies in space.
        name: File name for the message.

    Returns:
        The shape of the volume, and the number of each of its axes in the file.

    Raises:
        ReadError: If what remains is not a plane or a volume of single numbers.
    """
    other = [size for size, kept in zip(shape, spatial, strict=True) if not kept]
    axes = [axis for axis, kept in enumerate(spatial) if kept]
    while len(axes) > 2 and shape[axes[-1]] == 1:
        axes.pop()
    if math.prod(other) > 1:
        raise ReadError(
            f"{name} has {math.prod(other)} numbers per voxel (sizes {size_text(shape)}); "
            "need one 3D scalar volume."
        )
    if len(axes) not in {2, 3}:
        raise ReadError(
            f"{name} has {len(axes)} axes (sizes {size_text(shape)}); need one 3D volume. "
            "Save one time point as its own file."
        )
    return tuple(shape[axis] for axis in axes), tuple(axes)


def _decode(line: bytes) -> str:
    line = line.rstrip(b"\r\n")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _wrong(text: str, expected: str, field: str, name: str) -> ReadError:
    shown = re.sub(r"[^0-9eE+\-., ()]", "?", text)[:60]  # no words: they may be a name
    return ReadError(
        f"{name} has '{shown}' in its header field '{field}'; expected {expected}. "
        "Correct the header, or export the scan again."
    )
