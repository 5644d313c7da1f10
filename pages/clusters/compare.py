"""A against B: differences of means, and the decoded way from one center to the other."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from clam_core.study import cluster_label, read_names
from pages.clusters import data
from pages.clusters.levels import choose_cut
from pages.clusters.way import show_way
from pages.shared.thumbnails import show_png
from pages.shell.place import Place
from pages.shell.text import sentences
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
        show_way(here, pair, (label(first), label(second)), cut)


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
