"""Messages between the parent and its reader processes: JSON and raw arrays, never pickles.

A reader parses hostile files, so what it sends is treated as hostile too: the
parent rebuilds plain JSON values and arrays of plain numbers, and nothing else.
"""

from __future__ import annotations

import json
import struct
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

_HEAD = struct.Struct(">Q")
MAX_HEADER_BYTES = 256 << 20
MAX_ARRAY_BYTES = 8 << 30
_DTYPES = frozenset(
    {"bool", "uint8", "int16", "uint16", "int32", "int64", "float16", "float32", "float64"}
)

Arrays = dict[str, NDArray[np.generic]]


class WireError(Exception):
    """The other side closed the pipe or sent something that is no message."""


def send(stream: IO[bytes], values: dict[str, Any], arrays: Arrays | None = None) -> None:
    """Write one message.

    Args:
        stream: Pipe to the other process.
        values: Anything that JSON can hold.
        arrays: Named arrays of numbers, any shape.
    """
    arrays = arrays or {}
    described = [[name, str(a.dtype), list(a.shape)] for name, a in arrays.items()]
    header = json.dumps({"values": values, "arrays": described}).encode()
    stream.write(_HEAD.pack(len(header)))
    stream.write(header)
    for array in arrays.values():
        stream.write(np.ascontiguousarray(array).data.cast("B"))
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], Arrays]:
    """Read one message.

    Args:
        stream: Pipe from the other process.

    Returns:
        The values and the named arrays of `send`.

    Raises:
        WireError: If the pipe ends early, or the message names a type or a
            size that no reader of ours sends.
    """
    (length,) = _HEAD.unpack(_exactly(stream, _HEAD.size))
    if length > MAX_HEADER_BYTES:
        raise WireError(f"header of {length} bytes")
    try:
        message = json.loads(_exactly(stream, length))
        values, described = message["values"], message["arrays"]
        arrays = {
            str(name): _receive_array(stream, dtype, shape) for name, dtype, shape in described
        }
    except (ValueError, TypeError, KeyError) as error:
        raise WireError(f"not a message: {error}") from error
    if not isinstance(values, dict):
        raise WireError("values are no object")
    return values, arrays


def _receive_array(stream: IO[bytes], dtype: str, shape: list[int]) -> NDArray[np.generic]:
    if dtype not in _DTYPES or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise WireError(f"array of type {dtype!r} and shape {shape}")
    n_bytes = int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
    if n_bytes > MAX_ARRAY_BYTES:
        raise WireError(f"array of {n_bytes} bytes")
    buffer = bytearray(n_bytes)
    _fill(stream, memoryview(buffer))
    return np.frombuffer(buffer, dtype=dtype).reshape(shape)


def _exactly(stream: IO[bytes], length: int) -> bytes:
    buffer = bytearray(length)
    _fill(stream, memoryview(buffer))
    return bytes(buffer)


def _fill(stream: IO[bytes], view: memoryview) -> None:
    done = 0
    while done < len(view):
        n = stream.readinto(view[done:])  # type: ignore[attr-defined]
        if not n:
            raise WireError("the pipe ended")
        done += n
