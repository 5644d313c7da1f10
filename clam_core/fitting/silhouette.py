"""How well each scan lies within its cluster."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK_MIB = 64
"""Memory of the distances that are held at a time."""


def silhouettes(
    features: NDArray[np.floating], clusters: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Silhouette of each scan.

    Args:
        features: Shape (n_scans, n_features).
        clusters: Cluster of each scan, shape (n_scans,).

    Returns:
        From -1 (nearer to another cluster) to 1, shape (n_scans,); NaN where there is
        one cluster only, or as many as scans.

    Source:
        Rousseeuw (1987), "Silhouettes", J. Comput. Appl. Math. 20.
    """
    from sklearn import config_context
    from sklearn.metrics import silhouette_samples

    n_clusters = len(np.unique(clusters))
    if not 1 < n_clusters < len(features):
        return np.full(len(features), np.nan)
    # scikit-learn goes by blocks of rows, but takes 1 GiB for each unless it is told otherwise.
    with config_context(working_memory=BLOCK_MIB):
        widths: NDArray[np.float64] = silhouette_samples(features, clusters).astype(np.float64)
    return widths
