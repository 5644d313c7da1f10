"""Associations in two cohorts as they are shown, on the page and in the report alike."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clam_core.report.phrases import interval, number, p_value
from clam_core.report.tables.follow_up_tables import ShownTable, rows_of
from clam_core.study.associations import Replication


def replication_words(found: Replication) -> list[str]:
    """What was repeated where, how far the clusters agree, and what was replicated."""
    agreed = found.about["agreement"]
    adjusted = agreed.get("adjusted_rand")
    more = "" if adjusted is None else f" Adjusted Rand index {number(adjusted)}."
    return [
        f"Second cohort: {found.about['second']}. Its scans got the clusters of the first cohort, "
        "and were clustered anew to compare.",
        f"{agreed['sentence']}{more}",
        str(found.about["sentence"]),
    ]


def replication_table(found: Replication) -> ShownTable | None:
    """Effects in both cohorts; None where none could be compared."""
    rows = found.rows
    if rows.empty:
        return None
    order = rows["verdict"].eq("not found in the first cohort")
    ordered = rows.assign(late=order).sort_values(["late", "first_p_value"], kind="stable")
    shown = [
        {
            "Variable": str(row["label"]),
            "Clusters": f"{int(row['cluster_a'])} and {int(row['cluster_b'])}",
            "First cohort (95 % interval)": _cell(row, "first_"),
            "p corrected": p_value(row["first_p_adjusted"]),
            "Second cohort (95 % interval)": _cell(row, "second_"),
            "p": p_value(row["second_p_value"]),
            "Together (95 % interval)": _cell(row, "fixed_"),
            "With spread between cohorts": _cell(row, "random_"),
            "Verdict": str(row["verdict"]),
        }
        for row in rows_of(ordered)
    ]
    return ShownTable(
        "Associations in both cohorts",
        pd.DataFrame(shown),
        "Difference of means (first minus second cluster), of levels for scores, odds ratio for "
        "yes and no; together by a fixed-effect and a random-effects meta-analysis. "
        f"{found.about['rule']}",
    )


def _cell(row: dict[str, Any], prefix: str) -> str:
    ends = interval(row[f"{prefix}ci_low"], row[f"{prefix}ci_high"])
    return f"{number(row[f'{prefix}effect'])} ({ends})"
