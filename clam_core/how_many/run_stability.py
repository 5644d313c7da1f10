"""How stable the clusters of a run are, whatever their number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.clustering import cluster_each
from clam_core.errors import ClamError
from clam_core.how_many.indices import mean_agreement
from clam_core.how_many.stability import resample

MOST_SCANS = 600
N_BOOTSTRAP, N_SEEDS, N_STARTS = 50, 5, 3
N_LAID_OUT = 20
"""Resampled cohorts where each has to be laid out anew first, which takes a second or two."""

LayOut = Callable[[NDArray[np.float64], int], NDArray[np.float64]]
"""From features, shape (n_scans, n_features), and a seed to what is clustered."""


@dataclass(frozen=True)
class Stability:
    """How well the clusters are found again.

    Attributes:
        jaccard_of: For each cluster the mean Jaccard index with the most similar cluster
            of resampled cohorts, 0 to 1; NaN where it cannot be told.
        seeds_ari: Mean adjusted Rand index between fits with different starts.
        method: The clusterer that was used.
        n_scans: Scans that it was tried on.
    """

    jaccard_of: tuple[float, ...]
    seeds_ari: float
    method: str
    n_scans: int


def cluster_stability(
    features: NDArray[np.floating],
    clusters: NDArray[np.integer],
    clusterer: str,
    seed: int,
    lay_out: LayOut | None = None,
) -> Stability:
    """Cluster resampled cohorts again, and hold them against the clusters of a run.

    Args:
        features: What the clusters were made from, shape (n_scans, n_features).
        clusters: Cluster of each scan, from 1, shape (n_scans,).
        clusterer: Name of the clusterer that made them.
        seed: Resampling and starts follow from it.
        lay_out: What the run did with the features before it clustered them.

    Returns:
        One Jaccard index per cluster, and the agreement of different starts.

    Source:
        Hennig (2007), "Cluster-wise assessment of cluster stability", Comput. Statist.
        Data Anal. 52.
    """
    random = np.random.default_rng(seed)
    values, labels = features.astype(np.float64), clusters.astype(np.int64) - 1
    k = int(labels.max()) + 1
    if len(values) > MOST_SCANS:
        kept = np.sort(random.choice(len(values), MOST_SCANS, replace=False))
        values, labels = values[kept], labels[kept]

    def cluster(
        part: NDArray[np.float64], start: int, n_starts: int
    ) -> dict[int, NDArray[np.int64]]:
        # Clusters of a UMAP are only as stable as the UMAP: it is made anew for each cohort.
        laid_out = part if lay_out is None else lay_out(part, start)
        return cluster_each(laid_out, clusterer, [k], start, n_starts)

    n_bootstrap = N_BOOTSTRAP if lay_out is None else N_LAID_OUT
    try:
        resampled = resample(
            values, {k: labels}, lambda part: cluster(part, seed, N_STARTS), n_bootstrap, random
        )[k]
        starts = [cluster(values, seed + s, 1)[k] for s in range(N_SEEDS)]
    except ClamError:
        unknown = (float("nan"),) * k
        return Stability(unknown, float("nan"), clusterer, len(values))
    jaccard = tuple(float(one) for one in resampled.jaccard_of)
    return Stability(jaccard, mean_agreement(starts), clusterer, len(values))
