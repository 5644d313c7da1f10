"""Plain groups of scans by two scanners: as they are, and after ComBat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.clustering import kmeans
from clam_core.fitting.plain_rivals import in_own_units
from clam_core.fitting.simple_views import simple_views
from clam_core.training import ScanSource

Values = NDArray[np.float64]
Labels = NDArray[np.int64]


def plain_groups(source: ScanSource, scanners: Labels, seed: int) -> dict[str, Labels]:
    """Two groups by k-means on zonal density and texture, without and with ComBat.

    ComBat is told the scanner of each scan, which harmonisation of a fit needs only of the
    scans that it learns from.
    """
    views = simple_views(source)
    found = {}
    for name in ("density", "texture"):
        values = in_own_units(views[name])
        found[f"zonal {name}"] = kmeans(values, 2, seed)
        found[f"zonal {name}, ComBat"] = kmeans(combat(values, scanners), 2, seed)
    return found


def combat(values: Values, levels: Labels, n_rounds: int = 100) -> Values:
    """Numbers with the location and scale of each level brought together by empirical Bayes.

    Args:
        values: Shape (n_scans, n_values), at least two scans of each level.
        levels: Level of each scan, from 0.
        n_rounds: Rounds of the two equations that define the estimates.

    Source:
        Johnson, Li & Rabinovic (2007), "Adjusting batch effects in microarray expression data
        using empirical Bayes methods", Biostatistics 8, equations 2 and 3; parametric priors.
    """
    varies = values.std(axis=0) > 0
    result = values.copy()
    kept = values[:, varies]
    middle = kept.mean(axis=0)
    left = kept.copy()
    for level in np.unique(levels):
        left[levels == level] -= kept[levels == level].mean(axis=0)
    spread = np.sqrt(np.square(left).mean(axis=0))
    standard = (kept - middle) / spread
    for level in np.unique(levels):
        own = standard[levels == level]
        shift, scale = _estimates(own, n_rounds)
        result[np.ix_(levels == level, varies)] = (own - shift) / np.sqrt(scale) * spread + middle
    return result


def _estimates(own: Values, n_rounds: int) -> tuple[Values, Values]:
    """Shift and squared scale of each number in one level."""
    n, means, variances = len(own), own.mean(axis=0), own.var(axis=0, ddof=1)
    prior_mean, prior_variance = means.mean(), means.var(ddof=1)
    first, second = variances.mean(), variances.var(ddof=1)
    shape, rate = (2 * second + first**2) / second, (first * second + first**3) / second
    shift, scale = means, variances
    for _ in range(n_rounds):
        shift = (prior_variance * n * means + scale * prior_mean) / (prior_variance * n + scale)
        scale = (rate + np.square(own - shift).sum(axis=0) / 2) / (n / 2 + shape - 1)
    return shift, scale
