"""Whether hazard ratios stay the same over time: the score test of a slope in time.

Source:
    Grambsch & Therneau (1994), "Proportional hazards tests and diagnostics based on weighted
    residuals", Biometrika 81:515; computed as the joint score test of the model with time
    times covariate added, as in cox.zph of the R package survival from version 3.0 on.
"""

from __future__ import annotations

import numpy as np

from clam_core.statistics.result import Values
from clam_core.statistics.time.cox import CoxFit, moments


def proportional_hazards(fit: CoxFit, n_tested: int) -> tuple[float, float]:
    """Test that the first coefficients of a Cox model do not change over time.

    Args:
        fit: A fit without penalty.
        n_tested: How many coefficients are tested together.

    Returns:
        Chi-square with `n_tested` degrees of freedom and its p-value; time counts as one minus
        the Kaplan-Meier estimate of all rows just before it. NaN where events are too few.
    """
    from scipy.special import chdtrc

    sets = fit.sets
    scaled = moments(sets, fit.coefficients * fit.scale)
    time = _transformed(sets.time, sets.last)
    # Constants added to the time change nothing, as the score without it is zero.
    time = time - time.mean() if len(time) else time
    residuals = sets.design[sets.event == 1] - scaled.mean
    score = (time[:, None] * residuals).sum(axis=0)[:n_tested]
    weighted = scaled.spread * time[:, None, None]
    cross = weighted.sum(axis=0)[:, :n_tested]
    own = (weighted * time[:, None, None]).sum(axis=0)[:n_tested, :n_tested]
    try:
        covariance = own - cross.T @ np.linalg.solve(scaled.information, cross)
        statistic = float(score @ np.linalg.solve(covariance, score))
    except np.linalg.LinAlgError:
        return np.nan, np.nan
    if not np.isfinite(statistic) or statistic < 0 or len(time) < n_tested + 2:
        return np.nan, np.nan
    return statistic, float(chdtrc(n_tested, statistic))


def _transformed(time: Values, last: np.ndarray) -> Values:
    """One minus the Kaplan-Meier estimate just before each event, events latest first."""
    steps, where, deaths = np.unique(-time, return_inverse=True, return_counts=True)
    at_risk = np.zeros(len(steps))
    at_risk[where] = last + 1
    # From the earliest time on: the latest comes first in `steps`.
    left = np.cumprod((1 - deaths / at_risk)[::-1])[::-1]
    before = np.append(left[1:], 1.0)
    return np.asarray(1 - before[where], dtype=np.float64)
