"""Visits over time: does a value change at another pace in another cluster?"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from clam_core.errors import TableError
from clam_core.statistics.effects.contingency import Z
from clam_core.statistics.models.design import cluster_columns
from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.result import Labels, NotTestableError, Values
from clam_core.statistics.significance.correction import correct

_FEWEST = 3


@dataclass(frozen=True, eq=False)
class Slopes:
    """Change per unit of time by cluster.

    Attributes:
        slopes: cluster, n_subjects, n_visits, slope, ci_low, ci_high.
        pairs: cluster_a, cluster_b, difference of slopes (a minus b), ci_low, ci_high,
            p_value, p_adjusted (Holm).
        model: The model that was used.
        statistic: Wald chi-square of "all slopes are equal".
        df: Its degrees of freedom.
        p_value: Its p-value.
        converged: Whether the first choice, random intercepts and slopes, converged.
        notes: What was left out, and why a simpler model was taken, in sentences.
    """

    slopes: pd.DataFrame
    pairs: pd.DataFrame
    model: str
    statistic: float
    df: int
    p_value: float
    converged: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Fit:
    name: str
    coefficients: Values
    covariance: Values


def compare_slopes(visits: pd.DataFrame, clusters: pd.Series[int]) -> Slopes:
    """Compare the change over time between clusters.

    Args:
        visits: Long form, one row per visit: subject_id, time, value.
        clusters: Cluster (from 1) of each subject, indexed by subject_id.

    Returns:
        Slopes by a mixed model with random intercepts and slopes; where that does not
        converge with random intercepts alone, and last by GEE (exchangeable).

    Raises:
        TableError: If a column is missing.
        NotTestableError: If fewer than two clusters have three subjects with two visits.

    Source:
        Laird & Ware (1982), Biometrics 38:963; Liang & Zeger (1986), Biometrika 73:13.
    """
    table, notes = _usable(visits, clusters)
    labels = table["cluster"].to_numpy(dtype=np.int64)
    fit, tried, converged = _fit(table, labels)
    numbers = np.unique(labels)
    k = len(numbers)
    to_slopes = np.zeros((k, 2 * k))
    to_slopes[:, k] = 1
    to_slopes[1:, k + 1 :] = np.eye(k - 1)
    slopes = to_slopes @ fit.coefficients
    covariance = to_slopes @ fit.covariance @ to_slopes.T
    part = fit.coefficients[k + 1 :]
    inverse = np.linalg.inv(fit.covariance[k + 1 :, k + 1 :])
    statistic = float(part @ inverse @ part)
    from scipy.special import chdtrc

    return Slopes(
        _slope_table(table, numbers, slopes, covariance),
        _pair_table(numbers, slopes, covariance),
        fit.name,
        statistic,
        k - 1,
        float(chdtrc(k - 1, statistic)),
        converged,
        (*notes, *tried),
    )


def _usable(visits: pd.DataFrame, clusters: pd.Series[int]) -> tuple[pd.DataFrame, list[str]]:
    """Complete visits of subjects with a cluster and two or more times."""
    for name in ("subject_id", "time", "value"):
        if name not in visits.columns:
            raise TableError(f"The table of visits has no column {name!r}; name or add it.")
    table = visits[["subject_id", "time", "value"]].copy()
    table["cluster"] = table["subject_id"].map(clusters)
    known = np.isfinite(table[["time", "value"]].to_numpy(dtype=np.float64)).all(axis=1)
    known &= table["cluster"].notna().to_numpy(dtype=bool)
    notes = []
    if not known.all():
        notes.append(f"{int((~known).sum())} visits lack a time, a value or a cluster.")
    table = table[known]
    n_times = table.groupby("subject_id")["time"].transform("nunique")
    single = table.loc[n_times < 2, "subject_id"].nunique()
    if single:
        notes.append(f"{single} subjects have one visit and were left out.")
    table = table[n_times >= 2]
    sizes = table.groupby("cluster")["subject_id"].nunique()
    large = sizes[sizes >= _FEWEST].index
    notes += [f"Cluster {int(c)} has too few subjects." for c in sizes.index.difference(large)]
    if len(large) < 2:
        raise NotTestableError(f"fewer than two clusters have {_FEWEST} subjects with two visits")
    table = table[table["cluster"].isin(large)].sort_values(["subject_id", "time"])
    if np.ptp(table["value"].to_numpy()) == 0:
        raise NotTestableError("all its values are the same")
    return table, notes


def _fit(table: pd.DataFrame, labels: Labels) -> tuple[_Fit, list[str], bool]:
    """The first of three models that works, and what was said about those before it."""
    value, time = (table[name].to_numpy(dtype=np.float64) for name in ("value", "time"))
    scale_y, scale_t = float(value.std()), float(np.abs(time - time.mean()).max())
    y, t = (value - value.mean()) / scale_y, (time - time.mean()) / scale_t
    dummies = cluster_columns(labels)
    design = np.column_stack([np.ones(len(y)), dummies, t, dummies * t[:, None]])
    subjects = pd.factorize(table["subject_id"])[0]
    k = dummies.shape[1] + 1
    back = np.concatenate([np.full(k, scale_y), np.full(k, scale_y / scale_t)])
    tried = []
    for step, random in enumerate((np.column_stack([np.ones(len(y)), t]), np.ones((len(y), 1)))):
        try:
            fitted = _mixed(y, design, subjects, random)
        except NotEstimableError as error:
            name = "random intercepts and slopes" if step == 0 else "random intercepts"
            tried.append(f"The mixed model with {name} was not used: {error}.")
            continue
        return _scaled(fitted, back), tried, step == 0
    return _scaled(_gee(y, design, subjects), back), tried, False


def _scaled(fit: _Fit, back: Values) -> _Fit:
    return _Fit(fit.name, fit.coefficients * back, fit.covariance * np.outer(back, back))


def _mixed(y: Values, design: Values, subjects: Any, random: Values) -> _Fit:  # noqa: ANN401
    from statsmodels.regression.mixed_linear_model import MixedLM

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            fitted = MixedLM(y, design, groups=subjects, exog_re=random).fit(reml=True)
        except (np.linalg.LinAlgError, ValueError) as error:
            raise NotEstimableError(str(error).rstrip(".")) from None
    p = design.shape[1]
    covariance = np.asarray(fitted.cov_params())[:p, :p]
    sound = np.isfinite(covariance).all() and (np.diag(covariance) > 0).all()
    if not fitted.converged or not sound:
        raise NotEstimableError("it did not converge")
    if any("singular" in str(one.message) or "boundary" in str(one.message) for one in said):
        raise NotEstimableError("a variance lies on the boundary of what is possible")
    kind = "random intercepts and slopes" if random.shape[1] > 1 else "random intercepts"
    return _Fit(f"mixed model, {kind}", np.asarray(fitted.fe_params), covariance)


def _gee(y: Values, design: Values, subjects: Any) -> _Fit:  # noqa: ANN401
    from statsmodels.genmod.cov_struct import Exchangeable
    from statsmodels.genmod.generalized_estimating_equations import GEE

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = GEE(y, design, groups=subjects, cov_struct=Exchangeable()).fit(
            cov_type="bias_reduced"
        )
    return _Fit("GEE, exchangeable", np.asarray(fitted.params), np.asarray(fitted.cov_params()))


def _slope_table(
    table: pd.DataFrame, numbers: Labels, slopes: Values, covariance: Values
) -> pd.DataFrame:
    width = Z * np.sqrt(np.diag(covariance))
    groups = table.groupby("cluster")["subject_id"]
    return pd.DataFrame(
        {
            "cluster": numbers,
            "n_subjects": groups.nunique().to_numpy(),
            "n_visits": groups.size().to_numpy(),
            "slope": slopes,
            "ci_low": slopes - width,
            "ci_high": slopes + width,
        }
    )


def _pair_table(numbers: Labels, slopes: Values, covariance: Values) -> pd.DataFrame:
    from scipy.special import ndtr

    pairs = list(combinations(range(len(numbers)), 2))
    a, b = (np.array(side) for side in zip(*pairs, strict=True))
    gap = slopes[a] - slopes[b]
    error = np.sqrt(covariance[a, a] + covariance[b, b] - 2 * covariance[a, b])
    p_value = 2 * ndtr(-np.abs(gap / error))
    return pd.DataFrame(
        {
            "cluster_a": numbers[a],
            "cluster_b": numbers[b],
            "difference": gap,
            "ci_low": gap - Z * error,
            "ci_high": gap + Z * error,
            "p_value": p_value,
            "p_adjusted": correct(p_value, "holm"),
        }
    )
