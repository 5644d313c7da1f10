"""The answer in one sentence: what differs, how stable the clusters are, what confounds them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clam_core.settings.verdicts import DOUBTFUL, STABLE
from clam_core.statistics.significance.correction import Correction

LEVEL = 0.05
_RATES = {"bh": "FDR 5 %", "by": "FDR 5 %, Benjamini-Yekutieli", "holm": "Holm, 5 %"}


def headline(
    rows: pd.DataFrame, jaccard_of: Sequence[float], confounding: pd.DataFrame, method: Correction
) -> str:
    """The first line of the page and of the report.

    Args:
        rows: Rows of the association table.
        jaccard_of: Stability of each cluster.
        confounding: The confounding panel.
        method: How p-values were corrected.

    Returns:
        One sentence.
    """
    tested = int(rows["p_value"].notna().sum())
    differ = int((rows["p_adjusted"] < LEVEL).sum())
    verb = "differs" if differ == 1 else "differ"
    first = (
        f"Of {tested} variables tested, {differ} {verb} between clusters after correction "
        f"({_RATES[method]})"
        if tested
        else "No variable could be tested"
    )
    parts = [first, stability_words(jaccard_of), *_confounded(confounding)]
    return "; ".join(part for part in parts if part) + "."


def stability_words(jaccard_of: Sequence[float]) -> str:
    """Whether the clusters are found again in resampled cohorts, with their Jaccard indices."""
    known = [one for one in jaccard_of if np.isfinite(one)]
    if not known:
        return "the stability of the clusters is not known"
    numbers = ", ".join(f"{one:.2f}" if np.isfinite(one) else "–" for one in jaccard_of)
    worst = min(known)
    word = "stable"
    if worst < STABLE:
        word = "not all stable" if worst >= DOUBTFUL else "not all stable enough to interpret"
    return f"clusters are {word} (Jaccard {numbers})"


def within_words(rows: pd.DataFrame, within: pd.DataFrame) -> list[str]:
    """How many of the findings are found within sites, too; nothing where no site is known.

    Args:
        rows: Rows of the association table.
        within: The comparison within sites, `WITHIN_COLUMNS`.

    Returns:
        One sentence, or none.
    """
    if within.empty:
        return []
    differ = set(rows.loc[rows["p_adjusted"] < LEVEL, "variable"])
    again = differ & set(within.loc[within["p_adjusted"] < LEVEL, "variable"])
    site = uncapitalized(str(within["within"].iloc[0]))
    power = ", which also costs power" if len(again) < len(differ) else ""
    return [
        f"Of {len(differ)} variables that differ between clusters, {len(again)} also differ where "
        f"subjects are compared only with those of the same {site} (corrected p below 0.05){power}."
    ]


def uncapitalized(name: str) -> str:
    """A label within a sentence; abbreviations stay as they are."""
    return name if name.isupper() else name[:1].lower() + name[1:]


def _confounded(panel: pd.DataFrame) -> list[str]:
    """The acquisition column that goes most with the clusters, and whether that is much."""
    if panel.empty:
        return ["nothing is known of site or scanner"]
    made = panel[(panel["family"] == "acquisition") & panel["strength"].notna()]
    if made.empty:
        return ["site and scanner could not be compared"]
    worst = made.sort_values("strength", ascending=False).iloc[0]
    symbol = "V" if worst["strength_name"] == "cramers_v" else "strength"
    link = "goes with the clusters" if worst["flagged"] else "has no strong link with the clusters"
    name = uncapitalized(str(worst["label"]))
    ends = f", 95 % interval {worst['ci_low']:.2f} to {worst['ci_high']:.2f}"
    return [f"{name} {link} ({symbol} = {worst['strength']:.2f}{ends})"]
