"""Effect sizes of tables of counts: Cramer's V, odds ratio, standardized difference."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.statistics.effects.noncentral import noncentrality_chi2
from clam_core.statistics.result import Effect

Table = NDArray[np.int64]

Z = 1.959963984540054


def chi_square(table: Table) -> tuple[float, int]:
    """Pearson's chi-square of a table without empty rows and columns, and its df."""
    expected = expected_counts(table)
    df = (table.shape[0] - 1) * (table.shape[1] - 1)
    return float(((table - expected) ** 2 / expected).sum()), df


def expected_counts(table: Table) -> NDArray[np.float64]:
    """Counts under independence, of the table's shape."""
    counts: NDArray[np.float64] = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return counts


def cramers_v(table: Table) -> Effect:
    """Association of rows and columns from 0 to 1, corrected for bias.

    Args:
        table: Clusters against levels, no row or column empty.

    Returns:
        Bias-corrected V. The interval is of the population's V and holds 90 %, as the
        chi-square test looks at one side.

    Source:
        Bergsma (2013), J Korean Stat Soc 42:323; interval by the noncentral chi-square
        distribution, Smithson (2003), "Confidence intervals", chapter 3.
    """
    statistic, df = chi_square(table)
    n, (rows, columns) = int(table.sum()), table.shape
    fewest = min(rows, columns) - 1
    phi2 = max(0.0, statistic / n - df / (n - 1))
    corrected = [size - (size - 1) ** 2 / (n - 1) for size in (rows, columns)]
    below = min(corrected) - 1
    size = min(1.0, np.sqrt(phi2 / below)) if below > 0 else 0.0
    ends = noncentrality_chi2(statistic, df)
    low, high = (float(min(1.0, np.sqrt(end / (n * fewest)))) for end in ends)
    method = "noncentral chi-square (Smithson 2003)"
    return Effect("cramers_v", float(size), min(low, float(size)), max(high, float(size)), method)


def odds_ratio(table: Table, *, exact: bool) -> Effect:
    """Odds of the second level in the first cluster over those in the second cluster.

    Args:
        table: Two clusters against two levels.
        exact: Conditional maximum likelihood with its exact interval, as sparse
            tables need; else the sample odds ratio with Woolf's interval.

    Returns:
        The odds ratio; infinite or 0 where a cell is empty.

    Source:
        Cornfield (1956) for the exact interval, as in scipy and in R's fisher.test;
        Woolf (1955), Ann Hum Genet 19:251.
    """
    # The second level, such as yes after no, is the event.
    turned = table[:, ::-1]
    if exact or (table == 0).any():
        from scipy.stats.contingency import odds_ratio as conditional

        result = conditional(turned, kind="conditional")
        interval = result.confidence_interval(0.95)
        ends = (float(result.statistic), float(interval.low), float(interval.high))
        return Effect("odds_ratio", *ends, "conditional, exact (Cornfield 1956)")
    log = float(np.log(turned[0, 0]) + np.log(turned[1, 1]))
    log -= float(np.log(turned[0, 1]) + np.log(turned[1, 0]))
    width = Z * float(np.sqrt((1 / turned).sum()))
    size, low, high = (float(np.exp(x)) for x in (log, log - width, log + width))
    return Effect("odds_ratio", size, low, high, "Woolf (1955)")


def table_difference(table: Table) -> Effect:
    """Standardized difference between two clusters over all levels, never negative.

    Args:
        table: Two clusters against the levels.

    Returns:
        Mahalanobis distance of the shares; for two levels the usual standardized
        difference of proportions without its sign.

    Source:
        Yang & Dalton (2012), SAS Global Forum, paper 335.
    """
    sizes = table.sum(axis=1).astype(np.float64)
    # Shares add up to 1: with the first level the covariance would be singular.
    shares = table[:, 1:] / sizes[:, None]
    name = "standardized_mean_difference"
    covariance = np.zeros((shares.shape[1], shares.shape[1]))
    for row in shares:
        covariance += (np.diag(row) - np.outer(row, row)) / 2
    gap = shares[0] - shares[1]
    squared = float(gap @ np.linalg.pinv(covariance) @ gap)
    size = np.sqrt(max(squared, 0.0))
    if size == 0 and np.abs(gap).max() > 0:
        return Effect(name, np.nan, np.nan, np.nan, "nothing varies within the clusters")
    error = np.sqrt(sizes.sum() / sizes.prod() + size**2 / (2 * sizes.sum()))
    low, high = max(0.0, size - Z * error), size + Z * error
    method = "normal, standard error of Hedges & Olkin (1985)"
    return Effect(name, float(size), float(low), float(high), method)
