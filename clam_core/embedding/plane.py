"""From features to a point per scan on a plane."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.embedding.trust import trust
from clam_core.errors import AlignmentError, ClamError
from clam_core.settings import EmbedSettings

FEWEST_FOR_UMAP = 4
SPREAD_DIMENSIONS = 10


@dataclass(frozen=True, eq=False)
class Embedding:
    """One point per scan.

    Attributes:
        positions: Shape (n_scans, 2), float64, no unit.
        trust: Share of a scan's nearest scans that are also nearest on the plane,
            shape (n_scans,), 0 to 1.
        method: `umap` or `pca`: what was used.
        note: One sentence where that is not what was asked for, else empty.
    """

    positions: NDArray[np.float64]
    trust: NDArray[np.float64]
    method: str
    note: str = ""


def embed(features: NDArray[np.floating], settings: EmbedSettings) -> Embedding:
    """Place every scan on a plane so that look-alike scans lie together.

    The same scans in another order get the same positions.

    Args:
        features: Shape (n_scans, n_features), finite.
        settings: Method, neighbors and seed.

    Returns:
        The positions, their trust, the method used and a note.

    Raises:
        AlignmentError: If the features are not a matrix.
        ClamError: If a feature is missing or infinite.

    Source:
        McInnes, Healy & Melville (2018), "UMAP: Uniform Manifold Approximation and
        Projection", arXiv:1802.03426; started from the principal components as Kobak &
        Linderman (2021), Nature Biotechnology 39, advise.
    """
    values = _checked(features)
    note = _why_not_umap(values) if settings.method == "umap" else ""
    method = "pca" if note else settings.method
    order = np.lexsort(values.T[::-1])
    ordered = _umap_plane(values[order], settings) if method == "umap" else pca_plane(values[order])
    positions = np.empty_like(ordered)
    positions[order] = ordered
    return Embedding(positions, trust(values, positions), method, note)


def pca_plane(
    features: NDArray[np.floating],
    new: NDArray[np.floating] | None = None,
    n_axes: int = 2,
) -> NDArray[np.float64]:
    """Coordinates on the first principal axes.

    Args:
        features: The scans that define the axes, shape (n_scans, n_features).
        new: The scans to place, shape (n_new, n_features); None places `features`.
        n_axes: Number of axes; a plane has two.

    Returns:
        Shape (n_scans or n_new, n_axes). Each axis points where its largest weight is
        positive; an axis that the features have not is zero.

    Source:
        Jolliffe (2002), "Principal Component Analysis", 2nd ed., chapter 1.
    """
    values = np.asarray(features, dtype=np.float64)
    mean = values.mean(axis=0)
    _, _, axes = np.linalg.svd(values - mean, full_matrices=False)
    axes = axes[:n_axes]
    largest = np.abs(axes).argmax(axis=1)
    # A singular vector's sign is arbitrary: without this a plane could come out mirrored.
    signs = np.sign(axes[np.arange(len(axes)), largest])
    placed = np.zeros((len(values if new is None else new), n_axes))
    moved = (values if new is None else np.asarray(new, dtype=np.float64)) - mean
    # Fewer axes than asked for where there are few scans or features; the rest stays zero.
    placed[:, : len(axes)] = moved @ (axes * signs[:, None]).T
    return placed


def _checked(features: NDArray[np.floating]) -> NDArray[np.float64]:
    """The features as float64, if they are a finite matrix."""
    if features.ndim != 2 or 0 in features.shape:
        raise AlignmentError(
            f"Features need one row per scan and at least one column; they have shape "
            f"{features.shape}."
        )
    if not np.isfinite(features).all():
        n_bad = int((~np.isfinite(features).all(axis=1)).sum())
        raise ClamError(
            f"{n_bad} of {len(features)} scans have features that are not finite numbers; leave "
            "these scans out or fit again."
        )
    return np.asarray(features, dtype=np.float64)


def _why_not_umap(values: NDArray[np.float64]) -> str:
    """Why UMAP cannot be used for these scans, or nothing."""
    n_scans = len(values)
    if n_scans < FEWEST_FOR_UMAP:
        return (
            f"UMAP needs at least {FEWEST_FOR_UMAP} scans and there are {n_scans}; the plane "
            "shows principal components."
        )
    if not np.ptp(values, axis=0).any():
        return (
            f"All {n_scans} scans have the same features; the plane shows principal components, "
            "where they are one point."
        )
    return ""


def spread_out(features: NDArray[np.floating], seed: int) -> NDArray[np.float64]:
    """UMAP in up to ten dimensions with tight groups, as a basis for a mixture.

    Args:
        features: Shape (n_scans, n_features), finite.
        seed: The layout follows from it.

    Returns:
        Shape (n_scans, min(10, n_features)); the features themselves where there are
        too few scans for UMAP.

    Source:
        McConville et al. (2021), "N2D: (not too) deep clustering via clustering the
        local manifold of an autoencoded embedding", ICPR.
    """
    values = _checked(features)
    if _why_not_umap(values):
        return values
    n_components = min(SPREAD_DIMENSIONS, values.shape[1], len(values) - 2)
    return _umap_plane(values, EmbedSettings(min_dist=0, seed=seed), n_components)


def _umap_plane(
    values: NDArray[np.float64], settings: EmbedSettings, n_components: int = 2
) -> NDArray[np.float64]:
    """UMAP on one thread, so that the same seed gives the same positions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import speaks of parts that we do not use
        from umap import UMAP

    start = pca_plane(values, n_axes=n_components)
    start = start / max(float(np.abs(start).max()), np.finfo(np.float64).tiny)
    # Equal codes must not start on one point; UMAP adds such noise to its own starts.
    jitter = np.random.default_rng(settings.seed).normal(0, 1e-4, start.shape)
    model = UMAP(
        n_neighbors=min(settings.n_neighbors, len(values) - 1),
        min_dist=settings.min_dist,
        init=start + jitter,
        n_components=n_components,
        random_state=settings.seed,
        n_jobs=1,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*not fully connected.*")
        positions = np.asarray(model.fit_transform(_unit(values)), dtype=np.float64)
    positions -= positions.mean(axis=0)
    return positions


def _unit(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Centered values of spread 1, as UMAP keeps them in single precision."""
    values = values - values.mean(axis=0)
    # Not zero: `_why_not_umap` keeps cohorts of equal scans away from here.
    unit: NDArray[np.float32] = (values / np.sqrt(np.square(values).mean())).astype(np.float32)
    return unit
