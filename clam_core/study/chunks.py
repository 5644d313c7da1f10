"""How zarr is told that a file which is not there is an error, and a description is sealed.

Zarr reads a missing chunk as zeros, leaves out chunks that are all zero, and takes what a
description (`zarr.json`) says for true. Here every chunk is written and ends in a
checksum, a missing one raises, and a description carries a digest of itself.
"""

from __future__ import annotations

import errno
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.abc.store import ByteRequest
from zarr.codecs import Crc32cCodec, ZstdCodec
from zarr.core.buffer import Buffer, BufferPrototype
from zarr.storage import LocalStore

DESCRIPTION, SEAL = "zarr.json", "sha256"


class WholeStore(LocalStore):
    """The files of one array; one that is not there raises FileNotFoundError."""

    async def get(
        self,
        key: str,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """Content of a file."""
        return _there(key, await super().get(key, prototype, byte_range))

    def get_sync(
        self,
        key: str,
        *,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """The same for callers that do not wait."""
        return _there(key, super().get_sync(key, prototype=prototype, byte_range=byte_range))


def _there(key: str, found: Buffer | None) -> Buffer:
    if found is None:
        raise FileNotFoundError(errno.ENOENT, "No such file", key)
    return found


def create(folder: Path, shape: tuple[int, ...], rows_together: int, dtype: np.dtype[Any]) -> None:
    """Make an array whose chunks hold `rows_together` rows and a checksum.

    Args:
        folder: Where it lies, in a group; what lay there before is deleted.
        shape: Shape of all rows.
        rows_together: Rows of a chunk.
        dtype: Type of the values.
    """
    array = _group(folder.parent).create_array(
        folder.name,
        shape=shape,
        chunks=(rows_together, *shape[1:]),
        dtype=dtype,
        compressors=(ZstdCodec(), Crc32cCodec()),
        overwrite=True,
    )
    array.update_attributes({SEAL: _digest(_description(folder))})


def _group(folder: Path) -> zarr.Group:
    """The group in a folder; its own description says nothing and is made again where damaged."""
    try:
        return zarr.open_group(folder, mode="a", zarr_format=3)
    except (LookupError, TypeError, ValueError):
        (folder / DESCRIPTION).unlink()
        return zarr.open_group(folder, mode="a", zarr_format=3)


def open_to_write(folder: Path) -> zarr.Array[Any]:
    """An array that also writes chunks of zeros (an opened array knows only the global setting)."""
    with zarr.config.set({"array.write_empty_chunks": True}):
        return zarr.open_array(folder, mode="r+", zarr_format=3)


def open_to_read(folder: Path) -> zarr.Array[Any]:
    """An array whose chunks must be there.

    Raises:
        FileNotFoundError: If it has no description.
        ValueError: If the description is not as it was written. One from before
            descriptions had a digest is taken as it is.
    """
    description = _description(folder)
    seal = description.get("attributes", {}).get(SEAL)
    has_checksum = any(codec.get("name") == "crc32c" for codec in description["codecs"])
    if seal != _digest(description) and (has_checksum or seal is not None):
        raise ValueError(f"{DESCRIPTION} is not as it was written")
    return zarr.open_array(WholeStore(folder, read_only=True), mode="r", zarr_format=3)


def leaves_out_zeros(array: zarr.Array[Any]) -> bool:
    """Whether an array was written before every chunk was: one without checksums."""
    return not any(isinstance(codec, Crc32cCodec) for codec in array.compressors)


def _description(folder: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((folder / DESCRIPTION).read_bytes())
    return value


def _digest(description: dict[str, Any]) -> str:
    """Digest of all of a description but its attributes, where the digest itself lies."""
    told = {name: value for name, value in description.items() if name != "attributes"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
