"""The largest standardised difference between any two clusters, whatever the kind of variable."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from clam_core.statistics.cohort.groups import Groups, table_of
from clam_core.statistics.effects.contingency import table_difference
from clam_core.statistics.effects.numbers import standardized_mean_difference


def largest_difference(groups: Groups, *, is_number: bool) -> tuple[float, str]:
    """Compare every pair of clusters, and keep the pair that differs most.

    Args:
        groups: Values, or codes of levels, by cluster.
        is_number: Whether means are compared; else shares of all levels are.

    Returns:
        The difference over the root of the mean variance, never negative, and the two clusters,
        such as `1 and 3`; NaN and nothing where no cluster varies.

    Source:
        Austin (2009), Stat Med 28:3083, of numbers; Yang & Dalton (2012), SAS Global Forum, paper
        335, of levels.
    """
    table = None if is_number else table_of(groups)
    sizes = []
    for a, b in combinations(range(groups.k), 2):
        if table is None:
            size = abs(standardized_mean_difference(groups.pair(a, b)).size)
        else:
            size = table_difference(table[[a, b]]).size
        sizes.append((size, f"{groups.clusters[a]} and {groups.clusters[b]}"))
    known = [one for one in sizes if np.isfinite(one[0])]
    return max(known) if known else (float("nan"), "")
