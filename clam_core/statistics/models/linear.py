"""Least squares with a covariance that does not assume equal variances (HC3)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from clam_core.statistics.models.fitted_model import Model, solve_information
from clam_core.statistics.result import Values


def fit_linear(y: Values, design: Values) -> Model:
    """Fit by least squares.

    Args:
        y: Shape (n,).
        design: Shape (n, p), full rank, with its constant.

    Returns:
        The model with HC3 covariance; F tests have n - p residual degrees of freedom.

    Raises:
        NotEstimableError: If the design is not of full rank.

    Source:
        MacKinnon & White (1985), J Econometrics 29:305, for HC3.
    """
    n, p = design.shape
    bread = solve_information(design.T @ design)
    coefficients = bread @ (design.T @ y)
    residuals = y - design @ coefficients
    leverage = np.einsum("ij,jk,ik->i", design, bread, design)
    # Rows alone on their coefficient have residual 0 and would give 0 / 0.
    alone = leverage > 1 - 1e-9
    inflated = np.where(alone, 0.0, residuals / np.where(alone, 1.0, 1 - leverage))
    meat = (design * (inflated**2)[:, None]).T @ design
    return Model(
        "linear model, HC3",
        coefficients,
        bread @ meat @ bread,
        np.nan,
        design * residuals[:, None],
        n - p,
    )


def with_pooled_variance(model: Model, y: Values, design: Values) -> Model:
    """The same fit with one variance for all rows, where a cluster has none of its own.

    Args:
        model: What `fit_linear` gives.
        y: Shape (n,).
        design: Shape (n, p).

    Returns:
        The model with the classic covariance.
    """
    n, p = design.shape
    residuals = y - design @ model.coefficients
    variance = float(residuals @ residuals) / (n - p)
    covariance = variance * solve_information(design.T @ design)
    return replace(model, name="linear model, pooled variance", covariance=covariance)
