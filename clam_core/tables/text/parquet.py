"""Parquet files: sizes checked from the footer, then every cell as text."""

from __future__ import annotations

import datetime as dt
import decimal
import importlib
import io
from dataclasses import replace
from typing import Any

from clam_core.errors import LimitError, ReadError, TableError
from clam_core.settings import TableLimits
from clam_core.tables.text.grid import Grid, too_many_cells, too_many_columns, too_many_rows
from clam_core.tables.text.raw_table import RawTable, clean_header, some

_BATCH_ROWS = 2048
_THRIFT_BYTES = 16 << 20


def read_parquet(content: bytes, name: str, limits: TableLimits) -> RawTable:
    """Read a Parquet file.

    Args:
        content: The whole file.
        name: Its base name, for messages.
        limits: What the table may hold.

    Returns:
        The table; columns that hold no plain values are left out with a note.

    Raises:
        ReadError: If it is damaged.
        LimitError: If it is too large.
        TableError: If it has no rows or no columns.
    """
    try:
        return _read(content, name, limits)
    except (ReadError, LimitError, TableError, MemoryError):
        raise
    except Exception as error:  # a damaged part fails in many ways
        raise ReadError(
            f"{name} is a damaged Parquet file ({type(error).__name__}); export it again."
        ) from None


def _read(content: bytes, name: str, limits: TableLimits) -> RawTable:
    pa, pq = _arrow(), importlib.import_module("pyarrow.parquet")
    options: dict[str, Any] = {
        "thrift_string_size_limit": _THRIFT_BYTES,
        "thrift_container_size_limit": limits.max_columns * 1000,
    }
    schema = pq.ParquetFile(io.BytesIO(content), **options).schema_arrow
    texts = [
        f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)
    ]
    file = pq.ParquetFile(io.BytesIO(content), read_dictionary=texts, **options)
    _check_size(file, name, limits)
    plain = [f.name for f in schema if _is_plain(f.type)]
    left = [repr(clean_header(f.name)) for f in schema if not _is_plain(f.type)]
    if not plain:
        raise TableError(f"{name} has no column with plain values (text, numbers, dates).")
    grid = Grid(name, "parquet", limits)
    grid.add(1, [_shown_name(column) for column in plain])
    line = 2
    for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=plain):
        columns = [_texts(batch.column(i), limits, name) for i in range(batch.num_columns)]
        for row in zip(*columns, strict=True):
            grid.add(line, row)
            line += 1
    table = grid.table()
    notes = ["Read from a Parquet file."]
    if left:
        notes.append(f"Columns without plain values left out: {some(left)}.")
    return replace(table, notes=(*notes, *table.notes))


def _arrow() -> Any:  # noqa: ANN401
    """pyarrow, which is slow to import and has no types."""
    return importlib.import_module("pyarrow")


def _check_size(file: Any, name: str, limits: TableLimits) -> None:  # noqa: ANN401
    meta = file.metadata
    if meta.num_columns > limits.max_columns:
        raise LimitError(too_many_columns(name, meta.num_columns, limits))
    if meta.num_rows > limits.max_rows:
        raise LimitError(too_many_rows(name, limits))
    if meta.num_rows * meta.num_columns > limits.max_cells:
        raise LimitError(too_many_cells(name, limits))
    n_bytes = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
    if n_bytes > limits.max_unpacked_bytes:
        raise LimitError(
            f"{name} would unpack to {n_bytes / 1e6:,.0f} MB; at most "
            f"{limits.max_unpacked_bytes / 1e6:,.0f} MB are read. Keep the columns that matter."
        )


def _is_plain(kind: Any) -> bool:  # noqa: ANN401
    pa = _arrow()
    if pa.types.is_dictionary(kind):
        return _is_plain(kind.value_type)
    tests = (
        pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view,
        pa.types.is_boolean,
        pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_temporal,
        pa.types.is_null,
    )  # fmt: skip
    return any(test(kind) for test in tests)


def _texts(column: Any, limits: TableLimits, name: str) -> list[str | None]:  # noqa: ANN401
    """Text of each cell; values that repeat are made into text once."""
    pa = _arrow()
    if not pa.types.is_dictionary(column.type):
        return [_text(value) for value in _values(column)]
    words = [_text(value) for value in _values(column.dictionary)]
    longest = max((len(word) for word in words if word), default=0)
    if longest > limits.max_cell_letters:
        raise LimitError(
            f"{name} has a cell of {longest:,} letters; at most {limits.max_cell_letters:,} are "
            "read. Leave that column out."
        )
    return [None if i is None else words[i] for i in column.indices.to_pylist()]


def _values(column: Any) -> list[Any]:  # noqa: ANN401
    """Python values; times finer than a microsecond are cut."""
    pa = _arrow()
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    if pa.types.is_float32(column.type) or pa.types.is_float16(column.type):
        shown = column.to_numpy(zero_copy_only=False)
        valid = column.is_valid().to_pylist()
        return [float(str(value)) if ok else None for value, ok in zip(shown, valid, strict=True)]
    values: list[Any] = column.to_pylist()
    return values


def _text(value: object) -> str | None:
    if value is None or value != value:  # noqa: PLR0124  (NaN)
        return None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        moment = value.replace(microsecond=0)
        value = moment.date() if moment.time() == dt.time.min else moment
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    text = str(value)
    if "\x00" in text:
        raise ReadError("The table holds NUL characters within a text; export it again without.")
    return text


def _shown_name(column: str) -> str:
    return "index" if column.startswith("__index_level_") else column
