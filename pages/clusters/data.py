"""What the Clusters page reads: means and differences, drawn once and kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from clam_core.errors import MissingStepError, StaleRunError
from clam_core.figures.slice_style import PLANE_AXIS, Look, Plane
from clam_core.figures.windows import usual_window
from clam_core.localization.recognised_by import RecognisedBy, recognised_by
from clam_core.study import Run, Study, read_names
from clam_core.volume import Volume
from pages.shared.stored_map import run_grid
from pages.shared.thumbnails import stamp
from pages.shell.place import Place

Cut = tuple[Plane, int]
Where = tuple[str, str, str]
_N_LEVELS, _IN_ROW = 8, 4
REST = 0
"""In place of a cluster's number: all scans of the other clusters."""


def overview(here: Place) -> pd.DataFrame:
    """One row per cluster (from 1): its name, size and mean confidence."""
    scans, names = here.fitted.scans(), read_names(here.fitted)
    groups = scans.groupby("cluster")["confidence"]
    numbers = range(1, here.fitted.info().n_clusters + 1)
    return pd.DataFrame(
        {
            "name": [names.get(number, "") for number in numbers],
            "size": groups.size().reindex(numbers, fill_value=0),
            "confidence": groups.mean().reindex(numbers),
        },
        index=pd.Index(numbers, name="cluster"),
    )


def grid(here: Place) -> tuple[int, ...]:
    """Voxels along each axis of the means and maps."""
    return run_grid(here.fitted)


def strongest_slice(here: Place, plane: Plane) -> int:
    """The slice in which the mean maps of all clusters together are strongest."""
    return _strongest_slice(where_of(here), plane)


def peak_slice(here: Place, cluster: int, plane: Plane) -> int:
    """The slice in which the mean map of one cluster is strongest."""
    return _peak_slice(where_of(here), cluster, plane)


def mosaic_png(here: Place, cluster: int, plane: Plane) -> tuple[bytes, tuple[int, ...]]:
    """Mean scan and mean map of a cluster at several levels, the same for all clusters."""
    return _mosaic_png(where_of(here), cluster, plane)


def recognised(here: Place, cluster: int) -> RecognisedBy | None:
    """What a cluster is recognised by where its maps lie; None where nothing can be said."""
    return _recognised(where_of(here), cluster)


def mean_png(here: Place, cluster: int, cut: Cut, *, with_map: bool) -> bytes:
    """Mean scan of a cluster; with its mean map on it if wanted."""
    return _mean_png(where_of(here), cluster, cut, with_map)


def difference_png(here: Place, pair: tuple[int, int], what: str, cut: Cut) -> tuple[bytes, float]:
    """Difference of two clusters' mean scans (`means`) or mean maps (`maps`), and its limit."""
    return _difference_png(where_of(here), pair, what, cut)


def where_of(here: Place) -> Where:
    """What decides whether a picture that was kept is still right."""
    # Plain texts, as Streamlit hashes every argument of a cache at every call.
    return str(here.study.folder), here.fitted.name, stamp(here)


def open_run(where: Where) -> tuple[Run, Volume]:
    """The run, and one of its scans for the geometry."""
    study = Study(Path(where[0]))
    run = Run(study, where[1])
    ready = set(study.ready())
    first = next((one for one in run.scans().index if one in ready), None)
    if first is None:
        raise StaleRunError(f"No scan of the run {run.name!r} is ready now.")
    return run, study.volume(first)


@st.cache_data(max_entries=64, show_spinner=False)
def _strongest_slice(where: Where, plane: Plane) -> int:
    run, like = open_run(where)
    if run.info().given is not None:
        return like.shape[PLANE_AXIS[plane]] // 2
    maps = np.nan_to_num(run.array("cluster_maps"))
    if maps.ndim == 3:
        return 0
    others = tuple(axis for axis in range(4) if axis != PLANE_AXIS[plane] + 1)
    return int(maps.sum(axis=others).argmax())


@st.cache_data(max_entries=256, show_spinner=False)
def _peak_slice(where: Where, cluster: int, plane: Plane) -> int:
    found = np.nan_to_num(open_run(where)[0].array_row("cluster_maps", cluster - 1))
    if found.ndim == 2:
        return 0
    # Of the whole slice: one bright voxel is not where most of the map lies.
    others = tuple(axis for axis in range(3) if axis != PLANE_AXIS[plane])
    return int(found.clip(min=0).sum(axis=others).argmax())


@st.cache_data(max_entries=256, show_spinner=False)
def _mosaic_png(where: Where, cluster: int, plane: Plane) -> tuple[bytes, tuple[int, ...]]:
    from clam_core.figures.cluster_portrait import mean_picture, mean_volume, mosaic
    from clam_core.figures.slices import to_png

    run, like = open_run(where)
    mean = mean_volume(mean_of(run, "cluster_means", cluster, cluster), like)
    drawn = np.nan_to_num(run.array_row("cluster_maps", cluster - 1))
    look = Look(window=usual_window(mean))
    levels = _levels(where, plane)
    pictures = [
        mean_picture(mean, drawn, look, (plane, one), _strongest(where), longest=160)
        for one in levels
    ]
    return to_png(mosaic(pictures, _IN_ROW)), levels


@st.cache_data(max_entries=64, show_spinner=False)
def _levels(where: Where, plane: Plane) -> tuple[int, ...]:
    """Evenly spaced slices, from the lowest to the highest in which most scans have lung."""
    run, like = open_run(where)
    axis = PLANE_AXIS[plane]
    first, last = 0, like.shape[axis] - 1
    try:
        masks = np.nan_to_num(run.array("cluster_masks")).max(axis=0) >= 0.5
    except MissingStepError:
        masks = np.zeros(like.shape, bool)
    inside = np.flatnonzero(masks.any(axis=tuple(a for a in range(3) if a != axis)))
    if inside.size:
        first, last = int(inside[0]), int(inside[-1])
    return tuple(sorted({int(n) for n in np.linspace(first, last, _N_LEVELS + 2)[1:-1].round()}))


@st.cache_data(max_entries=256, show_spinner=False)
def _recognised(where: Where, cluster: int) -> RecognisedBy | None:
    run, like = open_run(where)
    mean_map = run.array_row("cluster_maps", cluster - 1).astype(np.float32)
    own = mean_of(run, "cluster_means", cluster, cluster)
    others = mean_of(run, "cluster_means", REST, cluster)
    return recognised_by(mean_map, own, others, like.unit)


@st.cache_data(max_entries=64, show_spinner=False)
def _strongest(where: Where) -> float:
    return float(np.nanmax(open_run(where)[0].array("cluster_maps")))


@st.cache_data(max_entries=2000, show_spinner=False)
def _mean_png(where: Where, cluster: int, cut: Cut, with_map: bool) -> bytes:  # noqa: FBT001
    from clam_core.figures.cluster_portrait import mean_picture, mean_volume
    from clam_core.figures.slices import to_png

    run, like = open_run(where)
    mean = mean_volume(mean_of(run, "cluster_means", cluster, cluster), like)
    drawn = np.nan_to_num(run.array_row("cluster_maps", cluster - 1)) if with_map else None
    look = Look(window=usual_window(mean), letters=has_sides(run))
    strongest = _strongest(where) if with_map else 1.0
    return to_png(mean_picture(mean, drawn, look, cut, strongest))


@st.cache_data(max_entries=2000, show_spinner=False)
def _difference_png(
    where: Where, pair: tuple[int, int], what: str, cut: Cut
) -> tuple[bytes, float]:
    from clam_core.figures.cluster_portrait import (
        difference,
        difference_picture,
        mean_volume,
        usual_limit,
    )
    from clam_core.figures.slices import to_png

    run, like = open_run(where)
    first, second = (mean_of(run, f"cluster_{what}", one, pair[0]) for one in pair)
    found = difference(first, second, both_masks(run, pair))
    ours, theirs = (mean_of(run, "cluster_means", one, pair[0]) for one in pair)
    backdrop = mean_volume((ours + theirs) / 2, like)
    limit = usual_limit(found)
    look = Look(window=usual_window(backdrop), letters=has_sides(run), threshold=0.1)
    return to_png(difference_picture(backdrop, found / limit, look, cut)), limit


def mean_of(run: Run, name: str, cluster: int, but: int) -> NDArray[np.float32]:
    """Mean of a cluster, or of all scans of the clusters other than `but`."""
    if cluster != REST:
        return run.array_row(name, cluster - 1).astype(np.float32)
    from clam_core.figures.cluster_portrait import mean_of_others

    # Means were taken over scans with a map, so that these are their weights.
    scans = run.scans()
    done = scans["cluster"] > 0 if run.info().given else run.maps()["done"].astype(bool)
    counts = scans["cluster"][done].value_counts()
    sizes = counts.reindex(range(1, run.info().n_clusters + 1), fill_value=0).to_numpy()
    return mean_of_others(run.array(name).astype(np.float32, copy=False), sizes, but - 1).astype(
        np.float32
    )


def has_sides(run: Run) -> bool:
    """Whether it is known where right and left are: a 2D scan may be seen from anywhere."""
    return run.study.info.spatial_dims == 3


def both_masks(run: Run, pair: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean mask of both sides; NaN where the scans have none."""
    try:
        first, second = (mean_of(run, "cluster_masks", one, pair[0]) for one in pair)
    except MissingStepError:
        nothing = np.full(run.array_row("cluster_means", 0).shape, np.nan, np.float32)
        return nothing, nothing
    return first, second
