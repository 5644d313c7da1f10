"""Whether clusters are alike: means that differ by less than a bound, by two one-sided tests.

Source:
    Schuirmann (1987), "A comparison of the two one-sided tests procedure and the power approach",
    J Pharmacokinet Biopharm 15:657; of several clusters all pairs have to be alike, so that the
    largest p-value holds for all together (Berger 1982, Technometrics 24:295).
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from clam_core.statistics.cohort.groups import Groups
from clam_core.statistics.result import Values

EQUIVALENCE_COLUMNS = (
    *("cluster_a", "cluster_b", "bound"),
    *("difference", "ci_low", "ci_high", "p_value", "is_alike"),
    *("adjusted_difference", "adjusted_low", "adjusted_high", "adjusted_p_value"),
    "adjusted_is_alike",
)
LEVEL = 0.05
_DIFFERENCE = "mean_difference"


def two_one_sided(pairs: pd.DataFrame, bound: float) -> tuple[Values, Values, Values]:
    """Test whether differences lie between minus and plus a bound.

    Args:
        pairs: Columns difference, error (its standard error) and df (infinite: a normal test).
        bound: Larger than 0, in the unit of the differences.

    Returns:
        Ends of the 90 % interval, which lies within the bounds where p is below 0.05, and p.
    """
    from scipy.special import stdtr, stdtrit

    names = ("difference", "error", "df")
    difference, error, df = (pairs[name].to_numpy(dtype=np.float64) for name in names)
    df = np.minimum(df, 1e9)
    reach = stdtrit(df, 1 - LEVEL) * error
    above, below = (bound + difference) / error, (bound - difference) / error
    p_value = np.maximum(stdtr(df, -above), stdtr(df, -below))
    return difference - reach, difference + reach, p_value


def welch_differences(groups: Groups) -> pd.DataFrame:
    """Difference of means of every pair with Welch's error and degrees of freedom.

    Args:
        groups: Numbers by cluster.

    Returns:
        Columns cluster_a, cluster_b, difference, error, df.
    """
    means, parts = groups.means(), groups.variances() / groups.sizes
    rows = []
    for a, b in combinations(range(groups.k), 2):
        spread = parts[a] + parts[b]
        below = parts[a] ** 2 / (groups.sizes[a] - 1) + parts[b] ** 2 / (groups.sizes[b] - 1)
        df = spread**2 / below if below > 0 else np.nan
        head = (int(groups.clusters[a]), int(groups.clusters[b]), means[a] - means[b])
        rows.append((*head, float(np.sqrt(spread)), df))
    return pd.DataFrame(rows, columns=["cluster_a", "cluster_b", "difference", "error", "df"])


def equivalence(pairs: pd.DataFrame, contrasts: pd.DataFrame, bound: float) -> pd.DataFrame:
    """Test every pair of clusters, and with covariates held where there are such contrasts.

    Args:
        pairs: Columns cluster_a, cluster_b, difference, error, df.
        contrasts: Adjusted contrasts of the variable; empty where nothing was adjusted.
        bound: Difference below which clusters count as alike.

    Returns:
        Columns `EQUIVALENCE_COLUMNS`.
    """
    low, high, p_value = two_one_sided(pairs, bound)
    found = pairs[["cluster_a", "cluster_b", "difference"]].assign(
        bound=bound, ci_low=low, ci_high=high, p_value=p_value, is_alike=p_value < LEVEL
    )
    # Ratios and ranks have no bound in the unit of the variable.
    if len(contrasts) and (contrasts["scale"] == _DIFFERENCE).all():
        known = contrasts[["cluster_a", "cluster_b"]].assign(
            adjusted_difference=contrasts["adjusted"]
        )
        given = {"adjusted": "difference", "adjusted_error": "error", "adjusted_df": "df"}
        ends = two_one_sided(contrasts.rename(columns=given), bound)
        names = ("adjusted_low", "adjusted_high", "adjusted_p_value")
        known = known.assign(**dict(zip(names, ends, strict=True)))
        known["adjusted_is_alike"] = known["adjusted_p_value"] < LEVEL
        found = found.merge(known, on=["cluster_a", "cluster_b"], how="left")
    return found.reindex(columns=list(EQUIVALENCE_COLUMNS))


def pooled_sd(groups: Groups) -> float:
    """Standard deviation within clusters."""
    within = float((groups.variances() * (groups.sizes - 1)).sum())
    return float(np.sqrt(within / (groups.n - groups.k)))
