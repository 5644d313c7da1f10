"""The stored clinical table as text again, so that its columns can be read in another way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.declared import Declared
from clam_core.tables.describe_columns import (
    CHOSEN,
    ColumnOverride,
    apply_overrides,
    column_of,
    warned,
)
from clam_core.tables.text.missing_codes import cells_with_codes
from clam_core.tables.text.raw_table import RawTable
from clam_core.tables.units_of_columns import NO_UNIT

_DECLARED = ", as declared"


def stored_table(
    frame: pd.DataFrame, infos: Sequence[ColumnInfo], description: Mapping[str, Any]
) -> RawTable:
    """Stored values as cells, with the codes where they stood that were declared missing.

    Args:
        frame: Typed values, indexed by id.
        infos: What its columns are.
        description: As stored; older ones have no codes.
    """
    codes = description.get("taken_as_missing", {})
    columns = []
    for info in infos:
        own: Mapping[str, str] = codes.get(info.name, {})
        values = zip(frame.index, frame[info.name].astype(object), strict=True)
        columns.append([own.get(str(one), _text(value)) for one, value in values])
    return RawTable(
        "the stored table",
        "parquet",
        tuple(info.name for info in infos),
        [list(row) for row in zip(*columns, strict=True)],
        list(range(2, len(frame) + 2)),
    )


def _text(value: Any) -> str | None:  # noqa: ANN401
    """A stored value as a cell of a table."""
    if value is None or pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat() if value.time().isoformat() != "00:00:00" else f"{value:%Y-%m-%d}"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def codes_applied(
    infos: Sequence[ColumnInfo],
    overrides: Mapping[str, ColumnOverride],
    declared: Declared,
    table: RawTable,
) -> dict[str, ColumnOverride]:
    """The same decisions, with every code that holds for a column, and what was decided before.

    Args:
        infos: What the columns are now.
        overrides: Name of a column to what its user decides now.
        declared: Codes that hold from now on.
        table: The stored table.

    Returns:
        Also the columns that a code of the whole table changes; those without such a cell
        are not read again.
    """
    chosen = dict(overrides)
    for info in infos:
        one = chosen.get(info.name, ColumnOverride())
        codes = codes_that_hold(info, declared)
        differs = _cells(info, codes, table) != _cells(info, info.missing_values, table)
        if differs or one.missing_values is not None:
            kept = _kept(info, codes, table)
            given = {k: v for k, v in one.model_dump().items() if v is not None}
            chosen[info.name] = ColumnOverride(**{**kept, **given, "missing_values": codes})
    return chosen


def _cells(info: ColumnInfo, codes: tuple[str, ...], table: RawTable) -> set[str]:
    """Cells that codes make missing."""
    return set(column_of(table, replace(info, missing_values=codes)).declared)


def codes_that_hold(info: ColumnInfo, declared: Declared) -> tuple[str, ...]:
    """Codes of a column; those of the table hold neither for ids nor for calculated columns."""
    own = declared.columns.get(info.name)
    if info.kind == "id" or info.equation:
        return own.missing_values if own is not None else ()
    return declared.codes_of(info.name)


def _kept(info: ColumnInfo, codes: tuple[str, ...], table: RawTable) -> dict[str, Any]:
    """What a person decided of a column before, as far as it differs from what is inferred."""
    inferred = _again(info, table)
    kept: dict[str, Any] = {"label": info.label, "family": info.family}
    if info.unit != inferred.unit:
        kept["unit"] = info.unit
    is_open = {info.kind, inferred.kind} & {"constant", "empty"}
    if info.reason == CHOSEN or (info.kind != inferred.kind and not is_open):
        kept["kind"] = info.kind
    has_fewer = set(codes) < set(info.missing_values)
    if info.kind == "ordinal" and info.levels != inferred.levels and not has_fewer:
        gone = cells_with_codes(info.levels, codes, ".")
        kept["levels"] = tuple(level for level in info.levels if level not in gone)
    return kept


def _again(info: ColumnInfo, table: RawTable) -> ColumnInfo:
    """What is inferred of a stored column without what a person decided of its kind."""
    same = {info.name: ColumnOverride(missing_values=info.missing_values)}
    return apply_overrides([info], same, table)[0]


def with_words_of_file(before: ColumnInfo, after: ColumnInfo, table: RawTable) -> ColumnInfo:
    """A column that was read again, with what only the file could tell: its cells are gone.

    Args:
        before: As it was stored.
        after: As it was read from the stored table.
        table: The stored table.
    """
    again = _again(before, table)
    of_file = [
        text
        for text in before.warnings
        if text not in again.warnings and not text.startswith(NO_UNIT) and _DECLARED not in text
    ]
    marked = tuple(dict.fromkeys((*after.doubts, *(t for t in of_file if t in before.doubts))))
    return warned(replace(after, doubts=marked), (*of_file, *after.warnings))
