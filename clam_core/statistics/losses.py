"""What a comparison goes without, in sentences with numbers: clusters, rows, missing values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from clam_core.statistics.cohort.assemble import Cohort
from clam_core.statistics.models.design import Covariates
from clam_core.statistics.result import Labels
from clam_core.statistics.significance.contingency import table_test

LEVEL = 0.05
_MOST_NAMED = 10


def left_out_words(counts: Mapping[int, int], compared: Sequence[int]) -> str:
    """Which clusters a test of one variable goes without.

    Args:
        counts: Values in each cluster.
        compared: Clusters of the test.

    Returns:
        One sentence; nothing where all are compared.
    """
    absent = [number for number in counts if number not in set(compared)]
    if not absent:
        return ""
    values = {0: "no value", 1: "1 value"}
    named = ", ".join(
        f"cluster {number} ({values.get(counts[number], f'{counts[number]} values')})"
        for number in absent
    )
    return f"Compared without {named}."


def missing_test(present: np.ndarray, labels: Labels, n_resamples: int, seed: int) -> float:
    """P-value of the question whether values are missing more often in some clusters.

    Args:
        present: Whether each row has a value, shape (n,).
        labels: Cluster of each row, shape (n,).
        n_resamples: Shuffles where counts are small.
        seed: They follow from it.

    Returns:
        Chi-square or Fisher's test; NaN where no value or every value is missing.
    """
    if present.all() or not present.any():
        return float("nan")
    table = pd.crosstab(labels, present).to_numpy(dtype=np.int64)
    return table_test(table, n_resamples, np.random.default_rng(seed)).p_value


def missing_words(rows: pd.DataFrame, clusters: Sequence[int]) -> list[str]:
    """Variables whose values are missing more often in some clusters, and in which.

    Args:
        rows: Rows of the association table.
        clusters: Numbers of the clusters.

    Returns:
        One sentence, or none.
    """
    uneven = rows[rows["missing_p_value"] < LEVEL].sort_values("missing_p_value", kind="stable")
    if uneven.empty:
        return []
    named = []
    for row in uneven.head(_MOST_NAMED).to_dict("records"):
        shares = []
        for number in clusters:
            gone, there = row[f"missing_cluster_{number}"], row[f"n_cluster_{number}"]
            shares.append(f"{100 * gone / max(gone + there, 1):.0f} %")
        named.append(f"{row['label']} ({', '.join(shares)})")
    more = f" and {len(uneven) - _MOST_NAMED} more" if len(uneven) > _MOST_NAMED else ""
    return [
        f"Values are missing more often in some clusters than in others (p below 0.05; share in "
        f"clusters {', '.join(map(str, clusters))}): {'; '.join(named)}{more}. Who has no value "
        "may differ from who has one."
    ]


def covariate_words(cohort: Cohort, covariates: Covariates) -> list[str]:
    """How many rows the adjusted results lose for want of a covariate.

    Args:
        cohort: The rows that are compared.
        covariates: What to adjust by.

    Returns:
        One sentence, or none.
    """
    n = len(cohort.labels)
    lacking = {
        name: int((~np.isfinite(covariates.blocks[name]).all(axis=1)).sum())
        for name in covariates.names
    }
    lacking = {name: count for name, count in lacking.items() if count}
    if not lacking:
        return []
    known = np.atleast_1d(np.isfinite(covariates.matrix(n)).all(axis=1))
    each = ", ".join(f"{cohort.columns[name].label} in {count}" for name, count in lacking.items())
    clusters = ", ".join(
        f"{int(known[cohort.labels == number].sum())} of {int((cohort.labels == number).sum())}"
        for number in cohort.clusters
    )
    return [
        f"Adjusted results use {int(known.sum())} of {n} rows ({clusters} in clusters "
        f"{', '.join(map(str, cohort.clusters))}): a covariate is missing in the others ({each})."
    ]
