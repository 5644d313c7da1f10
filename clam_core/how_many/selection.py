"""What a comparison of numbers of clusters finds."""

from __future__ import annotations

from dataclasses import dataclass

ROW_WORDS = {
    "n_clusters": "clusters",
    "silhouette": "silhouette (higher is better)",
    "silhouette_p": "share of cohorts without groups with such a silhouette",
    "calinski_harabasz": "Calinski-Harabasz (higher is better)",
    "davies_bouldin": "Davies-Bouldin (lower is better)",
    "gap": "gap statistic (higher is better)",
    "gap_se": "its standard error",
    "jaccard": "Jaccard index over resampled cohorts, mean over clusters",
    "jaccard_worst": "the same, least stable cluster",
    "seeds_ari": "agreement of different starts (adjusted Rand index)",
    "methods_ari": "agreement of different methods (adjusted Rand index)",
    "valley": "density between the clusters over density at their centers",
    "valley_worst": "the same, least separate cluster",
    "dip_p": "share of cohorts without groups with such a gap between neighbouring clusters",
}
"""What each number of a row means, in words."""


@dataclass(frozen=True)
class NumberRow:
    """One number of clusters and what speaks for and against it.

    A value that cannot be computed is NaN.

    Attributes:
        n_clusters: The number.
        sizes: Scans in each cluster, the largest first.
        silhouette: Mean silhouette width, -1 to 1.
        silhouette_p: Share of cohorts without groups (a uniform box and a Gaussian of
            the same extent) that reach it, with one added to both counts; the larger of the two.
        calinski_harabasz: Variance between over variance within clusters.
        davies_bouldin: Mean over clusters of the largest overlap with another.
        gap: Gap statistic.
        gap_se: Its standard error.
        jaccard: Mean over clusters of `jaccard_of`.
        jaccard_worst: The smallest of `jaccard_of`.
        jaccard_of: How well each cluster is found again in resampled cohorts, 0 to 1.
        seeds_ari: Mean adjusted Rand index between fits with one start each.
        methods_ari: Mean adjusted Rand index between methods.
        valley: Scans near the borders between clusters over scans near the centers,
            per length, counted in scans that the clusters were not made from.
        valley_worst: The same for the least separate cluster.
        dip_p: Share of cohorts without groups in which neighbouring clusters are as far two
            heaps (dip, see `separation`), as `silhouette_p`; NaN where clusters are not stable.
    """

    n_clusters: int
    sizes: tuple[int, ...]
    silhouette: float
    silhouette_p: float
    calinski_harabasz: float
    davies_bouldin: float
    gap: float
    gap_se: float
    jaccard: float
    jaccard_worst: float
    jaccard_of: tuple[float, ...]
    seeds_ari: float
    methods_ari: float
    valley: float
    valley_worst: float
    dip_p: float


@dataclass(frozen=True)
class Selection:
    """The comparison and its outcome.

    Attributes:
        rows: One per number of clusters that was tried.
        recommended: The number of clusters; None where no structure was found.
        reason: Why, in one sentence.
        notes: Further sentences: other numbers that hold, what was left out.
        gap_choice: The number that the gap statistic's rule alone chooses; 1 is no structure.
        method: The clusterer that was judged.
    """

    rows: tuple[NumberRow, ...]
    recommended: int | None
    reason: str
    notes: tuple[str, ...]
    gap_choice: int
    method: str
