"""Kinds of columns: inferred with a reason, overridden by the user, applied to the cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from clam_core.errors import TableError
from clam_core.settings import Settings
from clam_core.tables.column_info import KINDS, ColumnInfo, Kind
from clam_core.tables.column_names import told_apart
from clam_core.tables.declared import ColumnReading
from clam_core.tables.personal_columns import looks_personal
from clam_core.tables.text.choose_kind import choose_kind
from clam_core.tables.text.column import Column
from clam_core.tables.text.date_text import DateOrder
from clam_core.tables.text.doubts import Doubt
from clam_core.tables.text.raw_table import Decimal, RawTable, no_column, some
from clam_core.tables.text.read_cells import Reading, read_as
from clam_core.tables.units_of_columns import NO_UNIT, unit_of
from clam_core.tables.vocabulary import name_label

__all__ = [
    "KINDS",
    "ColumnInfo",
    "ColumnOverride",
    "Kind",
    "apply_overrides",
    "column_of",
    "infer_columns",
    "typed_frame",
    "warned",
]

CHOSEN = "Chosen by the user."
"""Why a column has its kind where a person chose another one than was inferred."""


class ColumnOverride(Settings):
    """What a user decides about a column; None leaves it as inferred.

    Attributes:
        kind: Its kind.
        label: Name to show.
        unit: Unit of its numbers.
        family: Family in which it is tested.
        decimal: Decimal mark of its numbers.
        date_order: Whether its dates begin with the day (`dmy`) or the month (`mdy`).
        missing_values: Codes that mean missing, such as `-999`.
        levels: All levels, the least first; the column is ordinal unless `kind` says otherwise.
    """

    kind: Kind | None = None
    label: str | None = Field(default=None, min_length=1, max_length=120)
    unit: str | None = Field(default=None, max_length=40)
    family: str | None = Field(default=None, min_length=1, max_length=60)
    decimal: Literal[".", ","] | None = None
    date_order: Literal["dmy", "mdy"] | None = None
    missing_values: tuple[str, ...] | None = None
    levels: tuple[str, ...] | None = None

    def as_declared(self) -> ColumnReading:
        """The same as it is stored beside the table, to hold for a new reading of it."""
        given = {key: value for key, value in self.model_dump().items() if value is not None}
        return ColumnReading(**given)


def infer_columns(
    table: RawTable,
    decimal: Decimal | None = None,
    date_order: DateOrder | None = None,
    missing_values: tuple[str, ...] = (),
) -> list[ColumnInfo]:
    """Say for every column what it holds.

    Args:
        table: The table as text.
        decimal: Decimal mark where a column itself does not tell; None takes
            the table's.
        date_order: Order of day and month in all dates; None finds it.
        missing_values: Codes that mean missing in every column but those of ids.

    Returns:
        One entry per column, in their order.
    """
    sure = decimal is not None
    infos = []
    for name in table.columns:
        column = Column.of(table, name, decimal, (), date_order, decimal_is_sure=sure)
        if missing_values and choose_kind(column, column.meaning).kind != "id":
            column = replace(column, missing_values=missing_values)
        infos.append(_infer(column))
    return told_apart(infos)


def _infer(column: Column) -> ColumnInfo:
    meaning = column.meaning
    choice = choose_kind(column, meaning)
    personal = looks_personal(column.name, column.counts)
    reading = read_as(column, choice.kind)
    info = ColumnInfo(
        name=column.name,
        label=meaning.label if meaning else name_label(column.name),
        kind=choice.kind,  # type: ignore[arg-type]
        family=meaning.family if meaning else "other",
        reason=choice.reason,
        personal=personal,
        decimal=column.decimal,
        decimal_is_sure=column.decimal_is_sure,
        date_order_is_sure=column.date_order is not None,
        missing_values=column.missing_values,
    )
    info = _describe(info, column, reading, choice.warnings)
    unit, told = unit_of(column, meaning, reading, info.kind)
    return warned(replace(info, unit=unit), (*info.warnings, *told))


def warned(info: ColumnInfo, warnings: Sequence[str]) -> ColumnInfo:
    """The column with these sentences; those that doubt its numbers are marked."""
    told = dict.fromkeys(warnings)
    doubts = tuple(str(text) for text in told if isinstance(text, Doubt) or text in info.doubts)
    return replace(info, warnings=tuple(map(str, told)), doubts=doubts)


def _describe(
    info: ColumnInfo, column: Column, reading: Reading, more: Sequence[str] = ()
) -> ColumnInfo:
    """Numbers and warnings of a column under its kind."""
    values = reading.values
    n = sum(cell in values for cell in column.cells if cell is not None)
    hidden = info.personal or info.kind in {"id", "free_text"}
    first = next((cell for cell in column.cells if cell in values), None)
    described = replace(
        info,
        n=n,
        n_missing=len(column.cells) - n,
        n_unique=len(set(values.values())),
        levels=() if info.personal else reading.levels,
        example="" if hidden or first is None else first,
        decimal=reading.decimal if info.kind in {"continuous", "count"} else info.decimal,
        date_order=reading.date_order,
    )
    return warned(described, (*reading.warnings, *more))


def apply_overrides(
    columns: Sequence[ColumnInfo], overrides: Mapping[str, ColumnOverride], table: RawTable
) -> list[ColumnInfo]:
    """Put the user's decisions in the place of what was inferred.

    Args:
        columns: What was inferred.
        overrides: Name of a column to what its user decided.
        table: The table; columns whose cells are read in another way are
            described anew.

    Returns:
        All columns in their order.

    Raises:
        TableError: If there is no such column, or its cells do not fit the kind.
    """
    names = tuple(info.name for info in columns)
    for name in overrides:
        if name not in names:
            raise TableError(no_column(name, names))
    return [
        _override(info, overrides[info.name], table) if info.name in overrides else info
        for info in columns
    ]


def _override(info: ColumnInfo, chosen: ColumnOverride, table: RawTable) -> ColumnInfo:
    values = {key: value for key, value in chosen.model_dump().items() if value is not None}
    if chosen.unit is not None:
        info = warned(info, [text for text in info.warnings if not text.startswith(NO_UNIT)])
    if not {"kind", "decimal", "date_order", "missing_values", "levels"} & set(values):
        return replace(info, **values)
    codes = info.missing_values if chosen.missing_values is None else chosen.missing_values
    column = Column.of(
        table,
        info.name,
        chosen.decimal or info.decimal,
        codes,
        chosen.date_order or (info.date_order if info.date_order_is_sure else None),
        decimal_is_sure=chosen.decimal is not None or info.decimal_is_sure,
    )
    new = replace(_infer(column), label=info.label)
    if chosen.levels and not chosen.kind and new.kind != "binary":
        values["kind"] = "ordinal"
    if values.get("kind") not in {None, new.kind}:
        new = replace(new, warnings=(), doubts=(), reason=CHOSEN)
    new = replace(new, **values)
    reading = read_as(column, new.kind, new.levels)
    _check_fit(new, column, reading, chosen)
    unit, told = unit_of(column, column.meaning, reading, new.kind)
    if chosen.unit is None:
        new = warned(replace(new, unit=unit), (*new.warnings, *told))
    other = [text for text in new.warnings if text not in reading.warnings]
    return _describe(new, column, reading, other)


def _check_fit(info: ColumnInfo, column: Column, reading: Reading, chosen: ColumnOverride) -> None:
    """Refuse a kind or levels that the cells contradict."""
    unknown = sorted(set(reading.levels) - set(chosen.levels or reading.levels))
    if unknown:
        raise TableError(
            f"The levels given for column {info.name!r} lack {some([repr(u) for u in unknown])}, "
            "which occur in it; add them, or declare them missing."
        )
    if info.kind == "binary" and len(reading.levels) > 2:
        raise TableError(
            f"Column {info.name!r} has {len(reading.levels)} different answers, so it cannot be "
            "binary; choose nominal or ordinal."
        )
    if info.kind in {"continuous", "count", "date"} and column.counts and not reading.values:
        raise TableError(
            f"Column {info.name!r} cannot be {info.kind}: no cell of it can be read so; choose "
            "another kind."
        )


def column_of(table: RawTable, info: ColumnInfo) -> Column:
    """The cells of a column, to be read as its description says."""
    return Column.of(
        table,
        info.name,
        info.decimal,
        info.missing_values,
        info.date_order,
        decimal_is_sure=info.decimal_is_sure,
    )


def narrowed(info: ColumnInfo, table: RawTable, part: RawTable) -> ColumnInfo:
    """The same column in a part of its table: numbers, levels and warnings of that part.

    Args:
        info: The column, described on the whole table.
        table: The whole table.
        part: Some of its rows.

    Returns:
        The column; `constant` or `empty` if nothing differs in the part.
    """
    if part.rows == table.rows:
        return info
    before = read_as(column_of(table, info), info.kind, info.levels).warnings
    kept = [warning for warning in info.warnings if warning not in before]
    column = column_of(part, info)
    new = _describe(info, column, read_as(column, info.kind, info.levels), kept)
    if new.n == 0:
        reason = "None of the scans has a value." if info.n else info.reason
        return replace(new, kind="empty", unit="", levels=(), reason=reason)
    if new.n_unique == 1 and info.kind not in {"id", "free_text", "constant"}:
        reason = "All scans with a value have the same one."
        return replace(new, kind="constant", levels=(), reason=reason)
    return new


def typed_frame(table: RawTable, columns: Sequence[ColumnInfo]) -> pd.DataFrame:
    """The cells as values of their columns' kinds.

    Args:
        table: The table as text.
        columns: Columns to take; those that hold personal data are left out.

    Returns:
        One row per row of the table: float64 for continuous and count,
        categories (ordered for ordinal) for binary, ordinal and nominal,
        datetime64 for dates, text for the rest. What cannot be read is missing,
        and its column's `warnings` say how often.
    """
    series = {info.name: _series(table, info) for info in columns if not info.personal}
    return pd.DataFrame(series, index=pd.RangeIndex(table.n_rows))


def _series(table: RawTable, info: ColumnInfo) -> pd.Series[Any]:
    column = column_of(table, info)
    reading = read_as(column, info.kind, info.levels)
    values: dict[str, Any] = dict(reading.values)
    cells = [None if cell is None else values.get(cell) for cell in column.cells]
    if info.kind in {"continuous", "count"}:
        numbers = [np.nan if value is None else value for value in cells]
        return pd.Series(np.array(numbers, dtype=np.float64))
    if info.kind == "date":
        return pd.Series(np.array(cells, dtype="datetime64[us]"))
    if info.kind in {"binary", "ordinal", "nominal"}:
        levels = pd.Index(list(reading.levels), dtype="str")
        return pd.Series(pd.Categorical(cells, categories=levels, ordered=info.kind == "ordinal"))
    return pd.Series(cells, dtype="str")
