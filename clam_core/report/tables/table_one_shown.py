"""Table 1 as it is printed, in the report, on the page and in files for a paper."""

from __future__ import annotations

import pandas as pd

from clam_core.report.phrases import number, p_value
from clam_core.study.associations import Associations

NUMBER_WORDS = {
    "both": "mean ± standard deviation and median [quartiles]",
    "mean": "mean ± standard deviation",
    "median": "median [quartiles]",
}


def table_one_shown(found: Associations) -> pd.DataFrame:
    """A variable is named once, clusters are called so, and so are differences and p-values.

    Args:
        found: What the step `associate` stored.

    Returns:
        One text per cell; SMD, p and q stand in the first row of a variable.
    """
    table = found.table("table_one")
    is_first = table["variable"] != table["variable"].shift()
    labels = table["label"].where(is_first, "")
    shown = pd.DataFrame({"Variable": labels, "": table["statistic"], "All": table["overall"]})
    for name in table.columns:
        if str(name).startswith("cluster_"):
            shown[f"Cluster {str(name).removeprefix('cluster_')}"] = table[name]
    if "smd" not in table.columns:  # stored before there was such a column
        return shown
    several = len(found.about["clusters"]) > 2
    shown["SMD"] = [
        "" if pd.isna(size) else f"{number(size)} ({between})" if several else number(size)
        for size, between in zip(table["smd"], table["smd_between"], strict=True)
    ]
    for title, name in (("p", "p_value"), ("q", "p_adjusted")):
        shown[title] = ["" if pd.isna(one) else p_value(one) for one in table[name]]
    return shown


def table_one_words(found: Associations) -> str:
    """What its cells hold, in sentences.

    Args:
        found: What the step `associate` stored.
    """
    about = found.about
    numbers = NUMBER_WORDS[about["settings"].get("table_numbers", "both")]
    words = (
        f"Numbers: {numbers}. Levels: count (percent of known values). Missing: count (percent of "
        "all)."
    )
    if "smd" not in found.table("table_one").columns:
        return words
    pair = (
        "of the two clusters that differ most, named in brackets"
        if len(about["clusters"]) > 2
        else "of the two clusters"
    )
    return (
        f"{words} SMD: standardised mean difference {pair}, without its sign (levels: of all "
        "shares together). p: test of the association table; q: p corrected within its family."
    )
