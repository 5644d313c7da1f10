"""A against B: differences of means, and the decoded way from one center to the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from clam_core.settings.views import ZONAL
from clam_core.study import cluster_label, read_names
from pages.clusters import data
from pages.clusters.levels import choose_cut
from pages.shared.thumbnails import show_png
from pages.shell.place import Place
from pages.shell.text import plain, sentences
from pages.viewer.view_address import put


@st.fragment
def show_comparison(here: Place) -> None:
    """Choose two clusters, see how they differ, and walk from one to the other."""
    st.header("A against B", anchor=False)
    with sentences():
        _compare(here)


def _compare(here: Place) -> None:
    names = read_names(here.fitted)
    numbers = list(range(1, here.fitted.info().n_clusters + 1))
    if len(numbers) < 2:
        st.info("There is only one cluster.")
        return

    def label(number: int) -> str:
        return "the rest" if number == data.REST else cluster_label(number, names)

    left, right = st.columns(2)
    with left:
        first = _choose("A", numbers, label)
    others = [number for number in (*numbers, data.REST) if number != first]
    with right:
        second = _choose("B", others, label)
    cut = choose_cut(here, "_ab")
    pair = (first, second)
    _show_differences(here, pair, (label(first), label(second)), cut)
    if not (here.fitted.info().given or here.fitted.info().encoder):
        _show_way(here, pair, (label(first), label(second)), cut)


def _choose(title: str, options: list[int], label: Callable[[int], str]) -> int:
    """A selector whose number is in the address: names may change."""
    key = title.lower()
    wanted = st.query_params.get(key, "")
    start = options.index(int(wanted)) if wanted.isdigit() and int(wanted) in options else 0
    chosen = int(st.selectbox(title, options, start, format_func=label, key=f"side_{key}"))
    put(st.query_params, key, str(chosen), str(options[0]))
    return chosen


def _show_differences(
    here: Place, pair: tuple[int, int], labels: tuple[str, str], cut: data.Cut
) -> None:
    unit = "HU" if here.study.info.unit == "HU" else "units"
    kinds = ("means", "maps") if here.fitted.info().given is None else ("means",)
    for place, what in zip(st.columns(2), kinds, strict=False):
        png, limit = data.difference_png(here, pair, what, cut)
        with place:
            if what == "means":
                said = (
                    "Orange: brighter in A. Blue: brighter in B. Strongest colour: "
                    f"{limit:.0f} {unit}."
                )
                title = "Difference of the mean scans"
            else:
                said = (
                    "Orange: A's maps are stronger here. Blue: B's. Strongest colour: a "
                    f"difference of {limit:.2f} (a map reaches from 0 to 1)."
                )
                title = "Difference of the mean maps"
            st.markdown(f"**{title}**")
            show_png(png, f"{title}, {labels[0]} less {labels[1]}. {said}")
            st.caption(said)


def _show_way(here: Place, pair: tuple[int, int], labels: tuple[str, str], cut: data.Cut) -> None:
    st.markdown("**The way from A to B**")
    about = data.about_archetypes(here)
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
    start, picture = (data.archetype_png(here, pair, at, cut) for at in (0, step))
    changed, limit = data.change_png(here, pair, step, cut)
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
