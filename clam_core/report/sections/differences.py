"""What distinguishes one cluster: its clinical values beside those of the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from clam_core.figures.associations import LEVEL
from clam_core.report.html import Html, join, paragraph, table
from clam_core.report.material import Material
from clam_core.report.phrases import percent, titled
from clam_core.statistics import Cohort
from clam_core.statistics.cohort.column_arrays import NUMBERS, codes_of, numbers_of
from clam_core.statistics.cohort.summaries import decimals_of, mean_text, median_text
from clam_core.statistics.effects.one_scale import strengths
from clam_core.tables.column_info import doubt_words

_MOST = 6


def differences(material: Material, number: int) -> Html:
    """The variables that differ most between the clusters, here and in all other scans.

    Args:
        material: The run.
        number: Cluster, from 1.

    Returns:
        A table; a sentence where nothing differs; nothing before associations are made.
    """
    found, cohort = material.associations, material.compared
    if found is None or cohort is None or number not in cohort.clusters:
        return Html("")
    differ = set(found.rows.loc[found.rows["p_adjusted"] < LEVEL, "variable"])
    known = strengths(found.rows)
    known = known[known["variable"].isin(differ & set(cohort.columns))]
    if known.empty:
        return paragraph("No clinical variable differs between the clusters after correction.")
    order = known["strength"].abs().sort_values(ascending=False, kind="stable").index
    names = known.loc[order, "variable"].tolist()[:_MOST]
    own = cohort.labels == number
    rows = [
        {
            "Variable": titled(cohort.columns[name].label, cohort.columns[name].unit),
            f"Cluster {number}": _typical(cohort, name, own),
            "All others": _typical(cohort, name, ~own),
        }
        for name in names
    ]
    caption = (
        "The clinical variables that differ most between the clusters (after correction). Mean ± "
        "SD of numbers, median [quartiles] of scores, else the most frequent level."
    )
    doubts = doubt_words(cohort.columns[name] for name in names)
    return join([table(pd.DataFrame(rows), caption), *map(paragraph, doubts)])


def _typical(cohort: Cohort, name: str, rows: np.ndarray[Any, np.dtype[np.bool_]]) -> str:
    """What is usual in some rows."""
    column, kind = cohort.frame[name], cohort.columns[name].kind
    if kind in NUMBERS:
        values = numbers_of(column)
        known = np.isfinite(values)
        decimals = decimals_of([values[known & rows], values[known & ~rows]])
        own = values[known & rows]
        return mean_text(own, decimals) if kind == "continuous" else median_text(own)
    codes, levels = codes_of(column)
    seen = codes[rows]
    seen = seen[seen >= 0]
    if len(seen) == 0:
        return "–"
    scores = pd.to_numeric(pd.Series(levels), errors="coerce").to_numpy(dtype=np.float64)
    if kind == "ordinal" and np.isfinite(scores).all():
        return median_text(scores[seen])
    counts = np.bincount(seen)
    best = int(counts.argmax())
    return f"{levels[best]} ({percent(counts[best] / len(seen))})"
