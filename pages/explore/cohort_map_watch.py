"""What the browser tells of the map: the part that is seen, the scan under the pointer, WebGL."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.shared.thumbnails import stamp, thumbnail
from pages.shell.place import Place
from pages.shell.text import sentences
from pages.viewer.canvas import ASSETS

_KEY, _SEEN, _HOVERED, _PLAIN = "beside-map", "_seen_part", "_hovered", "_has_no_webgl"
_TOOLS = ("pan", "select", "lasso", "zoom")

_WATCH = st.components.v2.component(
    "clam_map_watch",
    html="<span></span>",
    js=(ASSETS / "map_watch.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Part:
    """The part of a map that is seen, and the tool that is chosen in it.

    Attributes:
        x: From left to right; None is everything.
        y: From bottom to top; None is everything.
        tool: As plotly calls it: `pan`, `select`, `lasso`.
    """

    x: tuple[float, float] | None = None
    y: tuple[float, float] | None = None
    tool: str = "pan"


def map_name(here: Place, plane: str) -> str:
    """Which map it is; the browser tells it back."""
    return "/".join((here.study.name, here.fitted.name, plane))


def seen_part(name: str) -> Part:
    """The part of this map that was seen last; everything where another map was."""
    told = st.session_state.get(_SEEN) or {}
    tool = told.get("tool")
    part = Part(tool=tool if tool in _TOOLS else "pan")
    x, y = _limits(told.get("x")), _limits(told.get("y"))
    if told.get("of") != name or x is None or y is None:
        return part
    return Part(x, y, part.tool)


def has_webgl() -> bool:
    """Whether this browser can draw very many points; so long as it says nothing, it can."""
    return not st.session_state.get(_PLAIN)


@st.fragment
def watch_map(here: Place, redraw: Callable[[], None]) -> None:
    """Listen to the map; a small picture of the scan under the pointer is sent once.

    Args:
        here: Study and run.
        redraw: Called when the map has to be drawn in another way.
    """

    def note_plain() -> None:
        if st.session_state[_KEY].plain and has_webgl():
            st.session_state[_PLAIN] = True
            redraw()

    with sentences():
        scan_id = st.session_state.pop(_HOVERED, None)
        data = {"of": f"{map_name(here, '')}{stamp(here)}", "scan": None, "picture": None}
        if scan_id in here.fitted.scans().index:
            encoded = base64.b64encode(thumbnail(here, scan_id)).decode()
            data |= {"scan": scan_id, "picture": f"data:image/png;base64,{encoded}"}
        _WATCH(
            data=data,
            key=_KEY,
            on_frame_change=_note_part,
            on_hover_change=_note_hover,
            on_plain_change=note_plain,
        )


def _note_part() -> None:
    told = st.session_state[_KEY].frame
    st.session_state[_SEEN] = dict(told) if told else None


def _note_hover() -> None:
    st.session_state[_HOVERED] = st.session_state[_KEY].hover


def _limits(told: Any) -> tuple[float, float] | None:  # noqa: ANN401
    """Two finite numbers; None where the browser told something else."""
    is_pair = isinstance(told, list | tuple) and len(told) == 2
    if not is_pair or not all(isinstance(n, int | float) and math.isfinite(n) for n in told):
        return None
    return float(told[0]), float(told[1])
