"""Columns of clinical table and headers that say how scans were made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.errors import AlignmentError, TableError
from clam_core.pipeline.clinical.needed_table import needed_table
from clam_core.pipeline.scans.acquisition import acquisition_of
from clam_core.settings.harmonise import FEWEST_OF_LEVEL, MOST_UNKNOWN
from clam_core.statistics.cohort.column_arrays import LEVELS, NUMBERS, codes_of
from clam_core.study import Study
from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.rows_of_scans import align_to_scans
from clam_core.tables.text.raw_table import no_column
from clam_core.tables.vocabulary import find_meaning

MOST_NUMBERS = 10
"""Different numbers of a column that may count as levels, such as slice thicknesses."""


def harmonise_choices(
    study: Study, scan_ids: list[str]
) -> tuple[list[ColumnInfo], list[ColumnInfo]]:
    """Columns that a person may choose to take out, and those that may be kept.

    Args:
        study: The study.
        scan_ids: The scans that would be fitted.

    Returns:
        Columns of how scans were made whose levels have enough scans, and clinical columns.
    """
    try:
        frame, columns, n_clinical = all_columns(study, scan_ids)
    except AlignmentError:
        # The table has no row of any scan.
        return [], []
    made = [one for one in columns if one.family == "acquisition" and _has_levels(frame, one)]
    kept = [
        one
        for one in columns[:n_clinical]
        if one.family != "acquisition" and one.kind in LEVELS | NUMBERS
    ]
    return made, kept


def _has_levels(frame: pd.DataFrame, info: ColumnInfo) -> bool:
    try:
        codes, levels = levels_of(frame[info.name], info)
    except TableError:
        return False
    counts = np.bincount(codes[codes >= 0], minlength=1)
    n_unknown = int((codes < 0).sum())
    return (
        len(levels) > 1
        and counts.min() >= FEWEST_OF_LEVEL
        and n_unknown <= MOST_UNKNOWN * len(codes)
    )


def all_columns(study: Study, scan_ids: list[str]) -> tuple[pd.DataFrame, list[ColumnInfo], int]:
    """Clinical values and headers of scans, what the columns are, and how many are clinical."""
    scans = study.scans().loc[scan_ids]
    frame, columns = pd.DataFrame(index=scans.index), list[ColumnInfo]()
    if study.clinical() is not None:
        clinical, columns, _ = needed_table(study)
        frame = align_to_scans(clinical, scans)
    made, made_columns = acquisition_of(study, [info.name for info in columns])
    frame = frame.join(made.loc[scan_ids])
    return frame, [*columns, *made_columns], len(columns)


def find_column(asked: str, columns: list[ColumnInfo]) -> ColumnInfo:
    """A column by its name, its label, or what either means (`scanner`, `site`)."""
    exact = [one for one in columns if one.name == asked]
    alike = [
        one for one in columns if asked.casefold() in {one.name.casefold(), one.label.casefold()}
    ]
    term = _term(asked)
    meant = [one for one in columns if term and term in {_term(one.name), _term(one.label)}]
    found = exact or alike or meant
    if not found:
        raise TableError(no_column(asked, tuple(one.name for one in columns)))
    return found[0]


def _term(name: str) -> str:
    """What a name means, by the vocabulary of columns; empty where it is not known."""
    meaning = find_meaning(name)
    return "" if meaning is None else meaning.term


def levels_of(values: pd.Series[Any], info: ColumnInfo) -> tuple[NDArray[np.int64], list[str]]:
    """Level of each scan, and the names of the levels."""
    n_different = values.nunique()
    has_levels = info.kind in LEVELS or info.kind == "constant" or not n_different
    if not has_levels and not (info.kind in NUMBERS and n_different <= MOST_NUMBERS):
        what = f"{n_different} different numbers" if info.kind in NUMBERS else f"kind {info.kind}"
        raise TableError(
            f"{info.label} has no levels ({what}); name a column with a level for each scan, such "
            "as the scanner, the kernel or the site."
        )
    return codes_of(values)
