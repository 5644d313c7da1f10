"""Tables of strangers, read in a reader process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clam_core.errors import ReadError
from clam_core.io.manifest import ManifestRow, read_manifest
from clam_core.io.sandbox import ReaderPool, Task
from clam_core.io.tables import RawTable, read_table
from clam_core.settings import ReadLimits

TABLE_MEMORY = 2 << 30
"""Memory that a table may use while it is read, in bytes."""


def read_in_child(path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a table (a task for a reader process)."""
    return read_table(Path(path)).to_json(), {}


def read_raw_table(path: Path) -> RawTable:
    """Read a table in a process of its own, under limits.

    Args:
        path: CSV, TSV, XLSX or Parquet, by content.

    Raises:
        ReadError, TableError: If it is missing, damaged, unsafe or no table.
    """
    if not path.is_file():
        raise ReadError(f"There is no file {path.name!r}; check the path of the table.")
    limits = ReadLimits(memory_bytes=TABLE_MEMORY)
    with ReaderPool(1, limits, preload=(__name__,)) as pool:
        task = Task(f"{__name__}:read_in_child", {"path": str(path)}, path.stat().st_size)
        reply = pool.run(task)
    if reply.error is not None and not str(reply.error).startswith(path.name):
        raise type(reply.error)(f"{path.name}: {reply.error}")
    values, _ = reply.unwrap()
    return RawTable.from_json(values)


def read_scans_table(path: Path) -> list[ManifestRow]:
    """Rows of the table that names the scans; see `io.manifest`."""
    return read_manifest(read_raw_table(path))
