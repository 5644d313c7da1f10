"""Subjects with several scans: found, and one scan of each chosen by a stated rule."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Pick = Literal["majority", "confidence"]

PICK_WORDS = {
    "majority": "the most confident scan of the cluster that most of its scans are in",
    "confidence": "its most confident scan",
}


def count_repeats(subjects: pd.Series[str]) -> int:
    """Subjects that have more than one scan."""
    return int((subjects.value_counts() > 1).sum())


def pick_scans(clusters: pd.DataFrame, rule: Pick) -> NDArray[np.intp]:
    """Choose one scan of each subject.

    Args:
        clusters: Indexed by scan_id, with subject_id, cluster and confidence.
        rule: `majority` takes the cluster of most of the subject's scans (of equal ones
            the one with more confidence in total) and its most confident scan there;
            `confidence` takes the most confident scan. Equal confidence: the first scan_id.

    Returns:
        Positions of the chosen scans, ascending.
    """
    table = pd.DataFrame(
        {
            "position": np.arange(len(clusters)),
            "scan_id": clusters.index.astype(str),
            "subject_id": clusters["subject_id"].to_numpy(),
            "cluster": clusters["cluster"].to_numpy(),
            "confidence": clusters["confidence"].to_numpy(dtype=np.float64),
        }
    )
    keys, falling = ["confidence", "scan_id"], [False, True]
    if rule == "majority":
        by_cluster = table.groupby(["subject_id", "cluster"])["confidence"]
        table["n_same"] = by_cluster.transform("size")
        # Sums that differ by rounding alone are equal, whatever order the scans came in.
        table["total"] = by_cluster.transform("sum").round(9)
        keys = ["n_same", "total", "cluster", *keys]
        falling = [False, False, True, *falling]
    ordered = table.sort_values(keys, ascending=falling, kind="stable")
    chosen = ordered.drop_duplicates("subject_id")["position"].to_numpy()
    return np.sort(chosen).astype(np.intp)
