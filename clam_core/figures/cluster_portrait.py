"""Profile of a cluster: mean pictures, differences, and what its maps look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.figures.slice_style import Look, Plane
from clam_core.figures.slices import Layers, Picture, draw_slice
from clam_core.volume import Volume

Array = NDArray[np.floating]
Shares = Literal["zones", "bands"]
Cut = tuple[Plane, int]
"""Which way a scan is cut, and at which voxel."""

HALF = 0.5
"""A voxel counts as inside where at least half of the members have their mask there."""


def mean_picture(
    mean: Volume,
    mean_map: Array | None,
    look: Look,
    cut: Cut,
    strongest: float,
    longest: int = 512,
) -> Picture:
    """Mean of a cluster's scans, with the mean of its maps on it.

    Args:
        mean: Mean scan.
        mean_map: Mean map, same shape; None draws the scan alone.
        look: Window and colours.
        cut: Plane, and voxel along the axis that is cut.
        strongest: Value of the map that gets the strongest colour; the same for all
            clusters, so that they can be compared.
        longest: Pixels along the longer side.

    Returns:
        RGB, shape (rows, columns, 3).
    """
    overlay = None if mean_map is None else (mean_map / max(strongest, 1e-9)).clip(0, 1)
    return draw_slice(Layers(mean, overlay), look, *cut, longest=longest)


def mosaic(pictures: Sequence[Picture], n_columns: int, gap: int = 2) -> Picture:
    """Pictures of one size in rows, the first in the upper left corner.

    Args:
        pictures: RGB, each of shape (rows, columns, 3).
        n_columns: Pictures in a row; places that stay empty are black.
        gap: Black pixels between two.

    Returns:
        RGB, shape (rows, columns, 3).
    """
    height, width, _ = pictures[0].shape
    n_rows = -(-len(pictures) // n_columns)
    shape = (n_rows * (height + gap) - gap, n_columns * (width + gap) - gap, 3)
    sheet = np.zeros(shape, np.uint8)
    for n, picture in enumerate(pictures):
        top, left = n // n_columns * (height + gap), n % n_columns * (width + gap)
        sheet[top : top + height, left : left + width] = picture
    return sheet


def difference(first: Array, second: Array, masks: tuple[Array, Array]) -> Array:
    """First less second, where most members of both have their mask.

    Args:
        first: Mean of a cluster.
        second: Mean of another one, same shape.
        masks: Mean mask of each; NaN where there are none.

    Returns:
        Same shape; 0 outside the masks.
    """
    less = np.nan_to_num(first.astype(np.float32) - second.astype(np.float32))
    # Without masks these are NaN and never below HALF: nothing is blanked.
    less[(masks[0] < HALF) | (masks[1] < HALF)] = 0
    return less


def mean_of_others(means: Array, sizes: NDArray[np.integer], but: int) -> Array:
    """Mean over all scans that are not in a cluster, from the means of the clusters.

    Args:
        means: Mean of each cluster, shape (n_clusters, *grid); NaN where one is empty.
        sizes: Scans in each, shape (n_clusters,).
        but: Cluster that is left out, from 0.

    Returns:
        Shape (*grid); NaN if there are no other scans.
    """
    weights = np.where(np.arange(len(sizes)) == but, 0, sizes).astype(np.float64)
    if not weights.any():
        return np.full(means.shape[1:], np.nan, np.float32)
    used = weights > 0
    return np.average(means[used], axis=0, weights=weights[used]).astype(np.float32)


def usual_limit(differences: Array) -> float:
    """Difference that gets the strongest colour: the 99.5th percentile of those that are not 0."""
    sizes = np.abs(differences[differences != 0])
    return float(np.percentile(sizes, 99.5)) if sizes.size else 1.0


def likeness(picture: Array, mean: Array, mask: Array) -> float:
    """How far a decoded picture agrees with the mean scan that it stands for.

    Args:
        picture: In the scans' unit, or off by a constant: only the pattern is compared.
        mean: Mean scan, same shape.
        mask: Mean mask; all voxels are compared where it is NaN or nowhere reaches `HALF`.

    Returns:
        Pearson's correlation over the voxels inside; 0 where either does not vary or is
        not known.
    """
    inside = np.nan_to_num(mask, nan=1.0) >= HALF
    if not inside.any():
        inside = np.ones(mean.shape, bool)
    one, other = (np.asarray(values, np.float64)[inside] for values in (picture, mean))
    one, other = one - one.mean(), other - other.mean()
    size = float(np.sqrt((one @ one) * (other @ other)))
    # NaN (a cluster without scans) fails this comparison too.
    return float(one @ other) / size if size > 0 else 0.0


def inside_window(pictures: tuple[Array, Array], masks: tuple[Array, Array]) -> tuple[float, float]:
    """Grey scale of two pictures: the middle 98 % of their values inside the masks.

    Args:
        pictures: On one grid.
        masks: Mean masks; everything counts as inside where there are none.

    Returns:
        Lowest and highest value, the second above the first.
    """
    inside = np.nan_to_num(np.maximum(*masks), nan=1.0) >= HALF
    values = np.concatenate([picture[inside] for picture in pictures])
    if not values.size:
        values = np.concatenate([picture.ravel() for picture in pictures])
    low, high = np.percentile(values.astype(np.float64), [1, 99])
    return float(low), float(max(high, low + 1e-3))


def difference_picture(backdrop: Volume, differences: Array, look: Look, cut: Cut) -> Picture:
    """A difference in two colours over a grey picture that says where one is.

    Args:
        backdrop: Mean of both sides.
        differences: As `difference` gives them, divided by the one that gets the strongest
            colour; same shape.
        look: Window; colours are made diverging.
        cut: Plane, and voxel along the axis that is cut.

    Returns:
        RGB, shape (rows, columns, 3).
    """
    two_sided = look.model_copy(update={"colors": "diverging", "style": "fill"})
    return draw_slice(Layers(backdrop, differences.clip(-1, 1)), two_sided, *cut)


def cluster_shares(maps: pd.DataFrame, clusters: pd.Series[int], what: Shares) -> pd.DataFrame:
    """Where (`zones`) or in what densities (`bands`) the maps of each cluster lie.

    Args:
        maps: Table of maps, with columns such as `zones: right upper`.
        clusters: Cluster of each scan, from 1, same index.
        what: Which of the two.

    Returns:
        Mean share of the map's energy over the members that have a map, one row per zone
        or band in the order of the table, one column per cluster; empty without masks.
    """
    prefix = f"{what}: "
    columns = [name for name in maps.columns if str(name).startswith(prefix)]
    table = maps.loc[maps["done"].astype(bool), columns]
    table.columns = pd.Index([str(name).removeprefix(prefix) for name in columns])
    table = table.dropna(how="all").fillna(0.0)
    means = table.groupby(clusters.reindex(table.index)).mean().T
    means.columns.name, means.index.name = "cluster", what
    return means


def mean_volume(values: Array, like: Volume) -> Volume:
    """A mean with the geometry and unit of a scan of the study."""
    return Volume(np.nan_to_num(values.astype(np.float32)), like.affine, like.unit)
