"""The baseline-category logit model of a nominal variable."""

from __future__ import annotations

import numpy as np

from clam_core.statistics.models.fitted_model import Model, NotEstimableError, solve_information
from clam_core.statistics.models.newton import newton
from clam_core.statistics.result import Values

_FAR = 12.0


def fit_multinomial(y: Values, design: Values, *, prior: bool = False) -> Model:
    """Fit log P(y = j) / P(y = 0) = x'b_j.

    Args:
        y: Level codes 0, 1, ..., L - 1, each present, shape (n,).
        design: Shape (n, p), full rank, with its constant.
        prior: Spread p L pseudo-observations over all rows in the proportions of the
            levels, which makes the estimate finite where levels are separated.

    Returns:
        The model; coefficients are those of level 1, then level 2 and so on, p each.

    Raises:
        NotEstimableError: If there is no finite maximum.

    Source:
        Clogg et al. (1991), "Multiple imputation of industry and occupation codes",
        J Am Stat Assoc 86:68, for the pseudo-observations.
    """
    n, p = design.shape
    codes = y.astype(np.intp)
    n_levels = int(codes.max()) + 1
    observed = np.zeros((n, n_levels))
    observed[np.arange(n), codes] = 1.0
    if prior:
        observed += p * n_levels / n * observed.mean(axis=0)
    start = np.zeros((n_levels - 1) * p)
    fitted = newton(lambda b: _derivatives(observed, design, b), start)
    parameters, value, scores, information = fitted
    reach = design @ parameters.reshape(n_levels - 1, p).T
    if not prior and np.abs(reach).max() > _FAR + np.log(n):
        raise NotEstimableError("the levels are separated")
    name = "multinomial model, Clogg's prior" if prior else "multinomial model"
    return Model(name, parameters, solve_information(information), value, scores)


def _derivatives(
    observed: Values, design: Values, parameters: Values
) -> tuple[float, Values, Values]:
    n, p = design.shape
    n_free = observed.shape[1] - 1
    predictor = np.zeros((n, n_free + 1))
    predictor[:, 1:] = design @ parameters.reshape(n_free, p).T
    predictor -= predictor.max(axis=1, keepdims=True)
    log_chance = predictor - np.log(np.exp(predictor).sum(axis=1, keepdims=True))
    chance = np.exp(log_chance)[:, 1:]
    weight = observed.sum(axis=1, keepdims=True)
    gap = observed[:, 1:] - weight * chance
    scores = (gap[:, :, None] * design[:, None, :]).reshape(n, -1)
    information = np.empty((n_free, p, n_free, p))
    for j in range(n_free):
        for m in range(j, n_free):
            own = chance[:, j] if j == m else 0.0
            # Covariance of two levels of one draw: p_j (1[j = m] - p_m).
            rows = weight[:, 0] * (own - chance[:, j] * chance[:, m])
            block = (design * rows[:, None]).T @ design
            information[j, :, m] = information[m, :, j] = block
    return float((observed * log_chance).sum()), scores, information.reshape(n_free * p, -1)
