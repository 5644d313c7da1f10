"""Which clusters are alike, as it is shown on the page and in the report."""

from __future__ import annotations

import pandas as pd

from clam_core.report.phrases import p_value, titled
from clam_core.report.tables.follow_up_tables import ShownTable
from clam_core.study.associations import Associations
from clam_core.wording import number_text


def equivalence_table(found: Associations) -> ShownTable | None:
    """Every pair of clusters of the variables for which a bound was stated; None without any.

    Args:
        found: What the step `associate` stored.
    """
    table = found.table("equivalence")
    if table.empty or "bound" not in table.columns:
        return None
    rows = found.rows.set_index("variable")
    titles = {
        str(name): titled(str(row["label"]), str(row["unit"] or ""))
        for name, row in rows.to_dict("index").items()
    }
    frame = pd.DataFrame(
        {
            "Variable": [titles[str(one)] for one in table["variable"]],
            "Clusters": [
                f"{a} – {b}" for a, b in zip(table["cluster_a"], table["cluster_b"], strict=True)
            ],
            "Bound": [number_text(one) for one in table["bound"]],
            "Difference (90 % interval)": _cells(table, ("difference", "ci_low", "ci_high")),
            "p, alike": table["p_value"].map(p_value),
            "Alike": _words(table["is_alike"], table["p_value"]),
        }
    )
    if table["adjusted_p_value"].notna().any():
        names = ("adjusted_difference", "adjusted_low", "adjusted_high")
        frame["Adjusted (90 % interval)"] = _cells(table, names)
        frame["p, adjusted"] = table["adjusted_p_value"].map(p_value)
        frame["Alike, adjusted"] = _words(table["adjusted_is_alike"], table["adjusted_p_value"])
    return ShownTable(
        "Equivalence",
        frame,
        "Two one-sided tests (Welch): a pair is alike where p is below 0.05, so that the 90 % "
        "interval lies between minus and plus the bound. Not alike does not mean different. All "
        "clusters are alike where all pairs are; p-values are not corrected for the number of "
        "variables.",
    )


def _cells(table: pd.DataFrame, names: tuple[str, str, str]) -> list[str]:
    ends = zip(*(table[name] for name in names), strict=True)
    return [
        "–" if pd.isna(size) else f"{number_text(size)} ({number_text(low)} to {number_text(high)})"
        for size, low, high in ends
    ]


def _words(is_alike: pd.Series, p_values: pd.Series) -> list[str]:
    pairs = zip(is_alike, p_values, strict=True)
    return ["–" if pd.isna(p) else "yes" if bool(alike) else "not shown" for alike, p in pairs]
