"""Digests inside the files of a study, so that a changed bit is an error and not a number.

A JSON file carries the digest of its values, a Parquet file that of all its bytes. A file
without one is from before seals, or was changed by hand, and is taken as it is.
"""

from __future__ import annotations

import hashlib
import json
from io import BytesIO
from typing import Any

import pandas as pd

SEAL = "sha256"
"""Last key of a sealed JSON object."""

_MARK = b"clam-seal:"
_N_DIGITS = 64
_BLANK = b"0" * _N_DIGITS


class BrokenSealError(ValueError):
    """The content of a file is not what was written."""


def pack_json(values: dict[str, Any]) -> bytes:
    """A JSON object with its digest; keys in the order given."""
    sealed = {**values, SEAL: _digest(values)}
    return (json.dumps(sealed, indent=1, ensure_ascii=False) + "\n").encode()


def unpack_json(content: bytes) -> dict[str, Any]:
    """The values of a JSON object, without the digest.

    Raises:
        ValueError: If it is no JSON object.
        BrokenSealError: If the values are not those that the digest was made of.
    """
    values = json.loads(content.decode())
    if not isinstance(values, dict):
        raise ValueError("no JSON object")
    seal = values.pop(SEAL, None)
    if seal is not None and seal != _digest(values):
        raise BrokenSealError
    return values


def _digest(values: dict[str, Any]) -> str:
    # Numbers are written as they are read back, so that layout and blanks do not count.
    return hashlib.sha256(json.dumps(values, ensure_ascii=True).encode()).hexdigest()


def pack_table(table: pd.DataFrame) -> bytes:
    """A Parquet file with its digest; the same table gives the same bytes."""
    import pyarrow.parquet as pq
    from pyarrow import Table  # type: ignore[attr-defined]

    arrow = Table.from_pandas(table)
    more = {b"clam": _MARK + _BLANK}
    if table.attrs:
        more[b"PANDAS_ATTRS"] = json.dumps(table.attrs).encode()  # where pandas looks for them
    file = BytesIO()
    arrow = arrow.replace_schema_metadata({**(arrow.schema.metadata or {}), **more})
    pq.write_table(arrow, file, compression="zstd")  # type: ignore[no-untyped-call]
    content = file.getvalue()
    # The digest takes the place of the zeros that it was made with: the length stays.
    place = content.rfind(_MARK) + len(_MARK)
    seal = hashlib.sha256(content).hexdigest().encode()
    return content[:place] + seal + content[place + _N_DIGITS :]


def unpack_table(content: bytes) -> pd.DataFrame:
    """The table of a Parquet file.

    Raises:
        ValueError, OSError: If it is no Parquet file.
        BrokenSealError: If its bytes are not those that the digest was made of.
    """
    mark = content.rfind(_MARK)
    if mark >= 0:
        place = mark + len(_MARK)
        blank = content[:place] + _BLANK + content[place + _N_DIGITS :]
        if content[place : place + _N_DIGITS] != hashlib.sha256(blank).hexdigest().encode():
            raise BrokenSealError
    return pd.read_parquet(BytesIO(content), engine="pyarrow")
