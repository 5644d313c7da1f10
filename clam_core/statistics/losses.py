"""What a comparison goes without, in sentences with numbers: clusters, rows, missing values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from clam_core.settings import AssociateSettings
from clam_core.statistics.cohort.assemble import Cohort
from clam_core.statistics.models.design import Covariates, build_covariates, drop_idle_columns
from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.models.weighting import FAR, balance_of, weights_of
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


def weighting_words(cohort: Cohort, settings: AssociateSettings) -> list[str]:
    """How alike weights make the clusters, and what they cost.

    Args:
        cohort: The rows that are compared.
        settings: Names the covariates.

    Returns:
        One or two sentences.
    """
    covariates = build_covariates(cohort.frame, cohort.columns, settings.adjust)
    matrix = covariates.matrix(len(cohort.labels))
    rows = np.isfinite(matrix).all(axis=1)
    held = ", ".join(cohort.columns[name].label for name in settings.adjust)
    labels, others = cohort.labels[rows], drop_idle_columns(matrix[rows])
    try:
        weights = weights_of(labels, others)
    except (NotEstimableError, np.linalg.LinAlgError) as error:
        return [f"Rows could not be weighted by {held}: {error}."]
    found = balance_of(labels, others, weights)
    counts = ", ".join(
        f"{number}: {effective:.0f} of {size:.0f}"
        for number, effective, size in zip(
            np.unique(labels), found.effective, found.sizes, strict=True
        )
    )
    words = [
        f"Adjusted results weight each row by the inverse probability of its cluster given {held} "
        "(multinomial model), for each variable in the rows that have a value of it. Over all "
        f"complete rows the largest standardised difference of a covariate falls from "
        f"{found.before:.2f} to {found.after:.2f}, and the clusters count as fewer rows "
        f"({counts}). Follow-up is adjusted by regression."
    ]
    if found.after > FAR:
        words.append(
            f"After weighting the clusters still differ in a covariate by {found.after:.2f} "
            f"standard deviations ({FAR:g} is taken for alike): read the adjusted results with it."
        )
    return words


def covariate_words(cohort: Cohort, covariates: Covariates, impute: int = 0) -> list[str]:
    """How many rows the adjusted results lose, or have imputed, for want of a covariate.

    Args:
        cohort: The rows that are compared.
        covariates: What to adjust by.
        impute: Number of completed tables; 0 leaves rows out.

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
    if impute:
        return [
            f"Missing covariates ({each}; {n - int(known.sum())} of {n} rows) were imputed "
            f"{impute} times by chained equations (predictive mean matching; predicted by the "
            "other covariates, the clusters and the variable itself), and results pooled by "
            "Rubin's rules. That is right where values are missing at random given these; values "
            "of the variable itself are never imputed, and follow-up leaves incomplete rows out."
        ]
    clusters = ", ".join(
        f"{int(known[cohort.labels == number].sum())} of {int((cohort.labels == number).sum())}"
        for number in cohort.clusters
    )
    return [
        f"Adjusted results use {int(known.sum())} of {n} rows ({clusters} in clusters "
        f"{', '.join(map(str, cohort.clusters))}): a covariate is missing in the others ({each})."
    ]
