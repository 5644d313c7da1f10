"""Import a clinical table: typed columns, one row per scan or subject, nothing personal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pandas as pd
from pydantic import Field

from clam_core.errors import TableError
from clam_core.settings import Settings
from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.declared import ColumnReading, Declared, without_misfits
from clam_core.tables.describe_columns import ColumnOverride, narrowed, typed_frame
from clam_core.tables.join_report import JoinReport, conflict_sentence
from clam_core.tables.joining import choose_ids, join_report, require_matches
from clam_core.tables.near_misses import IdHash
from clam_core.tables.read_columns import (
    cells_taken_as_missing,
    declared_words,
    misfits,
    read_columns,
    warnings_of,
)
from clam_core.tables.recognised.swapped_columns import doubted_together
from clam_core.tables.shape.sessions import SCAN, one_row_per_record, rows_of_sessions
from clam_core.tables.text.raw_table import RawTable

_WORDS = re.compile(r"\w+")
_AMOUNTS = frozenset({"continuous", "count", "date"})


class ClinicalOptions(Settings):
    """How a clinical table is imported.

    Attributes:
        id_column: Column with the ids; None finds it.
        sheet: Sheet of a workbook; None takes the first that holds a table.
        overrides: Name of a column to what its user decided about it.
        duplicates: `refuse` rows of one id that contradict each other, or take
            the `first`.
        apply_near_misses: Whether ids that match only nearly are matched.
        missing_values: Codes that mean missing in every column but those of ids.
        decimal: Decimal mark where a column does not tell; None finds it.
        date_order: Whether dates begin with the day or the month; None finds it.
        forget_declared: Whether what was declared for the stored table and its columns no
            longer holds.
        keep_personal: Whether columns that seem to identify people are kept.
    """

    id_column: str | None = None
    sheet: str | None = None
    overrides: dict[str, ColumnOverride] = Field(default_factory=dict)
    duplicates: Literal["refuse", "first"] = "refuse"
    apply_near_misses: bool = False
    missing_values: tuple[str, ...] = ()
    decimal: Literal[".", ","] | None = None
    date_order: Literal["dmy", "mdy"] | None = None
    forget_declared: bool = False
    keep_personal: bool = False

    def declared(self) -> Declared:
        """What these options say of how cells are read."""
        return Declared(
            missing_values=self.missing_values,
            decimal=self.decimal,
            date_order=self.date_order,
            columns={
                name: reading
                for name, chosen in self.overrides.items()
                if (reading := chosen.as_declared()) != ColumnReading()
            },
        )


@dataclass(frozen=True, eq=False)
class ClinicalImport:
    """A clinical table, ready to be stored.

    Attributes:
        frame: Typed values, indexed by scan_id or subject_id; rows in the order
            of the study, scans without a row are absent.
        columns: What each column of the frame is.
        report: Who matches whom.
        notices: How the file was read, and what was left out, in sentences.
        declared: What a person declared about how it is read.
        taken_as_missing: Column to id to the text of its cell, where a declared code stood.
    """

    frame: pd.DataFrame
    columns: list[ColumnInfo]
    report: JoinReport
    notices: tuple[str, ...] = field(default=())
    declared: Declared = field(default_factory=Declared)
    taken_as_missing: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def sentences(self) -> list[str]:
        """Everything that its user should read."""
        return [*self.report.sentences(), *self.notices, *warnings_of(self.columns)]

    def description(self) -> dict[str, Any]:
        """Values for JSON that describe the frame: level, id column, columns, notices."""
        return {
            "level": self.report.level,
            "id_column": self.report.id_column,
            "hashed": self.report.hashed,
            "n_scans": self.report.n_scans,
            "n_matched": self.report.n_matched,
            "columns": [info.to_json() for info in self.columns],
            "notices": [*self.report.sentences(), *self.notices],
            "declared": self.declared.model_dump(mode="json"),
            "taken_as_missing": {name: dict(ids) for name, ids in self.taken_as_missing.items()},
        }


def import_clinical(
    table: RawTable,
    scans: pd.DataFrame,
    options: ClinicalOptions | None = None,
    id_hash: IdHash | None = None,
    earlier: Declared | None = None,
) -> ClinicalImport:
    """Join a table to the scans of a study and type its columns.

    Args:
        table: The table as text.
        scans: The study's scans, indexed by scan_id, with the column subject_id.
        options: What the user decided.
        id_hash: The study's hash of hospital numbers, tried where plain ids do
            not match; the frame then holds the hashes only.
        earlier: What was declared for this table before, and holds on.

    Returns:
        The frame, its columns, and the reports.

    Raises:
        NearMissError: If no row matches, but ids are nearly the same.
        TableError: If no row matches, rows contradict each other, or an option
            names a column that is not there.
    """
    options = options or ClinicalOptions()
    table = rows_of_sessions(table, scans, id_hash, nearly=options.apply_near_misses)
    table = table if SCAN in table.columns else one_row_per_record(table)
    choice = choose_ids(table, scans, options.id_column, id_hash)
    report = join_report(
        table,
        choice,
        scans,
        id_hash,
        apply_near_misses=options.apply_near_misses,
        take_first=options.duplicates == "first",
    )
    require_matches(table, report, scans, named=options.id_column is not None)
    given, before = options.declared(), earlier or Declared()
    lost = misfits(table, before, given)
    before = without_misfits(before, lost)
    declared = given.after(before)
    columns = read_columns(table, declared, options.overrides)
    kept, notices = _without_personal(table, columns, report, keep=options.keep_personal)
    part = _rows_of_study(table, report)
    kept = [narrowed(info, table, part) for info in kept]
    name = "scan_id" if report.level == "scan" else "subject_id"
    ids = pd.Index(list(report.rows), name=name, dtype="str")
    frame = typed_frame(part, kept).set_axis(ids, axis="index")
    kept = doubted_together(kept, frame)
    told = declared_words(table, columns, declared, before)
    told += [
        f"What was chosen for {name!r} before no longer holds. {why}" for name, why in lost.items()
    ]
    codes = cells_taken_as_missing(part, kept, [str(one) for one in ids])
    notices = [*table.notes, *notices, *told]
    return ClinicalImport(frame, kept, report, tuple(notices), declared, codes)


def _rows_of_study(table: RawTable, report: JoinReport) -> RawTable:
    """One row per id, in the order of the study."""
    if report.conflicting and not report.first_taken:
        raise TableError(conflict_sentence(report.conflicting))
    positions = [rows[0] for rows in report.rows.values()]
    return replace(
        table,
        rows=[table.rows[position] for position in positions],
        lines=[table.lines[position] for position in positions],
        whole=table,
    )


def _without_personal(
    table: RawTable, columns: Sequence[ColumnInfo], report: JoinReport, *, keep: bool
) -> tuple[list[ColumnInfo], list[str]]:
    """Columns to store: neither the ids nor what identifies people."""
    kept, notices = [], []
    numbers = _hospital_numbers(table, report) if report.hashed else frozenset()
    names = _names_of_rows(table, columns)
    for info in columns:
        if info.name == report.id_column:
            continue
        if numbers and _tells(table, info, numbers):
            notices.append(f"{info.name!r} was left out: it holds hospital numbers.")
        elif info.personal and not keep:
            notices.append(f"{info.name!r} was left out: it looks like {info.personal}.")
        elif not keep and info.kind not in _AMOUNTS and _repeats(table.cells(info.name), names):
            notices.append(f"{info.name!r} was left out: it repeats names of people.")
        else:
            kept.append(replace(info, personal=""))
    return kept, notices


def _names_of_rows(table: RawTable, columns: Sequence[ColumnInfo]) -> list[set[str]]:
    """Words of the names of people that stand in each row; empty if no column has names."""
    named = [table.cells(info.name) for info in columns if info.personal.endswith(" name")]
    rows = zip(*named, strict=True)
    return [{word for cell in row if cell for word in _words(cell)} for row in rows]


def _words(text: str) -> list[str]:
    return [word for word in _WORDS.findall(text.casefold()) if len(word) > 2]


def _repeats(cells: list[str | None], names: list[set[str]]) -> bool:
    """Whether a word of the column stands nowhere but beside the person of that name."""
    if not names:
        return False
    only: dict[str, bool] = {}
    for cell, ours in zip(cells, names, strict=True):
        for word in _words(cell or ""):
            only[word] = only.get(word, True) and word in ours
    return any(only.values())


def _hospital_numbers(table: RawTable, report: JoinReport) -> frozenset[str]:
    return frozenset(cell.casefold() for cell in table.cells(report.id_column) if cell)


def _tells(table: RawTable, info: ColumnInfo, numbers: frozenset[str]) -> bool:
    """Whether a column repeats hospital numbers, alone in a cell or within a text."""
    cells = [cell.casefold() for cell in table.cells(info.name) if cell]
    if info.kind in _AMOUNTS:
        return 2 * sum(cell in numbers for cell in cells) > len(cells)
    return any(
        cell in numbers or any(len(w) > 3 and w in numbers for w in _WORDS.findall(cell))
        for cell in cells
    )
