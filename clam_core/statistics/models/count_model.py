"""Regression of counts: negative binomial, or Poisson where they spread no more."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from clam_core.statistics.models.fitted_model import Model, NotEstimableError, solve_information
from clam_core.statistics.models.newton import Derivatives, newton
from clam_core.statistics.result import Values
from clam_core.statistics.significance.counts import best_alpha, log_likelihood

# A mean of exp(-25) events is a cluster without any: its coefficient has no finite maximum.
_FAR = 25.0


@dataclass(frozen=True, eq=False)
class CountModel(Model):
    """A model of counts.

    Attributes:
        bread: Inverse of its information, shape (p, p).
    """

    bread: Values = field(default_factory=lambda: np.empty((0, 0)))


def fit_counts(y: Values, design: Values) -> CountModel:
    """Fit log mean = x'b with variance mean + alpha * mean^2, alpha by maximum likelihood.

    Args:
        y: Counts, shape (n,).
        design: Shape (n, p), full rank, with its constant.

    Returns:
        The model; coefficients are log rate ratios. Their covariance is robust (HC2), so
        that it holds where the counts spread in another way; F tests have n - p residual
        degrees of freedom.

    Raises:
        NotEstimableError: If there is no finite maximum, as where a cluster has no event.

    Source:
        Lawless (1987), "Negative binomial and mixed Poisson regression", Can J Stat 15:209;
        MacKinnon & White (1985), J Econometrics 29:305, for HC2.
    """
    parameters = np.zeros(design.shape[1])
    parameters[0] = np.log(max(y.mean(), 1e-9))
    alpha, value = 0.0, -np.inf
    for _ in range(30):
        fitted = newton(_of(y, design, alpha), parameters)
        parameters = fitted[0]
        alpha, new = best_alpha(y, np.exp(design @ parameters))
        if new - value < 1e-7:
            break
        value = new
    if np.abs(design @ parameters).max() > _FAR:
        raise NotEstimableError("a cluster or level has no event")
    _, scores, information = _derivatives(y, design, parameters, alpha)
    name = "negative binomial model, HC2" if alpha > 0 else "Poisson model, HC2"
    bread = solve_information(information)
    means = np.exp(design @ parameters)
    weight = means * (1 + alpha * y) / (1 + alpha * means) ** 2
    leverage = weight * np.einsum("ij,jk,ik->i", design, bread, design)
    # HC2: the fit shrinks the variance of a residual by the factor 1 - leverage.
    inflated = scores / np.sqrt(np.maximum(1 - leverage, 1e-9))[:, None]
    # A row alone on its coefficient is fitted exactly: 0 / 0, and it tells nothing of the spread.
    inflated[leverage > 1 - 1e-9] = 0.0
    covariance = bread @ (inflated.T @ inflated) @ bread
    n, p = design.shape
    return CountModel(name, parameters, covariance, new, scores, n - p, bread=bread)


def _of(y: Values, design: Values, alpha: float) -> Derivatives:
    return lambda b: _derivatives(y, design, b, alpha)


def _derivatives(
    y: Values, design: Values, parameters: Values, alpha: float
) -> tuple[float, Values, Values]:
    # A trial step that is too long must not overflow before it is halved.
    means = np.exp(np.clip(design @ parameters, -40, 40))
    spread = 1 + alpha * means
    scores = design * ((y - means) / spread)[:, None]
    observed = means * (1 + alpha * y) / spread**2
    information = (design * observed[:, None]).T @ design
    return log_likelihood(y, means, alpha), scores, information
