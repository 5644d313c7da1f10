"""NumPy archives (.npz): arrays with a row per scan, as one table of text."""

from __future__ import annotations

import io
import math
import zipfile
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import LimitError, ReadError, TableError
from clam_core.settings import TableLimits
from clam_core.tables.text.grid import Grid, too_many_cells, too_many_columns, too_many_rows
from clam_core.tables.text.raw_table import RawTable, some

Array = NDArray[Any]
_ENDING = ".npy"


def is_numpy_archive(content: bytes) -> bool:
    """Whether a zip archive holds NumPy arrays, and nothing else."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    return bool(names) and all(name.endswith(_ENDING) for name in names)


def read_numpy_archive(content: bytes, name: str, limits: TableLimits) -> RawTable:
    """Read the arrays of a NumPy archive as the columns of one table.

    An array of one axis is a column. One of two axes, shape (n_rows, n_columns), is a column
    per number; they are called by a text array of as many names, if there is one. Arrays of
    Python objects are pickles and are not opened.

    Args:
        content: The whole file.
        name: Its base name, for messages.
        limits: What the table may hold.

    Returns:
        The table; arrays that are no columns are left out with a note.

    Raises:
        ReadError: If it is damaged, or holds Python objects.
        LimitError: If it is too large.
        TableError: If no array has a row per scan.
    """
    arrays = _arrays(content, name, limits)
    n_rows = _n_rows(arrays, name)
    if n_rows > limits.max_rows:
        raise LimitError(too_many_rows(name, limits))
    columns, left = _columns(arrays, n_rows)
    if len(columns) > limits.max_columns:
        raise LimitError(too_many_columns(name, len(columns), limits))
    if n_rows * len(columns) > limits.max_cells:
        raise LimitError(too_many_cells(name, limits))
    grid = Grid(name, "npz", limits)
    grid.add(1, list(columns))
    texts = [_texts(values) for values in columns.values()]
    for line, row in enumerate(zip(*texts, strict=True), start=2):
        grid.add(line, row)
    table = grid.table()
    notes = ["Read from a NumPy archive; line 2 is its first row."]
    if left:
        notes.append(f"Arrays without a row per scan left out: {some([repr(n) for n in left])}.")
    return replace(table, notes=(*notes, *table.notes))


def _arrays(content: bytes, name: str, limits: TableLimits) -> dict[str, Array]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            total = sum(member.file_size for member in archive.infolist())
        if total > limits.max_unpacked_bytes:
            raise LimitError(
                f"{name} would unpack to {total / 1e6:,.0f} MB; at most "
                f"{limits.max_unpacked_bytes / 1e6:,.0f} MB are read. Keep the arrays that matter."
            )
        with np.load(io.BytesIO(content), allow_pickle=False) as found:
            return {key: found[key] for key in found.files}
    except LimitError:
        raise
    except ValueError as error:
        if "pickle" not in str(error).lower():
            raise _damaged(name, error) from None
        raise ReadError(
            f"{name} holds Python objects, which can hide programs and are not opened; save ids "
            "as text (array.astype(str)) and values as numbers."
        ) from None
    except Exception as error:  # a damaged part fails in many ways
        raise _damaged(name, error) from None


def _damaged(name: str, error: Exception) -> ReadError:
    return ReadError(f"{name} is a damaged NumPy archive ({type(error).__name__}); save it again.")


def _n_rows(arrays: dict[str, Array], name: str) -> int:
    """Rows of the largest array of two axes, else of the largest one of one axis."""
    for n_axes in (2, 1):
        lengths = [(one.size, len(one)) for one in arrays.values() if one.ndim == n_axes]
        if lengths and max(lengths)[0]:
            return max(lengths)[1]
    raise TableError(
        f"{name} has no array with a row per scan; save the ids and an array of shape (scans, "
        "values)."
    )


def _columns(arrays: dict[str, Array], n_rows: int) -> tuple[dict[str, Array], list[str]]:
    """Arrays of one axis by name, and the names of those that are none."""
    columns: dict[str, Array] = {}
    left = []
    tables = {key: one for key, one in arrays.items() if one.ndim == 2 and len(one) == n_rows}
    names = _names_of(arrays, tables, n_rows)
    for key, one in arrays.items():
        if one.ndim == 1 and len(one) == n_rows and one.dtype.kind in "US":
            columns = {key: one, **columns}  # ids first, as in a table
        elif one.ndim == 1 and len(one) == n_rows:
            columns[key] = one
        elif key in tables:
            given = names.get(key, [f"{key}_{n + 1}" for n in range(one.shape[1])])
            columns |= {each: one[:, n] for n, each in enumerate(given)}
        elif not _is_names(one, tables):
            left.append(key)
    return columns, left


def _names_of(
    arrays: dict[str, Array], tables: dict[str, Array], n_rows: int
) -> dict[str, list[str]]:
    """Names of the columns of each array of two axes that a text array tells."""
    found: dict[str, list[str]] = {}
    for key, table in tables.items():
        for one in arrays.values():
            fits = _is_names(one, {key: table}) and len(one) != n_rows
            if fits and len(set(_decoded(one))) == len(one):
                found[key] = _decoded(one)
    return found


def _is_names(one: Array, tables: dict[str, Array]) -> bool:
    is_text = one.ndim == 1 and one.dtype.kind in "US"
    return is_text and any(len(one) == table.shape[1] for table in tables.values())


def _decoded(values: Array) -> list[str]:
    if values.dtype.kind == "S":
        return [one.decode("utf-8", "replace") for one in values.tolist()]
    return [str(one) for one in values.tolist()]


def _texts(values: Array) -> list[str | None]:
    """Text of each value; NaN is an empty cell, as in a Parquet file."""
    if values.dtype.kind in "US":
        return [text.replace("\x00", "") for text in _decoded(values)]
    if values.dtype.kind == "b":
        return ["TRUE" if one else "FALSE" for one in values.tolist()]
    if values.dtype.kind in "iu":
        return [str(one) for one in values.tolist()]
    if values.dtype.kind == "f":
        # `str` of float32 has the digits that it was written with, `tolist` those of a double.
        short = values.astype(np.float32) if values.dtype.itemsize <= 4 else values
        return [None if math.isnan(one) else str(one) for one in short]
    return [str(one) for one in values.tolist()]
