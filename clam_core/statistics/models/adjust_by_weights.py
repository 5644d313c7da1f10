"""The joint test of the clusters with rows weighted so that covariates are alike in all of them."""

from __future__ import annotations

import numpy as np

from clam_core.statistics.dependence.by_subject import least_squares, ridits
from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.models.regression import JointTest, Problem
from clam_core.statistics.result import Values

_SCALES = {
    "continuous": ("weighted means", "mean_difference", "omega_squared"),
    "count": ("weighted means of counts", "mean_difference", "omega_squared"),
    "ordinal": ("weighted ranks", "rank_biserial", "eta_squared_h"),
    "binary": ("weighted shares", "risk_difference", "omega_squared"),
}


def weighted_test(problem: Problem, weights: Values) -> JointTest:
    """Test the clusters with weighted rows, by least squares with CR2.

    Args:
        problem: The variable and its clusters, without covariates; rows of one subject depend.
        weights: Of each row, shape (n,).

    Returns:
        The test; coefficients are differences of weighted means, shares or ranks.

    Raises:
        NotEstimableError: For levels without an order, or where too few rows carry the weights.
    """
    if problem.kind not in _SCALES:
        raise NotEstimableError("levels without an order have no mean that weights could adjust")
    subjects = problem.subjects
    if subjects is None:
        subjects = np.arange(len(problem.y), dtype=np.int64)
    rows = weights / np.bincount(subjects)[subjects]
    y = problem.y if problem.kind != "ordinal" else 2 * ridits(problem.y, rows)
    own = Problem(problem.kind, problem.y, problem.tested, problem.covariates, subjects)
    return least_squares(own, y, rows, _SCALES[problem.kind])
