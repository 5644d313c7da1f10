"""Visits over time: does a value change at another pace in another cluster?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from clam_core.errors import TableError
from clam_core.statistics.models.design import cluster_columns, drop_idle_columns
from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.result import Labels, NotTestableError, Values
from clam_core.statistics.significance.correction import correct
from clam_core.statistics.time.mixed_model import MixedFit, fit_mixed, joint_f, satterthwaite
from clam_core.wording import plural

FEWEST = 6
"""Subjects with two visits that a cluster needs: with fewer, tests do not hold their error rate."""


@dataclass(frozen=True, eq=False)
class Slopes:
    """Change per unit of time by cluster.

    Attributes:
        slopes: cluster, n_subjects, n_visits, slope, ci_low, ci_high.
        pairs: cluster_a, cluster_b, difference of slopes (a minus b), ci_low, ci_high,
            p_value, p_adjusted (Holm); with covariates the same adjusted, as
            adjusted_difference, adjusted_ci_low, adjusted_ci_high, adjusted_p_value.
        model: The model that was used.
        statistic: F of "all slopes are equal".
        df: Its degrees of freedom.
        df_residual: Those of its denominator, by Satterthwaite.
        p_value: Its p-value.
        adjusted_p_value: The same with covariates and their products with time; NaN without.
        n_adjusted: Subjects of the adjusted model; 0 where there is none.
        converged: Whether random intercepts and slopes could be told apart.
        notes: What was left out, and why a simpler model was taken, in sentences.
    """

    slopes: pd.DataFrame
    pairs: pd.DataFrame
    model: str
    statistic: float
    df: int
    df_residual: float
    p_value: float
    adjusted_p_value: float
    n_adjusted: int
    converged: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Compared:
    """Slopes of a model, their differences, and the joint test."""

    slopes: pd.DataFrame
    pairs: pd.DataFrame
    model: str
    statistic: float
    df_residual: float
    p_value: float
    converged: bool


def compare_slopes(
    visits: pd.DataFrame, clusters: pd.Series[int], covariates: pd.DataFrame | None = None
) -> Slopes:
    """Compare the change over time between clusters.

    Args:
        visits: Long form, one row per visit: subject_id, time, value.
        clusters: Cluster (from 1) of each subject, indexed by subject_id.
        covariates: Columns of the covariates, indexed by subject_id, NaN where missing; each
            may change the level and the slope.

    Returns:
        Slopes by a mixed model with random intercepts and slopes, or with random intercepts
        where subjects have too few visits, tested with Satterthwaite's degrees of freedom.

    Raises:
        TableError: If a column is missing.
        NotTestableError: If fewer than two clusters have six subjects with two visits.

    Source:
        Laird & Ware (1982), Biometrics 38:963; Kuznetsova et al. (2017), J Stat Softw 82(13).
    """
    table, notes = _usable(visits, clusters)
    empty = np.empty((len(table), 0))
    try:
        crude = _compare(table, empty)
    except NotEstimableError as error:
        raise NotTestableError(str(error)) from None
    pairs, adjusted_p, n_adjusted = crude.pairs, np.nan, 0
    if covariates is not None and covariates.shape[1]:
        try:
            kept, columns, n_adjusted = _with_covariates(table, covariates)
            n_lost = table["subject_id"].nunique() - n_adjusted
            if n_lost:
                notes.append(f"The adjusted model leaves out {plural(n_lost, 'subject')} "
                             "without a covariate.")  # fmt: skip
            adjusted = _compare(kept, columns)
            adjusted_p = adjusted.p_value
            more = adjusted.pairs.drop(columns="p_adjusted").rename(columns=_ADJUSTED)
            pairs = pairs.merge(more, on=["cluster_a", "cluster_b"], how="left")
        except NotEstimableError as error:
            notes.append(f"There are no adjusted slopes, because {error}.")
            n_adjusted = 0
    return Slopes(
        crude.slopes,
        pairs,
        crude.model,
        crude.statistic,
        len(crude.slopes) - 1,
        crude.df_residual,
        crude.p_value,
        adjusted_p,
        n_adjusted,
        crude.converged,
        tuple(notes),
    )


_ADJUSTED = {
    "difference": "adjusted_difference",
    "ci_low": "adjusted_ci_low",
    "ci_high": "adjusted_ci_high",
    "p_value": "adjusted_p_value",
}


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
    large = sizes[sizes >= FEWEST].index
    notes += [
        f"Cluster {int(c)} was left out: it has {plural(int(sizes[c]), 'subject')} with two "
        f"visits, and {FEWEST} are needed."
        for c in sizes.index.difference(large)
    ]
    if len(large) < 2:
        raise NotTestableError(f"fewer than two clusters have {FEWEST} subjects with two visits")
    table = table[table["cluster"].isin(large)].sort_values(["subject_id", "time"])
    if np.ptp(table["value"].to_numpy()) == 0:
        raise NotTestableError("all its values are the same")
    return table, notes


def _with_covariates(
    table: pd.DataFrame, covariates: pd.DataFrame
) -> tuple[pd.DataFrame, Values, int]:
    """Visits of subjects whose covariates are known, and those, one row per visit."""
    columns = covariates.reindex(table["subject_id"]).to_numpy(dtype=np.float64)
    known = np.isfinite(columns).all(axis=1)
    kept, columns = table[known], drop_idle_columns(columns[known])
    n_subjects = kept.groupby("cluster")["subject_id"].nunique()
    if (n_subjects >= FEWEST).sum() < len(table["cluster"].unique()):
        raise NotEstimableError(
            f"a cluster has fewer than {FEWEST} subjects whose covariates are known"
        )
    return kept, columns, int(n_subjects.sum())


def _compare(table: pd.DataFrame, covariates: Values) -> _Compared:
    """Slopes of each cluster, at the mean of the covariates, and their differences."""
    labels = table["cluster"].to_numpy(dtype=np.int64)
    numbers = np.unique(labels)
    k = len(numbers)
    value, time = (table[name].to_numpy(dtype=np.float64) for name in ("value", "time"))
    scale_y, scale_t = float(value.std()), float(np.abs(time - time.mean()).max())
    y, t = (value - value.mean()) / scale_y, (time - time.mean()) / scale_t
    dummies = cluster_columns(labels)
    others = covariates - covariates.mean(axis=0) if covariates.shape[1] else covariates
    design = np.column_stack(
        [np.ones(len(y)), dummies, t, dummies * t[:, None], others, others * t[:, None]]
    )
    subjects = pd.factorize(table["subject_id"])[0].astype(np.intp)
    n_subjects = int(subjects.max()) + 1
    with_slopes = len(y) > 2 * n_subjects + 1
    random = np.column_stack([np.ones(len(y)), t]) if with_slopes else np.ones((len(y), 1))
    fit = fit_mixed(y, design, subjects, random)
    to_slopes = np.zeros((k, design.shape[1]))
    to_slopes[:, k] = 1
    to_slopes[1:, k + 1 : 2 * k] = np.eye(k - 1)
    # At the edge the likelihood does not tell how sure the variances are; subjects bound it.
    most = n_subjects - k - others.shape[1] if fit.is_at_edge else np.inf
    back = scale_y / scale_t
    statistic, df = joint_f(fit, to_slopes[1:] - to_slopes[0])
    df = min(df, most)
    from scipy.special import fdtrc

    kind = "random intercepts and slopes" if with_slopes else "random intercepts"
    return _Compared(
        _slope_table(table, numbers, to_slopes, (fit, back, most)),
        _pair_table(numbers, to_slopes, (fit, back, most)),
        f"mixed model, {kind}, Satterthwaite",
        statistic,
        df,
        float(fdtrc(k - 1, df, statistic)),
        with_slopes and not fit.is_at_edge,
    )


_Scaled = tuple[MixedFit, float, float]
"""A fit, the factor back to the units of the table, and the most degrees of freedom."""


def _estimates(contrasts: Values, scaled: _Scaled) -> tuple[Values, Values, Values]:
    """Estimate, half its 95 % interval and p-value of each combination."""
    from scipy.special import stdtr, stdtrit

    fit, back, most = scaled
    estimate = contrasts @ fit.coefficients
    error = np.sqrt(np.einsum("mp,pr,mr->m", contrasts, fit.covariance, contrasts))
    df = np.minimum(satterthwaite(fit, contrasts), most)
    p_value = 2 * stdtr(df, -np.abs(estimate / error))
    return back * estimate, back * error * stdtrit(df, 0.975), p_value


def _slope_table(
    table: pd.DataFrame, numbers: Labels, to_slopes: Values, scaled: _Scaled
) -> pd.DataFrame:
    slope, width, _ = _estimates(to_slopes, scaled)
    groups = table.groupby("cluster")["subject_id"]
    return pd.DataFrame(
        {
            "cluster": numbers,
            "n_subjects": groups.nunique().to_numpy(),
            "n_visits": groups.size().to_numpy(),
            "slope": slope,
            "ci_low": slope - width,
            "ci_high": slope + width,
        }
    )


def _pair_table(numbers: Labels, to_slopes: Values, scaled: _Scaled) -> pd.DataFrame:
    pairs = list(combinations(range(len(numbers)), 2))
    a, b = (np.array(side) for side in zip(*pairs, strict=True))
    gap, width, p_value = _estimates(to_slopes[a] - to_slopes[b], scaled)
    return pd.DataFrame(
        {
            "cluster_a": numbers[a],
            "cluster_b": numbers[b],
            "difference": gap,
            "ci_low": gap - width,
            "ci_high": gap + width,
            "p_value": p_value,
            "p_adjusted": correct(p_value, "holm"),
        }
    )
