"""Whether the groups of one half of the scans are those of the other half."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.clustering.feature_matrix import sorted_rows
from clam_core.clustering.methods import cluster_each
from clam_core.errors import ClamError
from clam_core.fitting.discriminant import discriminant

N_HALVINGS = 12
MOST_SCANS = 1000
N_STARTS = 3


def found_again(
    features: NDArray[np.floating], clusterer: str, n_clusters: int, seed: int
) -> float:
    """How well groups of half of the scans predict those of the other half.

    Half of the scans are grouped, and a discriminant of these groups says where the other
    scans belong; these are grouped for themselves, too. A view without groups is cut
    somewhere else each time.

    Args:
        features: Shape (n_scans, n_features).
        clusterer: Name of the clusterer.
        n_clusters: Number of clusters.
        seed: The halves follow from it and the scans, not from their order.

    Returns:
        Mean adjusted Rand index, at least 0: 1 the same groups, 0 no more than chance.

    Source:
        Tibshirani & Walther (2005), "Cluster validation by prediction strength",
        J. Comput. Graph. Stat. 14; with the index of Hubert & Arabie (1985).
    """
    from sklearn.metrics import adjusted_rand_score

    values = sorted_rows(features).values
    random = np.random.default_rng(seed)
    n_half = min(len(values), MOST_SCANS) // 2
    found = []
    for _ in range(N_HALVINGS):
        drawn = random.permutation(len(values))[: 2 * n_half]
        first, second = values[np.sort(drawn[:n_half])], values[np.sort(drawn[n_half:])]
        try:
            one, other = (
                cluster_each(half, clusterer, [n_clusters], seed, N_STARTS)[n_clusters]
                for half in (first, second)
            )
        except ClamError:
            # Too few scans for so many clusters in a half: nothing is found again there.
            found.append(0.0)
            continue
        told = discriminant(first, one).log_joint(second).argmax(axis=1)
        found.append(float(adjusted_rand_score(told, other)))
    return max(0.0, float(np.mean(found)))
