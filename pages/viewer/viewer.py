"""The viewer block: a scan with its map, what the map is for, and whether it can be trusted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from clam_core.errors import StaleRunError
from clam_core.figures.slices import peak_index
from clam_core.figures.windows import PRESETS_HU, usual_window
from clam_core.files.found_scan import UNSIZED
from clam_core.study import Study
from clam_core.volume import Volume
from pages.shared.stored_map import stored_map
from pages.shell.place import Place
from pages.shell.text import plain, sentences
from pages.viewer.beside import Beside, choose_beside
from pages.viewer.canvas import Pane, mount, pack
from pages.viewer.choose_map import NOTHING, MapChoice, ShownMap, choose_map, shown_map
from pages.viewer.evidence import show_evidence, where_it_lies
from pages.viewer.missing_map import offer_maps
from pages.viewer.still_pictures import Style, plain_pictures
from pages.viewer.view_address import PLANES, View, put, read_view, view_from, write_view
from pages.voxels.ticket import ticket_of_session

_OF_SCAN = ("map", "against", "against-too", "slice")
_HU_WINDOWS = {name: (level, width) for name, (level, width) in PRESETS_HU.items()}


@dataclass(frozen=True)
class Room:
    """What stands around the picture where it has most of the window.

    Attributes:
        title: Of the toolbar.
        close: Called when the scan is closed there.
        before: Draws what is read first about the scan.
        after: Draws what is read last.
    """

    title: str
    close: Callable[[], None]
    before: Callable[[], None]
    after: Callable[[], None]


@st.fragment
def show_scan(here: Place, scan_id: str, key: str, room: Room | None = None) -> None:
    """Draw the whole viewer block for a scan of the run.

    Args:
        here: Study and run; without a run the scan is shown alone.
        scan_id: A scan that is ready.
        key: Tells this viewer from others on the page.
        room: What stands around the picture; None stacks everything below it.
    """
    with sentences():
        _forget_the_last(scan_id, key)
        around = st.container(key=f"{key}-room")
        # Reserved first: pictures stand before the controls that decide what is in them.
        pictures = around.container(key=f"{key}-pictures")
        with around.container(key=f"{key}-about"):
            if room is not None:
                room.before()
            _show_parts(here, scan_id, key, room, pictures)
            if room is not None:
                room.after()


def _show_parts(
    here: Place, scan_id: str, key: str, room: Room | None, pictures: DeltaGenerator
) -> None:
    """What decides what the pictures show, the pictures, and the evidence."""
    choice, shown, beside = MapChoice(NOTHING), None, None
    answer = st.container()  # stands before the controls that it depends on
    is_fitted = here.run is not None and scan_id in here.run.scans().index
    if is_fitted:
        choice = choose_map(here, scan_id, key)
        beside = choose_beside(here, scan_id, key)
        shown = _chosen_map(here, scan_id, choice)
    is_plain = choose_plain(key)
    panes = [scan_pane(here, scan_id, shown, choice)]
    if beside is not None:
        panes.append(_beside_pane(here, beside))
    style = Style(
        windows_for(here.study.volume(scan_id)),
        here.study.info.unit,
        smooth=not choice.native,
        diverging=choice.signed,
    )
    with pictures:
        if is_fitted and choice.cluster == NOTHING:
            offer_maps(here, scan_id)
        show_panes(panes, style, key, is_plain=is_plain, room=room)
    if shown is not None:
        with answer:
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


def show_panes(
    panes: list[Pane],
    style: Style,
    key: str,
    *,
    is_plain: bool,
    room: Room | None = None,
    has_digits: bool = True,
) -> None:
    """Draw scans that were read already; what is looked at lands in the address.

    Args:
        panes: One scan, or two side by side.
        style: What they have in common.
        key: Tells this viewer from others on the page.
        is_plain: Whether as ordinary pictures, as `choose_plain` says.
        room: What stands around the picture, if it has most of the window.
        has_digits: Whether digits choose the window; beside a form they answer it.
    """
    if is_plain:
        seen = _seen(style)
        if seen.plane not in PLANES:  # pictures know one arrangement of three planes
            seen = replace(seen, plane="all")
        write_view(st.query_params, plain_pictures(panes, style, seen, key))
    else:
        _show_volumes(panes, style, key, room, has_digits=has_digits)


def _show_volumes(
    panes: list[Pane], style: Style, key: str, room: Room | None, *, has_digits: bool
) -> None:
    """The viewer that draws in the browser."""
    start = _start(panes, style, key)
    settings = {
        "view": {**start.as_dict(), "voxel": start.voxel and [*start.voxel, 0][:3]},
        "windows": style.windows,
        "unit": style.unit,
        "smooth": style.smooth,
        "diverging": style.diverging,
        "room": None if room is None else room.title,
        "digits": has_digits,
    }
    told = mount(pack(panes, settings), key, None if room is None else room.close)
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
    pane = make_pane(title, alt, volume, values, here.study.mask(scan_id))
    return replace(_with_ticket(here, scan_id, pane), speaks=f"for cluster {choice.cluster}")


def _with_ticket(here: Place, scan_id: str, pane: Pane) -> Pane:
    """The pane with what opens the scan at its own resolution."""
    ticket = ticket_of_session(here.study.folder.name, scan_id)
    return replace(pane, ticket=ticket, is_sized=is_sized(here.study, scan_id))


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


def _beside_pane(here: Place, beside: Beside) -> Pane:
    """The scan in the second pane, and why it is there."""
    title = f"{beside.scan_id} · cluster {int(here.fitted.scans()['cluster'][beside.scan_id])}"
    if beside.why and "cluster" not in beside.why:
        title += f" · {beside.why}"
    return stored_pane(here, beside.scan_id, title)


def stored_pane(here: Place, scan_id: str, title: str) -> Pane:
    """A scan with its stored map, if there is one."""
    overlay = stored_map(here.fitted, scan_id)
    volume, mask = here.study.volume(scan_id), here.study.mask(scan_id)
    pane = make_pane(title, f"Scan {title}", volume, overlay, mask)
    own = int(here.fitted.scans()["cluster"][scan_id])
    return replace(_with_ticket(here, scan_id, pane), speaks=f"for cluster {own}")


def is_sized(study: Study, scan_id: str) -> bool:
    """Whether it is known how large a pixel of a scan is."""
    scans = study.scans()
    return "format" not in scans or str(scans.at[scan_id, "format"]) not in UNSIZED


def choose_plain(key: str) -> bool:
    """Whether ordinary pictures are drawn, by wish."""
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
