"""Comparisons that allow for rows of one subject depending on each other."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from clam_core.statistics.cohort.groups import Groups
from clam_core.statistics.models.adjust import Outcome, effect_of
from clam_core.statistics.models.design import cluster_columns
from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.models.regression import JointTest, joint_test
from clam_core.statistics.result import Effect, NotTestableError, Tested
from clam_core.statistics.significance.correction import correct
from clam_core.statistics.significance.pairs import COLUMNS

_WHY = (
    "Subjects have several rows, so the test is a regression whose covariance is robust to "
    "dependence within subjects (working independence)."
)
_FEWEST = 10


def robust_test(outcome: Outcome, groups: Groups) -> tuple[Tested, Effect]:
    """Test the clusters with a covariance by subject.

    Args:
        outcome: The variable, with its subjects.
        groups: Its values by cluster; clusters that it leaves out are left out here, too.

    Returns:
        Wald F test and the effect on the model's scale.

    Raises:
        NotTestableError: If the model has no estimate or there are too few subjects.
    """
    rows = np.isfinite(outcome.values) & np.isin(outcome.labels, groups.clusters)
    if outcome.subjects is None or len(np.unique(outcome.subjects[rows])) < _FEWEST:
        raise NotTestableError(
            f"there are fewer than {_FEWEST} subjects, too few to see how rows of one subject agree"
        )
    try:
        test = joint_test(outcome.problem(rows, cluster_columns(outcome.labels[rows])))
    except NotEstimableError as error:
        raise NotTestableError(str(error)) from None
    name = f"{test.model}, Wald F"
    tested = Tested(name, test.statistic, test.df, test.df_residual, test.p_value, _WHY)
    return tested, effect_of(test, outcome, rows)


def robust_pairs(outcome: Outcome, groups: Groups) -> pd.DataFrame:
    """Every pair of clusters with a covariance by subject, adjusted by Holm.

    Args:
        outcome: The variable, with its subjects.
        groups: Its values by cluster.

    Returns:
        One row per pair, columns as in `pairs`; p is missing where a pair has no estimate.
    """
    rows = []
    for a, b in combinations(groups.clusters, 2):
        head = {"cluster_a": int(a), "cluster_b": int(b), "method": "robust by subject, Holm"}
        rows.append({**head, **_pair(outcome, int(a), int(b))})
    frame = pd.DataFrame(rows)
    frame = frame.reindex(columns=list(COLUMNS))
    p_value = frame["p_value"].to_numpy(dtype=np.float64)
    return frame.assign(p_adjusted=correct(p_value, "holm"))


def _pair(outcome: Outcome, a: int, b: int) -> dict[str, object]:
    rows = np.isfinite(outcome.values) & np.isin(outcome.labels, [a, b])
    try:
        test: JointTest = joint_test(outcome.problem(rows, cluster_columns(outcome.labels[rows])))
    except NotEstimableError:
        return {}
    effect = effect_of(test, outcome, rows)
    return {
        "effect_name": effect.name,
        "effect_size": effect.size,
        "ci_low": effect.ci_low,
        "ci_high": effect.ci_high,
        "statistic": test.statistic,
        "df": test.df,
        "p_value": test.p_value,
    }
