"""One joint test of the clusters for every kind of variable, with or without covariates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from clam_core.statistics.cohort.groups import midranks
from clam_core.statistics.effects.contingency import Z
from clam_core.statistics.models.count_model import fit_counts
from clam_core.statistics.models.firth import fit_firth, penalized_ratio, profile_interval
from clam_core.statistics.models.fitted_model import (
    Model,
    NotEstimableError,
    wald,
)
from clam_core.statistics.models.linear import fit_linear, with_pooled_variance
from clam_core.statistics.models.logistic import SeparationError, fit_logistic
from clam_core.statistics.models.multinomial import fit_multinomial
from clam_core.statistics.models.ordinal_model import fit_proportional_odds
from clam_core.statistics.result import Effect, Labels, Values

_NO_VARIANCE = 1e-12
"""Of a variable's own variance of the mean; less is rounding."""

SCALES = {
    "continuous": "mean_difference",
    "count": "rate_ratio",
    "ordinal": "odds_ratio",
    "binary": "odds_ratio",
    "nominal": "",
}
"""What the exponential of a coefficient, or the coefficient itself, says for each kind."""


@dataclass(frozen=True, eq=False)
class Problem:
    """A variable, the columns to test and the columns to adjust by.

    Attributes:
        kind: Kind of the variable.
        y: Numbers, or codes 0, 1, ... of levels that all occur, shape (n,).
        tested: Columns that are tested together, shape (n, m).
        covariates: Further columns, without a constant, shape (n, c).
        subjects: Subject of each row, from 0, where rows of one subject depend.
    """

    kind: str
    y: Values
    tested: Values
    covariates: Values
    subjects: Labels | None = None

    @property
    def design(self) -> Values:
        """Constant, tested columns, covariates."""
        return np.column_stack([np.ones(len(self.y)), self.tested, self.covariates])

    @property
    def null(self) -> Values:
        """The same without the tested columns."""
        return np.column_stack([np.ones(len(self.y)), self.covariates])

    @property
    def positions(self) -> NDArray[np.intp]:
        """Positions of the tested columns in the design."""
        return np.arange(1, 1 + self.tested.shape[1], dtype=np.intp)


@dataclass(frozen=True, eq=False)
class JointTest:
    """Joint test of the tested columns, and their coefficients.

    Attributes:
        model: Name of the model.
        n: Rows, or subjects where these have several rows.
        statistic: F where `df_residual` is finite, else chi-square.
        df: Tested degrees of freedom.
        df_residual: Of the denominator; NaN for chi-square.
        p_value: P-value.
        coefficients: Per tested column; none for nominal variables.
        low: Lower ends of their 95 % intervals.
        high: Upper ends.
        effect: The effect, where the test has one of its own.
        scale: What coefficients are, where it is not that of the kind; they are differences then.
        fitted: The model with the tested columns; None where subjects were shuffled.
        tested: Positions of the tested columns among its coefficients.
    """

    model: str
    n: int
    statistic: float
    df: float
    df_residual: float
    p_value: float
    coefficients: Values
    low: Values
    high: Values
    effect: Effect | None = None
    scale: str = ""
    fitted: Model | None = None
    tested: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, dtype=np.intp))


def joint_test(problem: Problem) -> JointTest:
    """Test columns together in the model that fits the kind of the variable.

    Continuous: least squares with HC3, F. Binary: logistic, Firth's where separated.
    Ordinal: proportional odds, or least squares on ranks where separated. Nominal:
    multinomial, with Clogg's prior where separated. These by likelihood ratio. Counts:
    negative binomial with HC2, F (HC3 rejects too rarely where most counts are 0).

    Args:
        problem: The variable and the columns.

    Returns:
        The test.

    Raises:
        NotEstimableError: If the model has no unique or no finite estimate.
    """
    if problem.kind == "continuous":
        return _linear(problem, problem.y)
    if problem.kind == "binary":
        return _logistic(problem)
    if problem.kind == "ordinal":
        return _ordinal(problem)
    if problem.kind == "nominal":
        return _multinomial(problem)
    return _counts(problem)


def _counts(problem: Problem) -> JointTest:
    return _by_wald(problem, fit_counts(problem.y, problem.design), problem.positions)


def _linear(problem: Problem, y: Values, name: str = "") -> JointTest:
    model = fit_linear(y, problem.design)
    return _by_wald(problem, model, problem.positions, name)


def _by_wald(problem: Problem, model: Model, tested: NDArray[np.intp], name: str = "") -> JointTest:
    """F test of the coefficients with the model's covariance."""
    from scipy.special import fdtrc, stdtrit

    df = len(tested)
    variances = np.diag(model.covariance)[tested]
    if not (variances > _NO_VARIANCE * np.var(problem.y) / len(problem.y)).all():
        raise NotEstimableError("nothing varies within a cluster")
    try:
        statistic = wald(model, tested) / df
    except np.linalg.LinAlgError:
        raise NotEstimableError("nothing varies within a cluster") from None
    if model.df_residual < 1 or not np.isfinite(statistic):
        raise NotEstimableError("there are too few rows")
    p_value = float(fdtrc(df, model.df_residual, statistic))
    reach = stdtrit(model.df_residual, 0.975)
    part = model.coefficients[tested], np.sqrt(variances)
    ends = (part[0], part[0] - reach * part[1], part[0] + reach * part[1])
    head = (name or model.name, len(problem.y), statistic, df, model.df_residual, p_value)
    return JointTest(*head, *ends, fitted=model, tested=tested)


def _by_likelihood(
    problem: Problem, fit: Callable[[Values, Values], Model], tested: NDArray[np.intp]
) -> JointTest:
    """Likelihood-ratio test of the tested columns in a model with a constant."""
    model = fit(problem.y, problem.design)
    null = fit(problem.y, problem.null)
    return _ratio(problem, model, 2 * (model.log_likelihood - null.log_likelihood), tested)


def _ratio(problem: Problem, model: Model, statistic: float, tested: NDArray[np.intp]) -> JointTest:
    from scipy.special import chdtrc

    statistic, df = max(0.0, statistic), len(tested)
    p_value = float(chdtrc(df, statistic))
    part = model.coefficients[tested], np.sqrt(np.diag(model.covariance)[tested])
    ends = (part[0], part[0] - Z * part[1], part[0] + Z * part[1])
    head = (model.name, len(problem.y), statistic, df, np.nan, p_value)
    return JointTest(*head, *ends, fitted=model, tested=tested)


def _logistic(problem: Problem) -> JointTest:
    try:
        return _by_likelihood(problem, fit_logistic, problem.positions)
    except SeparationError:
        model = fit_firth(problem.y, problem.design)
    statistic = penalized_ratio(problem.y, problem.design, model, problem.positions)
    ratio = _ratio(problem, model, statistic, problem.positions)
    ends = [profile_interval(problem.y, problem.design, model, int(j)) for j in problem.positions]
    low, high = np.array(ends).T
    return replace(ratio, low=low, high=high)


def _ordinal(problem: Problem) -> JointTest:
    """Proportional odds; its design has thresholds in the place of the constant."""
    n_thresholds = int(problem.y.max())
    tested = n_thresholds + problem.positions - 1
    try:
        model = fit_proportional_odds(problem.y, problem.design[:, 1:])
        null = fit_proportional_odds(problem.y, problem.null[:, 1:])
    except NotEstimableError:
        return _by_ranks(problem)
    return _ratio(problem, model, 2 * (model.log_likelihood - null.log_likelihood), tested)


def _by_ranks(problem: Problem) -> JointTest:
    """Least squares on ranks where levels are separated, with one variance if HC3 has none.

    Source:
        Conover & Iman (1981), "Rank transformations as a bridge between parametric and
        nonparametric statistics", Am Stat 35:124.
    """
    ranks = midranks(problem.y)
    name = "linear model on ranks, {} (levels are separated)"
    try:
        return _linear(problem, ranks, name.format("HC3"))
    except NotEstimableError:
        pass
    model = with_pooled_variance(fit_linear(ranks, problem.design), ranks, problem.design)
    return _by_wald(problem, model, problem.positions, name.format("pooled variance"))


def _multinomial(problem: Problem) -> JointTest:
    p = problem.design.shape[1]
    # Coefficients come level by level, p each.
    tested = (np.arange(int(problem.y.max()))[:, None] * p + problem.positions[None, :]).ravel()
    try:
        tested_jointly = _by_likelihood(problem, fit_multinomial, tested)
    except NotEstimableError:
        tested_jointly = _with_prior(problem, tested)
    none = np.empty(0)
    return replace(tested_jointly, coefficients=none, low=none, high=none)


def _with_prior(problem: Problem, tested: NDArray[np.intp]) -> JointTest:
    """Wald test under Clogg's prior: the likelihoods of two designs differ in their prior."""
    from scipy.special import chdtrc

    model = fit_multinomial(problem.y, problem.design, prior=True)
    statistic = wald(model, tested)
    none = np.empty(0)
    p_value = float(chdtrc(len(tested), statistic))
    n = len(problem.y)
    head = (model.name, n, statistic, len(tested), np.nan, p_value)
    return JointTest(*head, none, none, none, fitted=model, tested=tested)
