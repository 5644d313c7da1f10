"""Chance-corrected agreement on grades and categories: Cohen, Fleiss, Gwet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from clam_core.reading_study.agreement.resampling import Floats, resampled

Weights = Literal["none", "linear", "quadratic"]


@dataclass(frozen=True)
class Coefficient:
    """A coefficient of agreement.

    Attributes:
        value: 1 is perfect; NaN where it is not defined.
        low: Lower limit of its 95 % interval.
        high: Upper limit.
        n: Scans that it rests on.
    """

    value: float
    low: float
    high: float
    n: int


def agreement_weights(n_levels: int, weights: Weights) -> Floats:
    """What a pair of grades counts, from 0 to 1, shape (n_levels, n_levels)."""
    apart = np.abs(np.subtract.outer(np.arange(n_levels), np.arange(n_levels)))
    if weights == "none" or n_levels < 2:
        return np.asarray(apart == 0, np.float64)
    share = apart / (n_levels - 1)
    return np.asarray(1 - (share if weights == "linear" else share**2), np.float64)


def weighted_kappa(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    n_levels: int,
    weights: Weights,
    subjects: NDArray[np.int64],
) -> Coefficient:
    """Cohen's kappa of two readers.

    Cohen, Psychol Bull 1968;70:213-220. All levels of the scale count, also unused ones.

    Args:
        first: Levels of one reader, from 0, shape (n_scans,).
        second: Levels of the other.
        n_levels: Levels of the scale.
        weights: What near misses count.
        subjects: Number of the subject of each scan, from 0.
    """
    tables = np.zeros((len(first), n_levels, n_levels))
    tables[np.arange(len(first)), first, second] = 1
    matrix = agreement_weights(n_levels, weights)

    def kappa(table: Floats) -> Floats:
        shares = table / table.sum(axis=(-2, -1), keepdims=True)
        seen = (matrix * shares).sum(axis=(-2, -1))
        rows, columns = shares.sum(axis=-1), shares.sum(axis=-2)
        chance = np.einsum("...i,ij,...j->...", rows, matrix, columns)
        return _corrected(seen, chance)

    if len(first) < 2:
        return Coefficient(float("nan"), float("nan"), float("nan"), len(first))
    value = float(kappa(tables.sum(axis=0)[None])[0])
    return Coefficient(value, *resampled(tables, subjects, kappa), len(first))


def many_readers(
    ratings: NDArray[np.int64],
    n_levels: int,
    weights: Weights,
    subjects: NDArray[np.int64],
    by: Literal["fleiss", "gwet"],
) -> Coefficient:
    """Agreement of two or more readers: Fleiss' kappa or Gwet's AC1/AC2.

    Fleiss, Psychol Bull 1971;76:378-382; Gwet, Br J Math Stat Psychol 2008;61:29-48 and
    Handbook of Inter-Rater Reliability, 4th ed. (weights, missing ratings).

    Args:
        ratings: Levels from 0, shape (n_scans, n_readers); -1 where a reader gave none.
        n_levels: Levels of the scale.
        weights: What near misses count.
        subjects: Number of the subject of each scan, from 0.
        by: How chance is reckoned.
    """
    counts = np.stack([(ratings == level).sum(axis=1) for level in range(n_levels)], axis=1)
    n_given = counts.sum(axis=1)
    matrix = agreement_weights(n_levels, weights)
    is_pair, is_rated = n_given >= 2, n_given >= 1
    n_pairs = np.where(is_pair, n_given * (n_given - 1), 1)
    seen = (counts * (counts @ matrix - 1)).sum(axis=1) / n_pairs
    shares = counts / np.maximum(n_given, 1)[:, None]
    # Of each scan: its agreement, whether it has a pair, its shares of levels, whether it is rated.
    parts = np.column_stack([np.where(is_pair, seen, 0), is_pair, shares, is_rated])

    def corrected(sums: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            agreement = sums[:, 0] / sums[:, 1]
            level = sums[:, 2:-1] / sums[:, -1:]
        if by == "fleiss":
            chance = np.einsum("ri,ij,rj->r", level, matrix, level)
        else:
            spread = (level * (1 - level)).sum(axis=1)
            chance = matrix.sum() / (n_levels * (n_levels - 1)) * spread
        return _corrected(agreement, chance)

    n = int(is_pair.sum())
    if n < 2 or n_levels < 2:
        return Coefficient(float("nan"), float("nan"), float("nan"), n)
    value = float(corrected(parts.sum(axis=0)[None])[0])
    return Coefficient(value, *resampled(parts, subjects, corrected), n)


def share_agreed(ratings: NDArray[np.int64]) -> float:
    """Share of scans on which all readers who rated it, at least two, said the same."""
    with_pair = ratings[(ratings >= 0).sum(axis=1) >= 2]
    if not len(with_pair):
        return float("nan")
    same = [len(set(row[row >= 0].tolist())) == 1 for row in with_pair]
    return float(np.mean(same))


def _corrected(seen: Floats, chance: Floats) -> Floats:
    """(seen - chance) / (1 - chance); NaN where chance alone agrees."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(chance < 1 - 1e-12, (seen - chance) / (1 - chance), np.nan)
