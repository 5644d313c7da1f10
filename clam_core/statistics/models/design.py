"""Columns of a design matrix, built from typed columns; no formula is ever evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.errors import TableError
from clam_core.statistics.cohort.column_arrays import NUMBERS, codes_of, numbers_of
from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.result import Labels, Values
from clam_core.tables.column_info import ColumnInfo

_MOST_LEVELS = 40
_OVERLAP = 0.1


@dataclass(frozen=True, eq=False)
class Covariates:
    """Covariates of every row.

    Attributes:
        names: Covariates, in order.
        blocks: Columns of each covariate, shape (n, its columns); NaN where missing.
        levels: Codes of the levels of each covariate that has levels, -1 where missing.
    """

    names: tuple[str, ...]
    blocks: Mapping[str, Values]
    levels: Mapping[str, Labels]

    def without(self, name: str) -> Covariates:
        """The others."""
        names = tuple(one for one in self.names if one != name)
        return Covariates(names, self.blocks, self.levels)

    def at(self, rows: NDArray[np.bool_]) -> Covariates:
        """Those of some rows."""
        blocks = {name: self.blocks[name][rows] for name in self.names}
        levels = {name: codes[rows] for name, codes in self.levels.items()}
        return Covariates(self.names, blocks, levels)

    def matrix(self, n: int) -> Values:
        """All columns side by side, shape (n, columns)."""
        return np.hstack([np.empty((n, 0)), *(self.blocks[name] for name in self.names)])


def build_covariates(
    frame: pd.DataFrame, columns: Mapping[str, ColumnInfo], names: Sequence[str]
) -> Covariates:
    """Make the columns of the covariates that a user has chosen.

    Args:
        frame: Typed values, one row per subject or scan.
        columns: What each column is.
        names: Names of the covariates.

    Returns:
        Numbers are standardized; levels become one column each, but for the most
        frequent one.

    Raises:
        TableError: If a covariate is not in the table or cannot serve as one.
    """
    blocks: dict[str, Values] = {}
    levels: dict[str, Labels] = {}
    for name in dict.fromkeys(names):
        info = columns.get(name)
        if info is None:
            raise TableError(
                f"There is no column {name!r} to adjust by; the clinical table has "
                f"{', '.join(map(repr, columns))}."
            )
        if info.kind in NUMBERS:
            blocks[name] = _standardized(numbers_of(frame[name]))[:, None]
        elif info.kind in {"ordinal", "nominal", "binary"}:
            levels[name], _ = codes_of(frame[name])
            blocks[name] = _indicators(name, levels[name])
        else:
            raise TableError(
                f"Column {name!r} is {info.kind}, so nothing can be adjusted by it; choose "
                "columns with numbers or levels."
            )
    return Covariates(tuple(blocks), blocks, levels)


def _standardized(values: Values) -> Values:
    seen = values[np.isfinite(values)]
    spread = seen.std() if len(seen) else 0.0
    center = seen.mean() if len(seen) else 0.0
    result: Values = (values - center) / (spread if spread > 0 else 1.0)
    return result


def _indicators(name: str, codes: Labels) -> Values:
    counts = np.bincount(codes[codes >= 0], minlength=1)
    if len(counts) > _MOST_LEVELS:
        raise TableError(
            f"Column {name!r} has {len(counts)} different levels, too many to adjust by; "
            "merge some of them."
        )
    # The most frequent level is the base: contrasts with it have the smallest errors.
    others = [level for level in range(len(counts)) if level != int(counts.argmax())]
    columns: Values = (codes[:, None] == np.array(others, dtype=np.int64)[None, :]).astype(
        np.float64
    )
    columns[codes < 0] = np.nan
    return columns


def cluster_columns(labels: Labels) -> Values:
    """One indicator per cluster but for the first, shape (n, k - 1)."""
    clusters = np.unique(labels)
    indicators: Values = (labels[:, None] == clusters[None, 1:]).astype(np.float64)
    return indicators


def drop_idle_columns(matrix: Values) -> Values:
    """Columns that add nothing to a constant and the columns before them are left out."""
    kept = np.ones((len(matrix), 1))
    if np.linalg.matrix_rank(np.column_stack([kept, matrix])) == matrix.shape[1] + 1:
        return matrix
    scale = np.maximum(np.abs(matrix).max(axis=0, initial=0.0), 1e-300)
    for column in (matrix / scale).T:
        fit = kept @ np.linalg.lstsq(kept, column, rcond=None)[0]
        # Columns have a largest value of 1, so that this is relative to them.
        if np.linalg.norm(column - fit) > 1e-7 * np.sqrt(len(column)):
            kept = np.column_stack([kept, column])
    return kept[:, 1:]


def check_separable(tested: Values, covariates: Covariates, rows: NDArray[np.bool_]) -> str:
    """Whether clusters can be told apart from the covariates at all.

    Args:
        tested: Columns of the clusters for the kept rows, shape (n_kept, m).
        covariates: Covariates of all rows.
        rows: Which rows are kept, shape (n,).

    Returns:
        A sentence where they can, but hardly; else nothing.

    Raises:
        NotEstimableError: "cannot separate cluster from ..." where they cannot.
    """
    n_kept = int(rows.sum())
    for name in covariates.names:
        if not _is_free(tested, covariates.blocks[name][rows]):
            raise NotEstimableError(f"cannot separate cluster from {name}")
    if not _is_free(tested, covariates.matrix(len(rows))[rows]):
        raise NotEstimableError("cannot separate cluster from the covariates together")
    for name, codes in covariates.levels.items():
        shared = _n_in_shared_levels(tested, codes[rows])
        if name in covariates.names and shared < _OVERLAP * n_kept:
            return (
                f"Cluster can hardly be separated from {name}: only {shared} of {n_kept} rows "
                "lie in levels of it that occur in more than one cluster."
            )
    return ""


def _is_free(tested: Values, others: Values) -> bool:
    base = np.column_stack([np.ones(len(tested)), drop_idle_columns(others)])
    both = np.column_stack([base, tested])
    return bool(np.linalg.matrix_rank(both) == base.shape[1] + tested.shape[1])


def _n_in_shared_levels(tested: Values, codes: Labels) -> int:
    clusters = tested @ np.arange(1, tested.shape[1] + 1)
    total = 0
    for level in np.unique(codes):
        members = clusters[codes == level]
        total += len(members) if len(np.unique(members)) > 1 else 0
    return total
