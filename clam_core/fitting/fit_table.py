"""Groups of numbers that were brought along: scale, project, cluster, soften."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clam_core.clustering import cluster_scans
from clam_core.embedding import spread_out
from clam_core.errors import SettingsError, StudyError
from clam_core.fitting.choose_view import LEAST_AGREEMENT
from clam_core.fitting.found_again import found_again
from clam_core.fitting.heads import (
    discriminant_head,
    gaussian_head,
    mixture_head,
    order_head,
    student_head,
)
from clam_core.fitting.principal_axes import principal_axes
from clam_core.models.heads import Head
from clam_core.settings import FitMethod, FitSettings

CLUSTERERS: tuple[FitMethod, ...] = ("auto", "kmeans", "gmm", "graph", "umap")
"""Methods that can group numbers of any origin; `auto` takes what is found again best."""
JUDGED = ("tied", "kmeans")
"""What `auto` chooses from: a mixture with one covariance sees groups across whatever varies most
from scan to scan, k-means sees those along it; with few scans the mixture sees some everywhere."""
CLUSTERER_WORDS = {
    "tied": "a mixture of Gaussians with one covariance",
    "kmeans": "k-means",
    "gmm": "a Gaussian mixture",
    "graph": "the graph of similar scans",
}
SCANS_PER_COMPONENT = 5
"""Scans that there should be for each component: a covariance within clusters needs several."""


ONE_UNIT = 100.0
"""Spreads of columns that differ more than this many times are not of one unit."""
MOST_JUDGED = 300
"""Scans on which the two scales are compared."""

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FittedTable:
    """Groups of a table of numbers.

    Attributes:
        mean: Of each column, shape (n_columns,), float32.
        sd: What each column is divided by, shape (n_columns,), float32.
        components: Axes that scaled numbers are projected to, shape (n_columns,
            n_features); None where there are few columns, which are taken as they are.
        is_standardized: Whether each column has a spread of 1, or keeps its own.
        clusterer: What made the groups.
        head: From features to probabilities, largest cluster first.
        scaled: Shape (n_scans, n_columns), float32.
        features: What was clustered, shape (n_scans, n_features), float32.
        soft_assignment: Shape (n_scans, n_clusters), float32; rows sum to 1.
        notes: What was done, in sentences.
    """

    mean: Tensor
    sd: Tensor
    components: Tensor | None
    is_standardized: bool
    clusterer: str
    head: Head
    scaled: NDArray[np.float32]
    features: NDArray[np.float32]
    soft_assignment: NDArray[np.float32]
    notes: tuple[str, ...] = ()

    @property
    def n_components(self) -> int:
        """Principal components that were clustered; 0 for the columns themselves."""
        return 0 if self.components is None else int(self.components.shape[1])


def fit_table(values: Values, settings: FitSettings) -> FittedTable:
    """Group scans by numbers of any origin.

    Columns are brought to mean 0 and spread 1. Where their spreads are so alike that they
    may be of one unit, such as principal components, they may also keep them. What is taken
    is the scale, and for `auto` the clusterer, whose groups of half of the scans are found
    again best in the other half (`found_again`). Where
    there are more than `n_features` columns, they are projected to that many principal
    components, or to one per five scans, whichever is fewer.

    Args:
        values: Shape (n_scans, n_columns), finite, no column constant.
        settings: Clusterer, number of clusters and of components, seed.

    Returns:
        The groups, and what a new row would be compared with.

    Raises:
        StudyError: If there are too few scans.
        SettingsError: If the method is none that groups numbers.
    """
    if settings.method not in CLUSTERERS:
        raise SettingsError(
            f"The method {settings.method!r} needs the scans themselves; a table of numbers is "
            f"grouped by {', '.join(CLUSTERERS)}."
        )
    n_scans = len(values)
    if n_scans <= settings.n_clusters:
        raise StudyError(
            f"{n_scans} scans with numbers cannot form {settings.n_clusters} clusters; add scans "
            "or fit fewer clusters."
        )
    way, clusterer, notes = _choose_way(values, settings)
    labels = _labels(way.features, clusterer, settings)
    head = _head(way.features, labels, clusterer, settings)
    tensor = torch.from_numpy(way.features).float()
    with torch.no_grad():
        order_head(head, head(tensor).exp().numpy())
        soft = head(tensor).exp().numpy()
    return FittedTable(
        torch.from_numpy(way.mean).float(),
        torch.from_numpy(way.sd).float(),
        way.axes,
        way.is_standardized,
        "umap" if settings.method == "umap" else clusterer,
        head,
        way.scaled.astype(np.float32),
        tensor.numpy(),
        soft.astype(np.float32),
        (*notes, *_projected_words(way)),
    )


@dataclass(frozen=True, eq=False)
class _Way:
    """Numbers on one scale, and what is clustered of them."""

    mean: Values
    sd: Values
    is_standardized: bool
    scaled: Values
    axes: Tensor | None
    features: Values


def _choose_way(values: Values, settings: FitSettings) -> tuple[_Way, str, tuple[str, ...]]:
    """The scale and the clusterer whose groups are found again best, and why."""
    # Divided by the largest first: squares of 1e200 would be infinite.
    largest = np.abs(values).max(axis=0)
    part = values / largest
    mean, sd = part.mean(axis=0) * largest, part.std(axis=0) * largest
    ways = [_way(values, mean, sd, settings)]
    if len(sd) > 1 and sd.max() <= ONE_UNIT * sd.min():
        common = np.full_like(sd, np.sqrt(np.mean(np.square(sd))))
        ways.append(_way(values, mean, common, settings))
    given = "gmm" if settings.method == "umap" else settings.method
    clusterers = JUDGED if given == "auto" else (given,)
    random = np.random.default_rng(settings.seed)
    drawn = np.sort(random.permutation(len(values))[:MOST_JUDGED])
    scores = {
        (place, clusterer): found_again(
            way.features[drawn], clusterer, settings.n_clusters, settings.seed
        )
        for clusterer in clusterers
        for place, way in enumerate(ways)
    }
    best = max(scores, key=lambda one: scores[one])
    return ways[best[0]], best[1], _chosen_words(best, scores)


def _chosen_words(best: tuple[int, str], scores: dict[tuple[int, str], float]) -> tuple[str, ...]:
    """How well the groups are found again, and on which scale they were made."""
    score = scores[best]
    if score < LEAST_AGREEMENT:
        return (
            "The groups of half of the scans are not found again in the other half "
            f"({score:.2f}; 1: the same groups, 0: no more than chance): these groups may be none.",
        )
    scale = "Columns were standardised"
    if best[0]:
        scale = "The columns keep their own spreads, which are of one order"
    return (
        f"{scale}; groups were made by {CLUSTERER_WORDS[best[1]]}, and those of half of the scans "
        f"are found again in the other half ({score:.2f}; 1: the same groups, 0: no more than "
        "chance).",
    )


def _way(values: Values, mean: Values, sd: Values, settings: FitSettings) -> _Way:
    scaled = (values - mean) / sd
    n_scans, n_columns = scaled.shape
    n_axes = min(settings.n_features, max(2, n_scans // SCANS_PER_COMPONENT))
    is_standardized = bool(np.allclose(scaled.std(axis=0), 1))
    if n_columns <= n_axes:
        return _Way(mean, sd, is_standardized, scaled, None, scaled)
    axes = principal_axes(torch.from_numpy(scaled), n_axes)
    return _Way(mean, sd, is_standardized, scaled, axes.float(), scaled @ axes.numpy())


def _projected_words(way: _Way) -> tuple[str, ...]:
    if way.axes is None:
        return ()
    share = float(way.features.var(axis=0).sum() / way.scaled.var(axis=0).sum())
    n_columns, n_axes = way.axes.shape
    return (
        f"{n_columns:,} columns were projected to {n_axes} principal components, which hold "
        f"{share:.0%} of their variance.",
    )


def _labels(features: Values, clusterer: str, settings: FitSettings) -> NDArray[np.int64]:
    if settings.method == "umap":
        plane = spread_out(features.astype(np.float32), settings.seed)
        return cluster_scans(plane, "gmm", settings.n_clusters, settings.seed)
    return cluster_scans(features, clusterer, settings.n_clusters, settings.seed)


def _head(
    features: Values, labels: NDArray[np.int64], clusterer: str, settings: FitSettings
) -> Head:
    # Chosen by `auto`, k-means gets the head that the default has: what varies within clusters
    # from scan to scan has little weight in it.
    if settings.method == "kmeans":
        return student_head(features, labels, is_unit=settings.kernel == "unit")
    if settings.method == "umap":
        return gaussian_head(features, labels)
    if clusterer == "gmm":
        return mixture_head(features, labels)
    return discriminant_head(features, labels)
