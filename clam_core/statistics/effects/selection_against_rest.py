"""A selection of scans against the rest: what differs and by how much, without tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.statistics.cohort.column_arrays import LEVELS, NUMBERS, codes_of, numbers_of
from clam_core.statistics.cohort.groups import Groups, group, table_of
from clam_core.statistics.cohort.summaries import titled
from clam_core.statistics.effects.contingency import table_difference
from clam_core.statistics.effects.numbers import standardized_mean_difference
from clam_core.statistics.result import NotTestableError, Values
from clam_core.tables.column_info import ColumnInfo
from clam_core.wording import number_text

COLUMNS = ("variable", "label", "n_selected", "n_rest", "difference", "size")
_MOST_LEVELS = 4


def against_rest(
    table: pd.DataFrame, columns: Sequence[ColumnInfo], chosen: NDArray[np.bool_]
) -> pd.DataFrame:
    """Compare the chosen rows of a typed clinical table with the others.

    Who selects groups on a map has looked at the data already, so there are no p values:
    the numbers suggest what to ask, they do not answer it.

    Args:
        table: Typed values, one row per scan.
        columns: What each column is.
        chosen: Shape (n_rows,).

    Returns:
        variable, label (with its unit), n_selected and n_rest (values known), difference in
        words, and size: standardized difference, never negative. Largest first; columns
        that cannot be compared are left out.
    """
    rows = []
    for info in columns:
        if info.name not in table.columns or info.kind not in NUMBERS | LEVELS:
            continue
        try:
            rows.append(_row(table[info.name], info, chosen))
        except NotTestableError:
            continue
    compared = pd.DataFrame(rows, columns=list(COLUMNS))
    return compared.sort_values("size", ascending=False, kind="stable", ignore_index=True)


def mean_difference(groups: Groups) -> tuple[float, float, float]:
    """Mean of the first group minus that of the second, with its 95 % interval.

    Source:
        Welch (1947), Biometrika 34:28, with the degrees of freedom of Satterthwaite.
    """
    from scipy.special import stdtrit

    gap = float(groups.means()[0] - groups.means()[1])
    parts = groups.variances() / groups.sizes
    error = float(np.sqrt(parts.sum()))
    if error == 0:
        return gap, gap, gap
    df = float(parts.sum() ** 2 / (parts**2 / (groups.sizes - 1)).sum())
    reach = float(stdtrit(df, 0.975)) * error
    return gap, gap - reach, gap + reach


def _row(column: pd.Series[Any], info: ColumnInfo, chosen: NDArray[np.bool_]) -> tuple[Any, ...]:
    labels = np.where(chosen, 1, 2)
    label = titled(info.label, info.unit)
    if info.kind in NUMBERS:
        groups = group(numbers_of(column), labels)
        words, effect = _of_numbers(groups), standardized_mean_difference(groups)
    else:
        codes, names = codes_of(column)
        values: Values = np.where(codes < 0, np.nan, codes.astype(np.float64))
        groups = group(values, labels)
        seen = [names[int(code)] for code in np.unique(groups.values)]
        words, effect = _of_levels(table_of(groups), seen), table_difference(table_of(groups))
    n_selected, n_rest = (int(n) for n in groups.sizes)
    size = abs(effect.size) if np.isfinite(effect.size) else np.inf
    return info.name, label, n_selected, n_rest, words, size


def _of_numbers(groups: Groups) -> str:
    gap, low, high = mean_difference(groups)
    way = "higher"
    if gap < 0:
        way, gap, low, high = "lower", -gap, -high, -low
    first, second = (number_text(float(mean)) for mean in groups.means())
    return (
        f"{way} by {number_text(gap)} (95 % interval {number_text(low)} to {number_text(high)}): "
        f"mean {first} against {second}"
    )


def _of_levels(counts: NDArray[np.int64], names: Sequence[str]) -> str:
    shares = 100 * counts / counts.sum(axis=1, keepdims=True)
    order = np.argsort(-np.abs(shares[0] - shares[1]), kind="stable")
    shown = [1] if len(names) == 2 else order[:_MOST_LEVELS].tolist()
    parts = [f"{names[i]}: {shares[0, i]:.0f} % against {shares[1, i]:.0f} %" for i in shown]
    return "; ".join(parts)
