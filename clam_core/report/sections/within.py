"""The findings again, where only subjects of the same site are compared with each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from clam_core.report.html import Html, join, table, tag
from clam_core.report.phrases import number, p_value
from clam_core.statistics.headline import uncapitalized
from clam_core.study.associations import Associations


def write_within(found: Associations) -> Html:
    """Pooled test beside the test within sites, a row per variable; nothing without sites."""
    within = found.table("within")
    if within.empty:
        return Html("")
    pooled = found.rows.set_index("variable")
    site = uncapitalized(str(within["within"].iloc[0]))
    shown = [
        {
            "Variable": row["label"],
            "Family": row["family"],
            "Pooled p": p_value(pooled.loc[row["variable"], "p_value"]),
            "n (left out)": _counted(row),
            "Test": row["test"] or row["reason"],
            "Statistic (df)": _statistic(row),
            "p": p_value(row["p_value"]),
            "p corrected": p_value(row["p_adjusted"]),
        }
        for row in within.sort_values(["family", "p_value"], kind="stable").to_dict("records")
    ]
    caption = (
        f"Clusters compared only with clusters of the same {site}, so that a difference "
        f"between them cannot come from the {site}. Left out: subjects of a {site} "
        "with one cluster only. p corrected within the family."
    )
    heading = tag("h3", f"Within the same {site}")
    return join([heading, table(pd.DataFrame(shown), caption, by="Family")])


def _counted(row: Mapping[Any, Any]) -> str:
    return "–" if pd.isna(row["n"]) else f"{row['n']:.0f} ({row['n_left_out']:.0f})"


def _statistic(row: Mapping[Any, Any]) -> str:
    if pd.isna(row["statistic"]):
        return "–"
    return f"{number(row['statistic'])} ({row['df']:.0f})"
