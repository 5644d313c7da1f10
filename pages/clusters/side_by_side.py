"""Typical scans at their own resolution in a row, scrolled in step."""

from __future__ import annotations

import streamlit as st

from clam_core.study import cluster_label, read_names
from pages.shared.similar_scans import typical_ids
from pages.shell.place import Place
from pages.shell.text import sentences
from pages.viewer.canvas import Pane
from pages.viewer.still_pictures import Style
from pages.viewer.view_address import put
from pages.viewer.viewer import show_panes, stored_pane, windows_for

EACH = 0
_MOST_CLUSTERS, _N_OF_CLUSTER = 4, 3


@st.fragment
def show_side_by_side(here: Place) -> None:
    """One typical scan of each cluster, or the three most typical of one."""
    with sentences():
        is_open = st.toggle(
            "Typical scans side by side, at their own resolution", key="row", bind="query-params"
        )
        if is_open:
            _show(here)


def _show(here: Place) -> None:
    names = read_names(here.fitted)
    clusters = range(1, here.fitted.info().n_clusters + 1)
    options = [EACH, *clusters]
    wanted = st.query_params.get("typical", "")
    chosen = st.selectbox(
        "Which scans",
        options,
        options.index(int(wanted)) if wanted.isdecimal() and int(wanted) in options else 0,
        lambda n: f"three of {cluster_label(n, names)}" if n else "the most typical of each",
        key="typical-of",
        width=380,
    )
    put(st.query_params, "typical", str(chosen), str(EACH))
    is_flat = here.study.info.spatial_dims == 2
    if (
        "view" not in st.query_params and not is_flat
    ):  # in a row one plane is large enough to be read
        st.query_params["view"] = "axial"
    panes = _panes(here, int(chosen), list(clusters)[:_MOST_CLUSTERS])
    if not panes:
        st.caption("No scan is in this cluster.")
        return
    volume = here.study.volume(panes[0][0])
    style = Style(windows_for(volume), here.study.info.unit)
    show_panes([pane for _, pane in panes], style, "typical", is_plain=False)


def _panes(here: Place, chosen: int, clusters: list[int]) -> list[tuple[str, Pane]]:
    found = (
        [(one, chosen) for one in typical_ids(here.fitted, chosen, _N_OF_CLUSTER)]
        if chosen
        else [(one, n) for n in clusters for one in typical_ids(here.fitted, n, 1)]
    )
    return [(one, stored_pane(here, one, f"{one} · cluster {n}")) for one, n in found]
