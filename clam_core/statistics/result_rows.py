"""One row of the association table: the fixed columns first, then everything beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from clam_core.settings import AssociateSettings
from clam_core.statistics.adjusted_cells import adjusted_of, drawn_cells, equivalence_of
from clam_core.statistics.cohort.assemble import Cohort
from clam_core.statistics.cohort.column_arrays import NUMBERS, codes_of, numbers_of
from clam_core.statistics.cohort.groups import Groups
from clam_core.statistics.cohort.summaries import decimals_of, summarize
from clam_core.statistics.dependence.all_scans import (
    by_subject,
    pairs_by_subject,
    sizes_in_subjects,
    with_enough_subjects,
)
from clam_core.statistics.losses import left_out_words, missing_test
from clam_core.statistics.models.adjust import Adjusted, Outcome, soft_test
from clam_core.statistics.models.design import Covariates, cluster_columns
from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.models.regression import Problem
from clam_core.statistics.result import Effect, NotTestableError, Tested, Values
from clam_core.statistics.shuffles.claims_by_shuffles import LEVEL
from clam_core.statistics.significance.choose_test import Compared, compare, smallest_detectable
from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.recognised.image_columns import is_from_image
from clam_core.wording import effect_named

CSV_COLUMNS = (
    "variable",
    "kind",
    "family",
    "n",
    "n_missing",
    "missing_p_value",
    "test",
    "statistic",
    "df",
    "df_residual",
    "p_value",
    "p_adjusted",
    "effect_name",
    "effect_scale",
    "effect_size",
    "ci_level",
    "ci_low",
    "ci_high",
    "second_effect_name",
    "second_effect",
    "second_low",
    "second_high",
    "reason",
)
"""Columns of `associations.csv`, as other programs read them."""

DESCRIPTIVE = (
    "descriptive only: the clusters were made from it or from the same image, so a test would "
    "find what was put in"
)

FROM_IMAGE = (
    "descriptive only: by its name a program read it out of a CT; if that was another scan than "
    "those of the clusters, name it as such to have it tested"
)

RATE = "not tested as a value: compared as a rate, beside the time in which events were counted"

FOLLOW_UP = (
    "not tested as a value: compared as time to an event, with Kaplan-Meier curves and a log-rank "
    "test"
)

_NO_TEST = {
    "id": "it holds ids",
    "free_text": "it holds free text",
    "date": "it holds dates; compute a time from them to compare it",
    "empty": "it has no value",
    "constant": "all its values are the same",
}


@dataclass(frozen=True, eq=False)
class Row:
    """What is known about one variable.

    Attributes:
        cells: Name of a column to its value.
        tables: What stands beside it, by name: `pairs` of clusters; adjusted `contrasts` of them
            and `adjusted_means`; `equivalence`.
        problem: The regression whose p counts in the headline, where shuffles can check it.
    """

    cells: dict[str, Any]
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    problem: Problem | None = None


def make_row(
    cohort: Cohort, info: ColumnInfo, covariates: Covariates, settings: AssociateSettings
) -> Row:
    """Describe one variable, test it if it can be, and say why if it cannot.

    Args:
        cohort: Rows with their clusters.
        info: The variable.
        covariates: What to adjust by.
        settings: How to test.

    Returns:
        Its row, without corrected p-values.
    """
    column = cohort.frame[info.name]
    cells = {**_blank(info), **_counted(cohort, column, settings)}
    try:
        if info.kind in _NO_TEST:
            raise NotTestableError(_NO_TEST[info.kind])
        values, levels = _values(info, column)
        cells |= _summarized(cohort, info.kind, values, levels)
        if info.name in settings.used_in_clustering:
            return Row({**cells, "reason": DESCRIPTIVE})
        if is_from_image(info) and info.name not in settings.other_images:
            return Row({**cells, "reason": FROM_IMAGE})
        if info.name == settings.rate_count:
            return Row({**cells, "reason": RATE})
        if info.name in {settings.survival_time, settings.survival_event}:
            return Row({**cells, "reason": FOLLOW_UP})
        compared = compare(info.name, info.kind, values, cohort.labels, settings)
        subjects = cohort.subjects
        how = (settings.n_resamples, settings.seed)
        outcome = Outcome(info.kind, values, cohort.labels, subjects, *how)
        main = _main_cells(compared, outcome, settings.power)
    except NotTestableError as error:
        return Row({**cells, "reason": f"not testable, because {error}"})
    pairs = compared.pairs if subjects is None else pairs_by_subject(outcome, compared.groups)
    adjusted, found = adjusted_of(outcome, covariates.without(info.name), settings)
    cells |= {**main, **_soft_cells(outcome, cohort.soft), **adjusted}
    cells |= drawn_cells(outcome, cohort.own_soft, settings.label_draws)
    tables = {"pairs": pairs}
    if found is not None:
        tables |= {"contrasts": found.contrasts, "adjusted_means": found.means}
    alike = equivalence_of(info, outcome, compared.groups, found, settings)
    problem = _to_check(compared, found, settings) if subjects is None else None
    return Row(cells, {**tables, "equivalence": alike}, problem)


def _to_check(
    compared: Compared, found: Adjusted | None, settings: AssociateSettings
) -> Problem | None:
    """The regression behind the p-value that counts, where its tail leans on large clusters.

    None where p is 0.05 or more, which is never claimed, and where p comes from shuffles, from
    a table or ranks of large clusters, or from a prior, which hold their error rate.
    """
    if settings.adjust:
        if found is None or "prior" in found.adjusted.model:
            return None
        return found.problem if found.adjusted.p_value < LEVEL else None
    groups, tested = compared.groups, compared.tested
    if not tested.test.startswith("Welch") or not tested.p_value < LEVEL:
        return None
    columns = cluster_columns(groups.codes.astype(np.int64))
    return Problem("continuous", groups.values, columns, np.empty((groups.n, 0)))


def _values(info: ColumnInfo, column: pd.Series[Any]) -> tuple[Values, list[str]]:
    """Numbers, or codes and names of levels."""
    if info.kind in NUMBERS:
        return numbers_of(column), []
    codes, names = codes_of(column)
    if info.kind == "binary" and len(names) > 2:
        raise NotTestableError(f"it should have two levels, but has {len(names)}")
    return np.where(codes < 0, np.nan, codes.astype(np.float64)), names


def _blank(info: ColumnInfo) -> dict[str, Any]:
    """All cells of a variable without a test."""
    numbers = ("statistic", "df", "p_value", "p_adjusted", "effect_size", "ci_low", "ci_high")
    more = (
        *("df_residual", "p_adjusted_all", "ci_level", "second_effect", "second_low"),
        "second_high",
        *("sensitivity_statistic", "sensitivity_p_value", "soft_statistic", "soft_p_value"),
        *("n_adjusted", "crude_p_value", "adjusted_p_value", "adjusted_p_adjusted"),
        *("crude_effect", "crude_low", "crude_high"),
        *("adjusted_effect", "adjusted_low", "adjusted_high", "detectable"),
        *("drawn_p_value", "drawn_effect", "drawn_low", "drawn_high"),
    )
    texts = (
        *("test", "effect_name", "effect_scale", "reason", "why", "effect_method"),
        "second_effect_name",
        *("sensitivity_test", "soft_test", "adjusted_test", "adjusted_effect_name"),
        *("adjusted_reason", "detectable_name", "clusters_left_out"),
        *("drawn_test", "drawn_effect_name", "drawn_reason"),
    )
    head = {"variable": info.name, "label": info.label, "unit": info.unit, "kind": info.kind}
    return {
        **head,
        "family": info.family,
        "doubts": " ".join(info.doubts),
        **dict.fromkeys((*numbers, *more), np.nan),
        **dict.fromkeys(texts, ""),
    }


def _counted(cohort: Cohort, column: pd.Series[Any], settings: AssociateSettings) -> dict[str, Any]:
    """Values present and missing, overall and by cluster; summaries still empty."""
    present = column.notna().to_numpy(dtype=bool)
    cells: dict[str, Any] = {"n": int(present.sum()), "n_missing": int((~present).sum())}
    cells["summary"] = ""
    for number in cohort.clusters:
        part = present[cohort.labels == number]
        cells[f"n_cluster_{number}"] = int(part.sum())
        cells[f"missing_cluster_{number}"] = int((~part).sum())
        cells[f"summary_cluster_{number}"] = ""
    how = (settings.n_resamples, settings.seed)
    cells["missing_p_value"] = missing_test(present, cohort.labels, *how)
    return cells


def _summarized(cohort: Cohort, kind: str, values: Values, levels: list[str]) -> dict[str, Any]:
    known = np.isfinite(values)
    groups = [values[known & (cohort.labels == number)] for number in cohort.clusters]
    decimals = decimals_of(groups) if kind == "continuous" else None
    cells = {"summary": summarize(values, kind, levels, decimals)}
    for number in cohort.clusters:
        part = values[cohort.labels == number]
        cells[f"summary_cluster_{number}"] = summarize(part, kind, levels, decimals)
    return cells


def _main_cells(found: Compared, outcome: Outcome, power: float) -> dict[str, Any]:
    tested, effect, sensitivity = found.tested, found.effect, found.sensitivity
    second, detectable, groups = found.second_effect, found.detectable, found.groups
    if outcome.subjects is not None:
        groups = with_enough_subjects(outcome, groups)
        tested, effect, second = by_subject(outcome, groups)
        sizes = sizes_in_subjects(outcome, groups.clusters)
        detectable = smallest_detectable(found.detectable_name, sizes, groups, power)
        sensitivity = Tested("", np.nan, np.nan, np.nan, np.nan, "")
    cells = {
        "test": tested.test,
        "statistic": tested.statistic,
        "df": tested.df,
        "df_residual": tested.df_residual,
        "p_value": tested.p_value,
        "why": f"{tested.why} {_without(outcome, groups)}".strip(),
        "sensitivity_test": sensitivity.test,
        "sensitivity_statistic": sensitivity.statistic,
        "sensitivity_p_value": sensitivity.p_value,
        "detectable_name": found.detectable_name,
        "detectable": detectable,
        "clusters_left_out": ", ".join(map(str, _absent(outcome, groups))),
        **_effect_cells(effect),
    }
    names = ("second_effect_name", "second_effect", "second_low", "second_high")
    ends = (second.name, second.size, second.ci_low, second.ci_high)
    return {**cells, **dict(zip(names, ends, strict=True))}


def _absent(outcome: Outcome, groups: Groups) -> list[int]:
    return [int(one) for one in np.setdiff1d(outcome.labels, groups.clusters)]


def _without(outcome: Outcome, groups: Groups) -> str:
    known = np.isfinite(outcome.values)
    counts = {int(c): int(known[outcome.labels == c].sum()) for c in np.unique(outcome.labels)}
    return left_out_words(counts, [int(one) for one in groups.clusters])


def _effect_cells(effect: Effect) -> dict[str, Any]:
    return {
        "effect_name": effect.name,
        "effect_scale": effect_named(effect.name).scale,
        "ci_level": effect_named(effect.name).level,
        "effect_size": effect.size,
        "ci_low": effect.ci_low,
        "ci_high": effect.ci_high,
        "effect_method": effect.method,
    }


def _soft_cells(outcome: Outcome, soft: Values | None) -> dict[str, Any]:
    if soft is None:
        return {}
    try:
        tested = soft_test(outcome, soft)
    except NotEstimableError:
        return {}
    cells = {"soft_statistic": tested.statistic, "soft_p_value": tested.p_value}
    return {"soft_test": f"soft assignment, {tested.model}", **cells}
