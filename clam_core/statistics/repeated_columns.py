"""Columns of a table that say the same: raw value and z-score, text and code, two units."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.statistics.cohort.column_arrays import NUMBERS, codes_of, numbers_of
from clam_core.statistics.result import Labels, NotTestableError, Values
from clam_core.tables.column_info import ColumnInfo

_PERCENT = re.compile(
    r"([\W_]*(%|percent|pct|perc|prozent)[\W_]*(of[\W_]*)?(pred\w*|soll\w*|th[eé]o\w*|te[oó]r\w*)?"
    r"|[\W_]+(pred|pp))[\W_]*$"
)
_Z_SCORE = re.compile(r"([\W_]*\bz|[\W_]+z)[\W_]*(score|wert|s)?[\W_]*$")
_UNIT = re.compile(r"[\W_]+(l|ml|liters?|litres?|abs|absolute|raw|measured)[\W_]*$")
_SAME = 0.999
_OVERLAP = 0.9


@dataclass(frozen=True, eq=False)
class _Read:
    """A column read once, as every pair of columns is compared.

    Attributes:
        info: What it is.
        what: What is measured; scale: z-score 0, percent of predicted 1, raw 2.
        known: Rows that have a value, shape (n,).
        codes: Codes of its values, -1 where missing, shape (n,).
        n_levels: Different values.
        numbers: Its numbers, NaN where missing; None where it holds levels.
    """

    info: ColumnInfo
    what: str
    scale: int
    known: NDArray[np.bool_]
    codes: Labels
    n_levels: int
    numbers: Values | None


def repeated_columns(
    infos: Sequence[ColumnInfo], frame: pd.DataFrame, covariates: Sequence[str] = ()
) -> dict[str, str]:
    """Find columns that repeat another one.

    The one that stays is chosen without a look at any p-value: a covariate, or else the one with
    most values, or else the one that allows for age, sex and height already.

    Args:
        infos: The columns.
        frame: Their values.
        covariates: Names of columns that stay in any case.

    Returns:
        Name of each column that repeats another one, and the sentence that names that one.
    """
    order = sorted(
        (_read(info, frame[info.name]) for info in infos),
        key=lambda one: (one.info.name not in covariates, -int(one.known.sum()), one.scale),
    )
    kept: list[_Read] = []
    again: dict[str, str] = {}
    for column in order:
        first = next((one for one in kept if _is_same(one, column)), None)
        if first is None:
            kept.append(column)
        else:
            again[column.info.name] = f"the same measurement as {first.info.label}"
    return again


def _read(info: ColumnInfo, column: pd.Series) -> _Read:
    codes, names = codes_of(column)
    numbers: Values | None = None
    if info.kind in NUMBERS:
        try:
            numbers = numbers_of(column)
        except NotTestableError:
            numbers = np.full(len(codes), np.nan)
    known = column.notna().to_numpy(dtype=bool)
    return _Read(info, *_measurement(info), known, codes, len(names), numbers)


def _measurement(info: ColumnInfo) -> tuple[str, int]:
    """What is measured, and on which scale: z-score 0, percent of predicted 1, raw 2."""
    name = info.name.lower()
    for scale, ending in enumerate((_Z_SCORE, _PERCENT)):
        if ending.search(name):
            return _bare(ending.sub("", name)), scale
    return _bare(name), 2


def _bare(name: str) -> str:
    return re.sub(r"[\W_]+", "", _UNIT.sub("", name))


def _is_same(a: _Read, b: _Read) -> bool:
    if a.what and a.what == b.what and a.scale != b.scale:
        return True
    return _are_twins(a, b)


def _are_twins(a: _Read, b: _Read) -> bool:
    """Whether one column says the same as the other, such as text beside its code."""
    both = a.known & b.known
    n_both, n_a, n_b = (int(np.count_nonzero(one)) for one in (both, a.known, b.known))
    if n_both < max(3, _OVERLAP * max(n_a, n_b)):
        return False
    if a.numbers is not None and b.numbers is not None:
        return _on_one_line(a.numbers, b.numbers)
    # Levels can only vanish with the rows that are not shared, one each.
    if a.n_levels - (n_a - n_both) > b.n_levels or b.n_levels - (n_b - n_both) > a.n_levels:
        return False
    codes, others = a.codes[both], b.codes[both]
    n_levels = len(np.unique(codes))
    if n_levels < 2 or n_levels != len(np.unique(others)):
        return False
    return len(np.unique(codes * np.int64(b.n_levels) + others)) == n_levels


def _on_one_line(x: Values, y: Values) -> bool:
    """Whether two columns are the same number, in another unit perhaps."""
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return False
    x, y = x - x.mean(), y - y.mean()
    return bool(abs(x @ y) > _SAME * np.sqrt((x @ x) * (y @ y)))
