"""How far the groups of a view are beyond what cohorts without groups give."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.clustering import cluster_centers
from clam_core.clustering.feature_matrix import sorted_rows
from clam_core.clustering.methods import cluster_each
from clam_core.clustering.tied_mixture import gaussian_log_likelihood, maximize
from clam_core.clustering.unimodal import unimodal_cohorts
from clam_core.errors import ClamError

Values = NDArray[np.float64]
Labels = NDArray[np.int64]

N_COHORTS = 20
MOST_SCANS = 500
N_STARTS = 5
FEWEST_COHORTS = 5
"""Cohorts without groups that must have been grouped, to compare with."""
FEWEST_SCANS, SMALLEST_SHARE = 3, 1 / 12
"""A cluster of fewer scans, or of a smaller share of the cohort, is the end of a tail, no group."""
FARTHEST, NORMAL = 2.0, 1.4826
"""Robust standard deviations that a score may be out, and these from the median deviation."""
NONE = float("-inf")


def evidence(features: NDArray[np.floating], clusterer: str, n_clusters: int, seed: int) -> float:
    """How many standard deviations the groups are beyond those of cohorts without groups.

    Each cluster and its nearest one are held against cohorts of as many scans with the same
    spread, skew and tails along each principal axis, but a single heap (`unimodal_cohorts`).
    Of a mixture of Gaussians the gain in log-likelihood over one Gaussian is compared; of
    other clusterers the logarithm of the squares that are left within the two, after scores
    beyond two robust standard deviations were drawn nearer. The least of all counts: groups of
    which two are one are not the groups that were asked for.

    Args:
        features: Shape (n_scans, n_features).
        clusterer: Name of the clusterer.
        n_clusters: Number of clusters.
        seed: The cohorts follow from it.

    Returns:
        The difference in standard deviations of those cohorts; minus infinity where the scans
        cannot be grouped so.

    Source:
        McLachlan (1987), "On bootstrapping the likelihood ratio test statistic for the number
        of components in a normal mixture", Appl. Statist. 36; Liu et al. (2008), "Statistical
        significance of clustering for high-dimension, low-sample size data", J. Am. Statist.
        Assoc. 103.
    """
    random = np.random.default_rng(seed)
    values = sorted_rows(features).values
    if clusterer != "tied":
        values = _pulled_in(values)
    if len(values) > MOST_SCANS:
        values = values[np.sort(random.choice(len(values), MOST_SCANS, replace=False))]
    try:
        labels = cluster_each(values, clusterer, [n_clusters], seed, N_STARTS)[n_clusters]
    except ClamError:
        return NONE
    sizes = np.bincount(labels, minlength=n_clusters)
    if sizes.min() < max(FEWEST_SCANS, SMALLEST_SHARE * len(values)):
        return NONE
    return min(
        _of_two(values[np.isin(labels, pair)], labels[np.isin(labels, pair)], clusterer, random)
        for pair in _neighbours(values, labels)
    )


def _pulled_in(values: Values) -> Values:
    """Scores along principal axes, those far out drawn nearer: k-means takes a few for a group."""
    _, _, axes = np.linalg.svd(values, full_matrices=False)
    scores = values @ axes.T
    middle = np.median(scores, axis=0)
    reach = FARTHEST * NORMAL * np.median(np.abs(scores - middle), axis=0)
    pulled: Values = np.clip(scores, middle - reach, middle + reach)
    return pulled


def _neighbours(values: Values, labels: Labels) -> set[tuple[int, int]]:
    """Each cluster with the one that is nearest in units of the spread within clusters."""
    from scipy.spatial.distance import cdist

    centers = cluster_centers(values, labels)
    within = values - centers[labels]
    spread = np.sqrt(np.square(within).mean(axis=0)) + 1e-9
    away = cdist(centers / spread, centers / spread)
    np.fill_diagonal(away, np.inf)
    pairs = (sorted((c, int(nearest))) for c, nearest in enumerate(away.argmin(axis=1)))
    return {(first, second) for first, second in pairs}


def _of_two(values: Values, labels: Labels, clusterer: str, random: np.random.Generator) -> float:
    """Two clusters against cohorts of one heap, in standard deviations of these."""
    is_second = (labels == labels.max()).astype(np.int64)
    values = values - values.mean(axis=0)
    cohorts = unimodal_cohorts(values, random, N_COHORTS)
    drawn = [_again(cohort, clusterer) for cohort in cohorts]
    without = np.array([gain for gain in drawn if gain is not None])
    if len(without) < FEWEST_COHORTS:
        return NONE
    own = _gain(values, is_second, clusterer)
    return float((own - without.mean()) / max(float(without.std()), 1e-9))


def _again(values: Values, clusterer: str) -> float | None:
    """The gain of two clusters of other scans; None where there are none."""
    try:
        return _gain(values, cluster_each(values, clusterer, [2], 0, N_STARTS)[2], clusterer)
    except ClamError:
        return None


def _gain(values: Values, labels: Labels, clusterer: str) -> float:
    """What two clusters explain."""
    if clusterer == "tied":
        fitted = maximize(values, [labels], 2)
        return len(values) * (fitted.log_likelihood - gaussian_log_likelihood(values))
    within = np.square(values - cluster_centers(values, labels)[labels]).sum()
    total = np.square(values - values.mean(axis=0)).sum()
    return -float(np.log(max(float(within) / max(float(total), 1e-12), 1e-12)))
