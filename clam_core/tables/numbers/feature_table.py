"""A table of numbers that scans are to be grouped by: which rows, which columns, and what is left.

From radiomics software or a foundation model: one row per scan (or subject), one column per
number. Nothing is dropped without being told with its count.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.errors import TableError
from clam_core.tables.id_column import names_an_id
from clam_core.tables.import_table import ClinicalOptions
from clam_core.tables.join_report import JoinReport, conflict_sentence
from clam_core.tables.joining import choose_ids, join_report, require_matches
from clam_core.tables.near_misses import IdHash
from clam_core.tables.shape.sessions import rows_of_sessions
from clam_core.tables.text.cell_words import is_doubtful, is_missing
from clam_core.tables.text.number_text import read_numbers
from clam_core.tables.text.raw_table import RawTable, some
from clam_core.wording import plural

MAX_COLUMNS = 5000
"""Columns that such a table may have; clinical tables have fewer."""
MOST_MISSING = 0.2
"""Share of the scans that a column may lack; the gaps of more complete ones are filled."""
SAME = 1e-9
"""Spread, as a share of the largest value, up to which a column is called constant."""

_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_RUNNING = re.compile(r"(?:index|unnamed.*|column \d+|row|nr|no|#|id|x)?", re.IGNORECASE)
Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Numbers of scans, ready to be grouped.

    Attributes:
        scan_ids: Scans with a row that can be used, in the order of the study.
        columns: Names of the columns that are used.
        values: Shape (n_scans, n_columns), float64, finite; no column is constant.
        report: Who matches whom.
        notes: What was left out or filled in, with counts, in sentences.
    """

    scan_ids: tuple[str, ...]
    columns: tuple[str, ...]
    values: Values
    report: JoinReport
    notes: tuple[str, ...] = ()


def read_features(
    table: RawTable,
    scans: pd.DataFrame,
    ready: Collection[str],
    options: ClinicalOptions | None = None,
    id_hash: IdHash | None = None,
) -> FeatureTable:
    """Join a table of numbers to scans, and keep what can be grouped.

    Args:
        table: The table as text.
        scans: The study's scans, indexed by scan_id, with the column subject_id.
        ready: Those that were prepared; only they can be grouped.
        options: What the user decided about ids and duplicate rows; the rest plays no part.
        id_hash: The study's hash of hospital numbers.

    Returns:
        The numbers, and everything that has to be said about them.

    Raises:
        NearMissError: If no row matches, but ids are nearly the same.
        TableError: If no row or no column can be used, or rows contradict each other.
    """
    options = options or ClinicalOptions()
    table = rows_of_sessions(table, scans, id_hash, nearly=options.apply_near_misses)
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
    if report.conflicting and not report.first_taken:
        raise TableError(conflict_sentence(report.conflicting))
    scan_ids, part, shared = _rows_of_scans(table, report, scans, ready)
    names = [name for name in table.columns if name != report.id_column]
    sorted_out = _sort_out(part, names, table)
    scan_ids, values, columns, notes = _whole(scan_ids, sorted_out)
    if not columns:
        raise TableError(
            " ".join([f"{table.name} has no column of numbers that differ between scans.", *notes])
        )
    said = [*table.notes, *report.sentences(), *shared, *notes]
    return FeatureTable(tuple(scan_ids), tuple(columns), values, report, tuple(said))


def _rows_of_scans(
    table: RawTable, report: JoinReport, scans: pd.DataFrame, ready: Collection[str]
) -> tuple[list[str], RawTable, list[str]]:
    """Scans that have a row, the row of each, and what is said where several have the same."""
    said = []
    key = {
        str(scan): str(scan) if report.level == "scan" else str(subject)
        for scan, subject in scans["subject_id"].items()
    }
    with_row = [scan for scan in key if key[scan] in report.rows]
    kept = [scan for scan in with_row if scan in set(ready)]
    if unready := [scan for scan in with_row if scan not in set(ready)]:
        are = "scan with a row is" if len(unready) == 1 else "scans with a row are"
        said.append(f"{len(unready):,} {are} not prepared and left out: {some(unready)}.")
    positions = [report.rows[key[scan]][0] for scan in kept]
    part = replace(
        table,
        rows=[table.rows[position] for position in positions],
        lines=[table.lines[position] for position in positions],
    )
    n_shared = sum(n for n in Counter(positions).values() if n > 1)
    if n_shared:
        said.append(
            f"{n_shared:,} scans share the row of their subject with another scan, and so are told "
            "apart by nothing; give a row per scan where their numbers differ."
        )
    return kept, part, said


@dataclass(frozen=True, eq=False)
class _SortedOut:
    """Columns of numbers with their gaps (NaN), and those left out by reason."""

    columns: dict[str, Values]
    left: dict[str, list[str]]
    n_infinite: int


def _sort_out(part: RawTable, names: list[str], whole: RawTable) -> _SortedOut:
    """Read each column as numbers, or say why it is none."""
    columns: dict[str, Values] = {}
    left: dict[str, list[str]] = {}
    n_infinite = 0
    for name, values, n_endless in _read(part, names):
        if values is None:
            left.setdefault("text", []).append(name)
        elif np.isnan(values).all():
            left.setdefault("empty", []).append(name)
        elif np.isnan(values).mean() > MOST_MISSING:
            left.setdefault("gaps", []).append(name)
        elif _is_constant(values):
            left.setdefault("constant", []).append(name)
        elif _is_running(name, whole):
            left.setdefault("running", []).append(name)
        elif names_an_id(name) and _are_ids(values):
            left.setdefault("ids", []).append(name)
        else:
            n_infinite += n_endless
            columns[name] = values
    return _SortedOut(columns, left, n_infinite)


def _read(part: RawTable, names: list[str]) -> Iterator[tuple[str, Values | None, int]]:
    """Name, values (None for a column of text), and how many cells were infinite."""
    places = {name: place for place, name in enumerate(part.columns)}
    for name in names:
        place = places[name]
        yield name, *_numbers([row[place] for row in part.rows], part)


def _numbers(cells: list[str | None], part: RawTable) -> tuple[Values | None, int]:
    known = {text for text in cells if text and not is_missing(text)}
    endless = {text for text in known if _INFINITE.fullmatch(text)}
    known -= endless
    if part.decimal == "." and all(_PLAIN.fullmatch(text) for text in known):
        numbers = {text: float(text) for text in known}
    else:
        counts = Counter(text for text in cells if text in known)
        point = part.format in {"xlsx", "parquet", "npz"}
        numbers = read_numbers(counts, part.decimal, point_is_decimal=point).values
        if any(text not in numbers and not is_doubtful(text) for text in known):
            return None, 0
    found = np.array([numbers.get(text or "", np.nan) for text in cells], dtype=np.float64)
    found[np.isinf(found)] = np.nan
    return found, sum(text in endless for text in cells)


def _is_constant(values: Values) -> bool:
    known = values[~np.isnan(values)]
    return bool(np.ptp(known / max(np.abs(known).max(), np.finfo(float).tiny)) <= SAME)


def _is_running(name: str, whole: RawTable) -> bool:
    """Whether a column numbers the rows of the file, as programs add it without being asked."""
    if not _RUNNING.fullmatch(name.strip()):
        return False
    cells = whole.cells(name)
    return any(cells == [str(n) for n in range(start, start + len(cells))] for start in (0, 1))


def _are_ids(values: Values) -> bool:
    """Whether all values are whole numbers that differ from each other."""
    known = values[~np.isnan(values)]
    return bool((known == np.round(known)).all()) and len(np.unique(known)) == len(known)


def _whole(
    scan_ids: list[str], found: _SortedOut
) -> tuple[list[str], Values, list[str], list[str]]:
    """Scans and columns without a gap, and what was done to get there."""
    columns, left = dict(found.columns), found.left
    notes = [] if not columns else _told_infinite(found.n_infinite)
    values = np.column_stack(list(columns.values())) if columns else np.empty((len(scan_ids), 0))
    if columns:
        bare = np.isnan(values).mean(axis=1) > 0.5
        if bare.any():
            gone = [scan for scan, is_bare in zip(scan_ids, bare, strict=True) if is_bare]
            notes.append(
                f"{plural(len(gone), 'scan')} left out, whose row lacks more than half of the "
                f"numbers: {some(gone)}."
            )
            scan_ids = [scan for scan in scan_ids if scan not in set(gone)]
            values = values[~bare]
        n_gaps = int(np.isnan(values).sum())
        if n_gaps:
            n_columns = int(np.isnan(values).any(axis=0).sum())
            values = np.where(np.isnan(values), np.nanmedian(values, axis=0), values)
            notes.append(
                f"{plural(n_gaps, 'missing value')} in {plural(n_columns, 'column')} filled by the "
                "median of the column."
            )
    names = list(columns)
    kept, twins = _without_twins(values, names)
    if twins:
        left = {**left, "twin": twins}
    names = [names[place] for place in kept]
    return scan_ids, values[:, kept], names, [*_told_left(left), *notes]


def _without_twins(values: Values, names: list[str]) -> tuple[list[int], list[str]]:
    """Places of columns that differ from all before them, and the names of the others."""
    seen: dict[bytes, int] = {}
    kept, twins = [], []
    for place in range(values.shape[1]):
        content = values[:, place].tobytes()
        # A column may have become constant with the scans that were left out.
        if content in seen or not len(values) or _is_constant(values[:, place]):
            twins.append(names[place])
        else:
            seen[content] = place
            kept.append(place)
    return kept, twins


def _told_infinite(n: int) -> list[str]:
    return [f"{plural(n, 'infinite value')} taken as missing."] if n else []


_WHY = {
    "text": "no numbers",
    "empty": "no value for any scan",
    "gaps": f"values missing for more than {MOST_MISSING:.0%} of the scans",
    "constant": "the same value for every scan",
    "ids": "numbers that look like ids",
    "running": "only the numbers of the rows",
    "twin": "nothing that another column does not hold",
}


def _told_left(left: dict[str, list[str]]) -> list[str]:
    return [
        f"{plural(len(names), 'column')} left out, with {_WHY[why]}: "
        f"{some([repr(name) for name in names], 4)}."
        for why, names in left.items()
    ]
