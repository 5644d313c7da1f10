"""Unsure clusters carried into a test: clusters drawn from the soft assignment, and pooled.

Source:
    Wang, Brown & Bandeen-Roche (2005), J Am Stat Assoc 100:1054, for draws of classes; Rubin (1987)
    for the pooling. Draws know nothing of the variable, so that effects are drawn towards none.
"""

from __future__ import annotations

from dataclasses import replace
from zlib import crc32

import numpy as np

from clam_core.statistics.models.adjust import Outcome
from clam_core.statistics.models.design import cluster_columns
from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.models.pooling import pool_tests
from clam_core.statistics.models.regression import JointTest
from clam_core.statistics.result import Labels, Values

_TRIES = 20


def drawn_test(outcome: Outcome, soft: Values, m: int) -> JointTest:
    """Test the clusters with labels drawn from the soft assignment.

    Args:
        outcome: The variable with its clusters.
        soft: Soft assignment of each row to the clusters that occur, in their order, shape (n, k).
        m: Number of draws.

    Returns:
        The pooled test.

    Raises:
        NotEstimableError: If a cluster is drawn too rarely, or a test cannot be pooled.
    """
    rows = np.isfinite(outcome.values)
    clusters = np.unique(outcome.labels)
    chance = soft / soft.sum(axis=1, keepdims=True)
    seed = crc32(np.ascontiguousarray(outcome.values[rows]).tobytes())
    rng = np.random.default_rng([outcome.seed, seed])
    tests = []
    for _ in range(m):
        labels = _draw(clusters, chance, rows, rng)
        drawn = replace(outcome, labels=labels)
        tests.append(drawn.test(rows, cluster_columns(labels[rows])))
    return pool_tests(tests)


def _draw(clusters: Labels, chance: Values, rows: np.ndarray, rng: np.random.Generator) -> Labels:
    """A cluster of each row; drawn again where a cluster gets fewer than two rows with a value."""
    ends = np.cumsum(chance, axis=1)
    for _ in range(_TRIES):
        places = (rng.uniform(size=(len(ends), 1)) > ends[:, :-1]).sum(axis=1)
        if (np.bincount(places[rows], minlength=len(clusters)) >= 2).all():
            labels: Labels = clusters[places]
            return labels
    raise NotEstimableError("a cluster is drawn for fewer than two rows")
