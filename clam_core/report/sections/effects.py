"""Effects in words, and the comparison of every two clusters."""

from __future__ import annotations

from itertools import combinations

import pandas as pd

from clam_core.figures.associations import LEVEL
from clam_core.report.html import Html, join, paragraph, table, tag
from clam_core.report.phrases import interval, number, p_value, titled
from clam_core.study.associations import Associations
from clam_core.wording import effect_named

_MOST_CLUSTERS = 4


def effect_name(name: object) -> str:
    """The name of an effect as it is printed."""
    return effect_named(name).words


def pairs_table(found: Associations) -> Html:
    """Every two clusters in the variables that differ; nothing where there are only two clusters.

    Args:
        found: What the step `associate` stored.

    Returns:
        Effect with its interval and corrected p-value, a column per pair.
    """
    clusters, pairs = found.about["clusters"], found.table("pairs")
    rows = found.rows[found.rows["p_adjusted"] < LEVEL].sort_values(["family", "p_adjusted"])
    rows = rows[rows["variable"].isin(pairs["variable"])] if len(pairs) else rows.head(0)
    if len(clusters) < 3 or rows.empty:
        return Html("")
    heading = tag("h3", "Pairs of clusters")
    if len(clusters) > _MOST_CLUSTERS:
        text = (
            "With so many clusters the comparisons of every two are left out here; the step "
            "'export' writes them as a table."
        )
        return join([heading, paragraph(text)])
    shown = []
    for row in rows.to_dict("records"):
        own = pairs[pairs["variable"] == row["variable"]].set_index(["cluster_a", "cluster_b"])
        cells = {"Variable": titled(str(row["label"]), str(row["unit"] or ""))}
        cells |= {"Family": str(row["family"])}
        cells |= {f"{a} and {b}": _pair(own, (a, b)) for a, b in combinations(clusters, 2)}
        shown.append(cells)
    methods = "; ".join(sorted({str(one) for one in pairs["method"]}))
    caption = (
        "Effect with its interval, 95 % or of shares and V 90 % (positive: more in the first of "
        f"the two), and p corrected for the number of pairs, in the variables that differ "
        f"({methods})."
    )
    return join([heading, table(pd.DataFrame(shown), caption, by="Family")])


def _pair(own: pd.DataFrame, pair: tuple[int, int]) -> str:
    if pair not in own.index:
        return "–"
    row = own.loc[[pair]].iloc[0]
    return (
        f"{effect_name(row['effect_name'])} {number(row['effect_size'])} "
        f"({interval(row['ci_low'], row['ci_high'])}), p\u00a0{p_value(row['p_adjusted'])}"
    )
