"""Rivals beside a fit: do plain numbers find the same groups, and what differs between them?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from clam_core.clustering import kmeans
from clam_core.errors import SettingsError
from clam_core.fitting.simple_views import QUANTILES, ZONES, simple_views
from clam_core.settings.plain_look import DensityDifference, PlainLook
from clam_core.training import ScanSource
from clam_core.training.source import Mask, Volume16

Values = NDArray[np.floating]
Labels = NDArray[np.int64]

N_COMPONENTS = 10
N_DRAWS, SHARE_DRAWN, MOST_DRAWN = 10, 0.8, 1000
"""Draws of scans that a rival is grouped in again, and how many scans each has."""
_MEDIAN = QUANTILES.index(50)


def look_plainly(source: ScanSource, labels: Labels, clustered: Values, seed: int) -> PlainLook:
    """Group the scans by plain numbers, and compare with the clusters of a run.

    Args:
        source: The scans.
        labels: Cluster of each scan, from 0, shape (n_scans,).
        clustered: What the run has clustered, shape (n_scans, n_features).
        seed: The starts of k-means follow from it.

    Returns:
        Agreement of each rival, how far each view is apart, and the zone whose density
        differs most.

    Source:
        Agreement: Hubert & Arabie (1985), "Comparing partitions", J. Classification 2.
    """
    bare: list[int] = []

    def read(row: int) -> tuple[Volume16, Mask | None]:
        volume, mask = source.reader(row)
        if mask is None:
            bare.append(row)
        return volume, mask

    # Masks are counted on the way: reading a large cohort once more takes minutes.
    views = simple_views(replace(source, reader=read))
    # The last axis is the height of lungs only there; of pictures it need not be.
    has_zones = len(source.grid) == 3 and source.unit == "HU" and not bare
    n_clusters = len(np.unique(labels))
    own = {name: in_own_units(views[name]) for name in ("density", "texture")}
    rivals = {
        "histogram": views["histogram"],
        "density": own["density"],
        "pca": main_axes(views["picture"], seed),
    }
    seen = {"clustered": clustered, **own}
    grouped = {name: _Grouped(values, n_clusters, seed) for name, values in rivals.items()}
    return PlainLook(
        agreement={name: one.agreement(labels) for name, one in grouped.items()},
        stability={name: one.stability() for name, one in grouped.items()},
        apart={name: share_between(values, labels) for name, values in seen.items()},
        density=_density(views["density"], labels) if has_zones else None,
    )


def in_own_units(values: Values) -> NDArray[np.float64]:
    """Each column centered and divided by its spread; a constant one becomes zeros."""
    centered = values.astype(np.float64) - values.mean(axis=0)
    spread = centered.std(axis=0)
    # A constant column has a spread of rounding, which must not be blown up to 1.
    is_still = spread <= 1e-9 * (1 + np.abs(values).max(axis=0))
    return np.where(is_still, 0.0, centered / np.where(is_still, 1.0, spread))


def main_axes(values: Values, seed: int, n_axes: int = N_COMPONENTS) -> NDArray[np.float64]:
    """Principal components, shape (n_scans, at most n_axes)."""
    from sklearn.decomposition import PCA

    n_components = min(n_axes, *values.shape)
    if not values.std(axis=0).any():
        # PCA would divide by a variance of zero.
        return np.zeros((len(values), n_components))
    parts: NDArray[np.float64] = PCA(n_components, random_state=seed).fit_transform(values)
    return parts


def share_between(values: Values, labels: Labels) -> float:
    """Share of the variation of a view that lies between clusters, beyond what chance gives.

    Clusters drawn at random have about 0. Columns weigh by their variance: give a view
    whose columns have different units `in_own_units`.

    Args:
        values: Shape (n_scans, n_values).
        labels: Cluster of each scan, from 0, shape (n_scans,).

    Returns:
        A number up to 1; below 0 becomes 0.

    Source:
        Epsilon squared, Kelley (1935), "An unbiased correlation ratio measure", PNAS 21.
    """
    centered = values.astype(np.float64) - values.mean(axis=0, dtype=np.float64)
    n_scans, found = len(labels), np.unique(labels)
    total = float(np.square(centered).sum())
    if total == 0 or n_scans <= len(found) or len(found) < 2:
        return 0.0
    own = (centered[labels == cluster] for cluster in found)
    within = sum(float(np.square(part - part.mean(axis=0)).sum()) for part in own)
    share = 1 - within / (n_scans - len(found)) / (total / (n_scans - 1))
    return float(np.clip(share, 0, 1))


class _Grouped:
    """Scans grouped by k-means on the values of a view; perhaps they cannot be.

    Args:
        values: Shape (n_scans, n_values).
        n_clusters: Number of groups.
        seed: Starts and draws follow from it.
    """

    def __init__(self, values: Values, n_clusters: int, seed: int) -> None:
        self._values, self._n_clusters, self._seed = values, n_clusters, seed
        self._labels = self._group(values)

    def agreement(self, labels: Labels) -> float | None:
        """Adjusted Rand index with other groups; None where there are none of its own."""
        return None if self._labels is None else _same(labels, self._labels)

    def stability(self) -> float | None:
        """Mean adjusted Rand index with the groups of scans drawn from all of them."""
        if self._labels is None:
            return None
        n_scans = len(self._values)
        n_drawn = min(max(round(SHARE_DRAWN * n_scans), 1), MOST_DRAWN)
        rng = np.random.default_rng(self._seed)
        found = []
        for _ in range(N_DRAWS):
            rows = rng.choice(n_scans, n_drawn, replace=False)
            again = self._group(self._values[rows])
            if again is not None:
                found.append(_same(self._labels[rows], again))
        return float(np.mean(found)) if found else None

    def _group(self, values: Values) -> Labels | None:
        if self._n_clusters < 2:
            return None
        try:
            return kmeans(values, self._n_clusters, self._seed)
        except SettingsError:
            return None


def _same(first: Labels, second: Labels) -> float:
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(first, second))


def _density(density: Values, labels: Labels) -> DensityDifference:
    """The zone whose median density differs most between the clusters."""
    medians = density.reshape(len(density), len(ZONES), len(QUANTILES))[:, :, _MEDIAN]
    shares = [share_between(medians[:, [zone]], labels) for zone in range(len(ZONES))]
    zone = int(np.argmax(shares))
    of_clusters = tuple(float(np.median(medians[labels == c, zone])) for c in np.unique(labels))
    clusters = tuple(int(c) + 1 for c in np.unique(labels))
    return DensityDifference(
        zone=ZONES[zone], share=shares[zone], clusters=clusters, medians=of_clusters
    )
