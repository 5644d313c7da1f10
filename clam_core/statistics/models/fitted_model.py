"""What every regression model gives back, and the tests that are made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.statistics.result import Values


class NotEstimableError(Exception):
    """A model has no finite or no unique estimate; the message says why."""


@dataclass(frozen=True, eq=False)
class Model:
    """A fitted regression model.

    Attributes:
        name: What it is, as a reader sees it.
        coefficients: Shape (p,).
        covariance: Their covariance, shape (p, p).
        log_likelihood: At the estimate; NaN where the test is not a likelihood ratio.
        scores: Each row's part of the score at the estimate, shape (n, p).
        df_residual: Degrees of freedom for F tests; infinite for likelihood models.
        df_of: Those of a combination of the coefficients, where each has its own.
    """

    name: str
    coefficients: Values
    covariance: Values
    log_likelihood: float
    scores: Values
    df_residual: float = np.inf
    df_of: Callable[[Values], float] | None = None


def wald(model: Model, tested: NDArray[np.intp]) -> float:
    """Wald statistic (chi-square) of some coefficients together.

    Args:
        model: The model.
        tested: Positions of the coefficients.

    Returns:
        b' V^-1 b.
    """
    part = model.coefficients[tested]
    covariance = model.covariance[np.ix_(tested, tested)]
    return float(part @ np.linalg.solve(covariance, part))


def solve_information(information: Values) -> Values:
    """Inverse of an information matrix.

    Raises:
        NotEstimableError: If it is singular.
    """
    # To a diagonal of 1 first, or the condition number would depend on the units of columns.
    scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
    scaled = information / np.outer(scale, scale)
    if not np.isfinite(scaled).all() or np.linalg.cond(scaled) > 1e13:
        raise NotEstimableError("the model has no unique estimate")
    inverse: Values = np.linalg.inv(scaled) / np.outer(scale, scale)
    return inverse
