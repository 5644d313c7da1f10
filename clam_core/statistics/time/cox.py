"""Cox model by Efron's partial likelihood; Firth's penalty where an estimate would be infinite.

Source:
    Cox (1972), J R Stat Soc B 34:187; Efron (1977), J Am Stat Assoc 72:557, for ties;
    Heinze & Schemper (2001), "A solution to the problem of monotone likelihood in Cox
    regression", Biometrics 57:114, for the penalty, its tests and intervals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.statistics.models.fitted_model import NotEstimableError, solve_information
from clam_core.statistics.result import Values

_CHI2_95 = 3.841458820694124
_LONGEST_STEP = 2.5
_FAR = 15.0
"""Log hazard ratio over the range of a column beyond which its estimate counts as infinite."""


@dataclass(frozen=True, eq=False)
class RiskSets:
    """Events in the order of time, each with those who were still at risk.

    Attributes:
        design: Covariates, latest time first, shape (n, p).
        event: Whether the event was seen, in that order, shape (n,).
        last: Per event: position of the last row at risk, shape (d,).
        first_tied: Per event: position of the first row of its time, shape (d,).
        share: Per event: share of its tied events that have left (Efron), shape (d,).
        time: Per event: its time, shape (d,).
    """

    design: Values
    event: Values
    last: NDArray[np.intp]
    first_tied: NDArray[np.intp]
    share: Values
    time: Values


@dataclass(frozen=True, eq=False)
class Moments:
    """What the likelihood is made of, one row per event.

    Attributes:
        value: Log partial likelihood, penalized where asked for.
        score: Its gradient, shape (p,).
        information: Information of the partial likelihood, shape (p, p).
        mean: Mean of the covariates of those at risk, shape (d, p).
        spread: Their covariance, shape (d, p, p).
    """

    value: float
    score: Values
    information: Values
    mean: Values
    spread: Values


@dataclass(frozen=True, eq=False)
class CoxFit:
    """A fitted Cox model.

    Attributes:
        coefficients: Log hazard ratios, shape (p,).
        covariance: Inverse of the information, shape (p, p).
        log_likelihood: At the estimate; penalized where `is_penalized`.
        is_penalized: Whether Firth's penalty was needed.
        sets: What it was fitted on, columns centred and divided by `scale`.
        scale: Range of each column of the design, shape (p,).
    """

    coefficients: Values
    covariance: Values
    log_likelihood: float
    is_penalized: bool
    sets: RiskSets
    scale: Values


def risk_sets(time: Values, event: Values, design: Values) -> RiskSets:
    """Sort follow-up so that those at risk at an event are the rows up to it.

    Args:
        time: Shape (n,).
        event: 0 or 1, shape (n,).
        design: Shape (n, p), without a constant.

    Returns:
        Rows with the latest time first.
    """
    order = np.argsort(-time, kind="stable")
    time, event = time[order], event[order]
    seen = np.flatnonzero(event == 1)
    # Rows of one time lie side by side: all of them are at risk at an event of that time.
    last = np.searchsorted(-time, -time[seen], side="right") - 1
    first = np.searchsorted(-time, -time[seen], side="left")
    _, start, counts = np.unique(-time[seen], return_index=True, return_counts=True)
    place = np.arange(len(seen)) - np.repeat(start, counts)
    return RiskSets(
        design[order], event, last, first, place / np.repeat(counts, counts), time[seen]
    )


def moments(sets: RiskSets, coefficients: Values, *, penalized: bool = False) -> Moments:
    """Log-likelihood, score and information at some coefficients.

    Args:
        sets: Events with those at risk.
        coefficients: Shape (p,).
        penalized: With half the log-determinant of the information (Firth).

    Returns:
        The value is minus infinity where the information is singular and it is penalized.
    """
    x, event = sets.design, sets.event
    linear = x @ coefficients
    weight = np.exp(linear - linear.max())
    squares = x[:, :, None] * x[:, None, :]
    total = _at_risk(sets, weight)
    mean = _at_risk(sets, weight[:, None] * x) / total[:, None]
    second = _at_risk(sets, weight[:, None, None] * squares) / total[:, None, None]
    spread = second - mean[:, :, None] * mean[:, None, :]
    seen = event == 1
    value = float((linear[seen] - linear.max()).sum() - np.log(total).sum())
    score = (x[seen] - mean).sum(axis=0)
    information = spread.sum(axis=0)
    if penalized:
        sign, log_determinant = np.linalg.slogdet(information)
        if sign <= 0 or not np.isfinite(log_determinant):
            return Moments(-np.inf, score, information, mean, spread)
        value += float(log_determinant) / 2
        inverse = np.linalg.inv(information)
        size = np.einsum("ij,jk,ik->i", x, inverse, x)
        at_mean = mean @ inverse
        # Third central moment of those at risk, along the inverse of the information.
        third = (
            _at_risk(sets, (weight * size)[:, None] * x) / total[:, None]
            - mean * (_at_risk(sets, weight * size) / total)[:, None]
            - 2 * np.einsum("dj,djr->dr", at_mean, spread)
        )
        score = score + third.sum(axis=0) / 2
    return Moments(value, score, information, mean, spread)


def _at_risk(sets: RiskSets, terms: Values) -> Values:
    """Sum of a term over those at risk at each event, the tied events in part (Efron)."""
    sums = np.cumsum(terms, axis=0)
    shape = (-1,) + (1,) * (terms.ndim - 1)
    events = np.cumsum(terms * sets.event.reshape(shape), axis=0)
    before = np.concatenate([np.zeros((1, *terms.shape[1:])), events])
    tied = events[sets.last] - before[sets.first_tied]
    at_risk: Values = sums[sets.last] - sets.share.reshape(shape) * tied
    return at_risk


def fit_cox(time: Values, event: Values, design: Values, *, penalized: bool = False) -> CoxFit:
    """Fit the Cox model; Firth's penalty steps in where a coefficient would be infinite.

    Args:
        time: Shape (n,).
        event: 0 or 1, shape (n,).
        design: Shape (n, p), without a constant, columns not linearly dependent.
        penalized: Take the penalty in any case.

    Returns:
        The fit, in the units of the design.

    Raises:
        NotEstimableError: If there is no unique estimate.
    """
    center, scale = _center_and_scale(design)
    sets = risk_sets(time, event, (design - center) / scale)
    p = design.shape[1]
    if np.linalg.matrix_rank(np.column_stack([np.ones(len(time)), sets.design])) <= p:
        raise NotEstimableError("the covariates depend on each other")
    free = np.ones(p, dtype=bool)
    if not penalized:
        reached = climb(sets, np.zeros(p), free, penalized=False)
        penalized = reached is None or bool((np.abs(reached[0]) > _FAR).any())
    if penalized:
        reached = climb(sets, np.zeros(p), free, penalized=True)
    if reached is None:
        raise NotEstimableError("the partial likelihood has no maximum")
    coefficients, found = reached
    covariance = solve_information(found.information)
    return CoxFit(
        coefficients / scale,
        covariance / np.outer(scale, scale),
        found.value,
        penalized,
        sets,
        scale,
    )


def _center_and_scale(design: Values) -> tuple[Values, Values]:
    """Middle and range of each column, so that no unit is better conditioned than another."""
    scale = np.ptp(design, axis=0) if len(design) else np.ones(design.shape[1])
    return design.mean(axis=0), np.where(scale > 0, scale, 1.0)


def climb(
    sets: RiskSets, start: Values, free: NDArray[np.bool_], *, penalized: bool
) -> tuple[Values, Moments] | None:
    """Damped Newton steps over the free coefficients.

    Args:
        sets: Events with those at risk.
        start: First coefficients, shape (p,).
        free: Which may change, shape (p,).
        penalized: With Firth's penalty.

    Returns:
        Coefficients and moments at the maximum; None where the steps do not end.
    """
    coefficients, state = start, moments(sets, start, penalized=penalized)
    for _ in range(100):
        step = np.zeros(len(start))
        try:
            step[free] = np.linalg.solve(state.information[np.ix_(free, free)], state.score[free])
        except np.linalg.LinAlgError:
            break
        longest = float(np.abs(step).max(initial=0.0))
        if longest < 1e-9:
            return coefficients, state
        if not np.isfinite(longest) or (np.abs(coefficients).max() > 2 * _FAR and not penalized):
            break
        step *= min(1.0, _LONGEST_STEP / longest)
        for halving in range(30):
            trial = coefficients + step / 2**halving
            reached = moments(sets, trial, penalized=penalized)
            if reached.value >= state.value - 1e-12 * abs(state.value):
                break
        else:
            return coefficients, state
        coefficients, state = trial, reached
    return None


def profile_interval(fit: CoxFit, position: int) -> tuple[float, float, float]:
    """Test and interval of one coefficient by the profile penalized likelihood.

    Args:
        fit: A penalized fit.
        position: Which coefficient.

    Returns:
        Lower and upper end of the 95 % interval, and the p-value of the likelihood ratio.
    """
    from scipy.optimize import brentq
    from scipy.special import chdtrc

    free = np.ones(len(fit.coefficients), dtype=bool)
    free[position] = False
    scale = float(fit.scale[position])
    at_best = fit.coefficients * fit.scale
    best = float(at_best[position])
    error = float(np.sqrt(fit.covariance[position, position])) * scale

    def lost(value: float) -> float:
        start = at_best.copy()
        start[position] = value
        reached = climb(fit.sets, start, free, penalized=True)
        if reached is None:
            raise NotEstimableError("the profile of the penalized likelihood has no maximum")
        return 2 * (fit.log_likelihood - reached[1].value) - _CHI2_95

    ends = []
    for side in (-1.0, 1.0):
        reach = 2 * error
        while lost(best + side * reach) < 0 and reach < 1e3 * error:
            reach *= 1.6
        far = best + side * reach
        ends.append(
            float(brentq(lost, best, far, xtol=1e-9)) / scale if lost(far) > 0 else side * np.inf
        )
    return ends[0], ends[1], float(chdtrc(1, max(0.0, lost(0.0) + _CHI2_95)))
