"""Crude beside adjusted: the same model on the same rows, without and with covariates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.statistics.dependence.by_subject import joint_test_by_subject
from clam_core.statistics.effects.numbers import share_of_chi2, share_of_f
from clam_core.statistics.models.adjust_by_weights import weighted_test
from clam_core.statistics.models.adjusted_means import all_contrasts, all_means
from clam_core.statistics.models.design import (
    Covariates,
    check_separable,
    cluster_columns,
    drop_idle_columns,
)
from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.models.regression import SCALES, JointTest, Problem, joint_test
from clam_core.statistics.models.weighting import weights_of
from clam_core.statistics.result import Effect, Labels, Values

_SPARE_ROWS = 10

AdjustBy = Literal["regression", "weights"]


@dataclass(frozen=True, eq=False)
class Outcome:
    """A variable with its clusters.

    Attributes:
        kind: `continuous`, `count`, `ordinal`, `nominal` or `binary`.
        values: Numbers or codes, NaN where missing, shape (n,).
        labels: Cluster of each row, shape (n,).
        subjects: Subject of each row where subjects have several rows.
        n_resamples: Shuffles of subjects, where they have several rows and a test needs them.
        seed: Shuffles follow from it.
    """

    kind: str
    values: Values
    labels: Labels
    subjects: Labels | None = None
    n_resamples: int = 999
    seed: int = 0

    def test(
        self, rows: NDArray[np.bool_], tested: Values, covariates: Values | None = None
    ) -> JointTest:
        """Joint test of columns in some rows; each subject counts once where it has several.

        Raises:
            NotEstimableError: If there is no estimate.
        """
        return self.solve(self.problem(rows, tested, covariates))

    def solve(self, problem: Problem) -> JointTest:
        """Joint test of a problem; each subject counts once where it has several rows.

        Raises:
            NotEstimableError: If there is no estimate.
        """
        try:
            if problem.subjects is None:
                return joint_test(problem)
            return joint_test_by_subject(problem, self.n_resamples, self.seed)
        except np.linalg.LinAlgError:
            n, p = problem.design.shape
            raise NotEstimableError(
                f"its {p} coefficients cannot be told apart in {n} rows"
            ) from None

    def problem(
        self, rows: NDArray[np.bool_], tested: Values, covariates: Values | None = None
    ) -> Problem:
        """The regression on some rows; codes of levels are made to start from 0 again.

        Raises:
            NotEstimableError: If nothing varies in these rows.
        """
        y = self.values[rows]
        if len(np.unique(y)) < 2:
            raise NotEstimableError("all values of the complete rows are the same")
        if self.kind in {"ordinal", "nominal", "binary"}:
            y = np.unique(y, return_inverse=True)[1].astype(np.float64)
        subjects = self.subjects
        if subjects is not None:
            subjects = np.unique(subjects[rows], return_inverse=True)[1].astype(np.int64)
        none = np.empty((len(y), 0))
        kind = "nominal" if self.kind == "binary" and y.max() > 1 else self.kind
        return Problem(kind, y, tested, none if covariates is None else covariates, subjects)


@dataclass(frozen=True, eq=False)
class Adjusted:
    """Crude and adjusted test on the rows where no covariate is missing.

    Attributes:
        n: Those rows.
        crude: Test without covariates.
        adjusted: Test with them.
        crude_effect: Effect without covariates.
        adjusted_effect: The same effect with them.
        contrasts: Every pair of clusters, columns `CONTRAST_COLUMNS`.
        means: Every cluster, columns `MEAN_COLUMNS`.
        note: A warning, or nothing.
        problem: The adjusted regression; None where rows were weighted.
    """

    n: int
    crude: JointTest
    adjusted: JointTest
    crude_effect: Effect
    adjusted_effect: Effect
    contrasts: pd.DataFrame
    means: pd.DataFrame
    note: str
    problem: Problem | None = None


def adjust(outcome: Outcome, covariates: Covariates, how: AdjustBy = "regression") -> Adjusted:
    """Test the clusters with and without covariates.

    Args:
        outcome: The variable.
        covariates: What to adjust by, not the variable itself.
        how: By a model of the variable, or by weights from a model of the clusters.

    Returns:
        Both tests with their effects.

    Raises:
        NotEstimableError: If too few rows are complete, cluster and covariates cannot be
            separated, or a model has no estimate.
    """
    matrix = covariates.matrix(len(outcome.labels))
    complete = np.isfinite(outcome.values) & np.isfinite(matrix).all(axis=1)
    rows = complete & in_clusters_of_two(outcome.labels, complete)
    labels = outcome.labels[rows]
    if len(np.unique(labels)) < 2:
        raise NotEstimableError(_incomplete_words(outcome.labels, complete))
    tested, others = cluster_columns(labels), drop_idle_columns(matrix[rows])
    n_coefficients = 1 + tested.shape[1] + others.shape[1]
    if rows.sum() < n_coefficients + _SPARE_ROWS:
        raise NotEstimableError(
            f"{int(rows.sum())} complete rows are too few for {n_coefficients} coefficients"
        )
    note = check_separable(tested, covariates, rows)
    absent = np.setdiff1d(outcome.labels[np.isfinite(outcome.values)], labels)
    if len(absent):
        named = ", ".join(f"cluster {one}" for one in absent)
        note = f"Adjusted without {named}, where a covariate is always missing. {note}".strip()
    bare = outcome.problem(rows, tested)
    if how == "weights":
        crude = weighted_test(bare, np.ones(len(labels)))
        adjusted = weighted_test(bare, weights_of(labels, others))
        fits = {"crude": (bare, crude), "adjusted": (bare, adjusted)}
    else:
        full = outcome.problem(rows, tested, others)
        crude, adjusted = outcome.solve(bare), outcome.solve(full)
        fits = {"crude": (bare, crude), "adjusted": (full, adjusted)}
    effects = (effect_of(crude, outcome), effect_of(adjusted, outcome))
    contrasts = all_contrasts(np.unique(labels), outcome.kind, fits)
    means = all_means(labels, outcome.kind, fits)
    problem = None if how == "weights" else full
    return Adjusted(int(rows.sum()), crude, adjusted, *effects, contrasts, means, note, problem)


def _incomplete_words(labels: Labels, complete: NDArray[np.bool_]) -> str:
    """Complete rows of each cluster, as a reason why there is no adjusted result."""
    numbers = ", ".join(
        f"{int(complete[labels == one].sum())} of {int((labels == one).sum())} in cluster {one}"
        for one in np.unique(labels)
    )
    return (
        "fewer than two clusters have two rows in which the variable and every covariate are known "
        f"({numbers})"
    )


def in_clusters_of_two(labels: Labels, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows whose cluster has two or more rows."""
    clusters, counts = np.unique(labels[rows], return_counts=True)
    return np.isin(labels, clusters[counts >= 2])


def effect_of(test: JointTest, outcome: Outcome) -> Effect:
    """Effect of two clusters on the model's scale, of more as a share of variance.

    Args:
        test: The joint test of the clusters.
        outcome: The variable.

    Returns:
        First minus (or over) second cluster, or the share with bias corrected.
    """
    if test.effect is not None:
        return test.effect
    scale = SCALES[outcome.kind]
    if test.df > 1 or len(test.coefficients) != 1:
        name = "partial_r_squared"
        if np.isfinite(test.df_residual):
            size, low, high = share_of_f(test.statistic, test.df, test.df_residual, test.n)
            return Effect(name, size, low, high, "noncentral F (Steiger 2004)")
        size, low, high = share_of_chi2(test.statistic, test.df, test.n)
        return Effect(name, size, low, high, "noncentral chi-square of the likelihood ratio")
    # Coefficients are second minus first cluster; effects are given as first minus second.
    value, low, high = -test.coefficients[0], -test.high[0], -test.low[0]
    if scale == "mean_difference" or "ranks" in test.model:
        if "ranks" in test.model:
            return Effect("partial_r_squared", *_share(test), test.model)
        return Effect(scale, float(value), float(low), float(high), test.model)
    size, low, high = (float(np.exp(x)) for x in (value, low, high))
    return Effect(scale, size, low, high, f"{test.model}")


def _share(test: JointTest) -> tuple[float, float, float]:
    size, low, high = share_of_f(test.statistic, test.df, test.df_residual, test.n)
    return size, low, high


def standardized(effect: Effect, outcome: Outcome, rows: NDArray[np.bool_]) -> Effect:
    """A difference of means over the pooled standard deviation within clusters.

    Args:
        effect: What `effect_of` gives.
        outcome: The variable.
        rows: Its rows that were used, shape (n,).

    Returns:
        The same difference without its unit; NaN where the effect is another one.
    """
    name = "standardized_difference"
    spread = _pooled_sd(outcome.values[rows], outcome.labels[rows])
    if effect.name != "mean_difference" or spread == 0:
        return Effect("", np.nan, np.nan, np.nan, "")
    size, low, high = (float(x / spread) for x in (effect.size, effect.ci_low, effect.ci_high))
    method = "model's interval over the pooled standard deviation within clusters"
    return Effect(name, size, low, high, method)


def _pooled_sd(values: Values, labels: Labels) -> float:
    _, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    means = np.bincount(codes, weights=values) / counts
    within = float(((values - means[codes]) ** 2).sum())
    return float(np.sqrt(within / (len(values) - len(counts))))


def soft_test(outcome: Outcome, soft: Values) -> JointTest:
    """Test whether the variable depends on the soft assignment instead of the hard cluster.

    Args:
        outcome: The variable.
        soft: Soft assignment, shape (n, k), rows sum to 1.

    Returns:
        Joint test of all but the first column; where every row is sure of its cluster,
        that is the test of the clusters themselves.

    Raises:
        NotEstimableError: If the soft assignment does not vary, or rows are too few.
    """
    rows = np.isfinite(outcome.values)
    tested = drop_idle_columns(soft[rows][:, 1:])
    if not tested.shape[1] or rows.sum() < tested.shape[1] + 1 + _SPARE_ROWS:
        raise NotEstimableError("the soft assignment does not vary, or rows are too few")
    return outcome.test(rows, tested / tested.std(axis=0))
