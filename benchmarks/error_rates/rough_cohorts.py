"""A second kind of null cohort: values far out, spikes, unequal spread, rare levels, gaps."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.error_rates.null_cohorts import (
    Cell,
    Labels,
    NullCohort,
    Values,
    along,
    levels,
    soft_clusters,
)
from clam_core.tables.column_info import ColumnInfo

ROUGH_KINDS = ("heavy", "skewed", "spiked", "unequal", "grade", "rare", "days", "site")
COPIES = 3
"""Columns of each kind, each in a family of its own: 24 families."""

_COLUMN_KIND = {"grade": "ordinal", "rare": "binary", "days": "count", "site": "nominal"}
_MISSING = 0.1
_SHARED = 0.3
"""Of the variance of a column, what all columns of a row have in common."""
_SITES = np.log([0.4, 0.25, 0.15, 0.1, 0.06, 0.04])
_SITE_SLOPES = np.array([0.0, 0.4, -0.4, 0.2, -0.2, 0.0])
_SPREAD = 3.0
"""Standard deviation in every cluster but the first, where that of the first is 1."""


def rough(cell: Cell, n: int, rng: np.random.Generator) -> NullCohort:
    """Columns that have nothing to do with the clusters, but for their spread."""
    return _cohort(cell.labels(n), np.zeros(n), rng)


def rough_by_age(cell: Cell, n: int, rng: np.random.Generator) -> NullCohort:
    """The same where clusters and columns both follow age."""
    age = rng.normal(size=n)
    cohort = _cohort(along(cell, age, rng), 0.5 * age, rng)
    info = ColumnInfo("age", "Age", "continuous", family="demographics")
    frame = cohort.frame.assign(age=55 + 10 * age)
    return NullCohort(cohort.clusters, frame, [*cohort.columns, info])


def _cohort(labels: Labels, shift: Values, rng: np.random.Generator) -> NullCohort:
    from scipy.special import ndtr

    clusters = soft_clusters(labels, rng)
    common = rng.normal(size=len(labels))
    made, columns = {}, []
    for kind, copy in product(ROUGH_KINDS, range(COPIES)):
        name = f"{kind}_{copy}"
        own = rng.normal(size=len(labels))
        chance = ndtr(np.sqrt(_SHARED) * common + np.sqrt(1 - _SHARED) * own)
        column = _column(kind, chance, shift, labels, rng).set_axis(clusters.index)
        made[name] = column.mask(rng.uniform(size=len(labels)) < _MISSING)
        column_kind = _COLUMN_KIND.get(kind, "continuous")
        columns.append(ColumnInfo(name, name, column_kind, family=name))  # type: ignore[arg-type]
    return NullCohort(clusters, pd.DataFrame(made), columns)


def _column(
    kind: str, chance: Values, shift: Values, labels: Labels, rng: np.random.Generator
) -> pd.Series[Any]:
    """A column whose noise has these places in its distribution and follows `shift`."""
    from scipy import stats

    if kind == "days":
        mean = 5.0 * np.exp(0.6 * shift)
        days = stats.nbinom.ppf(chance, 0.7, 0.7 / (0.7 + mean))
        return pd.Series(np.where(rng.uniform(size=len(days)) < 0.25, 0.0, days))
    latent = shift + stats.logistic.ppf(chance)
    if kind == "grade":
        return levels(np.searchsorted(np.array([0.8, 2.9]), latent), "012", ordered=True)
    if kind == "rare":
        return levels((latent > 2.4).astype(np.int64), "ny")
    if kind == "site":
        gumbel = rng.gumbel(size=(len(shift), len(_SITES))) + _SITES
        return levels((gumbel + shift[:, None] * _SITE_SLOPES).argmax(axis=1), "abcdef")
    return pd.Series(shift + _noise(kind, chance, labels))


def _noise(kind: str, chance: Values, labels: Labels) -> Values:
    """Numbers with the same mean in all clusters, shape (n,)."""
    from scipy import stats

    noise: Values
    if kind == "heavy":
        noise = stats.t.ppf(chance, 3)
    elif kind == "skewed":
        noise = stats.chi2.ppf(chance, 1)
    elif kind == "spiked":
        above = stats.norm.ppf(np.clip((chance - 0.6) / 0.4, 1e-9, 1 - 1e-9))
        noise = np.where(chance < 0.6, 0.0, np.exp(0.8 * above))
    else:
        noise = np.where(labels == 1, 1.0, _SPREAD) * (stats.gamma.ppf(chance, 4) - 4) / 2
    return noise
