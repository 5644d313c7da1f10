"""How many clusters of a mixture with one covariance are evident."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.fitting.evidence import evidence
from clam_core.how_many import NumberRow, Selection, select_clusters
from clam_core.how_many.decision import Verdict, is_stable, use_without_structure
from clam_core.settings import SelectSettings

CLEAR = 3.0
"""Standard deviations of cohorts without groups from which a number is recommended. Several numbers
are tried, so that one alone must be clearer than the groups of one fit need be."""


def select_of_run(
    features: NDArray[np.float64], clusterer: str, settings: SelectSettings
) -> Selection:
    """Compare numbers of clusters of the features of a run.

    Silhouettes and gaps are distances in the plain features. Clusters of a mixture with one
    covariance lie apart in directions that vary little, where such distances see nothing: they
    are judged by evidence.

    Args:
        features: What was clustered, shape (n_scans, n_features).
        clusterer: Name of the clusterer that made the clusters of the run.
        settings: Numbers to try, repetitions, methods and seed.

    Raises:
        ClamError: If the scans are too few or too equal to be compared.
    """
    if clusterer != "tied":
        return select_clusters(features, settings)
    others = tuple(name for name in settings.methods if name != clusterer)
    settings = settings.model_copy(update={"methods": (clusterer, *others)})

    def judge(rows: tuple[NumberRow, ...]) -> Verdict:
        numbers = [row.n_clusters for row in rows]
        return by_evidence(
            rows, {k: evidence(features, clusterer, k, settings.seed) for k in numbers}
        )

    return select_clusters(features, settings, judge)


def by_evidence(rows: tuple[NumberRow, ...], scores: dict[int, float]) -> Verdict:
    """Recommend the most clusters of which all are found again and stand out.

    Evidence is that of the two clusters that are least apart, so that a group cut in two has none.

    Args:
        rows: One per number of clusters, at least one.
        scores: Evidence by number of clusters.
    """
    stable = {row.n_clusters: row for row in rows if is_stable(row.jaccard_of)}
    holding = [k for k in stable if scores[k] >= CLEAR]
    if holding:
        best = max(holding)
        reason = (
            f"{best} clusters stand out from cohorts without groups (the least separate two by "
            f"{scores[best]:.1f} standard deviations), and are found again in resampled cohorts "
            f"(Jaccard index {stable[best].jaccard:.2f})."
        )
        others = " and ".join(str(k) for k in holding if k != best)
        return best, reason, (f"{others} clusters hold as well.",) if others else ()
    candidate = max(rows, key=lambda row: scores[row.n_clusters])
    best = candidate.n_clusters
    objections = []
    if scores[best] < CLEAR:
        objections.append("they do not clearly stand out from cohorts without groups")
    if best not in stable:
        objections.append("they are not found again in resampled cohorts")
    reason = (
        "No number of clusters is recommended: already for the best candidate, "
        f"{best} clusters, {' and '.join(objections)}."
    )
    return None, reason, (use_without_structure(candidate),)
