"""Logistic regression, and whether a line separates the two answers."""

from __future__ import annotations

import numpy as np

from clam_core.statistics.models.fitted_model import Model, NotEstimableError, solve_information
from clam_core.statistics.models.newton import newton
from clam_core.statistics.result import Values

_FAR = 12.0
"""Linear predictors beyond this make a fit suspect of separation."""


class SeparationError(NotEstimableError):
    """Some combination of the columns tells the answers apart without error."""


def logistic_derivatives(
    y: Values, design: Values, parameters: Values
) -> tuple[float, Values, Values]:
    """Log-likelihood, scores per row and information of a logistic model."""
    from scipy.special import expit

    predictor = design @ parameters
    chance = expit(predictor)
    # log(1 + exp(x)) without overflow.
    value = float((y * predictor - np.logaddexp(0.0, predictor)).sum())
    weight = chance * (1 - chance)
    return value, design * (y - chance)[:, None], (design * weight[:, None]).T @ design


def fit_logistic(y: Values, design: Values) -> Model:
    """Fit by maximum likelihood.

    Args:
        y: 0 or 1, shape (n,).
        design: Shape (n, p), full rank, with its constant.

    Returns:
        The model; coefficients are log odds ratios.

    Raises:
        SeparationError: If a combination of the columns separates the answers.
        NotEstimableError: If the design is not of full rank.
    """
    start = np.zeros(design.shape[1])
    try:
        fitted = newton(lambda b: logistic_derivatives(y, design, b), start)
    except NotEstimableError:
        if is_separated(y, design):
            raise SeparationError("the answers are separated") from None
        raise
    parameters, value, scores, information = fitted
    if np.abs(design @ parameters).max() > _FAR and is_separated(y, design):
        raise SeparationError("the answers are separated")
    return Model("logistic model", parameters, solve_information(information), value, scores)


def is_separated(y: Values, design: Values) -> bool:
    """Whether some combination of the columns separates the answers, fully or up to ties.

    Args:
        y: 0 or 1, shape (n,).
        design: Shape (n, p), with its constant.

    Returns:
        True if maximum likelihood has no finite estimate.

    Source:
        Konis (2007), "Linear programming algorithms for detecting separated data in
        binary logistic regression models", thesis, University of Oxford.
    """
    from scipy.optimize import linprog

    signed = design * np.where(y > 0.5, 1.0, -1.0)[:, None]
    # Equal rows are one constraint; scaled, as the bounds below hold for all columns alike.
    signed = np.unique(signed / np.maximum(np.abs(design).max(axis=0), 1e-300), axis=0)
    # Is there a b with no row on the wrong side (signed b >= 0) and some strictly on the right?
    # Only its direction matters, so that it is kept within a box.
    program = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1, 1))
    return bool(program.success and -program.fun > 1e-7)
