"""Clusters made alike by weights: each row counts for those like it that are in other clusters.

Source:
    Robins, Hernan & Brumback (2000), "Marginal structural models and causal inference in
    epidemiology", Epidemiology 11:550; of several groups McCaffrey et al. (2013), Stat Med 32:3388.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.models.multinomial import fit_multinomial
from clam_core.statistics.result import Labels, Values

FEWEST_EFFECTIVE = 5.0
"""Rows that a weighted cluster must count as; with fewer, a handful decides."""
FAR = 0.1
"""Standardised difference of a covariate from which on clusters are not called alike (Austin)."""


@dataclass(frozen=True, eq=False)
class Balance:
    """What weights did.

    Attributes:
        sizes: Rows of each cluster, shape (k,).
        effective: Rows that it counts as after weighting (Kish), shape (k,).
        before: Largest standardised difference of a column of the covariates without weights.
        after: The same with weights.
    """

    sizes: Values
    effective: Values
    before: float
    after: float


def weights_of(labels: Labels, covariates: Values) -> Values:
    """Inverse of the probability of each row's own cluster, given its covariates.

    Args:
        labels: Cluster of each row, shape (n,).
        covariates: Columns without a constant, of full rank with one, shape (n, c).

    Returns:
        Weights with mean 1 within each cluster, shape (n,).

    Raises:
        NotEstimableError: If the covariates tell clusters apart, or few rows carry a cluster.
    """
    clusters, codes = np.unique(labels, return_inverse=True)
    design = np.column_stack([np.ones(len(labels)), covariates])
    try:
        model = fit_multinomial(codes.astype(np.float64), design)
    except NotEstimableError:
        raise NotEstimableError(
            "the covariates tell the clusters apart, so that no weights make these alike"
        ) from None
    slopes = model.coefficients.reshape(len(clusters) - 1, -1).T
    predictor = np.column_stack([np.zeros(len(labels)), design @ slopes])
    predictor -= predictor.max(axis=1, keepdims=True)
    chance = np.exp(predictor) / np.exp(predictor).sum(axis=1, keepdims=True)
    weights = 1 / chance[np.arange(len(labels)), codes]
    weights /= (np.bincount(codes, weights=weights) / np.bincount(codes))[codes]
    effective = _effective(codes, weights)
    few = int(effective.argmin())
    if effective[few] < FEWEST_EFFECTIVE:
        raise NotEstimableError(
            f"after weighting cluster {clusters[few]} counts as {effective[few]:.1f} rows "
            f"(of {int((codes == few).sum())}), too few to compare it"
        )
    normed: Values = weights
    return normed


def balance_of(labels: Labels, covariates: Values, weights: Values) -> Balance:
    """How alike clusters are with and without weights, and what the weights cost.

    Args:
        labels: Cluster of each row, shape (n,).
        covariates: Columns, shape (n, c).
        weights: Of each row, shape (n,).
    """
    codes = np.unique(labels, return_inverse=True)[1]
    sizes = np.bincount(codes).astype(np.float64)
    ends = [_largest(codes, covariates, one) for one in (np.ones(len(labels)), weights)]
    return Balance(sizes, _effective(codes, weights), ends[0], ends[1])


def _effective(codes: NDArray[np.intp], weights: Values) -> Values:
    sums = np.bincount(codes, weights=weights)
    squares = np.bincount(codes, weights=weights**2)
    effective: Values = sums**2 / squares
    return effective


def _largest(codes: NDArray[np.intp], covariates: Values, weights: Values) -> float:
    """Largest difference of two clusters' means over the root of their mean variance.

    The variances are those without weights, so that before and after have one yardstick.
    """
    k = int(codes.max()) + 1
    means = [np.average(covariates[codes == c], axis=0, weights=weights[codes == c])
             for c in range(k)]  # fmt: skip
    variances = [covariates[codes == c].var(axis=0, ddof=1) for c in range(k)]
    largest = 0.0
    for a, b in combinations(range(k), 2):
        spread = np.sqrt((variances[a] + variances[b]) / 2)
        gap = np.abs(means[a] - means[b])
        known = spread > 0
        largest = max(largest, float((gap[known] / spread[known]).max(initial=0.0)))
    return largest
