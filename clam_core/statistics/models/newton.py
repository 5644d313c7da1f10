"""Newton's method for smooth log-likelihoods, with step halving."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.result import Values

Derivatives = Callable[[Values], tuple[float, Values, Values]]
"""Parameters to log-likelihood, score per row (n, p) and information (p, p)."""


def newton(
    derivatives: Derivatives, start: Values, n_steps: int = 40
) -> tuple[Values, float, Values, Values]:
    """Maximise a log-likelihood.

    Args:
        derivatives: The log-likelihood with its derivatives.
        start: First parameters, shape (p,), of finite log-likelihood.
        n_steps: Steps after which it counts as not converging.

    Returns:
        Parameters, log-likelihood, scores (n, p) and information (p, p) at the maximum.

    Raises:
        NotEstimableError: If the steps do not end, which means that there is no finite maximum.
    """
    parameters = start
    value, scores, information = derivatives(parameters)
    for _ in range(n_steps):
        step = _step(information, scores.sum(axis=0))
        gain = float(step @ scores.sum(axis=0))
        # Newton's decrement: twice what the next step could still gain.
        if gain < 1e-10:
            return parameters, value, scores, information
        for halving in range(20):
            trial = parameters + step / 2**halving
            reached = derivatives(trial)
            if reached[0] >= value - 1e-12 * abs(value):
                break
        else:
            return parameters, value, scores, information
        parameters, (value, scores, information) = trial, reached
    raise NotEstimableError("the likelihood has no finite maximum (separation)")


def _step(information: Values, score: Values) -> Values:
    try:
        return np.asarray(np.linalg.solve(information, score), dtype=np.float64)
    except np.linalg.LinAlgError:
        raise NotEstimableError("the model has no unique estimate") from None
