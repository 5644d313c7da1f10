"""Hazard ratios between clusters, crude and adjusted, and whether they are proportional."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clam_core.statistics.effects.contingency import Z
from clam_core.statistics.models.design import cluster_columns, drop_idle_columns
from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.result import Labels, Values
from clam_core.statistics.time.cox import fit_cox, profile_interval
from clam_core.statistics.time.proportional import proportional_hazards
from clam_core.wording import plural

_NAMES = ("hazard_ratio", "ci_low", "ci_high", "p_value")
_EVENTS_PER_COLUMN = 5


@dataclass(frozen=True, eq=False)
class HazardRatios:
    """Cox models of the clusters.

    Attributes:
        table: cluster_a, cluster_b, hazard_ratio of a over b, ci_low, ci_high, p_value and
            their adjusted versions, missing where a model has no estimate; empty where none has.
        proportional_p_value: P that a hazard ratio changes over time, of the adjusted model
            where there is one.
        n: Rows of the models: those where no covariate is missing.
        notes: What was done otherwise than usual, in sentences.
    """

    table: pd.DataFrame
    proportional_p_value: float
    n: int
    notes: tuple[str, ...]


def hazard_ratios(
    time: Values, event: Values, labels: Labels, covariates: Values | None
) -> HazardRatios:
    """Hazard ratios of the first cluster over each other one.

    Args:
        time: Shape (n,), none missing.
        event: 0 or 1, shape (n,).
        labels: Cluster of each row, from 1, shape (n,).
        covariates: Columns of the covariates, NaN where missing, shape (n, c).

    Returns:
        Both models, on the same rows. A crude ratio stays where the adjusted model has none.
    """
    columns = np.empty((len(time), 0)) if covariates is None else covariates
    rows = np.asarray(np.isfinite(columns).all(axis=1), dtype=bool)
    notes = []
    if not rows.all():
        notes.append(
            f"The Cox model leaves out {plural(int((~rows).sum()), 'row')} without a covariate."
        )
    # Who left before the first event is in no risk set, so that a cluster of them has no ratio.
    compared = rows & (time >= time[rows & (event == 1)].min(initial=np.inf))
    early = np.setdiff1d(labels[rows], labels[compared])
    notes += [f"Cluster {int(one)} has no follow-up beyond the first event." for one in early]
    n_rows, rows = int(rows.sum()), compared
    time, event, labels = time[rows], event[rows], labels[rows]
    numbers = np.unique(labels)
    if len(numbers) < 2:
        said = "There is no Cox model, because fewer than two clusters have complete rows."
        return HazardRatios(pd.DataFrame(), np.nan, n_rows, (*notes, said))
    silent = [int(c) for c in numbers if event[labels == c].sum() == 0]
    notes += [
        f"Cluster {number} has no event: hazard ratios are by Firth's penalized likelihood, which "
        "stays finite."
        for number in silent
    ]
    tested = cluster_columns(labels)
    table: dict[str, object] = {"cluster_a": int(numbers[0]), "cluster_b": numbers[1:]}
    rest = drop_idle_columns(columns[rows])
    proportional, n_found = np.nan, 0
    designs = {"": tested, "adjusted_": np.column_stack([tested, rest])}
    crude = np.full((len(numbers) - 1, 4), np.nan)
    for prefix, design in designs.items():
        name = "adjusted Cox model" if prefix else "Cox model"
        values = crude.copy()
        if prefix and not columns.shape[1]:
            values = np.column_stack([np.asarray(table[one]) for one in _NAMES])
        else:
            try:
                values, proportional, unusual = _one_model(time, event, design, tested.shape[1])
                n_found += 1
                notes += [f"The {name} {one}" for one in unusual if not silent]
            except NotEstimableError as error:
                notes.append(f"There is no {name}, because {error}.")
                proportional = np.nan if not prefix else proportional
        table |= dict(zip([prefix + one for one in _NAMES], values.T, strict=True))
    frame = pd.DataFrame(table) if n_found else pd.DataFrame()
    if columns.shape[1] and event.sum() < _EVENTS_PER_COLUMN * designs["adjusted_"].shape[1]:
        notes.append(
            f"The adjusted Cox model has {plural(int(event.sum()), 'event')} for "
            f"{designs['adjusted_'].shape[1]} coefficients; its ratios are uncertain."
        )
    return HazardRatios(frame, proportional, n_rows, tuple(notes))


def _one_model(
    time: Values, event: Values, design: Values, n_tested: int
) -> tuple[Values, float, list[str]]:
    """Ratio, interval and p per tested column; p of proportional hazards; what is unusual."""
    if design.shape[1] and event.sum() < 1:
        raise NotEstimableError("no event was seen in complete rows")
    fit = fit_cox(time, event, design)
    log = -fit.coefficients[:n_tested]
    if fit.is_penalized:
        ends = np.array([profile_interval(fit, position) for position in range(n_tested)])
        low, high, p_value = -ends[:, 1], -ends[:, 0], ends[:, 2]
        said = ["is by Firth's penalized likelihood, because a column separates the events."]
        with np.errstate(over="ignore"):
            return np.column_stack([*np.exp([log, low, high]), p_value]), np.nan, said
    from scipy.special import ndtr

    spread = np.sqrt(np.diag(fit.covariance))[:n_tested]
    p_value = 2 * ndtr(-np.abs(log / spread))
    values = np.column_stack([*np.exp([log, log - Z * spread, log + Z * spread]), p_value])
    return values, proportional_hazards(fit, n_tested)[1], []
