"""The left half of Explore: the map with its controls."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from clam_core.figures.embedding import most_points
from clam_core.figures.regions import inside
from pages.explore import address as looked
from pages.explore.cohort_map_data import (
    RELIABLE,
    Shown,
    doubts_of,
    kept_under,
    map_figure,
    mapped,
    place_on,
)
from pages.explore.cohort_map_watch import has_webgl, map_name
from pages.shared.find_scan import find
from pages.shell.place import Place
from pages.shell.text import plain, sentences
from pages.viewer.view_address import put

MAP_PART, SELECTION_PART, SCAN_PART = "explore-map", "explore-selection", "explore-scan"
_REGIONS = "_drawn_regions"
MANY = 1_000
"""So many points lie over each other: lines can show where most of them are."""
_FIELD, _HEIGHT = 215, 560
"""Width of a field: three controls fit beside each other, on narrow pages below."""
_PLANES = {"umap": "Likeness", "pca": "Main axes"}
_ABOUT = {
    "umap": "Scans that look alike lie beside each other (UMAP); the distance between far groups "
    "means nothing.",
    "pca": "The two directions along which the scans differ most (PCA, principal components).",
}
_TOOLS = {
    "scrollZoom": True,
    "displaylogo": False,
    "displayModeBar": True,
    "modeBarButtonsToRemove": ["zoom2d", "resetScale2d"],
    "doubleClick": "autosize",
}
"""Home is where all scans are seen, not the part that the map was drawn with."""


@st.fragment(key=MAP_PART)
def show_map(here: Place) -> None:
    """Controls, the map, and how far it can be trusted."""
    with sentences():
        n_unknown = looked.unknown_in_address(here)
        if n_unknown:
            verb = "is" if n_unknown == 1 else "are"
            st.warning(f"{n_unknown} of the scans in this address {verb} not in this run.")
        color, plane = _controls(here)
        looked.note(here)
        name = map_name(here, plane)
        dense = len(here.fitted.scans()) > MANY and _ask_density(here)
        seen = looked.drawn(here, name)
        kept = kept_under(here, color)
        shown = Shown(name, plane, color, *seen, kept, dense, has_webgl())
        drawn = map_figure(here, shown)
        # How high it is follows from the style sheet: beside an open scan there is less room.
        with st.container(key="explore-chart", height=_HEIGHT, border=False):
            st.plotly_chart(
                drawn.figure,
                width="stretch",
                height="stretch",
                key=looked.chart_key(),
                on_select=lambda: _follow(here, plane),
                selection_mode=("points", "box", "lasso"),
                alt=drawn.sentence,
                config=_TOOLS,
            )
        _say_sample(len(here.fitted.scans()))
        for doubt in doubts_of(here, color):
            st.caption(plain(doubt))
        st.caption(f"{_ABOUT[plane]} {trust_words(place_on(here, plane)['trust'])}")


def draw_again(here: Place) -> None:
    """The map in another way: the browser has said that it cannot draw this one."""
    looked.redraw(here)
    st.rerun(MAP_PART)


def _say_sample(n_scans: int) -> None:
    """Of very many scans the map shows some."""
    n_most = most_points(has_webgl=has_webgl())
    if n_scans <= n_most:
        return
    why = "" if has_webgl() else "This browser draws without WebGL, so "
    st.info(
        f"{why}{'the' if why else 'The'} map shows {n_most:,} of {n_scans:,} scans, drawn at "
        "random so that every cluster keeps its share. Box and lasso select all scans within."
    )


def _controls(here: Place) -> tuple[str, str]:
    """What the map is coloured by, and its plane; both are in the address."""
    found = mapped(here)
    colors = found.colors()
    row = st.container(horizontal=True, vertical_alignment="top")
    names = list(colors)
    wanted = st.query_params.get("colour", "")
    color = row.selectbox(
        "Colour by",
        names,
        names.index(wanted) if wanted in names else 0,
        format_func=colors.__getitem__,
        key=f"colour-{here.study.name}-{here.fitted.name}",
        width=_FIELD,
        on_change=lambda: looked.redraw(here),
    )
    put(st.query_params, "colour", color, names[0])
    wanted = st.query_params.get("plane", "")
    plane = row.segmented_control(
        "Points placed by",
        found.planes,
        default=wanted if wanted in found.planes else found.planes[0],
        required=True,
        format_func=_PLANES.__getitem__,
        key=f"plane-{here.study.name}-{here.fitted.name}",
        on_change=lambda: looked.redraw(here),
    )
    put(st.query_params, "plane", plane, found.planes[0])
    with row.container(width=_FIELD):
        _find(here, found.table)
    return color, plane


def _ask_density(here: Place) -> bool:
    wanted = st.query_params.get("density") == "1"
    chosen = st.toggle(
        "Lines of density",
        wanted,
        key=f"density-{here.study.name}-{here.fitted.name}",
        help="Inside a line the scans lie closer together than outside.",
        on_change=lambda: looked.redraw(here),
    )
    put(st.query_params, "density", str(int(chosen)), "0")
    return bool(chosen)


def _find(here: Place, table: pd.DataFrame) -> None:
    typed = st.text_input(
        "Find a scan",
        key="find",
        placeholder="its id, or a part of it",
        on_change=lambda: _open_found(here, table),
    ).strip()
    if typed:
        matches = find(table.index, typed)
        if not matches:
            st.caption(f"No scan of this run has an id with {plain(typed)} in it.")
        elif len(matches) > 1:
            listed = ", ".join(plain(one) for one in matches[:5])
            st.caption(f"{len(matches)} scans match: {listed} ... Type more of the id.")


def _open_found(here: Place, table: pd.DataFrame) -> None:
    matches = find(table.index, st.session_state["find"])
    if len(matches) == 1:
        looked.open_scan(here, matches[0])
        looked.redraw(here)
        st.rerun([MAP_PART, SCAN_PART])
    st.rerun(MAP_PART)


def _follow(here: Place, plane: str) -> None:
    """Do what was clicked or selected in the map: only the parts that change run again."""
    event = st.session_state[looked.chart_key()]["selection"]
    ids = [_scan_id(point.get("customdata")) for point in event["points"]]
    ids = [one for one in ids if one]
    regions = {"box": event["box"], "lasso": event["lasso"]}
    is_old = st.session_state.get(_REGIONS) == regions  # a click leaves a drawn frame where it is
    st.session_state[_REGIONS] = regions
    if len(ids) == 1 and (is_old or not any(regions.values())):
        looked.open_scan(here, ids[0])
        if looked.selected(here) is not None:
            looked.redraw(here)  # the browser has turned the selection grey
            st.rerun([MAP_PART, SCAN_PART])
        looked.known(here)
        st.rerun(SCAN_PART)
    if not ids and not any(regions.values()) and looked.opened(here) is not None:
        looked.select(here, None)
        looked.redraw(here)  # the open scan was clicked again, and the browser unmarked it
        st.rerun([MAP_PART, SELECTION_PART])
    n_most = most_points(has_webgl=has_webgl())
    if any(regions.values()) and len(here.fitted.scans()) > n_most:
        places = place_on(here, plane)
        ids = places.index[inside(places, **regions)].tolist()
    looked.select(here, ids or None)
    looked.known(here)
    st.rerun(SELECTION_PART)


def _scan_id(data: object) -> str:
    """The id that a point carries; nothing for the ring around the open scan."""
    if isinstance(data, list | tuple):
        data = data[0] if data else ""
    return str(data or "")


def trust_words(trust: pd.Series[float]) -> str:
    """How many scans lie where they should not, in a sentence."""
    if trust.isna().all():
        return "How reliable the places are was not computed for so many scans."
    n_bad = int(np.sum(trust < RELIABLE))
    if n_bad == 0:
        return f"The positions of all {len(trust)} scans on this map are reliable."
    verb = "is" if n_bad == 1 else "are"
    return (
        f"The position{'s' if n_bad > 1 else ''} of {n_bad} of {len(trust)} scans on this map "
        f"{verb} not reliable: fewer than half of the scans that look most alike lie near them. "
        "Colour by reliability to see which."
    )
