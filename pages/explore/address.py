"""Which scan is open and which scans are selected: kept in the address and during a visit."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from clam_core.figures.map_points import Marks
from pages.explore.cohort_map_watch import Part, seen_part
from pages.shell.place import Place, keep_in_address

MOST_IN_ADDRESS = 200
_SELECTED, _DRAWN, _KNOWN, _TURN = "_selected", "_drawn_marks", "_known_marks", "_turn"
_OPENED_AT = "_opened_at"
_LEFT, _KEPT = "_left_explore", ("scan", "selection", "colour", "plane")


def come_back(here: Place) -> None:
    """Put into the address what was looked at when the page was left, where it says nothing."""
    left = st.session_state.get(_LEFT, {}).get(_name(here), {})
    missing = {name: value for name, value in left.items() if name not in st.query_params}
    if missing:
        st.query_params.update(missing)


def note(here: Place) -> None:
    """Take note of what is looked at, for the next visit of the page."""
    seen = {name: st.query_params[name] for name in _KEPT if name in st.query_params}
    st.session_state.setdefault(_LEFT, {})[_name(here)] = seen


def open_scan(here: Place, scan_id: str | None) -> None:
    """Open a scan; None closes the one that is open."""
    if scan_id is None:
        st.query_params.pop("scan", None)
    else:
        keep_in_address(scan=scan_id)
    note(here)


def opened(here: Place) -> str | None:
    """The scan that is open, if it is one of the run."""
    wanted = st.query_params.get("scan")
    return wanted if wanted in here.fitted.scans().index else None


def select(here: Place, scan_ids: Iterable[str] | None) -> None:
    """Select scans; None clears the selection. Long ones do not fit into an address."""
    st.query_params.pop("selection", None)
    st.session_state.pop(_SELECTED, None)
    ids = list(dict.fromkeys(scan_ids or ()))
    # The address joins ids by commas, so that none may hold one.
    fit = len(ids) <= MOST_IN_ADDRESS and not any("," in one for one in ids)
    if ids and fit:
        st.query_params["selection"] = ",".join(ids)
    elif ids:
        st.session_state[_SELECTED] = (_name(here), ids)
    note(here)


def selected(here: Place) -> list[str] | None:
    """The selected scans of the run in its order; None where nothing is selected."""
    if "selection" in st.query_params:
        wanted = st.query_params["selection"].split(",")
    else:
        name, wanted = st.session_state.get(_SELECTED, (None, []))
        wanted = wanted if name == _name(here) else []
    index = here.fitted.scans().index
    found = index[index.isin(wanted)].tolist()
    return found or None


def unknown_in_address(here: Place) -> int:
    """How many scans the address asks for that the run does not have."""
    wanted = [one for one in st.query_params.get("selection", "").split(",") if one]
    wanted += [st.query_params["scan"]] if "scan" in st.query_params else []
    index = here.fitted.scans().index
    return sum(one not in index for one in wanted)


def marks(here: Place) -> Marks:
    """What is open and what is selected now."""
    chosen = selected(here)
    return Marks(opened(here), None if chosen is None else frozenset(chosen))


def chart_key() -> str:
    """Key of the map's chart: another one whenever the map was drawn again."""
    return f"map-{st.session_state.get(_TURN, 0)}"


def drawn(here: Place, map_name: str) -> tuple[Marks, Part]:
    """What is drawn into the map, and the part of it that is seen at first.

    The browser shows by itself what was clicked or selected in the map. Another figure
    would be a new chart, so the figure follows only what was chosen elsewhere. Where the
    chart is not on the page yet, all is drawn. A new chart opens at the part that was seen
    of the one before.
    """
    now = marks(here)
    known = st.session_state.get(_KNOWN) == (_name(here), now)
    if not known or chart_key() not in st.session_state:
        redraw(here)
    shown: Marks = st.session_state[_DRAWN]
    turn = (map_name, st.session_state[_TURN])
    if st.session_state.get(_OPENED_AT, (None,))[0] != turn:
        st.session_state[_OPENED_AT] = (turn, seen_part(map_name))
    part: Part = st.session_state[_OPENED_AT][1]
    return shown, part


def redraw(here: Place) -> None:
    """Draw into the map what is open and selected now; what the browser marked goes."""
    st.session_state[_DRAWN] = marks(here)
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
    known(here)


def known(here: Place) -> None:
    """Take note that the browser shows what is open and selected now."""
    st.session_state[_KNOWN] = (_name(here), marks(here))


def _name(here: Place) -> tuple[str, str]:
    return here.study.name, here.fitted.name
