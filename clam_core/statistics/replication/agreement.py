"""Whether clusters of one cohort are those of another: prediction strength and agreement.

Source:
    Tibshirani & Walther (2005), "Cluster validation by prediction strength", J Comput Graph Stat
    14:511; Hubert & Arabie (1985), J Classif 2:193.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clam_core.statistics.result import Labels

FOUND_AGAIN, LOST = 0.8, 0.5
"""Prediction strength from which clusters count as found again, and below which as not."""

LEAST_RAND = 0.5
"""Adjusted Rand index below which prediction strength alone says nothing.

Where the frozen clusters put nearly all scans into one, they keep all pairs together, too.
"""


@dataclass(frozen=True)
class Agreement:
    """Frozen clusters against clusters that were made anew in the second cohort.

    Attributes:
        prediction_strength: Smallest share, over the new clusters, of pairs of scans that the
            frozen clusters keep together, 0 to 1.
        of_clusters: That share of each new cluster; NaN where it has one scan.
        adjusted_rand: Adjusted Rand index of both.
        sentence: What it says.
    """

    prediction_strength: float
    of_clusters: tuple[float, ...]
    adjusted_rand: float
    sentence: str


def agreement(frozen: Labels, refitted: Labels) -> Agreement:
    """Compare two clusterings of the second cohort.

    Args:
        frozen: Cluster by the rule of the first cohort, shape (n,).
        refitted: Cluster by a new fit, shape (n,).

    Returns:
        Both measures and a sentence.
    """
    from sklearn.metrics import adjusted_rand_score

    shares = tuple(_together(frozen[refitted == one]) for one in np.unique(refitted))
    known = [one for one in shares if np.isfinite(one)]
    strength = min(known) if known else float("nan")
    rand = float(adjusted_rand_score(frozen, refitted))
    return Agreement(strength, shares, rand, _sentence(strength, rand))


def _together(labels: Labels) -> float:
    """Share of pairs that are in one cluster."""
    n = len(labels)
    if n < 2:
        return float("nan")
    counts = np.unique(labels, return_counts=True)[1]
    return float((counts * (counts - 1)).sum() / (n * (n - 1)))


def _sentence(strength: float, rand: float) -> str:
    if not np.isfinite(strength):
        return "Whether the clusters are found again cannot be told: too few scans."
    head = f"Prediction strength {strength:.2f}: "
    if strength >= LOST and rand < LEAST_RAND:
        return (
            f"{head}pairs of scans stay together, but the frozen clusters do not tell apart what "
            f"new ones do (adjusted Rand index {rand:.2f}): they are not found again."
        )
    if strength >= FOUND_AGAIN:
        return f"{head}the second cohort has the same clusters ({FOUND_AGAIN:g} or more)."
    if strength >= LOST:
        return f"{head}the clusters are found again in part ({LOST:g} to {FOUND_AGAIN:g})."
    return f"{head}the clusters are not found again in the second cohort (below {LOST:g})."
