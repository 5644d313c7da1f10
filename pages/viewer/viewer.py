"""The viewer block: a scan with its map, what the map is for, and whether it can be trusted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from clam_core.errors import StaleRunError
from clam_core.figures.slices import peak_index
from clam_core.figures.windows import PRESETS_HU, usual_window
from clam_core.volume import Volume
from pages.shared.similar_scans import typical_ids
from pages.shared.stored_map import stored_map
from pages.shell.place import Place
from pages.shell.text import plain, sentences
from pages.viewer.choose_map import NOTHING, MapChoice, ShownMap, choose_map, shown_map
from pages.viewer.evidence import show_evidence, where_it_lies
from pages.viewer.missing_map import offer_maps
from pages.viewer.niivue import Pane, mount, pack
from pages.viewer.still_pictures import Style, plain_pictures
from pages.viewer.view_address import View, put, read_view, view_from, write_view

_OF_SCAN = ("map", "against", "against-too", "slice")
_HU_WINDOWS = {name: (level, width) for name, (level, width) in PRESETS_HU.items()}


@st.fragment
def show_scan(here: Place, scan_id: str, key: str) -> None:
    """Draw the whole viewer block for a scan of the run.

    Args:
        here: Study and run; without a run the scan is shown alone.
        scan_id: A scan that is ready.
        key: Tells this viewer from others on the page.
    """
    with sentences():
        _forget_the_last(scan_id, key)
        choice, shown, beside = MapChoice(NOTHING), None, None
        is_fitted = here.run is not None and scan_id in here.run.scans().index
        if is_fitted:
            choice = choose_map(here, scan_id, key)
        # Reserved first: pictures stand above the controls that decide what is in them.
        pictures = st.container()
        with st.container(horizontal=True, vertical_alignment="center"):
            if is_fitted:
                beside = _choose_beside(here, scan_id, key)
            is_plain = choose_plain(here.study.info.spatial_dims, key)
        if is_fitted:
            shown = _chosen_map(here, scan_id, choice)
        panes = [scan_pane(here, scan_id, shown, choice)]
        if beside is not None:
            panes.append(_stored_pane(here, beside))
        style = Style(
            windows_for(here.study.volume(scan_id)),
            here.study.info.unit,
            smooth=not choice.native,
            diverging=choice.signed,
        )
        with pictures:
            if is_fitted and choice.cluster == NOTHING:
                offer_maps(here, scan_id)
            show_panes(panes, style, key, is_plain=is_plain)
        if shown is not None:
            show_evidence(here, shown)


def _chosen_map(here: Place, scan_id: str, choice: MapChoice) -> ShownMap | None:
    """The map with a sentence that also fits a scan without a mask; None shows the scan alone."""
    try:
        shown = shown_map(here, scan_id, choice)
    except StaleRunError as error:
        st.warning(plain(str(error)))
        return None
    if shown is None:
        return None
    mask = here.study.mask(scan_id)
    return replace(shown, line=where_it_lies(shown.line, shown.values, mask))


def show_panes(panes: list[Pane], style: Style, key: str, *, is_plain: bool) -> None:
    """Draw scans that were read already; what is looked at lands in the address.

    Args:
        panes: One scan, or two side by side.
        style: What they have in common.
        key: Tells this viewer from others on the page.
        is_plain: Whether as ordinary pictures, as `choose_plain` says.
    """
    if is_plain:
        write_view(st.query_params, plain_pictures(panes, style, _seen(style), key))
    else:
        _show_volumes(panes, style, key)


def _show_volumes(panes: list[Pane], style: Style, key: str) -> None:
    """The viewer that draws in the browser."""
    start = _start(panes, style, key)
    settings = {
        "view": {**start.as_dict(), "voxel": start.voxel and list(start.voxel)},
        "windows": style.windows,
        "unit": style.unit,
        "smooth": style.smooth,
        "diverging": style.diverging,
    }
    told = mount(pack(panes, settings), key)
    if told.missing:
        st.session_state[f"{key}-no-webgl"] = True
        st.rerun(scope="fragment")
    if told.view:
        write_view(st.query_params, view_from(dict(told.view)))


def scan_pane(here: Place, scan_id: str, shown: ShownMap | None, choice: MapChoice) -> Pane:
    """A scan and the map that is shown on it."""
    volume = here.study.volume(scan_id)
    alt, title = f"Scan {scan_id}", scan_id
    if shown is not None:
        other = f" rather than cluster {choice.rather_than}" if choice.rather_than else ""
        alt += f" with the map for cluster {choice.cluster}{other}. {shown.line['sentence']}"
        title += f" · map for cluster {choice.cluster}{other}"
    values = None if shown is None else shown.values
    return make_pane(title, alt, volume, values, here.study.mask(scan_id))


def make_pane(
    title: str,
    alt: str,
    volume: Volume,
    overlay: NDArray[np.floating] | None,
    mask: NDArray[np.bool_] | None,
) -> Pane:
    """A pane that opens at the peak of its map, or in the middle of the scan."""
    is_empty = overlay is None or not np.any(overlay)
    middle = tuple(n // 2 for n in volume.shape)
    peak = middle if overlay is None or is_empty else peak_index(np.abs(overlay))
    return Pane(title, alt, volume.array.astype(np.int16), volume.affine, overlay, mask, peak)


def windows_for(volume: Volume) -> dict[str, tuple[float, float]]:
    """Windows to choose from, level and width by name."""
    if volume.unit == "HU":
        return _HU_WINDOWS
    low, high = usual_window(volume)
    return {"automatic": ((low + high) / 2, high - low)}


def _choose_beside(here: Place, scan_id: str, key: str) -> str | None:
    """A typical scan of a cluster to hold beside this one, or None."""
    options = {}
    for cluster in range(1, here.fitted.info().n_clusters + 1):
        others = [one for one in typical_ids(here.fitted, cluster, 2) if one != scan_id]
        if others:
            options[cluster] = others[0]
    wanted = st.query_params.get("beside", "")
    names = [NOTHING, *sorted(options)]
    start = int(wanted) if wanted.isdecimal() and int(wanted) in names else NOTHING
    chosen = st.selectbox(
        "Beside it",
        names,
        names.index(start),
        lambda c: f"beside the most typical scan of cluster {c}" if c else "no scan beside it",
        key=f"{key}-beside",
        label_visibility="collapsed",
        width=380,
    )
    put(st.query_params, "beside", str(chosen), str(NOTHING))
    return options.get(chosen)


def _stored_pane(here: Place, scan_id: str) -> Pane:
    """A scan with its stored map, if there is one."""
    cluster = int(here.fitted.scans()["cluster"][scan_id])
    title = f"{scan_id} · typical of cluster {cluster}"
    overlay = stored_map(here.fitted, scan_id)
    volume, mask = here.study.volume(scan_id), here.study.mask(scan_id)
    return make_pane(title, f"Scan {title}", volume, overlay, mask)


def choose_plain(spatial_dims: int, key: str) -> bool:
    """Whether ordinary pictures are drawn: 2D, by wish, or because the browser cannot do more."""
    if spatial_dims == 2:
        return True
    if st.session_state.get(f"{key}-no-webgl"):
        st.info(
            "This browser cannot draw volumes (WebGL 2 is missing or turned off), so the slices "
            "are shown as pictures."
        )
        return True
    start = st.query_params.get("plain") == "1"
    chosen = st.toggle("Plain pictures (to print)", start, key=f"{key}-plain")
    put(st.query_params, "plain", str(int(chosen)), "0")
    return chosen


def _seen(style: Style) -> View:
    """What the address asks for, with a window that this scan has."""
    view = read_view(st.query_params)
    is_known = view.window in style.windows or "/" in view.window
    return view if is_known else replace(view, window=next(iter(style.windows)))


def _start(panes: list[Pane], style: Style, key: str) -> View:
    """The view that a scan opens with; afterwards the viewer keeps its own."""
    name, shown = f"{key}-start", " ".join(pane.title for pane in panes)
    if st.session_state.get(name, ("",))[0] != shown:
        st.session_state[name] = (shown, _seen(style))
    start: View = st.session_state[name][1]
    return start


def _forget_the_last(scan_id: str, key: str) -> None:
    """When another scan is opened, what the address said about the last one goes."""
    name = f"{key}-scan"
    last = st.session_state.get(name)
    if last is not None and last != scan_id:
        for query in _OF_SCAN:
            st.query_params.pop(query, None)
    st.session_state[name] = scan_id
