"""Logistic regression with Firth's penalty, finite also where the answers are separated.

Source:
    Firth (1993), "Bias reduction of maximum likelihood estimates", Biometrika 80:27;
    Heinze & Schemper (2002), "A solution to the problem of separation in logistic
    regression", Stat Med 21:2409, for the tests and intervals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.statistics.models.fitted_model import Model, NotEstimableError, solve_information
from clam_core.statistics.models.logistic import logistic_derivatives
from clam_core.statistics.result import Values

_CHI2_95 = 3.841458820694124
# As `maxstep` of R's logistf.
_LONGEST_STEP = 5.0


@dataclass(frozen=True, eq=False)
class _State:
    """Penalized log-likelihood at some coefficients, with what the next step needs."""

    coefficients: Values
    value: float
    scores: Values
    information: Values


def _state(y: Values, design: Values, coefficients: Values) -> _State:
    value, scores, information = logistic_derivatives(y, design, coefficients)
    sign, log_determinant = np.linalg.slogdet(information)
    if sign <= 0:
        return _State(coefficients, -np.inf, scores, information)
    from scipy.special import expit

    chance = expit(design @ coefficients)
    weight = chance * (1 - chance)
    hat = weight * np.einsum("ij,ji->i", design, np.linalg.solve(information, design.T))
    # Firth's modified score; half the log-determinant of the information is Jeffreys' prior.
    penalized = scores + design * (hat * (0.5 - chance))[:, None]
    return _State(coefficients, value + log_determinant / 2, penalized, information)


def _maximize(y: Values, design: Values, start: Values, free: NDArray[np.bool_]) -> _State:
    """Maximum of the penalized likelihood over the free coefficients."""
    state = _state(y, design, start)
    for _ in range(200):
        score = state.scores.sum(axis=0)[free]
        if len(score) == 0:
            return state
        step = np.zeros(len(start))
        step[free] = np.linalg.solve(state.information[np.ix_(free, free)], score)
        longest = float(np.abs(step).max())
        if longest < 1e-8 and np.abs(score).max() < 1e-6:
            return state
        step *= min(1.0, _LONGEST_STEP / longest)
        for halving in range(30):
            trial = _state(y, design, state.coefficients + step / 2**halving)
            if trial.value > state.value - 1e-12 * abs(state.value):
                break
        else:
            return state
        state = trial
    raise NotEstimableError("Firth's penalized likelihood did not converge")


def fit_firth(y: Values, design: Values) -> Model:
    """Fit by Firth's penalized likelihood.

    Args:
        y: 0 or 1, shape (n,), both present.
        design: Shape (n, p), full rank, with its constant.

    Returns:
        The model; its log-likelihood is the penalized one.

    Raises:
        NotEstimableError: If the design is not of full rank or the steps do not end.
    """
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise NotEstimableError("the model has no unique estimate")
    p = design.shape[1]
    state = _maximize(y, design, np.zeros(p), np.ones(p, dtype=bool))
    covariance = solve_information(state.information)
    return Model("Firth logistic model", state.coefficients, covariance, state.value, state.scores)


def penalized_ratio(y: Values, design: Values, model: Model, tested: NDArray[np.intp]) -> float:
    """Penalized likelihood-ratio statistic of some coefficients together.

    Args:
        y: 0 or 1, shape (n,).
        design: Shape (n, p).
        model: The fit of `fit_firth`.
        tested: Positions of coefficients that are 0 under the null hypothesis; the
            penalty is that of the whole design, as in R's logistf.

    Returns:
        Statistic, chi-square with as many degrees of freedom as coefficients.
    """
    free = np.ones(design.shape[1], dtype=bool)
    free[tested] = False
    null = _maximize(y, design, np.where(free, model.coefficients, 0.0), free)
    return max(0.0, 2 * (model.log_likelihood - null.value))


def profile_interval(y: Values, design: Values, model: Model, position: int) -> tuple[float, float]:
    """95 % interval of a coefficient by its profile penalized likelihood.

    Args:
        y: 0 or 1, shape (n,).
        design: Shape (n, p).
        model: The fit of `fit_firth`.
        position: Which coefficient.

    Returns:
        Lower and upper end.
    """
    low, high = (_profile_end(y, design, model, (position, side)) for side in (-1.0, 1.0))
    return low, high


def _profile_end(y: Values, design: Values, model: Model, which: tuple[int, float]) -> float:
    from scipy.optimize import brentq

    position, side = which
    free = np.ones(design.shape[1], dtype=bool)
    free[position] = False
    best = float(model.coefficients[position])

    def above(value: float) -> float:
        start = model.coefficients.copy()
        start[position] = value
        profile = _maximize(y, design, start, free).value
        return 2 * (model.log_likelihood - profile) - _CHI2_95

    error = float(np.sqrt(model.covariance[position, position]))
    reach = 2 * error
    while above(best + side * reach) < 0:
        reach *= 1.6
        if reach > 1e3 * error:
            return float(side * np.inf)
    return float(brentq(above, best, best + side * reach, xtol=1e-8))
