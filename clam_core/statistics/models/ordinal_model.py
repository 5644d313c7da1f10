"""The proportional-odds model of an ordinal variable."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.statistics.models.fitted_model import Model, NotEstimableError, solve_information
from clam_core.statistics.models.newton import newton
from clam_core.statistics.result import Values

_FAR = 15.0


def fit_proportional_odds(y: Values, covariates: Values) -> Model:
    """Fit logit P(y <= j) = threshold_j - x'b by maximum likelihood.

    Args:
        y: Level codes 0, 1, ..., L - 1, each present, shape (n,).
        covariates: Shape (n, p), full rank, without a constant; p may be 0.

    Returns:
        The model; its last p coefficients are b: log odds ratios of higher levels. The
        first L - 1 are the thresholds.

    Raises:
        NotEstimableError: If there is no finite maximum.

    Source:
        McCullagh (1980), "Regression models for ordinal data", J R Stat Soc B 42:109.
    """
    codes = y.astype(np.intp)
    n_levels = int(codes.max()) + 1
    n, p = covariates.shape
    # P(y = j) is a difference of two logistic functions: a design for its upper and lower end,
    # which the highest and the lowest level lack.
    upper = np.zeros((n, n_levels - 1 + p))
    lower = np.zeros_like(upper)
    rows = np.arange(n)
    inner_up, inner_low = codes < n_levels - 1, codes > 0
    upper[rows[inner_up], codes[inner_up]] = 1
    lower[rows[inner_low], codes[inner_low] - 1] = 1
    upper[:, n_levels - 1 :] = -covariates
    lower[:, n_levels - 1 :] = -covariates
    below = np.cumsum(np.bincount(codes, minlength=n_levels))[:-1] / n
    start = np.concatenate([np.log(below / (1 - below)), np.zeros(p)])
    sides = (upper, inner_up, lower, inner_low)
    parameters, value, scores, information = newton(lambda g: _derivatives(sides, g), start)
    if p and np.abs(covariates @ parameters[n_levels - 1 :]).max() > _FAR:
        raise NotEstimableError("the levels are separated")
    covariance = solve_information(information)
    return Model("proportional-odds model", parameters, covariance, value, scores)


def _derivatives(
    sides: tuple[Values, NDArray[np.bool_], Values, NDArray[np.bool_]], parameters: Values
) -> tuple[float, Values, Values]:
    """Log-likelihood of intervals of the logistic distribution, its scores and information."""
    from scipy.special import expit

    upper, inner_up, lower, inner_low = sides
    a, b = upper @ parameters, lower @ parameters
    cdf_a = np.where(inner_up, expit(a), 1.0)
    cdf_b = np.where(inner_low, expit(b), 0.0)
    mass = cdf_a - cdf_b
    # Thresholds out of order: minus infinity makes `newton` halve the step.
    if not (mass > 1e-300).all():
        return -np.inf, upper, np.eye(len(parameters))
    density_a, density_b = cdf_a * (1 - cdf_a), cdf_b * (1 - cdf_b)
    scores = (upper * density_a[:, None] - lower * density_b[:, None]) / mass[:, None]
    # The density's derivative: f' = f (1 - 2 F).
    curve_a = density_a * (1 - 2 * cdf_a) / mass
    curve_b = density_b * (1 - 2 * cdf_b) / mass
    curvature = (upper * curve_a[:, None]).T @ upper - (lower * curve_b[:, None]).T @ lower
    return float(np.log(mass).sum()), scores, scores.T @ scores - curvature
