"""Which variables the headline counts: every measurement once, and nothing that was put in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clam_core.settings import AssociateSettings
from clam_core.statistics.cohort.assemble import Cohort
from clam_core.statistics.cohort.column_arrays import LEVELS, NUMBERS, codes_of, numbers_of
from clam_core.statistics.cohort.groups import midranks
from clam_core.statistics.models.regression import Problem
from clam_core.statistics.repeated_columns import repeated_columns
from clam_core.statistics.result import Labels, NotTestableError, Values
from clam_core.statistics.shuffles.claims_by_shuffles import shuffled_p_values
from clam_core.statistics.significance.correction import correct
from clam_core.tables.column_info import ColumnInfo

HELD = "a covariate of the adjustment"
"""Why a variable is not counted that the others are adjusted for."""

CLAIM_COLUMNS = ("not_counted", "shuffled_p_value", "headline_p", "is_rare", "direction")
FEWEST_ELSEWHERE = 5
"""Values apart from the most frequent one, below which a column is never the strongest."""


def add_claims(
    rows: pd.DataFrame,
    cohort: Cohort,
    settings: AssociateSettings,
    problems: Sequence[Problem | None],
) -> pd.DataFrame:
    """Say of each row whether the headline counts it, and correct over all that it counts.

    Where covariates were given the adjusted test is the one that counts. A p-value that would be
    claimed and whose test leans on large clusters is computed again by shuffles; the larger counts.

    Args:
        rows: Rows of the association table.
        cohort: The rows that were compared.
        settings: Covariates and the kind of correction.
        problems: Regression of each row, where shuffles can check its p-value.

    Returns:
        The same with `CLAIM_COLUMNS`: why it is not counted (empty where it is), its p-value by
        shuffles (NaN where none were needed), the one that counts, corrected over all that are
        counted, whether it hardly varies, and its direction.
    """
    p_value = rows["adjusted_p_value" if settings.adjust else "p_value"].to_numpy(dtype=np.float64)
    infos = [cohort.columns[name] for name in rows["variable"]]
    tested = [
        info
        for info, p in zip(infos, p_value, strict=True)
        if np.isfinite(p) or info.name in settings.adjust
    ]
    again = repeated_columns(tested, cohort.frame, settings.adjust)
    why = [_why_not(info, p, settings, again) for info, p in zip(infos, p_value, strict=True)]
    counted = np.array([not reason for reason in why])
    p_value = np.where(counted, p_value, np.nan)
    checked = {
        place: problem
        for place, problem in enumerate(problems)
        if problem is not None and counted[place]
    }
    shuffled = shuffled_p_values(p_value, checked, settings.correction, settings.seed)
    return rows.assign(
        not_counted=why,
        shuffled_p_value=shuffled,
        headline_p=correct(np.fmax(p_value, shuffled), settings.correction),
        is_rare=[_is_rare(cohort.frame[info.name]) for info in infos],
        direction=[_direction(cohort, info) for info in infos],
    )


def _why_not(
    info: ColumnInfo, p_value: float, settings: AssociateSettings, again: dict[str, str]
) -> str:
    if info.name in settings.adjust:
        return HELD
    if info.family == "acquisition":
        return "it says how the scan was made"
    if info.name in again:
        return again[info.name]
    if not np.isfinite(p_value):
        return "no adjusted test" if settings.adjust else "not tested"
    return ""


def _is_rare(column: pd.Series) -> bool:
    counts = column.value_counts()
    return bool(len(counts) and counts.sum() - counts.max() < FEWEST_ELSEWHERE)


def _direction(cohort: Cohort, info: ColumnInfo) -> str:
    """Where it is highest and where lowest: means, or the level whose share differs most."""
    column, clusters = cohort.frame[info.name], np.array(cohort.clusters)
    if info.kind in NUMBERS:
        try:
            values = numbers_of(column)
        except NotTestableError:
            return ""
        return _ends(clusters, _means(cohort, values), "mean ", "{:.3g}")
    if info.kind not in LEVELS or not column.notna().any():
        return ""
    codes, names = codes_of(column)
    if info.kind == "ordinal":
        ranks = np.full(len(codes), np.nan)
        ranks[codes >= 0] = midranks(codes[codes >= 0].astype(np.float64))
        means = _means(cohort, ranks)
        return _medians(cohort, codes, names, means) or _ends(
            clusters, means, "mean rank ", "{:.0f}"
        )
    shares = np.column_stack(
        [
            _means(cohort, np.where(codes < 0, np.nan, (codes == code).astype(np.float64)))
            for code in range(len(names))
        ]
    )
    gaps = np.nanmax(shares, axis=0) - np.nanmin(shares, axis=0)
    level = len(names) - 1 if info.kind == "binary" else int(gaps.argmax())
    return _ends(clusters, 100 * shares[:, level], f"{names[level]}: ", "{:.0f} %")


def _medians(cohort: Cohort, codes: Labels, names: Sequence[str], means: Values) -> str:
    """Median levels where mean ranks are highest and lowest; empty where these are the same.

    Of an even number of values the lower one of the middle, so that it is a level that exists.
    """
    if np.isfinite(means).sum() < 2:
        return ""
    ends = [cohort.clusters[int(one)] for one in (np.nanargmax(means), np.nanargmin(means))]
    known = [np.sort(codes[(codes >= 0) & (cohort.labels == number)]) for number in ends]
    high, low = (int(one[(len(one) - 1) // 2]) for one in known)
    if high <= low:
        return ""
    return f"median {names[high]} in cluster {ends[0]}, {names[low]} in cluster {ends[1]}"


def _means(cohort: Cohort, values: Values) -> Values:
    """Mean of each cluster, NaN where it has no value, shape (k,)."""
    known = np.isfinite(values)
    parts = [values[known & (cohort.labels == number)] for number in cohort.clusters]
    return np.array([part.mean() if len(part) else np.nan for part in parts])


def _ends(clusters: Labels, means: Values, before: str, number: str) -> str:
    if np.isfinite(means).sum() < 2:
        return ""
    high, low = int(np.nanargmax(means)), int(np.nanargmin(means))
    most, least = (number.format(means[one]) for one in (high, low))
    return f"{before}{most} in cluster {clusters[high]}, {least} in cluster {clusters[low]}"
