"""The answer in one sentence: what differs, how stable the clusters are, what confounds them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clam_core.association.correction import Correction

LEVEL = 0.05
_STABLE, _DOUBTFUL = 0.75, 0.6
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
    if worst < _STABLE:
        word = "not all stable" if worst >= _DOUBTFUL else "not all stable enough to interpret"
    return f"clusters are {word} (Jaccard {numbers})"


def _confounded(panel: pd.DataFrame) -> list[str]:
    """The acquisition column that goes most with the clusters, and whether that is much."""
    if panel.empty:
        return ["nothing is known of site or scanner"]
    made = panel[(panel["family"] == "acquisition") & panel["strength"].notna()]
    if made.empty:
        return ["site and scanner could not be compared"]
    worst = made.sort_values("strength", ascending=False).iloc[0]
    symbol = "V" if worst["strength_name"] == "cramers_v" else "strength"
    word = "goes with the clusters" if worst["flagged"] else "is not confounded"
    name = str(worst["label"])
    name = name if name.isupper() else name[:1].lower() + name[1:]
    return [f"{name} {word} ({symbol} = {worst['strength']:.2f})"]
