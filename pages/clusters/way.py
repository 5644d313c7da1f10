"""The decoded way from one cluster's middle to another's, where the network can draw a scan."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from clam_core.figures.slice_style import Look
from clam_core.figures.windows import usual_window
from clam_core.settings.views import ZONAL
from clam_core.study import Run
from pages.clusters import data
from pages.shared.thumbnails import show_png
from pages.shell.place import Place
from pages.shell.text import plain

LIKE_A_SCAN = 0.5
"""Correlation with the cluster's mean scan below which a decoded middle is no picture of one.

With too little training it is near noise: measured r -0.05 on pictures without any epoch and 0.16
inside the lungs after 20 epochs of the demo; 0.88 to 0.97 after 30 epochs on pictures.
"""


def show_way(here: Place, pair: tuple[int, int], labels: tuple[str, str], cut: data.Cut) -> None:
    """Walk from A to B in decoded pictures, or say in one sentence why there are none.

    Args:
        here: Study and run.
        pair: Numbers of A and B, from 1; B may be `data.REST`.
        labels: Their names.
        cut: Plane, and voxel along the axis that is cut.
    """
    st.markdown("**The way from A to B**")
    about = (here.fitted.info().localized or {}).get("archetypes")
    if here.fitted.info().method in ZONAL:
        st.caption(
            "There are no pictures between A and B: these groups were made from the values inside "
            "the masks themselves, and no picture can be made back from those."
        )
        return
    if about is None:
        st.info("The maps were made before there were decoded pictures: run 'localize' again.")
        return
    if data.REST in pair:
        st.info("Choose a single cluster as B to walk from A to it.")
        return
    where = data.where_of(here)
    likeness = _likeness(where, pair)
    if not likeness >= LIKE_A_SCAN:
        st.info(_why_not(likeness))
        return
    last = int(about["n_between"]) + 1
    step = st.slider(
        "From A to B",
        0,
        last,
        last,
        key="way",
        bind="query-params",
        help="Every step is the network's own picture of a scan that far on the way.",
    )
    share = round(100 * step / last)
    start, picture = (_archetype_png(where, pair, at, cut) for at in (0, step))
    changed, limit = _change_png(where, pair, step, cut)
    unit = "HU" if here.study.info.unit == "HU" else "units"
    shown = (
        (start, "Middle of A"),
        (picture, "Middle of B" if step == last else f"{share} % of the way to B"),
        (changed, f"What has changed since A (strongest colour: {limit:.0f} {unit})"),
    )
    for place, (png, title) in zip(st.columns(3), shown, strict=True):
        with place:
            show_png(png, f"Decoded picture: {title}.", title)
    st.caption(_how_made(about, labels))


def _how_made(about: dict[str, Any], labels: tuple[str, str]) -> str:
    center = (
        "its center in the latent space"
        if about["is_fitted_center"]
        else "the mean latent code of its scans, because the clusters themselves were made from "
        "other features than latent codes"
    )
    relative = (
        " Brightness is relative to the median inside the mask, which is how the network sees it."
        if about["is_relative"]
        else ""
    )
    return (
        f"Decoded by the network, not measured: the middle of a cluster ({plain(labels[0])}, "
        f"{plain(labels[1])}) is {center}. Fine detail is lost on the way.{relative}"
    )


def _why_not(likeness: float) -> str:
    return (
        "There are no pictures between A and B: the network has not learned to draw these scans "
        f"(its pictures of the two middles agree with the mean scans by r = {likeness:.2f} at "
        f"worst, and {LIKE_A_SCAN} is needed). The groups and their maps do not depend on these "
        "pictures. Longer training can bring them."
    )


@st.cache_data(max_entries=256, show_spinner=False)
def _likeness(where: data.Where, pair: tuple[int, int]) -> float:
    """How much the decoded middles look like the mean scans: the worse of both sides."""
    from clam_core.figures.cluster_portrait import likeness

    run, _ = data.open_run(where)
    masks = data.both_masks(run, pair)
    means = (data.mean_of(run, "cluster_means", one, pair[0]) for one in pair)
    found = [likeness(*side) for side in zip(_ends(run, pair), means, masks, strict=True)]
    return float(np.min(found))


@st.cache_data(max_entries=2000, show_spinner=False)
def _archetype_png(where: data.Where, pair: tuple[int, int], step: int, cut: data.Cut) -> bytes:
    from clam_core.figures.cluster_portrait import inside_window, mean_volume
    from clam_core.figures.slices import Layers, draw_slice, to_png

    run, like = data.open_run(where)
    ends = _ends(run, pair)
    look = Look(window=inside_window(ends, data.both_masks(run, pair)), letters=data.has_sides(run))
    found = mean_volume(_on_the_way(run, pair, step, ends), like)
    return to_png(draw_slice(Layers(found), look, *cut))


@st.cache_data(max_entries=2000, show_spinner=False)
def _change_png(
    where: data.Where, pair: tuple[int, int], step: int, cut: data.Cut
) -> tuple[bytes, float]:
    from clam_core.figures.cluster_portrait import (
        difference,
        difference_picture,
        mean_volume,
        usual_limit,
    )
    from clam_core.figures.slices import to_png

    run, like = data.open_run(where)
    ends, masks = _ends(run, pair), data.both_masks(run, pair)
    limit = usual_limit(difference(ends[1], ends[0], masks))
    changed = difference(_on_the_way(run, pair, step, ends), ends[0], masks)
    backdrop = mean_volume(data.mean_of(run, "cluster_means", pair[0], pair[0]), like)
    look = Look(window=usual_window(backdrop), letters=data.has_sides(run), threshold=0.1)
    return to_png(difference_picture(backdrop, changed / limit, look, cut)), limit


def _ends(run: Run, pair: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    first, second = (run.array_row("archetypes", one - 1).astype(np.float32) for one in pair)
    return first, second


def _on_the_way(
    run: Run, pair: tuple[int, int], step: int, ends: tuple[NDArray[np.float32], ...]
) -> NDArray[np.float32]:
    """Step of the stored way between two clusters, walked backwards where need be."""
    n_between = int((run.info().localized or {})["archetypes"]["n_between"])
    if step in {0, n_between + 1}:
        return ends[0 if step == 0 else 1]
    pairs = list(itertools.combinations(range(1, run.info().n_clusters + 1), 2))
    # Only the way from the lower to the higher number is stored.
    low, high = sorted(pair)
    stored = step if pair == (low, high) else n_between + 1 - step
    row = pairs.index((low, high)) * n_between + stored - 1
    return run.array_row("archetype_paths", row).astype(np.float32)
