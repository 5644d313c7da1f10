"""Rates of events over time at risk, such as exacerbations a year, between clusters.

Source:
    Keene et al. (2007), "Analysis of exacerbation rates in asthma and chronic obstructive
    pulmonary disease: example from the TRISTAN study", Pharm Stat 6:89; Lawless (1987), Can J
    Stat 15:209; MacKinnon & White (1985), J Econometrics 29:305, for HC2.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from clam_core.statistics.models.design import Covariates, cluster_columns, drop_idle_columns
from clam_core.statistics.models.fitted_model import NotEstimableError, solve_information
from clam_core.statistics.models.newton import newton
from clam_core.statistics.result import Labels, NotTestableError, Values
from clam_core.statistics.significance.correction import correct
from clam_core.statistics.significance.counts import best_alpha, log_likelihood
from clam_core.wording import plural

_SPARE_ROWS = 10
_FAR = 25.0


@dataclass(frozen=True, eq=False)
class Rates:
    """Events per unit of time by cluster.

    Attributes:
        rates: cluster, n, n_events, time (at risk in total), rate, ci_low, ci_high.
        pairs: cluster_a, cluster_b, rate_ratio (a over b), ci_low, ci_high, p_value,
            p_adjusted (Holm); with covariates the same adjusted, as adjusted_rate_ratio,
            adjusted_ci_low, adjusted_ci_high, adjusted_p_value.
        model: The model that was used.
        statistic: F of "all rates are equal".
        df: Its degrees of freedom.
        df_residual: Those of its denominator.
        p_value: Its p-value.
        adjusted_p_value: The same with covariates; NaN without.
        n_adjusted: Rows of the adjusted model; 0 where there is none.
        notes: What was left out, in sentences.
    """

    rates: pd.DataFrame
    pairs: pd.DataFrame
    model: str
    statistic: float
    df: int
    df_residual: float
    p_value: float
    adjusted_p_value: float
    n_adjusted: int
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class RateModel:
    """Log rates by a count model.

    Attributes:
        coefficients: Shape (p,).
        covariance: Robust (HC2), shape (p, p).
        alpha: Variance beyond Poisson: mean + alpha * mean^2.
        df_residual: Rows minus coefficients.
    """

    coefficients: Values
    covariance: Values
    alpha: float
    df_residual: int

    @property
    def name(self) -> str:
        """What it is, as a reader sees it."""
        kind = "negative binomial" if self.alpha > 0 else "Poisson"
        return f"{kind} model with time at risk, HC2"


def fit_rates(events: Values, time: Values, design: Values) -> RateModel:
    """Fit log(mean / time) = x'b, overdispersion by maximum likelihood.

    Args:
        events: Counts, shape (n,).
        time: Time at risk, above 0, shape (n,).
        design: Full rank, shape (n, p); some combination of columns is constant.

    Returns:
        The model.

    Raises:
        NotEstimableError: If there is no finite maximum, as where a cluster has no event.
    """
    offset = np.log(time)
    start = float(np.log(max(events.sum(), 0.5) / time.sum()))
    parameters = np.linalg.lstsq(design, np.full(len(time), start), rcond=None)[0]
    alpha, value = 0.0, -np.inf
    for _ in range(50):

        def derivatives(b: Values, alpha: float = alpha) -> tuple[float, Values, Values]:
            means = np.exp(np.clip(design @ b + offset, -40, 40))
            spread = 1 + alpha * means
            scores = design * ((events - means) / spread)[:, None]
            information = (design * (means / spread)[:, None]).T @ design
            return log_likelihood(events, means, alpha), scores, information

        parameters = newton(derivatives, parameters)[0]
        means = np.exp(design @ parameters + offset)
        alpha, new = best_alpha(events, means)
        if new - value < 1e-9:
            break
        value = new
    if np.abs(design @ parameters - start).max() > _FAR:
        raise NotEstimableError("a cluster or level has no event")
    _, scores, information = derivatives(parameters)
    bread = solve_information(information)
    weight = means / (1 + alpha * means)
    leverage = weight * np.einsum("ij,jk,ik->i", design, bread, design)
    inflated = scores / np.sqrt(np.maximum(1 - leverage, 1e-9))[:, None]
    inflated[leverage > 1 - 1e-9] = 0.0
    covariance = bread @ (inflated.T @ inflated) @ bread
    return RateModel(parameters, covariance, alpha, len(events) - design.shape[1])


def compare_rates(
    events: Values, time: Values, labels: Labels, covariates: Covariates | None = None
) -> Rates:
    """Compare how often events happen per unit of time.

    Args:
        events: Counts, shape (n,), NaN where missing.
        time: Time at risk, shape (n,), NaN where missing.
        labels: Cluster of each row, from 1, shape (n,).
        covariates: What the rates are adjusted by.

    Returns:
        Rates, ratios of every pair, and the joint test.

    Raises:
        NotTestableError: If a count is negative or no whole number, a time is not above 0,
            rows are too few, or fewer than two clusters have an event.
    """
    known = np.isfinite(events) & np.isfinite(time) & (labels >= 1)
    n_lost = int((~known).sum())
    notes = [f"{plural(n_lost, 'row lacks', 'rows lack')} a count or a time at risk."]
    notes = notes if n_lost else []
    _check(events[known], time[known])
    numbers = np.unique(labels[known])
    total = {int(one): float(events[known & (labels == one)].sum()) for one in numbers}
    silent = [one for one, n in total.items() if n == 0]
    for one in silent:
        own = time[known & (labels == one)].sum()
        # With no event in a time T, rates above -log(0.025) / T are unlikely (exact Poisson).
        notes.append(
            f"Cluster {one} has no event in {own:.4g} of time at risk (rate at most "
            f"{3.688879 / own:.2g}); it has no ratio."
        )
    kept = known & ~np.isin(labels, silent)
    if len(numbers) - len(silent) < 2:
        raise NotTestableError("fewer than two clusters have an event")
    if kept.sum() < len(numbers) + _SPARE_ROWS:
        raise NotTestableError(f"{int(kept.sum())} rows are too few")
    none = np.empty((len(labels), 0))
    matrix = none if covariates is None else covariates.matrix(len(labels))
    try:
        crude = _compare(events[kept], time[kept], labels[kept], none[kept])
    except NotEstimableError as error:
        raise NotTestableError(str(error)) from None
    pairs, adjusted_p, n_adjusted = crude.pairs, np.nan, 0
    if matrix.shape[1]:
        rows = kept & np.isfinite(matrix).all(axis=1)
        try:
            if len(np.unique(labels[rows])) < len(np.unique(labels[kept])):
                raise NotEstimableError("a cluster has no row whose covariates are known")
            found = _compare(events[rows], time[rows], labels[rows], matrix[rows])
            names = ("rate_ratio", "ci_low", "ci_high", "p_value")
            more = found.pairs.rename(columns={one: f"adjusted_{one}" for one in names})
            pairs = pairs.merge(more.drop(columns="p_adjusted"), on=["cluster_a", "cluster_b"])
            adjusted_p, n_adjusted = found.p_value, int(rows.sum())
        except NotEstimableError as error:
            notes.append(f"There are no adjusted rates, because {error}.")
    return Rates(
        crude.rates,
        pairs,
        crude.model,
        crude.statistic,
        len(crude.rates) - 1,
        crude.df_residual,
        crude.p_value,
        adjusted_p,
        n_adjusted,
        tuple(notes),
    )


def _check(events: Values, time: Values) -> None:
    if (events < 0).any() or not (events == np.round(events)).all():
        raise NotTestableError("counts of events must be whole numbers from 0 on")
    wrong = int((time <= 0).sum())
    if wrong:
        raise NotTestableError(
            f"{plural(wrong, 'time at risk is', 'times at risk are')} not above 0"
        )


@dataclass(frozen=True, eq=False)
class _Compared:
    rates: pd.DataFrame
    pairs: pd.DataFrame
    model: str
    statistic: float
    df_residual: float
    p_value: float


def _compare(events: Values, time: Values, labels: Labels, others: Values) -> _Compared:
    """Rates at the mean of the covariates, their ratios, and the joint test."""
    from scipy.special import fdtrc, stdtr, stdtrit

    numbers = np.unique(labels)
    k = len(numbers)
    others = drop_idle_columns(others)
    first = (labels == numbers[0]).astype(np.float64)
    own = np.column_stack([first, cluster_columns(labels)])
    centered = others - others.mean(axis=0) if others.shape[1] else others
    design = np.column_stack([own, centered])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise NotEstimableError("clusters cannot be separated from the covariates")
    if len(events) < design.shape[1] + _SPARE_ROWS:
        raise NotEstimableError(
            f"{len(events)} complete rows are too few for {design.shape[1]} coefficients"
        )
    fit = fit_rates(events, time, design)
    df = fit.df_residual
    quantile = float(stdtrit(df, 0.975))

    def estimate(contrasts: Values) -> tuple[Values, Values]:
        spread = np.einsum("mp,pr,mr->m", contrasts, fit.covariance, contrasts)
        return contrasts @ fit.coefficients, np.sqrt(spread)

    each = np.eye(k, design.shape[1])
    log, error = estimate(each)
    rates = pd.DataFrame(
        {
            "cluster": numbers,
            "n": [int((labels == one).sum()) for one in numbers],
            "n_events": [int(events[labels == one].sum()) for one in numbers],
            "time": [float(time[labels == one].sum()) for one in numbers],
            "rate": np.exp(log),
            "ci_low": np.exp(log - quantile * error),
            "ci_high": np.exp(log + quantile * error),
        }
    )
    a, b = (np.array(side) for side in zip(*combinations(range(k), 2), strict=True))
    log, error = estimate(each[a] - each[b])
    p_value = 2 * stdtr(df, -np.abs(log / error))
    pairs = pd.DataFrame(
        {
            "cluster_a": numbers[a],
            "cluster_b": numbers[b],
            "rate_ratio": np.exp(log),
            "ci_low": np.exp(log - quantile * error),
            "ci_high": np.exp(log + quantile * error),
            "p_value": p_value,
            "p_adjusted": correct(p_value, "holm"),
        }
    )
    gaps = each[1:] - each[0]
    part, covariance = gaps @ fit.coefficients, gaps @ fit.covariance @ gaps.T
    statistic = float(part @ np.linalg.solve(covariance, part)) / (k - 1)
    return _Compared(rates, pairs, fit.name, statistic, df, float(fdtrc(k - 1, df, statistic)))
