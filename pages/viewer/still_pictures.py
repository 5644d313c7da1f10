"""Slices as ordinary pictures: for print, and where no script runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, cast

import numpy as np
import streamlit as st

from clam_core.figures.slice_style import PLANE_AXIS, Look, Plane
from clam_core.figures.slices import Layers, Picture, draw_slice
from clam_core.figures.windows import window_limits
from clam_core.volume import Volume
from pages.shell.text import plain
from pages.viewer.canvas import Pane
from pages.viewer.view_address import PLANES, STYLES, View, level_width

Width = Literal["stretch", "content"]
_PLANE_WORDS = {"all": "All three", "axial": "Axial", "coronal": "Coronal", "sagittal": "Sagittal"}
_STYLE_WORDS = {"fill": "Filled", "outline": "Outline", "off": "Off"}
_CUTS: tuple[Plane, ...] = ("axial", "coronal", "sagittal")


@dataclass(frozen=True)
class Style:
    """What all panes have in common.

    Attributes:
        windows: Level and width by name.
        unit: `HU` or `arbitrary`.
        smooth: Whether maps are interpolated.
        diverging: Whether evidence against is coloured as well.
    """

    windows: dict[str, tuple[float, float]]
    unit: str
    smooth: bool = True
    diverging: bool = False


def plain_pictures(panes: list[Pane], style: Style, view: View, key: str) -> View:
    """Draw controls and pictures; says what is looked at now."""
    first = panes[0]
    view = _controls(first, style, view, key)
    if first.volume.ndim == 2:
        zoom = st.slider("Zoom", 1, 8, 1, key=f"{key}-zoom")
        cuts, view = _CUTS[:1], replace(view, voxel=None)
        panes = [_zoomed(pane, zoom) for pane in panes]
    else:
        cuts = _CUTS if view.plane == "all" else (cast("Plane", view.plane),)
        view = _choose_place(first, view, cuts, key)
    look = _look(style, view, letters=first.volume.ndim == 3)
    for pane in panes:
        st.markdown(f"**{plain(pane.title)}**")
        for column, plane in zip(st.columns(len(cuts)), cuts, strict=True):
            index = _index_in(pane, first, view, plane)
            # One alone is as large as it was drawn: wider than a page is high, it would be cut.
            width: Width = "stretch" if len(cuts) > 1 else "content"
            picture = _draw(pane, look, plane, index)
            column.image(picture, width=width, alt=_alt(pane, plane, index))
    if first.volume.ndim == 3:
        st.caption("Axial and coronal pictures show the patient's right on the left.")
    return view


def _controls(pane: Pane, style: Style, view: View, key: str) -> View:
    """The same choices as in the viewer."""
    columns = st.columns(4)
    if pane.volume.ndim == 3:
        plane = columns[0].selectbox(
            "Plane", PLANES, PLANES.index(view.plane), _PLANE_WORDS.__getitem__, key=f"{key}-plane"
        )
        view = replace(view, plane=plane)
    with columns[1]:
        view = replace(view, window=_choose_window(style, view, key))
    if pane.overlay is not None:
        drawn = columns[2].selectbox(
            "Map", STYLES, STYLES.index(view.style), _STYLE_WORDS.__getitem__, key=f"{key}-style"
        )
        left, right = st.columns(2)
        opacity = left.slider("Opacity", 0.0, 1.0, view.opacity, 0.05, key=f"{key}-opacity")
        threshold = right.slider("Threshold", 0.0, 0.95, view.threshold, 0.05, key=f"{key}-low")
        view = replace(view, style=drawn, opacity=opacity, threshold=threshold)
    if pane.mask is not None:
        view = replace(view, mask=columns[3].checkbox("Mask outline", view.mask, key=f"{key}-mask"))
    return view


def _choose_window(style: Style, view: View, key: str) -> str:
    names = [*style.windows, "custom"]
    start = names.index(view.window) if view.window in names else len(names) - 1
    chosen = st.selectbox("Window", names, start, key=f"{key}-window")
    if chosen != "custom":
        return chosen
    level, width = level_width(view.window, style.windows)
    left, right = st.columns(2)
    level = left.number_input("Level", value=float(level), step=10.0, key=f"{key}-level")
    width = right.number_input("Width", 1.0, value=float(width), step=10.0, key=f"{key}-width")
    return f"{level:g}/{width:g}"


def _choose_place(pane: Pane, view: View, cuts: tuple[Plane, ...], key: str) -> View:
    """A slider for each plane that is shown."""
    voxel = list(view.voxel or pane.peak)
    for column, plane in zip(st.columns(len(cuts)), cuts, strict=True):
        axis = PLANE_AXIS[plane]
        last = pane.volume.shape[axis]
        start = min(max(voxel[axis], 0), last - 1) + 1
        label = f"{_PLANE_WORDS[plane]} slice"
        voxel[axis] = column.slider(label, 1, last, start, key=f"{key}-{pane.title}-{plane}") - 1
    return replace(view, voxel=tuple(voxel))


def _index_in(pane: Pane, first: Pane, view: View, plane: Plane) -> int:
    """The slice of a pane that corresponds to the one chosen in the first."""
    if view.voxel is None:
        return 0
    axis = PLANE_AXIS[plane]
    share = (view.voxel[axis] + 0.5) / first.volume.shape[axis]
    return int(share * pane.volume.shape[axis])


def _look(style: Style, view: View, *, letters: bool) -> Look:
    return Look(
        window=window_limits(*level_width(view.window, style.windows)),
        colors="diverging" if style.diverging else "sequential",
        opacity=view.opacity,
        threshold=view.threshold,
        style=view.style,
        mask_outline=view.mask,
        smooth=style.smooth,
        letters=letters,
    )


def _draw(pane: Pane, look: Look, plane: Plane, index: int) -> Picture:
    layers = Layers(Volume(pane.volume, pane.affine), pane.overlay, pane.mask)
    return draw_slice(layers, look, plane, index, longest=700)


def _zoomed(pane: Pane, zoom: int) -> Pane:
    """The part of a 2D scan around the peak of its map."""
    sizes = [-(-n // zoom) for n in pane.volume.shape]
    starts = [
        int(np.clip(peak - size // 2, 0, n - size))
        for peak, size, n in zip(pane.peak, sizes, pane.volume.shape, strict=True)
    ]
    part = tuple(slice(a, a + size) for a, size in zip(starts, sizes, strict=True))
    return replace(
        pane,
        volume=pane.volume[part],
        overlay=None if pane.overlay is None else pane.overlay[part],
        mask=None if pane.mask is None else pane.mask[part],
    )


def _alt(pane: Pane, plane: Plane, index: int) -> str:
    if pane.volume.ndim == 2:
        return pane.alt
    n_slices = pane.volume.shape[PLANE_AXIS[plane]]
    return f"{_PLANE_WORDS[plane]} slice {index + 1} of {n_slices}. {pane.alt}"
