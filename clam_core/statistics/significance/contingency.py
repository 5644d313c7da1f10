"""Tests of tables: chi-square where counts are large enough, else Fisher's exact test."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.statistics.effects.contingency import Table, chi_square, expected_counts
from clam_core.statistics.result import Tested
from clam_core.statistics.significance.permutation import random_tables

SPARSE = 5
"""Expected counts below this make a table sparse."""


def is_sparse(table: Table) -> bool:
    """Whether any count expected under independence is below 5."""
    return bool((expected_counts(table) < SPARSE).any())


def chi_square_test(table: Table) -> Tested:
    """Pearson's chi-square test without continuity correction.

    Args:
        table: Clusters against levels, no row or column empty.

    Returns:
        The test.
    """
    from scipy.special import chdtrc

    statistic, df = chi_square(table)
    why = "Counts of levels by cluster; every expected count is 5 or more."
    p_value = float(chdtrc(df, statistic))
    return Tested("chi-square", statistic, df, np.nan, p_value, why)


def likelihood_ratio_test(table: Table) -> Tested:
    """Likelihood-ratio test of independence (G), a check on the chi-square test.

    Source:
        Agresti (2013), "Categorical data analysis", section 3.2.
    """
    from scipy.special import chdtrc, xlogy

    statistic = float(2 * xlogy(table, table / expected_counts(table)).sum())
    df = (table.shape[0] - 1) * (table.shape[1] - 1)
    p_value = float(chdtrc(df, statistic))
    return Tested("likelihood ratio (G)", statistic, df, np.nan, p_value, "Counts of levels.")


def fisher_exact(table: Table, n_resamples: int, rng: np.random.Generator) -> Tested:
    """Fisher's exact test: by enumeration for 2 x 2 tables, else by seeded shuffles.

    Args:
        table: Clusters against levels.
        n_resamples: Random tables with the same margins.
        rng: Their randomness.

    Returns:
        The test; p is the probability of tables that are no more probable than this one.

    Source:
        Freeman & Halton (1951), Biometrika 38:141.
    """
    sparse = f"a count below {SPARSE} is expected under independence"
    if table.shape == (2, 2):
        p_value = _fisher_2_by_2(table)
        return Tested("Fisher exact", np.nan, np.nan, np.nan, p_value, f"Exact, since {sparse}.")
    observed = _log_probability(table[None])[0]
    drawn = _log_probability(random_tables(table, n_resamples, rng))
    # Tables that are equally probable may differ by rounding; they count.
    p_value = float((1 + (drawn <= observed + 1e-7).sum()) / (1 + n_resamples))
    why = f"Fisher's test by {n_resamples:,} label shuffles, since {sparse}."
    return Tested("Fisher exact, permutation", np.nan, np.nan, np.nan, p_value, why)


def _log_probability(tables: NDArray[np.int64]) -> NDArray[np.float64]:
    """Log probability given the margins, up to a constant, of tables (n, rows, columns)."""
    largest = int(tables.max())
    log_factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, largest + 1)))])
    total: NDArray[np.float64] = -log_factorials[tables].sum(axis=(1, 2))
    return total


def _fisher_2_by_2(table: Table) -> float:
    row, column, n = int(table[0].sum()), int(table[:, 0].sum()), int(table.sum())
    first = np.arange(max(0, row + column - n), min(row, column) + 1)
    cells = np.stack([first, row - first, column - first, n - row - column + first], axis=-1)
    logs = _log_probability(cells.reshape(-1, 2, 2))
    chances = np.exp(logs - logs.max())
    observed = chances[first == table[0, 0]]
    return float(chances[chances <= observed * (1 + 1e-7)].sum() / chances.sum())


def table_test(table: Table, n_resamples: int, rng: np.random.Generator) -> Tested:
    """Test a table of clusters against levels.

    Args:
        table: No row or column empty.
        n_resamples: Random tables where it is sparse.
        rng: Their randomness.

    Returns:
        Chi-square, or Fisher's test for a sparse table.
    """
    return fisher_exact(table, n_resamples, rng) if is_sparse(table) else chi_square_test(table)
