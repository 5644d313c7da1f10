"""Features with known groups, for the tests of clusters, their number and their plane."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def grouped(
    seed: int, sizes: Sequence[int], n_features: int, distance: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Round groups of spread 1 whose centers lie at least `distance` apart, mixed up."""
    random = np.random.default_rng(seed)
    n_groups = len(sizes)
    if n_features >= n_groups:
        turned = np.linalg.qr(random.normal(size=(n_features, n_groups)))[0].T
        centers = turned * distance / np.sqrt(2) * random.uniform(1, 1.3, (n_groups, 1))
    else:
        corners = np.stack(np.meshgrid(*[np.arange(3)] * n_features), axis=-1)
        centers = distance * corners.reshape(-1, n_features)[:n_groups].astype(float)
    groups = random.permutation(np.repeat(np.arange(n_groups), sizes))
    return centers[groups] + random.normal(size=(len(groups), n_features)), groups


def same_partition(one: NDArray[np.integer], other: NDArray[np.integer]) -> bool:
    """Whether two labelings group the scans alike, whatever the names."""
    pairs = set(zip(one.tolist(), other.tolist(), strict=True))
    return len(pairs) == len(set(one.tolist())) == len(set(other.tolist()))
