"""Pictures of scans that many pages show, drawn once and kept."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from clam_core.study import Run, Study
from clam_core.study.stamp import maps_stamp
from pages.shared.stored_map import stored_map
from pages.shell.place import Place


def stamp(here: Place) -> str:
    """Changes whenever the volumes, the run or its stored maps are made again."""
    if here.run is not None:
        return maps_stamp(here.run)
    prepared = here.study.info.prepared
    return "" if prepared is None else prepared.fingerprint


def show_png(png: bytes, alt: str, caption: str | None = None) -> None:
    """Show a PNG as it is, as wide as its place; else Streamlit makes a JPEG of it each time."""
    st.image(png, caption=caption, width="stretch", output_format="PNG", alt=alt)


def thumbnail(here: Place, scan_id: str) -> bytes:
    """A small PNG of one scan: the slice at the peak of its map, with the map on it.

    Args:
        here: Study and run; without a run, or without a stored map, the middle slice.
        scan_id: A scan that is ready.
    """
    run = None if here.run is None else here.run.name
    return _thumbnail(str(here.study.folder), run, scan_id, stamp(here))


@st.cache_data(max_entries=4000, show_spinner=False)
def _thumbnail(folder: str, run: str | None, scan_id: str, stamped: str) -> bytes:  # noqa: ARG001
    from clam_core.figures.slice_style import Look
    from clam_core.figures.slices import Layers, to_png
    from clam_core.figures.slices import thumbnail as draw
    from clam_core.figures.windows import usual_window

    study = Study(Path(folder))
    volume = study.volume(scan_id)
    overlay = None
    if run is not None:
        overlay = stored_map(Run(study, run), scan_id)
    return to_png(draw(Layers(volume, overlay), Look(window=usual_window(volume))))
