"""Figures of the associations as files for a paper."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from clam_core.pipeline.output.export_figures import drawing_files
from clam_core.report.drawings import Drawing
from clam_core.report.vector import file_stem
from pages.shell.place import Place

_MIME = {"svg": "image/svg+xml", "pdf": "application/pdf"}


def save_buttons(here: Place, name: str, draw: Callable[[], Drawing | None]) -> None:
    """A button per format below a plot; the file is drawn when one is pressed.

    Args:
        here: The open study and run.
        name: What the figure shows, for the name of its file.
        draw: Makes the drawing; it is known that there is one.
    """
    stem = file_stem(f"{here.study.name}_{here.fitted.name}_{name}")
    with st.container(horizontal=True):
        for ending, mime in _MIME.items():
            st.download_button(
                f"Save as {ending.upper()}",
                data=partial(_content, draw, ending),
                file_name=f"{stem}.{ending}",
                mime=mime,
                key=f"save_{ending}_{name}",
                on_click="ignore",
                icon=":material/download:",
            )


def _content(draw: Callable[[], Drawing | None], ending: str) -> bytes:
    drawn = draw()
    return b"" if drawn is None else drawing_files(drawn)[ending]
