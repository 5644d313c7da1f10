"""Step `clinical`, second part: what a user corrects about columns that are stored already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from clam_core.errors import TableError
from clam_core.pipeline.clinical.needed_table import needed_table
from clam_core.pipeline.summary import Summary
from clam_core.study import Study
from clam_core.tables.columns import ColumnInfo
from clam_core.tables.kinds import ColumnOverride, apply_overrides, typed_frame
from clam_core.tables.text.raw_table import RawTable
from clam_core.wording import plural


def edit_columns(study: Study, overrides: Mapping[str, ColumnOverride]) -> Summary:
    """Change kinds, levels, labels, units and families of the stored clinical table.

    The file that was imported is not kept, so values are read again from what is stored.

    Args:
        study: A study with a clinical table.
        overrides: Name of a column to what its user decided.

    Returns:
        What was changed.

    Raises:
        MissingStepError: If there is no clinical table.
        TableError: If a column is not there, its values do not fit the kind, or some of
            them would be lost.
    """
    frame, infos, description = needed_table(study)
    table = RawTable(
        "the stored table",
        "parquet",
        tuple(info.name for info in infos),
        _rows(frame, infos),
        list(range(2, len(frame) + 2)),
    )
    changed = apply_overrides(infos, overrides, table)
    for before, after in zip(infos, changed, strict=True):
        _check(before, after)
        if before.kind != after.kind or before.levels != after.levels:
            values = typed_frame(table, [after])[after.name]
            frame[after.name] = values.set_axis(frame.index)
    named = [info.name for info, old in zip(changed, infos, strict=True) if info != old]
    study.write_clinical(frame, {**description, "columns": [info.to_json() for info in changed]})
    return Summary(tuple(_said(named, changed)), {"changed": named})


def _rows(frame: pd.DataFrame, infos: list[ColumnInfo]) -> list[list[str | None]]:
    texts = [[_text(value) for value in frame[info.name].astype(object)] for info in infos]
    return [list(row) for row in zip(*texts, strict=True)]


def _text(value: Any) -> str | None:  # noqa: ANN401
    """A stored value as a cell of a table."""
    if value is None or pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat() if value.time().isoformat() != "00:00:00" else f"{value:%Y-%m-%d}"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _check(before: ColumnInfo, after: ColumnInfo) -> None:
    is_read_again = before.kind != after.kind or before.levels != after.levels
    if is_read_again and before.equation:
        raise TableError(
            f"Column {before.name!r} was calculated, so its kind cannot be changed; change the "
            "columns it was made from, and calculate again."
        )
    if is_read_again and after.n < before.n:
        raise TableError(
            f"{plural(before.n - after.n, 'value')} of column {before.name!r} cannot be read as "
            f"{after.kind.replace('_', ' ')} and would be lost; choose another kind."
        )


def _said(named: list[str], infos: list[ColumnInfo]) -> list[str]:
    if not named:
        return ["Nothing was changed."]
    said = [f"{plural(len(named), 'column')} changed: {', '.join(named)}."]
    stale = [info.name for info in infos if set(info.made_from) & set(named)]
    if stale:
        said.append(
            f"{', '.join(stale)} were calculated from the old values; calculate the reference "
            "values again."
        )
    return said
