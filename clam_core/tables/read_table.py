"""Read a table from a file of unknown make: delimited text, Excel workbook, Parquet, NPZ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from clam_core.errors import LimitError, ReadError
from clam_core.files.opened_file import opened
from clam_core.files.sniff import DESCRIPTIONS, FileKind, sniff
from clam_core.settings import TableLimits
from clam_core.tables.text.delimited import read_delimited
from clam_core.tables.text.raw_table import RawTable

_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OTHERS = (
    (b"$FL2", "an SPSS file"),
    (b"$FL3", "an SPSS file"),
    (b"<stata_dta>", "a Stata file"),
    (b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xc2\xea\x81\x60", "a SAS file"),
    (b"{\\rtf", "a Rich Text document"),
    (b"SQLite format 3", "an SQLite database"),
    (b"RDX", "an R data file"),
)
_JSON = re.compile(rb'\s*(?:\[\s*)?\{\s*["}]')


def read_table(
    path: Path,
    limits: TableLimits | None = None,
    sheet: str | None = None,
    ids: Iterable[str] = (),
) -> RawTable:
    """Read a table as text; its content, not its name, tells what it is.

    Args:
        path: CSV, TSV, .xlsx, Parquet or NPZ (arrays of NumPy).
        limits: What the table may hold; None takes the defaults.
        sheet: Sheet of a workbook; None takes the one with most of the ids, else the first
            that holds a table and is no legend.
        ids: Ids of the study.

    Returns:
        The table, with notes on how it was read.

    Raises:
        ReadError: If it is no table, damaged or encrypted.
        TableError: If its rows differ in length, or it has none.
        LimitError: If it is too large.
    """
    limits = limits or TableLimits()
    with opened(path) as file:
        if file.size > limits.max_bytes:
            raise LimitError(
                f"{file.name} has {file.size / 1e6:,.0f} MB; a table may have "
                f"{limits.max_bytes / 1e6:,.0f} MB. Keep the rows of this study's scans and the "
                "columns that matter."
            )
        content = file.stream.read(limits.max_bytes + 1)
        name = file.name
    if content.startswith(b"PAR1"):
        from clam_core.tables.text.parquet import read_parquet

        return read_parquet(content, name, limits)
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        from clam_core.tables.numbers.numpy_arrays import is_numpy_archive, read_numpy_archive

        if is_numpy_archive(content):
            return read_numpy_archive(content, name, limits)
        from clam_core.tables.text.workbook import read_workbook

        return read_workbook(content, name, limits, sheet, ids)
    _require_text(content, name)
    return read_delimited(content, name, limits)


def read_table_task(
    path: str,
    sheet: str | None = None,
    ids: Sequence[str] = (),
    max_columns: int | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same as a task for a reader process, with the default limits.

    Args:
        path: The file.
        sheet: Sheet of a workbook.
        ids: Ids of the study, by which a sheet is chosen.
        max_columns: Columns that it may have; None takes the default.

    Returns:
        The values of `RawTable.to_json`, and no arrays.
    """
    limits = None if max_columns is None else TableLimits(max_columns=max_columns)
    return read_table(Path(path), limits, sheet, ids).to_json(), {}


def _require_text(content: bytes, name: str) -> None:
    """Refuse what is no delimited text, saying what it is instead."""
    if content.startswith(_OLD_OFFICE):
        if _ENCRYPTED in content:
            raise ReadError(f"{name} is protected with a password; save it without one, or as CSV.")
        raise ReadError(f"{name} is an old Excel workbook (.xls); save it as .xlsx or CSV.")
    for magic, what in _OTHERS:
        if content.startswith(magic):
            raise ReadError(f"{name} is {what}, which is not read; export its table as CSV.")
    if content[:200].lstrip().lower().startswith((b"<html", b"<!doctype", b"<?xml", b"<table")):
        raise ReadError(
            f"{name} is a web page or XML, whatever its ending; open it in Excel and save it as "
            ".xlsx or CSV."
        )
    if _JSON.match(content):
        raise ReadError(f"{name} is a JSON file, which is not read; export its table as CSV.")
    kind: FileKind = sniff(content[:4096], len(content))
    if kind in {"text", "unknown"}:
        return  # an unknown file is text in an encoding of its own, or fails there
    what = "a gzip file" if kind in {"gzip", "nifti"} and content[:2] == b"\x1f\x8b" else ""
    raise ReadError(
        f"{name} is {what or DESCRIPTIONS[kind]}, not a table; choose a CSV, .xlsx or Parquet file."
    )
