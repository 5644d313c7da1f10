"""Pixel data as a file stores it: native frames, or the code streams of compressed ones.

Source:
    DICOM PS3.5 annex A.4 (encapsulated pixel data: offset table, then fragments).
"""

from __future__ import annotations

import hashlib
import io
import itertools
import struct
from collections.abc import Iterator
from typing import IO

from clam_core.errors import ReadError
from clam_core.files.file_ref import FileRef
from clam_core.read.dicom import tags
from clam_core.read.dicom.header import PixelFormat
from clam_core.read.dicom.parse_elements import ITEM, SEQUENCE_END
from clam_core.read.dicom.rawfile import inflated

CUT_SHORT = "Its pixel data is cut short; copy it again."
_FRAMES = "Its compressed frames cannot be told apart; export the series again."
_HEAD = struct.Struct("<HHL")
_CHUNK = 1 << 20


def native_frames(ref: FileRef, pixels: PixelFormat) -> Iterator[bytes | memoryview]:
    """Bytes of each frame of a file without compression, in the order of the file.

    Args:
        ref: The file.
        pixels: How it stores its pixels.

    Yields:
        As many bytes as one frame has. A member of an archive is read to its
        end, so that its checksum is verified.

    Raises:
        ReadError: If the file ends early.
    """
    if pixels.frames == 1 and ref.member is not None and pixels.syntax != tags.DEFLATED:
        whole = memoryview(ref.read_bytes())
        yield _complete(whole[pixels.offset : pixels.offset + pixels.frame_bytes], pixels)
        return
    with _open(ref, pixels) as stream:
        stream.seek(pixels.offset)
        for _ in range(pixels.frames):
            yield _complete(stream.read(pixels.frame_bytes), pixels)
        while ref.member is not None and stream.read(_CHUNK):
            pass


def code_streams(ref: FileRef, pixels: PixelFormat) -> list[bytes]:
    """The compressed frames of a file.

    Args:
        ref: The file.
        pixels: How it stores its pixels.

    Returns:
        One code stream per frame.

    Raises:
        ReadError: If a fragment is cut short, or frames cannot be told apart.
    """
    with _open(ref, pixels) as stream:
        stream.seek(pixels.offset)
        data = stream.read()
    table, starts, fragments = _fragments(data)
    if pixels.frames == 1:
        return [b"".join(fragments)]
    if len(fragments) == pixels.frames:
        return fragments
    offsets = [offset for (offset,) in struct.iter_unpack("<L", table[: len(table) // 4 * 4])]
    if len(offsets) != pixels.frames:
        raise ReadError(_FRAMES)
    return _gather(offsets, starts, fragments)


def pixel_digest(ref: FileRef, pixels: PixelFormat, frame: int) -> str:
    """Digest of the stored bytes of one frame: two copies of a picture have the same."""
    if pixels.syntax in tags.COMPRESSED:
        data: bytes | memoryview = code_streams(ref, pixels)[frame]
    else:
        data = next(d for n, d in enumerate(native_frames(ref, pixels)) if n == frame)
    return hashlib.sha256(data).hexdigest()


def _open(ref: FileRef, pixels: PixelFormat) -> IO[bytes]:
    return io.BytesIO(inflated(ref)) if pixels.syntax == tags.DEFLATED else ref.open()


def _complete(data: bytes | memoryview, pixels: PixelFormat) -> bytes | memoryview:
    if len(data) < pixels.frame_bytes:
        raise ReadError(CUT_SHORT)
    return data


def _fragments(data: bytes) -> tuple[bytes, list[int], list[bytes]]:
    """Offset table, start of each fragment behind the table, and the fragments."""
    pos = 0
    fragments: list[bytes] = []
    starts: list[int] = []
    while True:
        if pos + 8 > len(data):
            if pos == len(data) and fragments:  # some programs leave out the last delimiter
                break
            raise ReadError(CUT_SHORT)
        group, low, length = _HEAD.unpack_from(data, pos)
        tag = group << 16 | low
        if tag == SEQUENCE_END:
            break
        if tag != ITEM:
            raise ReadError(_FRAMES)
        if pos + 8 + length > len(data):
            raise ReadError(CUT_SHORT)
        starts.append(pos)
        fragments.append(data[pos + 8 : pos + 8 + length])
        pos += 8 + length
    if len(fragments) < 2:
        raise ReadError(CUT_SHORT)
    first = starts[1]
    return fragments[0], [start - first for start in starts[1:]], fragments[1:]


def _gather(offsets: list[int], starts: list[int], fragments: list[bytes]) -> list[bytes]:
    """Join the fragments of each frame, as the offset table divides them."""
    place = {start: n for n, start in enumerate(starts)}
    if offsets != sorted(set(offsets)) or offsets[0] != 0 or not place.keys() >= set(offsets):
        raise ReadError(_FRAMES)
    first = [place[offset] for offset in offsets] + [len(fragments)]
    return [b"".join(fragments[a:b]) for a, b in itertools.pairwise(first)]
