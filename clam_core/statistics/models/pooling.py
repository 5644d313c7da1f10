"""Rubin's rules: one estimate out of several completed or redrawn tables.

Source:
    Rubin (1987), Multiple imputation for nonresponse in surveys; Barnard & Rubin (1999), Biometrika
    86:948, for the degrees of freedom of one coefficient; Li, Raghunathan & Rubin (1991), J Am Stat
    Assoc 86:1065, and Reiter (2007), Biometrika 94:502, for a joint test (D1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from clam_core.statistics.effects.numbers import share_of_f
from clam_core.statistics.models.fitted_model import Model, NotEstimableError
from clam_core.statistics.models.regression import JointTest
from clam_core.statistics.result import Effect, Values

_LEAST_SHARE = 1e-4
"""Of the variance between tables; as in mice."""


def df_of_one(within: float, between: float, m: int, df_complete: float) -> float:
    """Degrees of freedom of one coefficient (Barnard & Rubin).

    Args:
        within: Mean of its variances.
        between: Variance of its estimates.
        m: Number of tables.
        df_complete: What a table without missing values would have; may be infinite.
    """
    extra = (1 + 1 / m) * between
    share = max(extra / (within + extra), _LEAST_SHARE)
    of_tables = (m - 1) / share**2
    if np.isinf(df_complete):
        return of_tables
    of_rows = (df_complete + 1) / (df_complete + 3) * df_complete * (1 - share)
    return of_tables * of_rows / (of_tables + of_rows)


def df_of_several(increase: float, k: int, m: int, df_complete: float) -> float:
    """Degrees of freedom of the denominator of a joint test of k coefficients, k > 1.

    Args:
        increase: Mean relative increase of the variance by what is missing.
        k: Number of coefficients.
        m: Number of tables; k (m - 1) must be above 4.
        df_complete: What a table without missing values would have; may be infinite.
    """
    t = k * (m - 1)
    increase = max(increase, _LEAST_SHARE)
    if np.isinf(df_complete):
        return 4 + (t - 4) * (1 + (1 - 2 / t) / increase) ** 2
    a = increase * t / (t - 2)
    rows = (df_complete + 1) / (df_complete + 3) * df_complete
    c0, c1, c2 = 1 / (t - 4), rows - 2 * (1 + a), rows - 4 * (1 + a)
    if c2 <= 0:
        raise NotEstimableError("too much is missing for so few rows")
    z = 1 / c2 + c0 * (
        a**2 * c1 / ((1 + a) ** 2 * c2)
        + 8 * a**2 * c1 / ((1 + a) * c2**2)
        + 4 * a**2 / ((1 + a) * c2)
        + 4 * a**2 / (c2 * c1)
        + 16 * a**2 * c1 / c2**3
        + 8 * a**2 / c2**2
    )
    return 4 + 1 / z


def pool_tests(tests: Sequence[JointTest]) -> JointTest:
    """Pool the joint tests of several tables.

    Args:
        tests: Of the same model, each with what was fitted.

    Returns:
        F of the tested coefficients together (D1; of one its t squared), pooled coefficients with
        intervals; its `fitted` gives any combination its own degrees of freedom.

    Raises:
        NotEstimableError: If models differ between tables, or a test has no coefficients.
    """
    from scipy.special import fdtrc, stdtrit

    fits = [test.fitted for test in tests if test.fitted is not None]
    first = tests[0]
    if len(fits) < len(tests):
        raise NotEstimableError("it is tested by shuffles, which have no estimate to pool")
    if any("Firth" in test.model for test in tests):
        raise NotEstimableError("its answers are separated, where estimates cannot be pooled")
    shapes = {(test.model, len(fit.coefficients)) for test, fit in zip(tests, fits, strict=True)}
    if len(shapes) > 1:
        raise NotEstimableError("its model is not the same in all tables")
    m, q = len(tests), len(first.tested)
    points = np.stack([fit.coefficients for fit in fits])
    within = np.mean([fit.covariance for fit in fits], axis=0)
    between = np.cov(points, rowvar=False).reshape(within.shape)
    total = within + (1 + 1 / m) * between
    df_complete = fits[0].df_residual

    def df_of(point: Values) -> float:
        known = fits[0].df_of(point) if fits[0].df_of is not None else df_complete
        return df_of_one(float(point @ within @ point), float(point @ between @ point), m, known)

    mean = points.mean(axis=0)
    part, at = mean[first.tested], np.ix_(first.tested, first.tested)
    name = f"{first.model}, {m} tables pooled"
    unit = np.eye(len(mean))[first.tested]
    df_each = np.array([df_of(one) for one in unit])
    if q == 1:
        statistic, residual = float(part[0] ** 2 / total[at][0, 0]), float(df_each[0])
    else:
        increase = float((1 + 1 / m) * np.trace(np.linalg.solve(within[at], between[at]))) / q
        residual = df_of_several(increase, q, m, df_complete)
        statistic = float(part @ np.linalg.solve(within[at], part)) / (q * (1 + increase))
    model = Model(name, mean, total, np.nan, np.empty((0, 0)), residual, df_of)
    p_value = float(fdtrc(q, residual, statistic))
    n = int(np.mean([test.n for test in tests]))
    pooled = replace(
        first, model=name, n=n, statistic=statistic, df=q, df_residual=residual,
        p_value=p_value, effect=None, fitted=model,
    )  # fmt: skip
    if not len(first.coefficients):
        return pooled
    width = stdtrit(np.minimum(df_each, 1e9), 0.975) * np.sqrt(np.diag(total)[first.tested])
    pooled = replace(pooled, coefficients=part, low=part - width, high=part + width)
    # Where a difference has a scale of its own (ranks, shares), the effect is told on it.
    if first.scale and q == 1:
        ends = (float(-part[0]), float(-part[0] - width[0]), float(-part[0] + width[0]))
        return replace(pooled, effect=Effect(first.scale, *ends, "Rubin's rules"))
    if first.scale:
        share = share_of_f(statistic, q, residual, n)
        effect = Effect("partial_r_squared", share[0], share[1], share[2], "noncentral F, pooled")
        return replace(pooled, effect=effect)
    return pooled
