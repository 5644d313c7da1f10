"""Cells of a row that hold covariates, and tables beside it: contrasts, means, equivalence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from clam_core.settings import AssociateSettings
from clam_core.statistics.cohort.groups import Groups
from clam_core.statistics.models.adjust import Adjusted, Outcome, adjust, effect_of
from clam_core.statistics.models.adjust_imputed import adjust_imputed
from clam_core.statistics.models.design import Covariates, cluster_columns
from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.models.label_draws import drawn_test
from clam_core.statistics.result import Values
from clam_core.statistics.significance.equivalence import equivalence, pooled_sd, welch_differences
from clam_core.tables.column_info import ColumnInfo


def adjusted_of(
    outcome: Outcome, covariates: Covariates, settings: AssociateSettings
) -> tuple[dict[str, Any], Adjusted | None]:
    """Crude and adjusted test of a variable, or why there is none.

    Args:
        outcome: The variable.
        covariates: What to adjust by, not the variable itself.
        settings: How to adjust.
    """
    if not covariates.names:
        return {}, None
    try:
        if settings.impute:
            found = adjust_imputed(outcome, covariates, settings.adjust_by, settings.impute)
        else:
            found = adjust(outcome, covariates, settings.adjust_by)
    except NotEstimableError as error:
        return {"adjusted_reason": f"not adjusted, because {_as_reason(error)}"}, None
    crude, adjusted = found.crude_effect, found.adjusted_effect
    return {
        "n_adjusted": found.n,
        "crude_p_value": found.crude.p_value,
        "adjusted_test": found.adjusted.model,
        "adjusted_p_value": found.adjusted.p_value,
        "adjusted_effect_name": adjusted.name,
        "crude_effect": crude.size,
        "crude_low": crude.ci_low,
        "crude_high": crude.ci_high,
        "adjusted_effect": adjusted.size,
        "adjusted_low": adjusted.ci_low,
        "adjusted_high": adjusted.ci_high,
        "adjusted_reason": found.note,
    }, found


def _as_reason(error: NotEstimableError) -> str:
    text = str(error)
    return f"the data {text}" if text.startswith("cannot separate") else text


def drawn_cells(outcome: Outcome, soft: Values | None, m: int) -> dict[str, Any]:
    """The test with labels drawn from the soft assignment, or why there is none.

    Args:
        outcome: The variable.
        soft: Soft assignment of each row to the clusters that occur, or None.
        m: Number of draws; 0 for none.
    """
    if not m:
        return {}
    if soft is None:
        return {"drawn_reason": "the run has no soft assignment to draw from"}
    try:
        test = drawn_test(outcome, soft, m)
    except NotEstimableError as error:
        return {"drawn_reason": str(error)}
    effect = effect_of(test, outcome)
    return {
        "drawn_test": test.model,
        "drawn_p_value": test.p_value,
        "drawn_effect_name": effect.name,
        "drawn_effect": effect.size,
        "drawn_low": effect.ci_low,
        "drawn_high": effect.ci_high,
    }


def equivalence_of(
    info: ColumnInfo,
    outcome: Outcome,
    groups: Groups,
    found: Adjusted | None,
    settings: AssociateSettings,
) -> pd.DataFrame:
    """Whether the clusters are alike in a variable with numbers, where a bound was stated.

    Args:
        info: The variable.
        outcome: Its values.
        groups: The same by cluster.
        found: What covariates make of it; None without any.
        settings: The bounds.

    Returns:
        One row per pair; none for other kinds of variables or without a bound.
    """
    bound = (settings.equivalence or {}).get(info.name)
    if info.kind not in {"continuous", "count"}:
        return pd.DataFrame()
    if bound is None and settings.equivalence_sd is not None:
        bound = settings.equivalence_sd * pooled_sd(groups)
    if not bound:
        return pd.DataFrame()
    pairs = welch_differences(groups)
    if outcome.subjects is not None:
        pairs = _by_subject(outcome, pairs)
    return equivalence(pairs, pd.DataFrame() if found is None else found.contrasts, bound)


def _by_subject(outcome: Outcome, pairs: pd.DataFrame) -> pd.DataFrame:
    """The same differences, each subject counting once."""
    known = np.isfinite(outcome.values)
    rows = []
    for a, b in zip(pairs["cluster_a"], pairs["cluster_b"], strict=True):
        here = known & np.isin(outcome.labels, [a, b])
        size = error = df = np.nan
        try:
            test = outcome.test(here, cluster_columns(outcome.labels[here]))
        except NotEstimableError:
            test = None
        if test is not None and test.fitted is not None:
            size = -float(test.coefficients[0])
            error = float(np.sqrt(test.fitted.covariance[1, 1]))
            df = test.df_residual
        rows.append((a, b, size, error, df))
    return pd.DataFrame(rows, columns=pairs.columns)
