"""From where on a cluster is called stable, and a scan sure: the bounds and their words."""

from __future__ import annotations

import math

STABLE, DOUBTFUL = 0.75, 0.6
"""Mean Jaccard index over resampled cohorts: from `STABLE` on a cluster is valid, below
`DOUBTFUL` it is not to be interpreted (Hennig 2007, Comput. Statist. Data Anal. 52)."""

UNSURE = 0.6
"""A scan whose confidence is below this lies between clusters."""


def stability_word(jaccard: float | None) -> str:
    """What a Jaccard index says about a cluster.

    Args:
        jaccard: 0 to 1; None or NaN where it could not be measured.

    Returns:
        `stable`, `doubtful`, `not to be interpreted` or `not known`.
    """
    if jaccard is None or math.isnan(jaccard):
        return "not known"
    if jaccard >= STABLE:
        return "stable"
    return "doubtful" if jaccard >= DOUBTFUL else "not to be interpreted"
