"""Groups that mean one thing under one scanner and the opposite under another."""

from __future__ import annotations

import itertools
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from clam_core.fitting.harmonisation.technical_levels import TechnicalLevels
from clam_core.settings import FitMethod
from clam_core.settings.views import view_of

TURNED = 0.0
"""Cosine below which clusters count as turned round: of cohorts by two scanners those that
were had -0.46 to -0.65, those that were the disease 0.49 to 1.00."""


def sense(
    technical: TechnicalLevels, values: NDArray[np.floating], labels: NDArray[np.int64]
) -> float:
    """How alike clusters differ under two levels, before anything is taken out.

    What is left of a disease that looks as the scanner does may have opposite signs under two
    scanners: clusters are then the ill of one with the healthy of the other.

    Args:
        technical: How the scans were made.
        values: Numbers of each scan with nothing taken out, shape (n_scans, n_values).
        labels: Clusters of the harmonised scans, from 0.

    Returns:
        The least cosine, over two levels, between the differences of cluster means within each:
        1 where clusters differ alike, -1 where they are turned round; 1 where no two levels have
        all clusters.
    """
    found = []
    for level in range(len(technical.levels)):
        own = technical.codes == level
        means = [values[own & (labels == cluster)] for cluster in np.unique(labels)]
        if all(len(part) for part in means):
            centers = np.array([part.mean(axis=0) for part in means])
            found.append((centers - centers.mean(axis=0)).ravel())
    cosines = [
        float(one @ other / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-12))
        for one, other in itertools.combinations(found, 2)
    ]
    return min(cosines, default=1.0)


def turned_words(method: FitMethod, turned: Collection[FitMethod]) -> tuple[str, ...]:
    """That groups of a view were turned round, and whether they were left aside.

    Args:
        method: What was grouped.
        turned: Methods whose groups are turned round.
    """
    if method in turned:
        return (
            "These groups mean opposite things under different levels: what sets them apart within "
            "one is the other way round within another. They may be the ill of one scanner with "
            "the healthy of the other; fit the scans of one level alone.",
        )
    if not turned:
        return ()
    views = " and ".join(sorted(view_of(one) for one in turned))
    return (f"Groups of {views} mean opposite things under different levels, and were left aside.",)
