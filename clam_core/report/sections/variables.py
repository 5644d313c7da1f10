"""Plots of single variables by cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from clam_core.association import Cohort
from clam_core.association.typed import LEVELS, NUMBERS, numbers_of
from clam_core.figures.associations import LEVEL
from clam_core.io.columns import ColumnInfo
from clam_core.report.charts_clinical import levels, points
from clam_core.report.html import Figures, Html, join, paragraph, tag
from clam_core.report.material import Material
from clam_core.report.phrases import interval, number, plural, titled, with_sign
from clam_core.report.sections.effects import effect_name


def plots(material: Material, figures: Figures) -> Html:
    """A plot per variable that differs; where none does, of those with the smallest p."""
    cohort, found = material.compared, material.associations
    if cohort is None or found is None or material.settings.n_plots == 0:
        return Html("")
    tested = found.rows[found.rows["p_value"].notna()].sort_values("p_adjusted", kind="stable")
    tested = tested[tested["variable"].isin(list(cohort.columns))]
    differ = tested[tested["p_adjusted"] < LEVEL]
    chosen = (differ if len(differ) else tested).head(material.settings.n_plots)
    if chosen.empty:
        return Html("")
    drawn = [
        _plot(cohort, {str(k): v for k, v in row.items()}, list(cohort.clusters), figures)
        for row in chosen.to_dict("records")
    ]
    words = (
        f"Drawn: {plural(len(chosen), 'variable')} with the smallest corrected p-values, of "
        f"{len(differ)} that differ after correction."
        if len(differ)
        else f"No variable differs after correction. Drawn: the {len(chosen)} with the smallest "
        "p-values."
    )
    parts = [tag("h3", "Variable by variable"), paragraph(words)]
    return join([*parts, tag("div", *drawn, class_="grid")])


def _plot(
    cohort: Cohort, row: Mapping[str, Any], clusters: list[int], figures: Figures
) -> Html | None:
    info = cohort.columns[str(row["variable"])]
    title = titled(info.label, info.unit)
    words = _words(row, clusters)
    column = cohort.frame[info.name]
    if info.kind in NUMBERS:
        return _numbers(column, cohort, (title, words), figures)
    if info.kind in LEVELS:
        return figures.add(words, _levels(column, cohort, info, words))
    return None


def _words(row: Mapping[str, Any], clusters: list[int]) -> str:
    """The finding in one sentence; bars carry their counts themselves."""
    means = [f"cluster {c}: {row[f'summary_cluster_{c}']}" for c in clusters]
    each = f" ({'; '.join(means)})" if row["kind"] in NUMBERS else ""
    return (
        f"{row['label']} by cluster{each}. {effect_name(row['effect_name'])} "
        f"{number(row['effect_size'])} ({interval(row['ci_low'], row['ci_high'])}); {row['test']}, "
        f"p {with_sign(row['p_value'])}, corrected p {with_sign(row['p_adjusted'])}."
    )


def _numbers(
    column: pd.Series[Any], cohort: Cohort, texts: tuple[str, str], figures: Figures
) -> Html | None:
    values = numbers_of(column)
    known = np.isfinite(values)
    parts = {n: values[known & (cohort.labels == n)] for n in cohort.clusters}
    if not known.any():
        return None
    title, words = texts
    return figures.add(words, points(parts, title, f"Points and boxes by cluster. {words}"))


def _levels(column: pd.Series[Any], cohort: Cohort, info: ColumnInfo, words: str) -> Html:
    known = column.dropna()
    if not isinstance(known.dtype, pd.CategoricalDtype):
        known = known.astype("category")
    known = known.cat.remove_unused_categories()
    clusters = pd.Series(cohort.labels, index=column.index)[known.index]
    counts = pd.crosstab(clusters, known).reindex(list(cohort.clusters), fill_value=0)
    alt = f"Stacked columns by cluster. {words}"
    return levels(counts, info.label, alt, ordered=info.kind == "ordinal")
