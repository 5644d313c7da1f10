"""Correction of p-values for the number of tests."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np

from clam_core.statistics.result import Values

Correction = Literal["bh", "holm", "by"]

CORRECTION_NAMES = {
    "bh": "Benjamini-Hochberg",
    "holm": "Holm",
    "by": "Benjamini-Yekutieli",
}


def correct(p_values: Values, method: Correction = "bh") -> Values:
    """Adjust p-values so that they can be compared with the error rate as they are.

    Args:
        p_values: Shape (n,); NaN means not tested and does not count.
        method: `bh` and `by` control the false discovery rate, `holm` the chance of
            any false finding.

    Returns:
        Adjusted p-values, shape (n,), NaN where there was none.

    Source:
        Benjamini & Hochberg (1995), J R Stat Soc B 57:289; Holm (1979), Scand J Stat
        6:65; Benjamini & Yekutieli (2001), Ann Stat 29:1165.
    """
    result = np.full(len(p_values), np.nan)
    tested = np.flatnonzero(~np.isnan(p_values))
    n = len(tested)
    if n == 0:
        return result
    order = tested[np.argsort(p_values[tested], kind="stable")]
    ranks = np.arange(1, n + 1)
    if method == "holm":
        # Monotone in p: Holm steps down from the smallest p, the others up from the largest.
        stepped = np.maximum.accumulate(p_values[order] * (n - ranks + 1))
    else:
        factor = (1 / ranks).sum() if method == "by" else 1.0
        raised = p_values[order] * n * factor / ranks
        stepped = np.minimum.accumulate(raised[::-1])[::-1]
    result[order] = np.minimum(stepped, 1.0)
    return result


def correct_within(
    p_values: Values, families: Sequence[Hashable], method: Correction = "bh"
) -> Values:
    """Adjust p-values within each family of variables.

    Args:
        p_values: Shape (n,), NaN where not tested.
        families: Family of each, length n.
        method: See `correct`.

    Returns:
        Adjusted p-values, shape (n,).
    """
    result = np.full(len(p_values), np.nan)
    for family in dict.fromkeys(families):
        members = np.array([one == family for one in families])
        result[members] = correct(p_values[members], method)
    return result
