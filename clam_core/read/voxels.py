"""From declared voxels to an array: size checked first, then exactly so many bytes read."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import LimitError, ReadError
from clam_core.read.result import ImageHeader, ReadResult
from clam_core.read.values import WORKING_TYPES, hu_doubts, rescale, working_type
from clam_core.settings import ReadLimits
from clam_core.volume import Volume
from clam_core.wording import size_words

DEFLATE_MAX_RATIO = 1032
"""Deflate packs at most this many bytes into one (RFC 1951: 258 bytes in two bits)."""

MAX_PADDING_BYTES = 65_536
"""What may follow the voxels: some programs fill up the last block."""

_CHUNK = 1 << 20
_DAMAGE = (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile)

Array = NDArray[np.generic]


class ByteStream(Protocol):
    """Anything that fills a buffer with its next bytes."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill the buffer, or part of it; 0 at the end."""


@dataclass(frozen=True, eq=False)
class Declared:
    """What a header says about its voxels, checked.

    Attributes:
        name: File name for messages.
        shape: Voxels along each axis as stored, 2 or 3 axes longer than one.
        stored: Type of one voxel in the file, with its byte order.
        affine: Voxel index to position, shape (4, 4), mm, RAS+.
        slope: Value = slope * stored + inter.
        inter: See slope.
        warnings: Sentences for the user.
        data_file: Name of the file beside it that holds the voxels; empty if it holds them.
    """

    name: str
    shape: tuple[int, ...]
    stored: np.dtype[Any]
    affine: NDArray[np.float64]
    slope: float = 1.0
    inter: float = 0.0
    warnings: tuple[str, ...] = ()
    data_file: str = ""

    @property
    def n_bytes(self) -> int:
        """Size of the voxels in the file, in bytes."""
        return math.prod(self.shape) * self.stored.itemsize

    @property
    def n_bytes_needed(self) -> int:
        """Memory that reading takes, in bytes."""
        kept = (self.slope, self.inter) == (1.0, 0.0) and self.stored.name in WORKING_TYPES
        return self.n_bytes + (0 if kept else 4 * math.prod(self.shape))

    def header(self) -> ImageHeader:
        """The part that others need to know."""
        columns = self.affine[:3, : len(self.shape)].T.tolist()
        return ImageHeader(
            shape=self.shape,
            spacing_mm=tuple(math.hypot(*column) for column in columns),
            ndim=len(self.shape),
            dtype=self.stored.name,
            n_bytes_needed=self.n_bytes_needed,
            data_file=self.data_file,
        )

    def check(self, limits: ReadLimits) -> None:
        """Refuse with `LimitError` before anything is allocated."""
        check_size(self.name, self.shape, self.n_bytes_needed, limits)


def check_size(name: str, shape: tuple[int, ...], n_bytes: int, limits: ReadLimits) -> None:
    """Refuse more voxels or bytes than one scan may have.

    Args:
        name: File name for the message.
        shape: Declared voxels along each axis.
        n_bytes: Memory that reading takes, in bytes.
        limits: What is allowed.

    Raises:
        LimitError: If there are too many.
        ReadError: If an axis has no voxels.
    """
    size = " x ".join(str(n) for n in shape)
    if min(shape) < 1:
        raise ReadError(f"{name} declares {size} voxels; every axis needs at least one.")
    if math.prod(shape) > limits.max_voxels or n_bytes > limits.memory_bytes:
        raise LimitError(
            f"{name} declares {size} voxels ({size_words(n_bytes)}); at most "
            f"{limits.max_voxels:,} voxels and {size_words(limits.memory_bytes)} are read. "
            "The header may be damaged; else crop or resample the scan."
        )


def check_available(name: str, needed: int, available: int, *, packed: bool) -> None:
    """Refuse a file that cannot hold the voxels that it declares, before allocating.

    Args:
        name: File name for the message.
        needed: Bytes that the header declares.
        available: Bytes that the file has for them.
        packed: Whether these are compressed by deflate.

    Raises:
        ReadError: If there are too few, or far too many.
    """
    most = available * DEFLATE_MAX_RATIO if packed else available
    if most < needed:
        raise _too_short(name, needed)
    if not packed and available > needed + MAX_PADDING_BYTES:
        raise too_long(name, needed)


def read_array(stream: ByteStream, declared: Declared) -> Array:
    """Read exactly the declared voxels.

    Args:
        stream: Unpacked bytes, at the first voxel.
        declared: What is expected; sizes have been checked.

    Returns:
        Voxels in native byte order, first axis fastest in memory.

    Raises:
        ReadError: If the stream ends early, is damaged, or goes on.
        LimitError: If there is not enough memory.
    """
    try:
        buffer = np.empty(declared.n_bytes, dtype=np.uint8)
    except MemoryError:
        raise LimitError(
            f"{declared.name} needs {size_words(declared.n_bytes)} of memory, more than is free."
        ) from None
    _fill(stream, buffer.data, declared)
    _check_end(stream, declared)
    array = buffer.view(declared.stored)
    if not declared.stored.isnative:
        array = array.byteswap(inplace=True).view(declared.stored.newbyteorder("="))
    return array.reshape(declared.shape, order="F")


def finish(array: Array, declared: Declared) -> ReadResult:
    """Apply the scale and put array, affine and warnings together."""
    values = working_type(rescale(array, declared.slope, declared.inter))
    volume = Volume(values, declared.affine)
    return ReadResult(volume, declared.warnings + hu_doubts(values))


class ZlibStream(io.RawIOBase):
    """Inflate a zlib or gzip stream no further than it is asked for."""

    def __init__(self, packed: ByteStream, n_packed: int) -> None:
        self._packed = packed
        self._left = n_packed
        self._inflate = zlib.decompressobj(wbits=47)

    def readable(self) -> bool:
        """True: this is a stream to read."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401
        """Fill the buffer, or part of it; 0 at the end."""
        view = memoryview(buffer)
        while view and not self._inflate.eof:
            packed = self._inflate.unconsumed_tail or self._more()
            piece = self._inflate.decompress(packed, len(view))
            if piece:
                view[: len(piece)] = piece
                return len(piece)
            if not packed:
                raise EOFError("compressed data end early")
        return 0

    def _more(self) -> bytes:
        chunk = bytearray(min(self._left, 65_536))
        n = self._packed.readinto(memoryview(chunk)) or 0
        self._left -= n
        return bytes(chunk[:n])


def read_start(stream: ByteStream, n_bytes: int, name: str) -> bytes:
    """At most `n_bytes` bytes from here; fewer if the stream ends."""
    buffer = bytearray(n_bytes)
    done = 0
    while done < n_bytes:
        n = _next(stream, memoryview(buffer)[done:], name)
        if n == 0:
            break
        done += n
    return bytes(buffer[:done])


def skip(stream: ByteStream, n_bytes: int, name: str) -> None:
    """Read and forget `n_bytes` bytes."""
    waste = memoryview(bytearray(min(n_bytes, _CHUNK)))
    while n_bytes > 0:
        n = _next(stream, waste[: min(n_bytes, _CHUNK)], name)
        if n == 0:
            raise ReadError(f"{name} ends before its first voxel; copy or export it again.")
        n_bytes -= n


def _fill(stream: ByteStream, view: memoryview, declared: Declared) -> None:
    done = 0
    while done < len(view):
        n = _next(stream, view[done : done + _CHUNK], declared.name)
        if n == 0:
            raise _too_short(declared.name, len(view))
        done += n


def _check_end(stream: ByteStream, declared: Declared) -> None:
    """Read on a little: the end of a compressed stream carries its checksum."""
    if len(read_start(stream, MAX_PADDING_BYTES + 1, declared.name)) > MAX_PADDING_BYTES:
        raise too_long(declared.name, declared.n_bytes)


def _next(stream: ByteStream, view: memoryview, name: str) -> int:
    try:
        return stream.readinto(view) or 0
    except EOFError:
        message = f"{name} is cut off: its compressed data end early; copy or export it again."
        raise ReadError(message) from None
    except _DAMAGE:
        message = f"{name} is damaged: its voxels cannot be unpacked; copy or export it again."
        raise ReadError(message) from None


def _too_short(name: str, needed: int) -> ReadError:
    return ReadError(
        f"{name} is cut off: it holds fewer than the {needed:,} bytes of voxels that its "
        "header declares; copy or export it again."
    )


def too_long(name: str, needed: int) -> ReadError:
    """The error of a file that goes on behind its voxels."""
    return ReadError(
        f"{name} holds more than the {needed:,} bytes of voxels that its header declares, "
        "so the header cannot be trusted; export it again."
    )
