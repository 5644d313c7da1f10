"""Columns of a table, read as a person declared, and the cells that were declared missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from clam_core.errors import TableError
from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.declared import ColumnReading, Declared, never_there
from clam_core.tables.describe_columns import (
    ColumnOverride,
    apply_overrides,
    column_of,
    infer_columns,
)
from clam_core.tables.text.column import Column
from clam_core.tables.text.missing_codes import cells_with_codes
from clam_core.tables.text.raw_table import RawTable, some


def read_columns(
    table: RawTable, declared: Declared, overrides: Mapping[str, ColumnOverride] | None = None
) -> list[ColumnInfo]:
    """What each column of a table is.

    Args:
        table: The table as text.
        declared: What a person declared; columns that the table lacks are passed over.
        overrides: Name of a column to what else its user decided.

    Returns:
        One entry per column, in their order.

    Raises:
        TableError: If `overrides` name a column that is not there, or what was declared does
            not fit its cells.
    """
    columns = infer_columns(table, declared.decimal, declared.date_order, declared.missing_values)
    chosen = dict(overrides or {})
    chosen |= {name: _override(declared, name) for name in _known(table, declared)}
    return apply_overrides(columns, chosen, table)


def misfits(table: RawTable, earlier: Declared, given: Declared) -> dict[str, str]:
    """Columns that hold other answers than when their kind or levels were chosen.

    Args:
        table: The table as text.
        earlier: What was declared for it before.
        given: What is declared now, in the place of it.

    Returns:
        Name of a column to the sentence that refuses the earlier choice.
    """
    now, nothing = given.after(earlier), ColumnReading()
    chosen = [
        name
        for name in _known(table, earlier)
        if _shapes(earlier.columns[name]) and not _shapes(given.columns.get(name, nothing))
    ]
    found = {}
    if chosen:
        columns = infer_columns(table, now.decimal, now.date_order, now.missing_values)
        for name in chosen:
            try:
                apply_overrides(columns, {name: _override(now, name)}, table)
            except TableError as error:
                found[name] = str(error)
    return found


def _shapes(one: ColumnReading) -> bool:
    return one.kind is not None or one.levels is not None


def _known(table: RawTable, declared: Declared) -> list[str]:
    """Columns of the table for which something was declared."""
    nothing = ColumnReading()
    return [name for name, one in declared.columns.items()
            if name in table.columns and one != nothing]  # fmt: skip


def _override(declared: Declared, name: str) -> ColumnOverride:
    one = declared.columns[name]
    codes = declared.codes_of(name) if one.missing_values else None
    return ColumnOverride(**{**one.model_dump(), "missing_values": codes})


def codes_found(table: RawTable, columns: Sequence[ColumnInfo]) -> dict[str, Counter[str]]:
    """Codes of each column, and how many cells hold each."""
    found = {}
    for info in columns:
        declared = column_of(table, info).declared
        cells = table.cells(info.name) if declared else []
        found[info.name] = Counter(declared[cell] for cell in cells if cell in declared)
    return found


def cells_taken_as_missing(
    table: RawTable, columns: Sequence[ColumnInfo], ids: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Cells with declared codes, so that a code can be taken back when the file is gone.

    Args:
        table: The rows that are stored.
        columns: The columns that are stored.
        ids: Id of each row.

    Returns:
        Column to id to text; numbers are written with a point.
    """
    found = {}
    for info in columns:
        column = column_of(table, info)
        if column.declared:
            texts = {cell: _as_stored(cell, column) for cell in column.declared}
            found[info.name] = {
                one: texts[cell]
                for one, cell in zip(ids, column.cells, strict=True)
                if cell is not None and cell in texts
            }
    return found


def _as_stored(cell: str, column: Column) -> str:
    """A code as stored values are written, with a point, where it is the same code then."""
    number = column.codes_as_numbers.get(cell)
    text = cell if number is None else f"{number:.15g}"
    return text if cells_with_codes([text], column.missing_values, ".") else cell


def declared_words(
    table: RawTable, columns: Sequence[ColumnInfo], declared: Declared, earlier: Declared | None
) -> list[str]:
    """What holds on from before, and what was declared for nothing.

    Args:
        table: The table as text.
        columns: What its columns are.
        declared: Everything that holds.
        earlier: What of it was declared before.

    Returns:
        Sentences.
    """
    words = earlier.words() if earlier is not None else ""
    told = [f"Declared before, and still so: {words}."] if words else []
    told += [
        f"The table has no column {name!r}, for which something was declared before."
        for name in declared.columns
        if name not in table.columns
    ]
    return [*told, *never_there(declared, codes_found(table, columns))]


def warnings_of(columns: Sequence[ColumnInfo]) -> list[str]:
    """What should be known of columns, each sentence once with the names of its columns."""
    named: dict[str, list[str]] = {}
    for info in columns:
        for text in info.warnings:
            named.setdefault(text, []).append(info.name)
    return [f"{some(names)}: {text}" for text, names in named.items()]
