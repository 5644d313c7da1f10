"""Subjects shuffled: a test of levels and rare values, whatever depends within subjects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.statistics.result import Labels, Values
from clam_core.statistics.significance.permutation import share_as_extreme

_AT_ONCE = 2_000_000
_TINY = 1e-10


@dataclass(frozen=True)
class Shuffled:
    """What shuffling subjects gives.

    Attributes:
        statistic: Quadratic form of the covariances of clusters and values, about chi-square.
        df: Its degrees of freedom.
        p_value: Share of shuffles that are at least as extreme.
    """

    statistic: float
    df: int
    p_value: float


def shuffle_subjects(
    tested: Values, values: Values, subjects: Labels, n_resamples: int, rng: np.random.Generator
) -> Shuffled:
    """Compare the covariance of two sets of columns with what shuffled subjects give.

    Every subject counts once: a row weighs one over the rows of its subject. Means of subjects
    are shuffled among subjects; rows of a subject, which differ from its mean, within it.

    Args:
        tested: Columns of the clusters, covariates taken out, shape (n, q).
        values: Columns of the variable, covariates taken out, shape (n, m).
        subjects: Subject of each row, from 0, shape (n,).
        n_resamples: Number of shuffles.
        rng: Their randomness.

    Returns:
        The test.

    Source:
        Williamson et al. (2003), "Marginal analyses of clustered data when cluster size is
        informative", Biometrics 59:36, for the weights; Strasser & Weber (1999), Math Methods
        Stat 8:220, for mean and covariance under shuffles.
    """
    counts = np.bincount(subjects).astype(np.float64)
    x, y = (_means(one, subjects, counts) for one in (tested, values))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    covariance = np.kron(x.T @ x, y.T @ y) / (len(counts) - 1)
    between = (x.T @ y).ravel()
    drawn = _between(x, y, n_resamples, rng)
    rows = _rows_that_vary(tested, values, subjects)
    if rows.any():
        own = subjects[rows]
        inner_x, inner_y = (_within(one[rows], own) for one in (tested, values))
        weights = 1 / counts[own]
        between = between + (inner_x.T @ (inner_y * weights[:, None])).ravel()
        covariance += _within_covariance(inner_x, inner_y, own)
        drawn += _inner(inner_x * weights[:, None], inner_y, own, (n_resamples, rng))
    inverse = np.linalg.pinv(covariance, rcond=_TINY, hermitian=True)
    df = int(np.linalg.matrix_rank(covariance, tol=_TINY * np.abs(covariance).max()))
    observed = float(between @ inverse @ between)
    statistics = np.einsum("ra,ab,rb->r", drawn, inverse, drawn)
    return Shuffled(observed, df, share_as_extreme(observed, statistics))


def _means(columns: Values, subjects: Labels, counts: Values) -> Values:
    """Mean of each subject, shape (subjects, columns)."""
    sums = [np.bincount(subjects, weights=one, minlength=len(counts)) for one in columns.T]
    return np.column_stack(sums) / counts[:, None]


def _within(columns: Values, subjects: Labels) -> Values:
    """Rows less the mean of their subject."""
    codes = np.unique(subjects, return_inverse=True)[1]
    counts = np.bincount(codes).astype(np.float64)
    result: Values = columns - _means(columns, codes, counts)[codes]
    return result


def _rows_that_vary(tested: Values, values: Values, subjects: Labels) -> NDArray[np.bool_]:
    """Rows of subjects within whom both the clusters and the values differ."""
    vary = [
        np.bincount(subjects, weights=np.square(_within(one, subjects)).sum(axis=1)) > _TINY
        for one in (tested, values)
    ]
    both: NDArray[np.bool_] = (vary[0] & vary[1])[subjects]
    return both


def _within_covariance(x: Values, y: Values, subjects: Labels) -> Values:
    size = x.shape[1] * y.shape[1]
    total = np.zeros((size, size))
    for subject in np.unique(subjects):
        own = subjects == subject
        n = int(own.sum())
        total += np.kron(x[own].T @ x[own], y[own].T @ y[own]) / (n - 1) / n**2
    return total


def _between(x: Values, y: Values, n_resamples: int, rng: np.random.Generator) -> Values:
    """Covariances after the subjects were shuffled, shape (n_resamples, q m)."""
    step = max(1, _AT_ONCE // (len(x) * y.shape[1]))
    parts = []
    for start in range(0, n_resamples, step):
        count = min(step, n_resamples - start)
        orders = rng.permuted(np.tile(np.arange(len(x)), (count, 1)), axis=1)
        parts.append(np.einsum("gq,rgm->rqm", x, y[orders]).reshape(count, -1))
    return np.concatenate(parts)


def _inner(x: Values, y: Values, subjects: Labels, how: tuple[int, np.random.Generator]) -> Values:
    """Covariances after the rows were shuffled within their subject."""
    n_resamples, rng = how
    order = np.argsort(subjects, kind="stable")
    x, y, subjects = x[order], y[order], subjects[order]
    step = max(1, _AT_ONCE // (len(x) * y.shape[1]))
    parts = []
    for start in range(0, n_resamples, step):
        count = min(step, n_resamples - start)
        # Sorted by subject first: a random number below 1 only changes the order within.
        orders = np.argsort(subjects + rng.uniform(size=(count, len(x))), axis=1)
        parts.append(np.einsum("nq,rnm->rqm", x, y[orders]).reshape(count, -1))
    return np.concatenate(parts)
