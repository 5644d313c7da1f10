"""The table of a run: one row per scan."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.embedding import Embedding
from clam_core.fitting.silhouette import silhouettes


def scans_table(
    scan_ids: list[str],
    soft: NDArray[np.float32],
    features: NDArray[np.float32],
    placed: Embedding,
) -> pd.DataFrame:
    """One row per scan: cluster (from 1), confidence, margin, place on the map, silhouette.

    Args:
        scan_ids: The scans.
        soft: Soft assignment, shape (n_scans, n_clusters).
        features: What was clustered, shape (n_scans, n_features).
        placed: Where they lie on the plane.
    """
    best = np.sort(soft, axis=1)[:, ::-1]
    clusters = soft.argmax(axis=1)
    return pd.DataFrame(
        {
            "cluster": clusters + 1,
            "confidence": best[:, 0].astype(np.float64),
            "margin": (best[:, 0] - best[:, 1]).astype(np.float64),
            "x": placed.positions[:, 0],
            "y": placed.positions[:, 1],
            "trust": placed.trust,
            # In the features that were clustered, not on the plane, whose distances mean little.
            "silhouette": silhouettes(features, clusters),
            "role": pd.Series(["fitted"] * len(scan_ids), dtype="str").to_numpy(),
        },
        index=pd.Index(scan_ids, name="scan_id", dtype="str"),
    )
