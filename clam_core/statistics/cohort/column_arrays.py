"""Columns of the typed clinical table as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from clam_core.statistics.result import Labels, NotTestableError, Values

NUMBERS = frozenset({"continuous", "count"})
LEVELS = frozenset({"binary", "ordinal", "nominal"})


def numbers_of(column: pd.Series[Any]) -> Values:
    """Numbers of a column, NaN where there is none or an infinite one.

    Raises:
        NotTestableError: If the column holds text that is no number.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    read = pd.to_numeric(column, errors="coerce")
    unread = int((read.isna() & column.notna()).sum())
    if unread:
        raise NotTestableError(f"{unread} of its values are no numbers")
    values = read.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def codes_of(column: pd.Series[Any]) -> tuple[Labels, list[str]]:
    """Codes of the levels that occur, from 0, and their names in order.

    Args:
        column: Categories keep their order; other values are sorted, numbers by size.

    Returns:
        Codes, shape (n,), -1 where missing, and one name per code.
    """
    if not isinstance(column.dtype, pd.CategoricalDtype):
        kinds = {type(one) for one in column.dropna()}
        same = len(kinds) <= 1 or all(issubclass(kind, (int, float)) for kind in kinds)
        # Text and numbers in one column have no order; as text they do.
        column = (column if same else column.map(str, na_action="ignore")).astype("category")
    column = column.cat.remove_unused_categories()
    codes = np.asarray(column.cat.codes, dtype=np.int64)
    return codes, [_level_name(one) for one in column.cat.categories]


def _level_name(level: object) -> str:
    """A level as it is printed: whole numbers without a point."""
    return f"{level:g}" if isinstance(level, float) else str(level)
