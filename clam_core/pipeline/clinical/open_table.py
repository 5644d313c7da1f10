"""Tables of strangers, read in a reader process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from clam_core.errors import ReadError
from clam_core.files.opened_file import shown_name
from clam_core.find.manifest import ManifestRow, read_manifest
from clam_core.sandbox.pool import ReaderPool, Task
from clam_core.settings import ReadLimits
from clam_core.tables.shape.sessions import OF_SUBJECT, together
from clam_core.tables.text.raw_table import RawTable

TABLE_MEMORY = 2 << 30
"""Memory that a table may use while it is read, in bytes."""

_READER = "clam_core.tables.read_table"


def read_raw_table(
    path: Path,
    sheet: str | None = None,
    ids: Sequence[str] = (),
    max_columns: int | None = None,
) -> RawTable:
    """Read a table in a process of its own, under limits.

    Args:
        path: CSV, TSV, XLSX, Parquet or NPZ, by content.
        sheet: Sheet of a workbook; None takes the one with most of the ids, else the first
            that holds a table and is no legend.
        ids: Ids of the study.
        max_columns: Columns that it may have; None takes the limit of clinical tables.

    Returns:
        The table as text.

    Raises:
        ReadError, TableError: If it is missing, damaged, unsafe or no table.
    """
    if not path.is_file():
        raise ReadError(f"There is no file {path.name!r}; check the path of the table.")
    limits = ReadLimits(memory_bytes=TABLE_MEMORY)
    with ReaderPool(1, limits, preload=(_READER,)) as pool:
        given = {"path": str(path), "sheet": sheet, "ids": list(ids), "max_columns": max_columns}
        task = Task(f"{_READER}:read_table_task", given, path.stat().st_size)
        reply = pool.run(task)
    name = shown_name(path)
    if reply.error is not None and name not in str(reply.error):
        raise type(reply.error)(f"{name}: {reply.error}")
    values, _ = reply.unwrap()
    return RawTable.from_json(values)


def read_table_of_study(path: Path, sheet: str | None = None, ids: Sequence[str] = ()) -> RawTable:
    """The same; a table of BIDS about one subject is read with those of the others.

    Raises:
        ReadError, TableError: As `read_raw_table` does.
    """
    found = OF_SUBJECT.fullmatch(path.name)
    if found is None:
        return read_raw_table(path, sheet, ids)
    top = path.resolve().parent
    while top.name.startswith("ses-") or OF_SUBJECT.fullmatch(f"{top.name}_{found[2]}.tsv"):
        top = top.parent
    depth = "sub-*/ses-*" if path.resolve().parent.name.startswith("ses-") else "sub-*"
    others = sorted(top.glob(f"{depth}/sub-*_{found[2]}.tsv"))
    paths = [path, *(one for one in others if not one.samefile(path))]
    tables = [(OF_SUBJECT.fullmatch(one.name), one) for one in paths]
    return together([(name[1], read_raw_table(one)) for name, one in tables if name is not None])


def read_scans_table(path: Path, root: Path | None = None) -> list[ManifestRow]:
    """Rows of the table that names the scans below a folder; see `read_manifest`."""
    return read_manifest(read_raw_table(path), root)
