"""The joint test of the clusters where subjects have several rows: every subject counts once."""

from __future__ import annotations

from zlib import crc32

import numpy as np

from clam_core.statistics.dependence.reduced_bias import NoSpreadError, fit_reduced_bias
from clam_core.statistics.dependence.shuffled_subjects import shuffle_subjects
from clam_core.statistics.effects.numbers import agreeing, share_of_chi2, share_of_f
from clam_core.statistics.models.fitted_model import Model, NotEstimableError
from clam_core.statistics.models.regression import JointTest, Problem
from clam_core.statistics.result import Effect, Labels, Values

FEWEST_ELSEWHERE = 5
"""Subjects with another value than the most frequent one, below which subjects are shuffled."""

_MOST_GROUPS = 50
_SCALES = {
    "continuous": ("linear model", "mean_difference", "omega_squared"),
    "count": ("linear model of counts", "mean_difference", "omega_squared"),
    "ordinal": ("linear model on ranks", "rank_biserial", "eta_squared_h"),
}


def joint_test_by_subject(problem: Problem, n_resamples: int, seed: int) -> JointTest:
    """Test columns together where rows of one subject depend on each other.

    A row weighs one over the rows of its subject, so that copies of a subject change nothing.
    Numbers, counts and ranks: least squares with CR2 and Satterthwaite's degrees of freedom.
    Levels, counts of several clusters, and numbers of which hardly any subject differs: subjects
    shuffled, as the covariance by subject collapses where a level is separated.

    Args:
        problem: The variable with its subjects.
        n_resamples: Shuffles.
        seed: They follow from it.

    Returns:
        The test; its effect is on the scale of subjects.

    Raises:
        NotEstimableError: If there is no estimate.
    """
    subjects = problem.subjects
    if subjects is None:
        raise NotEstimableError("no subject is known")
    weights = 1 / np.bincount(subjects)[subjects]
    # Of several clusters, skewed counts have the F of CR2 find too much (9 % of null columns).
    is_skewed = problem.kind == "count" and problem.tested.shape[1] > 1
    if problem.kind in {"nominal", "binary"} or is_skewed or _is_rare(problem, subjects):
        return _shuffled(problem, weights, n_resamples, seed)
    y = problem.y if problem.kind != "ordinal" else 2 * ridits(problem.y, weights)
    try:
        return least_squares(problem, y, weights, _SCALES[problem.kind])
    except NoSpreadError:
        return _shuffled(problem, weights, n_resamples, seed)


def _is_rare(problem: Problem, subjects: Labels) -> bool:
    """Whether hardly any subject differs from the others, or none within a cluster."""
    values, codes, counts = np.unique(problem.y, return_inverse=True, return_counts=True)
    other = codes != int(counts.argmax())
    if len(np.unique(subjects[other])) < FEWEST_ELSEWHERE:
        return True
    groups, members = np.unique(problem.tested, axis=0, return_inverse=True)
    if len(groups) > _MOST_GROUPS:
        return False
    members = members.ravel()
    return any(np.ptp(values[codes[members == one]]) == 0 for one in range(len(groups)))


def ridits(y: Values, weights: Values) -> Values:
    """Share of all weight that lies below a value, and half of what lies at it, shape (n,)."""
    _, codes = np.unique(y, return_inverse=True)
    at = np.bincount(codes, weights=weights)
    below = np.cumsum(at) - at / 2
    ridits: Values = (below / weights.sum())[codes]
    return ridits


def least_squares(
    problem: Problem, y: Values, weights: Values, scale: tuple[str, str, str]
) -> JointTest:
    """Test the tested columns by weighted least squares with CR2, subjects being independent.

    Args:
        problem: The variable with its subjects.
        y: What is fitted: its numbers, or ranks, shape (n,).
        weights: Of each row, shape (n,).
        scale: Name of the model, of a difference and of a share of the variance.

    Raises:
        NotEstimableError: If there is no estimate; `NoSpreadError` if too few subjects carry it.
    """
    from scipy.special import fdtrc, stdtrit

    subjects = np.asarray(problem.subjects)
    n_subjects = int(subjects.max()) + 1
    words, difference, share = scale
    how = (y, problem.design, subjects, weights)
    fit = fit_reduced_bias(*how, problem.positions)
    variances = np.diag(fit.covariance)[problem.positions]
    if not (variances > 1e-12 * np.var(y) / n_subjects).all():
        raise NoSpreadError("nothing varies within a cluster")
    statistic, residual = fit.joint()
    df = len(problem.positions)
    p_value = float(fdtrc(df, residual, statistic))
    size = fit.coefficients[problem.positions]
    width = stdtrit(fit.df_of_each(), 0.975) * np.sqrt(variances)
    by_subject = " by subject" if n_subjects < len(y) else ""
    name = f"{words}, CR2{by_subject}"
    if df == 1:
        ends = (float(-size[0]), float(-size[0] - width[0]), float(-size[0] + width[0]))
        effect = Effect(difference, *ends, f"CR2{by_subject}, Satterthwaite's t")
    else:
        shares = share_of_f(statistic, df, residual, n_subjects)
        effect = Effect(share, shares[0], shares[1], shares[2], "noncentral F (Steiger 2004)")
    model = Model(
        name, fit.coefficients, fit.covariance, np.nan, np.empty((0, 0)), residual,
        lambda point: fit_reduced_bias(*how, np.arange(len(point))).df_of(point),
    )  # fmt: skip
    head = (name, n_subjects, statistic, df, residual, p_value)
    sides = (size, size - width, size + width)
    return JointTest(*head, *sides, effect, difference, model, problem.positions)


def _shuffled(problem: Problem, weights: Values, n_resamples: int, seed: int) -> JointTest:
    subjects = np.asarray(problem.subjects)
    n_subjects = int(subjects.max()) + 1
    is_level = problem.kind in {"nominal", "binary"}
    levels = np.unique(problem.y)
    y = problem.y[:, None] if not is_level else (problem.y[:, None] == levels[1:]) * 1.0
    if problem.kind == "ordinal":
        y = ridits(problem.y, weights)[:, None]
    x, y = (_without_covariates(one, problem.null, weights) for one in (problem.tested, y))
    # crc32, as `hash` differs between processes: the same values give the same shuffles.
    rng = np.random.default_rng([seed, crc32(np.ascontiguousarray(problem.y).tobytes())])
    found = shuffle_subjects(x, y, subjects, n_resamples, rng)
    if found.df < 1:
        raise NotEstimableError("the rows of every subject fall to the clusters alike")
    shares = share_of_chi2(found.statistic, found.df, n_subjects)
    method = "chi-square of shuffled subjects, noncentral"
    effect, fewest = Effect("eta_squared", shares[0], shares[1], shares[2], method), 0
    if is_level:
        fewest = min(x.shape[1], y.shape[1])
        # ncp / n of a share s is s / (1 - s), and V^2 is that over the fewest.
        size, low, high = (_v(one, fewest) for one in shares)
        effect = Effect("cramers_v", size, low, high, method)
    effect = agreeing(effect, found.p_value, found.df, n_subjects, fewest)
    none = np.empty(0)
    head = ("subjects shuffled", n_subjects, found.statistic, found.df, np.nan, found.p_value)
    return JointTest(*head, none, none, none, effect)


def _v(share: float, fewest: int) -> float:
    return 1.0 if share >= 1 else float(min(1.0, np.sqrt(share / (1 - share) / fewest)))


def _without_covariates(columns: Values, null: Values, weights: Values) -> Values:
    """What is left of columns after the constant and the covariates."""
    root = np.sqrt(weights)[:, None]
    fitted = np.linalg.lstsq(null * root, columns * root, rcond=None)[0]
    left: Values = columns - null @ fitted
    return left
