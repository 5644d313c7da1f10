"""Clusters compared with all rows of subjects that have several."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from clam_core.statistics.cohort.groups import Groups
from clam_core.statistics.models.adjust import Outcome, effect_of, standardized
from clam_core.statistics.models.design import cluster_columns
from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.result import Effect, Labels, NotTestableError, Tested, Values
from clam_core.statistics.significance.correction import correct
from clam_core.statistics.significance.pairs import COLUMNS

_WHY = (
    "Subjects have several rows: each subject counts once, and the covariance by subject has its "
    "bias taken out and its own degrees of freedom (CR2, Satterthwaite)."
)
_WHY_SHUFFLED = (
    "Subjects have several rows: each subject counts once, and p comes from {n:,} shuffles of "
    "whole subjects, which hold however rare a value is."
)
FEWEST, FEWEST_IN_CLUSTER = 10, 3
"""Subjects in all and in each cluster, below which rows of one subject cannot be allowed for."""


def by_subject(outcome: Outcome, groups: Groups) -> tuple[Tested, Effect, Effect]:
    """Test the clusters, each subject counting once.

    Args:
        outcome: The variable, with its subjects.
        groups: Its values by cluster; clusters that it leaves out are left out here, too.

    Returns:
        The test, its effect on the scale of subjects, and that effect without its unit.

    Raises:
        NotTestableError: If there is no estimate or there are too few subjects.
    """
    rows = np.isfinite(outcome.values) & np.isin(outcome.labels, groups.clusters)
    if len(np.unique(np.asarray(outcome.subjects)[rows])) < FEWEST:
        raise NotTestableError(
            f"there are fewer than {FEWEST} subjects, too few to see how rows of one subject agree"
        )
    try:
        test = outcome.test(rows, cluster_columns(outcome.labels[rows]))
    except NotEstimableError as error:
        raise NotTestableError(str(error)) from None
    is_shuffled = not len(test.coefficients)
    why = _WHY_SHUFFLED.format(n=outcome.n_resamples) if is_shuffled else _WHY
    tested = Tested(test.model, test.statistic, test.df, test.df_residual, test.p_value, why)
    effect = effect_of(test, outcome)
    return tested, effect, standardized(effect, outcome, rows)


def with_enough_subjects(outcome: Outcome, groups: Groups) -> Groups:
    """The clusters that have enough subjects with a value; the others count as left out.

    Raises:
        NotTestableError: If fewer than two are left.
    """
    n_of = subjects_by_cluster(outcome, groups.clusters)
    few = [cluster for cluster, n in n_of.items() if n < FEWEST_IN_CLUSTER]
    if not few:
        return groups
    if len(n_of) - len(few) < 2:
        named = ", ".join(f"cluster {cluster} has {n_of[cluster]}" for cluster in few)
        raise NotTestableError(
            f"{named} subjects with a value, and {FEWEST_IN_CLUSTER} in each of two clusters are "
            "needed where rows of one subject depend on each other"
        )
    kept = ~np.isin(groups.clusters, few)
    rows = kept[groups.codes]
    codes = (np.cumsum(kept) - 1)[groups.codes[rows]]
    left_out = (*groups.left_out, *few)
    return Groups(groups.values[rows], groups.clusters[kept], codes.astype(np.intp), left_out)


def subjects_by_cluster(outcome: Outcome, clusters: Labels) -> dict[int, int]:
    """Subjects with a value in each cluster."""
    known = np.isfinite(outcome.values)
    subjects = np.asarray(outcome.subjects)
    return {int(c): len(np.unique(subjects[known & (outcome.labels == c)])) for c in clusters}


def sizes_in_subjects(outcome: Outcome, clusters: Labels) -> Values:
    """Subjects in each cluster, one with rows in several of them counting in parts, shape (k,)."""
    known = np.isfinite(outcome.values) & np.isin(outcome.labels, clusters)
    subjects = np.unique(np.asarray(outcome.subjects)[known], return_inverse=True)[1]
    weights = 1 / np.bincount(subjects)[subjects]
    labels = outcome.labels[known]
    return np.array([weights[labels == c].sum() for c in clusters])


def pairs_by_subject(outcome: Outcome, groups: Groups) -> pd.DataFrame:
    """Every pair of clusters, each subject counting once, adjusted by Holm.

    Args:
        outcome: The variable, with its subjects.
        groups: Its values by cluster.

    Returns:
        One row per pair, columns as in `pairs`; p is missing where a pair has no estimate.
    """
    rows = []
    for a, b in combinations(groups.clusters, 2):
        head = {"cluster_a": int(a), "cluster_b": int(b), "method": "each subject once, Holm"}
        rows.append({**head, **_pair(outcome, int(a), int(b))})
    frame = pd.DataFrame(rows)
    frame = frame.reindex(columns=list(COLUMNS))
    p_value = frame["p_value"].to_numpy(dtype=np.float64)
    return frame.assign(p_adjusted=correct(p_value, "holm"))


def _pair(outcome: Outcome, a: int, b: int) -> dict[str, object]:
    rows = np.isfinite(outcome.values) & np.isin(outcome.labels, [a, b])
    enough = min(subjects_by_cluster(outcome, np.array([a, b])).values()) >= FEWEST_IN_CLUSTER
    try:
        if not enough:
            return {}
        test = outcome.test(rows, cluster_columns(outcome.labels[rows]))
    except NotEstimableError:
        return {}
    effect = effect_of(test, outcome)
    return {
        "effect_name": effect.name,
        "effect_size": effect.size,
        "ci_low": effect.ci_low,
        "ci_high": effect.ci_high,
        "statistic": test.statistic,
        "df": test.df,
        "p_value": test.p_value,
    }
