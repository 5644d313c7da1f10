"""How many clusters of density or texture are evident: a comparison in units of their spread."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from clam_core.fitting.evidence import evidence
from clam_core.how_many import Selection
from clam_core.how_many.decision import is_stable

CLEAR = 3.0
"""Standard deviations of cohorts without groups from which a number is recommended. Several numbers
are tried, so that one alone must be clearer than the groups of one fit need be."""


def by_evidence(
    features: NDArray[np.floating], selection: Selection, clusterer: str, seed: int
) -> Selection:
    """Recommend the most clusters of which all are found again and stand out.

    Evidence is that of the two clusters that are least apart, so that a group cut in two has none.
    Silhouettes and gaps are distances in the plain features. Clusters of a mixture with one
    covariance lie apart in directions that vary little, where such distances see nothing.

    Args:
        features: What was clustered, shape (n_scans, n_features).
        selection: The comparison of numbers by the same clusterer.
        clusterer: Its name.
        seed: Cohorts without groups follow from it.

    Returns:
        The same rows with another recommendation, reason and notes.
    """
    scores = {
        row.n_clusters: evidence(features, clusterer, row.n_clusters, seed)
        for row in selection.rows
    }
    stable = {row.n_clusters: row.jaccard for row in selection.rows if is_stable(row.jaccard_of)}
    holding = [k for k in stable if scores[k] >= CLEAR]
    if holding:
        best = max(holding)
        reason = (
            f"{best} clusters stand out from cohorts without groups (the least separate two by "
            f"{scores[best]:.1f} standard deviations), and are found again in resampled cohorts "
            f"(Jaccard index {stable[best]:.2f})."
        )
        return replace(selection, recommended=best, reason=reason, notes=_others(holding, best))
    best = max(scores, key=lambda k: scores[k])
    objections = []
    if scores[best] < CLEAR:
        objections.append("they do not clearly stand out from cohorts without groups")
    if best not in stable:
        objections.append("they are not found again in resampled cohorts")
    reason = (
        "No number of clusters is recommended: already for the best candidate, "
        f"{best} clusters, {' and '.join(objections)}."
    )
    return replace(selection, recommended=None, reason=reason, notes=selection.notes)


def _others(holding: list[int], best: int) -> tuple[str, ...]:
    others = [str(k) for k in holding if k != best]
    return (f"{' and '.join(others)} clusters hold as well.",) if others else ()
