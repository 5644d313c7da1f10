"""Cohorts in which nothing differs between the clusters once what is meant to be held is held."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.tables.column_info import ColumnInfo

Values = NDArray[np.float64]
Labels = NDArray[np.int64]

KINDS = ("normal", "skewed", "count", "ordinal", "nominal", "binary")
COPIES = 4
"""Columns of each kind, each in a family of its own: 24 families."""

_CUTS = np.array([-1.5, -0.4, 0.6, 1.7])
_LEVELS = np.array([0.0, -0.3, -0.7, -1.4])
_SLOPES = np.array([0.0, 0.6, -0.6, 0.3])
_COLUMN_KIND = {"normal": "continuous", "skewed": "continuous"}


@dataclass(frozen=True)
class Cell:
    """How many clusters there are, and how large.

    Attributes:
        k: Number of clusters.
        is_uneven: Whether the first is four times as large as each other one.
    """

    k: int
    is_uneven: bool

    @property
    def words(self) -> str:
        """As a table names it."""
        return "4:1" if self.is_uneven else "equal"

    def labels(self, n: int) -> Labels:
        """Clusters of n rows, ascending, shape (n,)."""
        weights = np.array([4.0 if self.is_uneven else 1.0, *np.ones(self.k - 1)])
        ends = np.round(np.cumsum(weights) / weights.sum() * n).astype(np.int64)
        return np.repeat(np.arange(1, self.k + 1), np.diff(ends, prepend=0)).astype(np.int64)


CELLS = tuple(Cell(k, uneven) for k, uneven in product((2, 3, 5), (False, True)))


@dataclass(frozen=True, eq=False)
class NullCohort:
    """A cohort as `associate` takes it.

    Attributes:
        clusters: subject_id, cluster, q_1 ..., indexed by scan_id.
        frame: Values, indexed by scan_id.
        columns: What they are.
    """

    clusters: pd.DataFrame
    frame: pd.DataFrame
    columns: list[ColumnInfo]


def plain(cell: Cell, n: int, rng: np.random.Generator) -> NullCohort:
    """Columns that have nothing to do with the clusters."""
    return _cohort(cell.labels(n), np.zeros(n), rng)


def by_age(cell: Cell, n: int, rng: np.random.Generator) -> NullCohort:
    """Clusters and columns that both follow age, and nothing else."""
    age = rng.normal(size=n)
    labels = along(cell, age, rng)
    cohort = _cohort(labels, 0.5 * age, rng)
    info = ColumnInfo("age", "Age", "continuous", family="demographics")
    frame = cohort.frame.assign(age=55 + 10 * age)
    return NullCohort(cohort.clusters, frame, [*cohort.columns, info])


def by_site(cell: Cell, n: int, rng: np.random.Generator) -> NullCohort:
    """Clusters and columns that both follow the site, and nothing else."""
    site = rng.integers(0, 4, n)
    effect = site - np.float64(1.5)
    labels = along(cell, effect, rng)
    cohort = _cohort(labels, 0.5 * effect, rng)
    info = ColumnInfo("site", "Site", "nominal", family="acquisition")
    frame = cohort.frame.assign(site=levels(site, "ABCD").set_axis(cohort.frame.index))
    return NullCohort(cohort.clusters, frame, [*cohort.columns, info])


def repeated(cell: Cell, n_subjects: int, rng: np.random.Generator) -> NullCohort:
    """Subjects with one to four scans that are alike, one scan in six in another cluster."""
    subjects = np.repeat(np.arange(n_subjects), rng.integers(1, 5, n_subjects))
    labels = rng.permutation(cell.labels(n_subjects))[subjects]
    moved = rng.uniform(size=len(labels)) < 1 / 6
    labels[moved] = rng.permutation(labels)[moved]
    cohort = _cohort(labels, 1.2 * rng.normal(size=n_subjects)[subjects], rng)
    clusters = cohort.clusters.assign(subject_id=[f"P{one}" for one in subjects])
    return NullCohort(clusters, cohort.frame, cohort.columns)


def along(cell: Cell, score: Values, rng: np.random.Generator) -> Labels:
    """Clusters of the wanted sizes whose number goes up with a score, but not by it alone."""
    labels = np.empty(len(score), dtype=np.int64)
    labels[np.argsort(score + 1.5 * rng.normal(size=len(score)))] = cell.labels(len(score))
    return labels


def soft_clusters(labels: Labels, rng: np.random.Generator) -> pd.DataFrame:
    """Clusters with a soft assignment, as `associate` takes them."""
    n, k = len(labels), int(labels.max())
    ids = pd.Index([f"S{row}" for row in range(n)], name="scan_id")
    logits = 2 * (labels[:, None] == np.arange(1, k + 1)) + rng.normal(size=(n, k))
    soft = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    clusters = pd.DataFrame({"subject_id": ids, "cluster": labels}, index=ids)
    clusters = clusters.assign(confidence=soft.max(axis=1))
    clusters[[f"q_{one}" for one in range(1, k + 1)]] = soft
    return clusters


def _cohort(labels: Labels, shift: Values, rng: np.random.Generator) -> NullCohort:
    clusters = soft_clusters(labels, rng)
    made, columns = {}, []
    for kind, copy in product(KINDS, range(COPIES)):
        name = f"{kind}_{copy}"
        made[name] = _column(kind, shift, rng).set_axis(clusters.index)
        column_kind = _COLUMN_KIND.get(kind, kind)
        columns.append(ColumnInfo(name, name, column_kind, family=name))  # type: ignore[arg-type]
    return NullCohort(clusters, pd.DataFrame(made), columns)


def _column(kind: str, shift: Values, rng: np.random.Generator) -> pd.Series[Any]:
    """A column whose mean (of counts its logarithm, of levels their logits) follows `shift`."""
    n = len(shift)
    if kind == "normal":
        return pd.Series(shift + rng.normal(size=n))
    if kind == "skewed":
        return pd.Series(shift + np.exp(0.8 * rng.normal(size=n)))
    if kind == "count":
        mean = 2.0 * np.exp(0.6 * shift)
        return pd.Series(rng.negative_binomial(1.5, 1.5 / (1.5 + mean)).astype(np.float64))
    if kind == "ordinal":
        codes = np.searchsorted(_CUTS, shift + rng.logistic(size=n))
        return levels(codes, "01234", ordered=True)
    if kind == "binary":
        return levels((rng.logistic(size=n) + shift > 0.85).astype(np.int64), "ny")
    gumbel = rng.gumbel(size=(n, 4)) + _LEVELS + shift[:, None] * _SLOPES
    return levels(gumbel.argmax(axis=1), "abcd")


def levels(codes: NDArray[np.intp], names: str, *, ordered: bool = False) -> pd.Series[Any]:
    """Levels called by single letters."""
    kind = pd.CategoricalDtype(list(names), ordered=ordered)
    return pd.Series(np.array(list(names))[codes]).astype(kind)
