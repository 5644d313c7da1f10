"""Which draws fit a regression of a variable on its clusters."""

from __future__ import annotations

import numpy as np

from clam_core.statistics.cohort.groups import midranks
from clam_core.statistics.models.count_model import fit_counts
from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.models.regression import Problem
from clam_core.statistics.shuffles.null_draws import NullDraws
from clam_core.statistics.shuffles.redrawn_levels import redrawn_levels
from clam_core.statistics.shuffles.shuffled_residuals import ShuffledResiduals, shuffled_residuals
from clam_core.statistics.significance.counts import best_alpha


def null_of(problem: Problem) -> NullDraws:
    """Draws of a variable that does not depend on the tested columns.

    Numbers: residuals are shuffled. Counts: Pearson residuals of the negative binomial model are.
    Levels: they are drawn from the model without the tested columns, or where that has no finite
    estimate their ranks are shuffled.

    Args:
        problem: The variable and its columns; rows are independent.

    Returns:
        The statistic and how to draw it.

    Raises:
        NotEstimableError: If the columns are not of full rank, or a model has no estimate.
    """
    if problem.kind == "continuous":
        # HC2 of clusters alone is Welch's statistic; the adjusted model has HC3.
        power = 2 if problem.covariates.shape[1] else 1
        return shuffled_residuals(problem.y, problem.null, problem.tested, power=power)
    if problem.kind == "count":
        return _counts(problem)
    ordered = problem.kind == "ordinal"
    try:
        return redrawn_levels(problem.y, problem.null, problem.tested, ordered=ordered)
    except NotEstimableError:
        if problem.kind == "nominal":
            raise
    return shuffled_residuals(midranks(problem.y), problem.null, problem.tested, power=2)


def _counts(problem: Problem) -> ShuffledResiduals:
    """Least squares of the working variable, whose residuals all have the same variance."""
    model = fit_counts(problem.y, problem.null)
    means = np.exp(problem.null @ model.coefficients)
    alpha, _ = best_alpha(problem.y, means)
    weights = np.sqrt(means / (1 + alpha * means))[:, None]
    pearson = (problem.y - means) / np.sqrt(means * (1 + alpha * means))
    return shuffled_residuals(pearson, problem.null * weights, problem.tested * weights, power=None)
