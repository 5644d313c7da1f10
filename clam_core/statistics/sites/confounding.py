"""Whether the clusters follow the site, the scanner, or who the subjects are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clam_core.settings import AssociateSettings
from clam_core.statistics.cohort.assemble import Cohort
from clam_core.statistics.cohort.column_arrays import LEVELS, NUMBERS, codes_of, numbers_of
from clam_core.statistics.cohort.groups import Groups, group, table_of
from clam_core.statistics.effects.contingency import cramers_v
from clam_core.statistics.effects.largest_difference import largest_difference
from clam_core.statistics.effects.numbers import omega_squared
from clam_core.statistics.result import NotTestableError
from clam_core.statistics.significance.contingency import table_test
from clam_core.statistics.significance.means import mean_test

INSPIRATION = "inspiration"
"""Family of the lung volume in the scan: breath hold, but disease and body size as well."""

PANEL_COLUMNS = (
    "variable",
    "label",
    "family",
    "n",
    "n_missing",
    "strength_name",
    "strength",
    "ci_low",
    "ci_high",
    "largest_difference",
    "difference_between",
    "test",
    "p_value",
    "flagged",
    "reason",
)
LEVEL = 0.05
_PERFECT = 0.999
FAMILIES = ("acquisition", INSPIRATION, "demographics")


@dataclass(frozen=True, eq=False)
class Confounding:
    """The confounding panel.

    Attributes:
        panel: One row per column, `PANEL_COLUMNS`. `strength` is the bias-corrected
            Cramer's V, or the root of omega squared for numbers, both from 0 to 1.
        banner: A warning that names every column that goes with the clusters, how the scans
            were made first, then who the subjects are; else empty.
    """

    panel: pd.DataFrame
    banner: str


def confounding_panel(cohort: Cohort, settings: AssociateSettings) -> Confounding:
    """Compare possible confounders between the clusters.

    Args:
        cohort: Rows with their clusters.
        settings: Names the columns, and the strength from which there is a banner.

    Returns:
        The panel and its banner.
    """
    names = settings.confounders or tuple(
        name for name, info in cohort.columns.items() if info.family in FAMILIES
    )
    known = [name for name in names if name in cohort.columns]
    rows = [_row(cohort, name, settings) for name in known]
    panel = pd.DataFrame(rows, columns=list(PANEL_COLUMNS))
    return Confounding(panel, _banner(panel))


def _banner(panel: pd.DataFrame) -> str:
    # An empty panel has no column of truth values to choose by.
    strong = panel[panel["flagged"].astype(bool)].sort_values("strength", ascending=False)
    made = _listed(strong[~strong["family"].isin([INSPIRATION, "demographics"])])
    who = _listed(strong[strong["family"] == "demographics"])
    sentences = []
    if made:
        sentences.append(
            f"The clusters follow how the scans were made: {made}. A difference between clusters "
            "may be one between sites or scanners; read the adjusted results, and compare within "
            "a site."
        )
    if who:
        sentences.append(
            f"The clusters differ in who the subjects are: {who}. Read the results adjusted for it."
        )
    return " ".join(sentences)


def _listed(rows: pd.DataFrame) -> str:
    return ", ".join(f"{row.label} ({row.strength:.2f})" for row in rows.itertuples())


def _goes_with_clusters(cells: dict[str, object], strong: float) -> bool:
    """Whether there is a link by the test, and the data allow that it is a strong one.

    The estimate alone exceeds any bound by chance where subjects are few, and misses a link that
    is certain where they are many.
    """
    size, high, p_value = (float(str(cells[name])) for name in ("strength", "ci_high", "p_value"))
    if size > _PERFECT:
        return True
    # Where there is no interval, the estimate stands for its upper end.
    return p_value < LEVEL and bool(np.nanmax([size, high]) >= strong)


def _row(cohort: Cohort, name: str, settings: AssociateSettings) -> dict[str, object]:
    info = cohort.columns[name]
    column = cohort.frame[name]
    head: dict[str, object] = {
        "variable": name,
        "label": info.label,
        "family": info.family,
        "n": int(column.notna().sum()),
        "n_missing": int(column.isna().sum()),
        "flagged": False,
        "reason": "",
    }
    rng = np.random.default_rng(settings.seed)
    try:
        if info.kind in NUMBERS:
            cells = _numbers(cohort, name, settings, rng)
        elif info.kind in LEVELS:
            cells = _levels(cohort, name, settings, rng)
        else:
            raise NotTestableError(f"it is {info.kind}")
    except NotTestableError as error:
        return {**head, "reason": f"not compared, because {error}"}
    return {**head, **cells, "flagged": _goes_with_clusters(cells, settings.banner_from)}


def _numbers(
    cohort: Cohort, name: str, settings: AssociateSettings, rng: np.random.Generator
) -> dict[str, object]:
    groups = group(numbers_of(cohort.frame[name]), cohort.labels)
    tested = mean_test(groups, settings.n_resamples, rng)
    largest = largest_difference(groups, is_number=True)
    # Relative, as rounding leaves a tiny variance in a cluster of equal values.
    if not (groups.variances() > 1e-20 * groups.values.var()).all():
        # Where a cluster has one value throughout, there is no interval; the ratio stands:
        # a number that follows the clusters without any spread is confounded perfectly.
        return _found("correlation_ratio", (_ratio(groups), np.nan, np.nan), largest, tested)
    effect = omega_squared(groups)
    ends = (float(np.sqrt(x)) for x in (effect.size, effect.ci_low, effect.ci_high))
    return _found("correlation_ratio", tuple(ends), largest, tested)


def _ratio(groups: Groups) -> float:
    """Correlation ratio, corrected for chance as epsilon squared is (Kelley 1935)."""
    total = float(np.square(groups.values - groups.values.mean()).sum())
    within = float((groups.variances() * (groups.sizes - 1)).sum())
    n = len(groups.values)
    if total == 0 or n <= groups.k:
        return float("nan")
    squared = 1 - (within / (n - groups.k)) / (total / (n - 1))
    return float(np.sqrt(max(squared, 0.0)))


def _levels(
    cohort: Cohort, name: str, settings: AssociateSettings, rng: np.random.Generator
) -> dict[str, object]:
    codes, _ = codes_of(cohort.frame[name])
    groups = group(np.where(codes < 0, np.nan, codes), cohort.labels)
    table = table_of(groups)
    largest = largest_difference(groups, is_number=False)
    v = cramers_v(table)
    tested = table_test(table, settings.n_resamples, rng)
    return _found("cramers_v", (v.size, v.ci_low, v.ci_high), largest, tested)


def _found(
    name: str,
    ends: Sequence[float],
    largest: tuple[float, str],
    tested: object,
) -> dict[str, object]:
    return {
        "strength_name": name,
        "strength": ends[0],
        "ci_low": ends[1],
        "ci_high": ends[2],
        "largest_difference": largest[0],
        "difference_between": largest[1],
        "test": getattr(tested, "test", ""),
        "p_value": getattr(tested, "p_value", np.nan),
    }
