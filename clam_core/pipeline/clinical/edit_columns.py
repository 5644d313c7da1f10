"""Step `clinical`, second part: what a user corrects about columns that are stored already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from clam_core.errors import TableError
from clam_core.pipeline.clinical.import_clinical import declared_of
from clam_core.pipeline.clinical.needed_table import needed_table
from clam_core.pipeline.summary import Summary
from clam_core.study import Study
from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.declared import ColumnReading, Declared, never_there
from clam_core.tables.describe_columns import ColumnOverride, apply_overrides, typed_frame
from clam_core.tables.read_columns import cells_taken_as_missing, codes_found
from clam_core.tables.stored_table import (
    codes_applied,
    codes_that_hold,
    stored_table,
    with_words_of_file,
)
from clam_core.tables.text.raw_table import RawTable
from clam_core.wording import plural


def edit_columns(
    study: Study,
    overrides: Mapping[str, ColumnOverride],
    missing_values: Sequence[str] | None = None,
) -> Summary:
    """Change kinds, levels, labels, units, families and missing codes of the stored table.

    The file that was imported is not kept, so values are read again from what is stored;
    cells that a declared code had made missing are stored beside it, and come back.

    Args:
        study: A study with a clinical table.
        overrides: Name of a column to what its user decided; its missing codes are those
            of its own, beside those of the table.
        missing_values: Codes that mean missing in the whole table; None leaves them.

    Returns:
        What was changed.

    Raises:
        MissingStepError: If there is no clinical table.
        TableError: If a column is not there, its values do not fit the kind, or some of
            them would be lost.
    """
    frame, infos, description = needed_table(study)
    table = stored_table(frame, infos, description)
    of_file = {info.name for info in infos if not info.equation}
    lasting = {name: one for name, one in overrides.items() if name in of_file}
    declared = _declared(study, lasting, missing_values)
    codes_change = declared.codes() != declared_of(study).codes()
    chosen = codes_applied(infos, overrides, declared, table) if codes_change else overrides
    changed = apply_overrides(infos, chosen, table)
    for number, (before, after) in enumerate(zip(infos, changed, strict=True)):
        _check(before, after, table)
        if _is_read_again(before, after):
            changed[number] = with_words_of_file(before, after, table)
            values = typed_frame(table, [after])[after.name]
            frame[after.name] = values.set_axis(frame.index)
    named = [info.name for info, old in zip(changed, infos, strict=True) if info != old]
    if codes_change:
        changed = [
            replace(info, missing_values=codes_that_hold(info, declared)) for info in changed
        ]
    ids = [str(one) for one in frame.index]
    also = {
        "columns": [info.to_json() for info in changed],
        "declared": declared.model_dump(mode="json"),
        "taken_as_missing": cells_taken_as_missing(table, changed, ids),
    }
    study.write_clinical(frame, {**description, **also})
    told = never_there(declared, codes_found(table, changed)) if codes_change else []
    return Summary((*_said(named, changed), *told), {"changed": named})


def _declared(
    study: Study, overrides: Mapping[str, ColumnOverride], missing_values: Sequence[str] | None
) -> Declared:
    """What is declared of the table after the change."""
    before = declared_of(study)
    columns = dict(before.columns)
    for name, chosen in overrides.items():
        own = columns.get(name, ColumnReading())
        codes = own.missing_values if chosen.missing_values is None else chosen.missing_values
        new = chosen.as_declared().after(own)
        columns[name] = new.model_copy(update={"missing_values": codes})
    whole = before.missing_values if missing_values is None else tuple(missing_values)
    kept = {name: one for name, one in columns.items() if one != ColumnReading()}
    return before.model_copy(update={"missing_values": whole, "columns": kept})


def _is_read_again(before: ColumnInfo, after: ColumnInfo) -> bool:
    return (before.kind, before.levels, before.missing_values) != (
        after.kind, after.levels, after.missing_values,
    )  # fmt: skip


def _check(before: ColumnInfo, after: ColumnInfo, table: RawTable) -> None:
    if _is_read_again(before, after) and before.equation:
        raise TableError(
            f"Column {before.name!r} was calculated, so its kind and its missing codes cannot be "
            "changed; change the columns it was made from, and calculate again."
        )
    codes = codes_found(table, [before])[before.name], codes_found(table, [after])[after.name]
    n_lost = (before.n + codes[0].total()) - (after.n + codes[1].total())
    if _is_read_again(before, after) and n_lost > 0:
        raise TableError(
            f"{plural(n_lost, 'value')} of column {before.name!r} cannot be read as "
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
