"""From where on a cluster is called stable, a scan sure, a cohort large enough: bounds, words."""

from __future__ import annotations

import math

STABLE, DOUBTFUL = 0.75, 0.6
"""Mean Jaccard index over resampled cohorts: from `STABLE` on a cluster is valid, below
`DOUBTFUL` it is not to be interpreted (Hennig 2007, Comput. Statist. Data Anal. 52)."""

UNSURE = 0.6
"""A scan whose confidence is below this lies between clusters."""

FEWEST_SCANS = 20
"""From so many scans on, clusters of nothing but noise had less confidence than clear groups;
below, the confidence of a cohort tells nothing (measured: decision 0051)."""
MORE_THAN_PLAIN = 0.05
"""Gain of a map over the model-free one, in mean confidence summed over deletion and insertion."""
SAME_MAP = 0.9
"""Correlation from which two maps of a scan say the same."""


def caution_of_size(n_scans: int) -> str:
    """Why the confidence of a small cohort tells nothing; empty from `FEWEST_SCANS` on.

    Args:
        n_scans: Scans that the clusters were made of.
    """
    if n_scans >= FEWEST_SCANS:
        return ""
    return (
        f"{n_scans:,} scans are too few to judge clusters: in cohorts of fewer than "
        f"{FEWEST_SCANS}, scans of nothing but noise reach as much confidence as clear groups."
    )


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


_OF_GAPS = ("valley", "valley_worst", "dip_p")


def speaks(name: str, method: str | None) -> bool:
    """Whether an index of a comparison of numbers of clusters says something about a clusterer.

    Gaps between clusters are looked for along plain distances. The mixture with one covariance
    counts them in units of the spread within its clusters, in which these may be far apart all
    the same.

    Args:
        name: Of the index, as in `NumberRow`.
        method: The clusterer that was judged; None in comparisons of older versions.
    """
    return not (method == "tied" and name in _OF_GAPS)
